package subjects

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/zk/zkconn"
)

// Register is one znode whose data is a value. The znode exists when the register
// is made, and holds the value "".
type Register interface {
	Write(ctx context.Context, value string) (Mark, error)
	// CAS sets the value to to, if it is from. If it is another one, the error
	// wraps ErrMismatch; if somebody was quicker after that was found out,
	// ErrConflict. Both have had no effect. A CAS whose reply was lost must not be
	// tried again: its outcome is unknown.
	CAS(ctx context.Context, from, to string) (Mark, error)
	// Read gives the value. kind is history.ReadPlain, ReadSync or ReadFenced: how
	// old it may be.
	Read(ctx context.Context, kind string) (value string, m Mark, err error)
}

// Mark is the place of a write among all writes: of the one that was made, or
// whose value was read. A register that does not know it gives the zero Mark.
type Mark struct {
	Zxid    int64 // of the write itself: the znode's mzxid
	Version int32 // of the znode, which the write made
}

// Errors of a compare-and-set that had no effect.
var (
	ErrMismatch = errors.New("another value is there")
	ErrConflict = errors.New("somebody wrote since the value was compared")
)

// register is a znode on go-zookeeper's connection.
type register struct {
	conn *zk.Conn
	path string
}

// NewRegister is a register as it should be used: a compare-and-set by the
// znode's version, and fenced reads behind a quorum write on the same session.
func NewRegister(c *Client, path string) (Register, error) {
	if err := c.Connected(); err != nil {
		return nil, err
	}
	return &register{conn: c.Conn, path: path}, nil
}

func (r *register) Write(ctx context.Context, value string) (Mark, error) {
	return await.Within(ctx, func() (Mark, error) { return r.set(value, -1) })
}

func (r *register) CAS(ctx context.Context, from, to string) (Mark, error) {
	return await.Within(ctx, func() (Mark, error) {
		found, m, err := r.get()
		switch {
		case err != nil:
			return Mark{}, WithoutEffect(err)
		case found != from:
			return Mark{}, WithoutEffect(fmt.Errorf("%w: %q", ErrMismatch, found))
		case ctx.Err() != nil: // nobody waits any more
			return Mark{}, WithoutEffect(context.Cause(ctx))
		}
		m, err = r.set(to, m.Version)
		if errors.Is(err, zk.ErrBadVersion) {
			err = WithoutEffect(fmt.Errorf("%w: %w", ErrConflict, err))
		}
		return m, err
	})
}

// errAnotherSession is why a read is not known to be as new as it should be: what
// a session has seen says nothing of the next one.
var errAnotherSession = errors.New("the session changed during the read")

func (r *register) Read(ctx context.Context, kind string) (string, Mark, error) {
	type reading struct {
		value string
		mark  Mark
	}
	got, err := await.Within(ctx, func() (got reading, err error) {
		session := r.conn.SessionID()
		if err := r.fence(ctx, kind); err != nil {
			return got, err
		}
		got.value, got.mark, err = r.get()
		if err == nil && kind != history.ReadPlain && (session == 0 || r.conn.SessionID() != session) {
			err = errAnotherSession
		}
		return got, err
	})
	if err != nil {
		err = WithoutEffect(err) // a read never has one
	}
	return got.value, got.mark, err
}

// fence makes the next read of the session as new as its kind says. A sync is not
// a quorum operation: a leader that was deposed and does not know it answers it,
// too (ZOOKEEPER-1675). A touch is one.
func (r *register) fence(ctx context.Context, kind string) (err error) {
	switch kind {
	case history.ReadSync:
		_, err = r.conn.Sync(r.path)
	case history.ReadFenced:
		err = zkconn.NoopWrite(ctx, r.conn, r.path)
	case history.ReadPlain:
	default:
		err = fmt.Errorf("there is no kind %q of reads", kind)
	}
	return err
}

func (r *register) get() (string, Mark, error) {
	data, stat, err := r.conn.Get(r.path)
	if err != nil {
		return "", Mark{}, err
	}
	return string(data), markOf(stat), nil
}

// set writes if the znode has the version, or whatever it has if that is -1.
func (r *register) set(value string, version int32) (Mark, error) {
	stat, err := r.conn.Set(r.path, []byte(value), version)
	if err != nil {
		return Mark{}, refused(err)
	}
	return markOf(stat), nil
}

func markOf(stat *zk.Stat) Mark { return Mark{Zxid: stat.Mzxid, Version: stat.Version} }

// refused says of the errors with which the tree refuses a write, and of one that
// was never sent, that it had no effect.
func refused(err error) error {
	for _, known := range []error{zk.ErrNoAuth, zk.ErrNoNode, zk.ErrBadVersion, zk.ErrNoServer} {
		if errors.Is(err, known) {
			return WithoutEffect(err)
		}
	}
	return err
}
