package subjects

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/zk/zkconn"
)

// Register is one znode whose data is a value. The znode exists when the register is made,
// and holds the value "".
type Register interface {
	// Write sets the value. Each value is written once, by Write or by CAS: even after an error it is
	// not written again.
	Write(ctx context.Context, value string) (Mark, error)
	// CAS sets the value to to if it is from. If the register has another value, CAS returns an
	// error that wraps ErrMismatch. If another write came between CAS's read and write, the error
	// wraps ErrConflict. In both cases CAS has had no effect. A CAS whose reply was lost must not
	// be retried: its outcome is unknown.
	CAS(ctx context.Context, from, to string) (Mark, error)
	// Read returns the value. kind is models.ReadPlain, ReadSync or ReadFenced and says
	// how old the value may be. After an error any call may follow.
	Read(ctx context.Context, kind string) (value string, m Mark, err error)
}

// Mark is the place of a write in the order of all writes: of the write that was made, or of the
// write whose value was read. A register that does not know it returns the zero Mark.
type Mark struct {
	Zxid    int64 // of the write itself: the znode's mzxid
	Version int32 // of the znode after the write
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

// NewRegister returns a register used correctly: it compares and sets by the znode's version, and
// makes fenced reads after a quorum write on the same session.
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
		case ctx.Err() != nil: // the caller no longer waits
			return Mark{}, WithoutEffect(context.Cause(ctx))
		}
		m, err = r.set(to, m.Version)
		if errors.Is(err, zk.ErrBadVersion) {
			err = WithoutEffect(fmt.Errorf("%w: %w", ErrConflict, err))
		}
		return m, err
	})
}

// errAnotherSession means that a read may be older than its kind allows: what one session
// has seen says nothing about the next session.
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
		if err == nil && kind != models.ReadPlain && (session == 0 || r.conn.SessionID() != session) {
			err = errAnotherSession
		}
		return got, err
	})
	if err != nil {
		err = WithoutEffect(err) // a read never has an effect
	}
	return got.value, got.mark, err
}

// fence makes the next read of the session as new as its kind requires. A sync is not a
// quorum operation: even a deposed leader that does not know it yet answers it
// (ZOOKEEPER-1675). A touch is a quorum operation.
func (r *register) fence(ctx context.Context, kind string) (err error) {
	switch kind {
	case models.ReadSync:
		_, err = r.conn.Sync(r.path)
	case models.ReadFenced:
		err = zkconn.NoopWrite(ctx, r.conn, r.path)
	case models.ReadPlain:
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

// set writes if the znode has the version, or unconditionally if version is -1.
func (r *register) set(value string, version int32) (Mark, error) {
	stat, err := r.conn.Set(r.path, []byte(value), version)
	if err != nil {
		return Mark{}, refused(err)
	}
	return markOf(stat), nil
}

func markOf(stat *zk.Stat) Mark { return Mark{Zxid: stat.Mzxid, Version: stat.Version} }

// refused marks an error as without effect if the tree refused the write or it was never
// sent.
func refused(err error) error {
	for _, known := range []error{zk.ErrNoAuth, zk.ErrNoNode, zk.ErrBadVersion, zk.ErrNoServer} {
		if errors.Is(err, known) {
			return WithoutEffect(err)
		}
	}
	return err
}
