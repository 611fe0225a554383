package styles

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// counter is a number in the data of a znode, which is changed by its version.
type counter struct {
	base
	receipts bool // each change creates a receipt in the same multi
	clean    bool // the receipts of the seat's last process are removed
}

// newSharedCounter has one connection for all counters of a client.
func newSharedCounter(c *subjects.Client, path string) (subjects.Counter, error) {
	return &counter{base: at(c, path, common)}, nil
}

// newReceiptCounter makes a receipt for each change: if the answer is lost, the receipt tells whether
// the change was made.
func newReceiptCounter(c *subjects.Client, path string) (subjects.Counter, error) {
	return &counter{base: at(c, path, borrowed), receipts: true}, nil
}

func (c *counter) Add(ctx context.Context, delta int64) (int64, error) {
	return within(ctx, &c.base, func() (int64, error) {
		return c.change(ctx, false, func(now int64) (int64, error) { return now + delta, nil })
	}, nil)
}

func (c *counter) CompareAndSet(ctx context.Context, from, to int64) error {
	_, err := within(ctx, &c.base, func() (int64, error) {
		return c.change(ctx, true, func(now int64) (int64, error) {
			if now != from {
				return 0, subjects.WithoutEffect(fmt.Errorf("%w: %d", subjects.ErrMismatch, now))
			}
			return to, nil
		})
	}, nil)
	return err
}

// change replaces the value v by next(v). It tries again only while no request can have had an effect.
func (c *counter) change(ctx context.Context, fence bool, next func(int64) (int64, error)) (int64, error) {
	for {
		value, err := c.tryToChange(ctx, fence, next)
		if err == nil || !refused(err) || subjects.NoEffect(err) {
			return value, err
		}
		if ended := pause(ctx, again/10); ended != nil {
			return 0, subjects.WithoutEffect(errors.Join(ended, err))
		}
	}
}

func (c *counter) tryToChange(ctx context.Context, fence bool, next func(int64) (int64, error)) (int64, error) {
	s, err := c.session(ctx)
	if err != nil {
		return 0, subjects.WithoutEffect(err)
	}
	if err := c.folder(s); err != nil {
		return 0, readFailed(err) // creating the znode does not change the value
	}
	if c.receipts && !c.clean {
		c.clean = c.life.discard(s, c.path) == nil
	}
	if fence {
		if err := s.fence(); err != nil {
			return 0, readFailed(err)
		}
	}
	now, version, err := c.value(s)
	if err != nil {
		return 0, readFailed(err)
	}
	value, err := next(now)
	if err != nil {
		return 0, err
	}
	return value, c.write(s, value, version)
}

func (c *counter) value(s *session) (value int64, version int32, err error) {
	data, st, err := s.get(c.path)
	if err != nil || len(data) == 0 {
		return 0, versionOf(st), err
	}
	value, err = strconv.ParseInt(string(data), 10, 64)
	return value, st.Version, err
}

func versionOf(st *zk.Stat) int32 {
	if st == nil {
		return 0
	}
	return st.Version
}

func (c *counter) write(s *session, value int64, version int32) error {
	data := strconv.AppendInt(nil, value, 10)
	if !c.receipts {
		_, err := s.set(c.path, data, version)
		return err
	}
	path := c.path + "/" + receipt + c.life.name(s)
	_, err := s.multi(
		&zk.SetDataRequest{Path: c.path, Data: data, Version: version},
		&zk.CreateRequest{Path: path, Acl: everyone},
	)
	if err != nil && (refused(err) || !c.life.found(s, path)) {
		return err
	}
	_ = s.remove(path) // if that fails, the next process of this seat does it
	return nil
}

func (c *counter) Read(ctx context.Context, kind string) (int64, error) {
	return reading(ctx, &c.base, func() (int64, error) {
		s, err := c.session(ctx)
		if err != nil {
			return 0, err
		}
		if kind != models.ReadPlain {
			if err := s.fence(); err != nil {
				return 0, err
			}
		}
		value, _, err := c.value(s)
		if errors.Is(err, zk.ErrNoNode) {
			return 0, nil
		}
		return value, err
	})
}
