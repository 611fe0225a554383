package styles

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// register is a value in the data of a znode, which is written by multis with checks.
type register struct{ base }

func newMultiRegister(c *subjects.Client, path string) (subjects.Register, error) {
	return &register{at(c, path, borrowed)}, nil
}

func markOf(st *zk.Stat) subjects.Mark { return subjects.Mark{Zxid: st.Mzxid, Version: st.Version} }

func (r *register) set(s *session, value string, version int32) (subjects.Mark, error) {
	done, err := s.multi(
		&zk.CheckVersionRequest{Path: r.path, Version: version},
		&zk.SetDataRequest{Path: r.path, Data: []byte(value), Version: version},
	)
	if err != nil {
		return subjects.Mark{}, told(err)
	}
	return markOf(done[1].Stat), nil
}

func (r *register) Write(ctx context.Context, value string) (subjects.Mark, error) {
	return within(ctx, &r.base, func() (subjects.Mark, error) {
		s, err := r.session(ctx)
		if err != nil {
			return subjects.Mark{}, subjects.WithoutEffect(err)
		}
		return r.set(s, value, -1)
	}, nil)
}

func (r *register) CAS(ctx context.Context, from, to string) (subjects.Mark, error) {
	return within(ctx, &r.base, func() (subjects.Mark, error) {
		s, err := r.session(ctx)
		if err != nil {
			return subjects.Mark{}, subjects.WithoutEffect(err)
		}
		data, st, err := s.get(r.path)
		switch {
		case err != nil:
			return subjects.Mark{}, subjects.WithoutEffect(err)
		case string(data) != from:
			return subjects.Mark{}, subjects.WithoutEffect(fmt.Errorf("%w: %q", subjects.ErrMismatch, data))
		case ctx.Err() != nil:
			return subjects.Mark{}, subjects.WithoutEffect(context.Cause(ctx))
		}
		m, err := r.set(s, to, st.Version)
		if errors.Is(err, zk.ErrBadVersion) {
			err = subjects.WithoutEffect(fmt.Errorf("%w: %w", subjects.ErrConflict, err))
		}
		return m, err
	}, nil)
}

func (r *register) Read(ctx context.Context, kind string) (string, subjects.Mark, error) {
	type read struct {
		value string
		mark  subjects.Mark
	}
	got, err := reading(ctx, &r.base, func() (read, error) {
		s, err := r.session(ctx)
		if err != nil {
			return read{}, err
		}
		switch kind {
		case models.ReadSync:
			err = s.read(func() error { _, err := s.conn.Sync(r.path); return err })
		case models.ReadFenced:
			err = s.fence()
		}
		if err != nil {
			return read{}, err
		}
		data, st, err := s.get(r.path)
		if err != nil {
			return read{}, err
		}
		return read{string(data), markOf(st)}, nil
	})
	return got.value, got.mark, err
}
