// Package lease is an example of a recipe whose state depends on sessions: a lease that one client at a time
// has, until the client frees it or its session ends. Its test declares what the recipe promises, and puts it
// under faults.
package lease

import (
	"context"
	"errors"

	"github.com/go-zookeeper/zk"
)

// Errors with which a lease refuses a call.
var (
	ErrTaken   = errors.New("another client has the lease")
	ErrNotMine = errors.New("this client does not have the lease")
)

// Lease is an ephemeral znode: the session that owns the znode has the lease. Each new lease raises the version of
// the parent, so that version names one lease.
type Lease struct {
	conn     *zk.Conn
	path     string // of the parent
	careless bool   // a mistake, for the test: Free does not check which lease it ends
	taken    bool   // only the careless lease uses it
}

// New creates the parent, unless another client has done so.
func New(conn *zk.Conn, path string) (*Lease, error) {
	_, err := conn.Create(path, nil, 0, zk.WorldACL(zk.PermAll))
	if err != nil && !errors.Is(err, zk.ErrNodeExists) {
		return nil, err
	}
	return &Lease{conn: conn, path: path}, nil
}

func (l *Lease) holder() string { return l.path + "/holder" }

// newCareless returns a lease with the mistake.
func newCareless(conn *zk.Conn, path string) (*Lease, error) {
	l, err := New(conn, path)
	if err == nil {
		l.careless = true
	}
	return l, err
}

// Take takes the lease. It also succeeds if the session already has the lease. After an error other than
// ErrTaken, the session may have it.
func (l *Lease) Take(ctx context.Context) error {
	for ctx.Err() == nil {
		_, err := l.conn.Multi(
			&zk.CreateRequest{Path: l.holder(), Flags: zk.FlagEphemeral, Acl: zk.WorldACL(zk.PermAll)},
			&zk.SetDataRequest{Path: l.path, Version: -1},
		)
		if !errors.Is(err, zk.ErrNodeExists) {
			l.taken = err == nil
			return err
		}
		_, owner, err := l.current()
		switch {
		case err != nil:
			return err
		case owner == l.conn.SessionID():
			return nil
		case owner != 0:
			return ErrTaken
		}
	}
	return ctx.Err()
}

// Free ends the lease of this session. The transaction checks that it is still the same lease: if the process is
// frozen before the transaction, another session may have taken the next lease.
func (l *Lease) Free(ctx context.Context) error {
	if l.careless {
		return l.freeAny()
	}
	for ctx.Err() == nil {
		version, owner, err := l.current()
		if err != nil {
			return err
		}
		if owner != l.conn.SessionID() {
			return ErrNotMine
		}
		_, err = l.conn.Multi(
			&zk.CheckVersionRequest{Path: l.path, Version: version},
			&zk.DeleteRequest{Path: l.holder(), Version: -1},
		)
		if !errors.Is(err, zk.ErrBadVersion) && !errors.Is(err, zk.ErrNoNode) { // otherwise it is another lease, or none
			return err
		}
	}
	return ctx.Err()
}

// current returns the version of the lease and the session that has it; 0 for none. A lease that is taken between
// the two reads has a later version.
func (l *Lease) current() (version int32, owner int64, err error) {
	if _, err := l.conn.Sync(l.path); err != nil {
		return 0, 0, err
	}
	_, parent, err := l.conn.Exists(l.path)
	if err != nil {
		return 0, 0, err
	}
	there, stat, err := l.conn.Exists(l.holder())
	if err == nil && there {
		owner = stat.EphemeralOwner
	}
	return parent.Version, owner, err
}

// freeAny is the mistake: the client took the lease, so it deletes the znode. The session may have ended since.
func (l *Lease) freeAny() error {
	if !l.taken {
		return ErrNotMine
	}
	l.taken = false
	return l.conn.Delete(l.holder(), -1)
}
