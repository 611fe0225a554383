package port

import (
	"context"
	"errors"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// Handle ends with its session, as Java's ZooKeeper object does: all later requests fail with zk.ErrSessionExpired.
// It is safe for concurrent use.
type Handle struct {
	Conn    *zk.Conn
	Session int64
	Hub     *Hub
	Dead    <-chan struct{} // closed when the session has expired
}

// Bind waits for a session and returns its handle: "new ZooKeeper", and the wait for the first event.
func Bind(ctx context.Context, c *subjects.Client) (*Handle, error) {
	hub := HubOf(c)
	for {
		dead := hub.Dead()
		if s := c.Conn.SessionID(); s != 0 && c.Conn.State() == zk.StateHasSession {
			return &Handle{Conn: c.Conn, Session: s, Hub: hub, Dead: dead}, nil
		}
		select {
		case <-ctx.Done():
			return nil, Ended(ctx)
		case <-hub.Ended:
			return nil, subjects.WithoutEffect(zk.ErrConnectionClosed)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Live reports whether the client still has the handle's session.
func (h *Handle) Live() bool { return h.Conn.SessionID() == h.Session }

// Do makes a request, unless the session is over before or after it.
func (h *Handle) Do(request func(*zk.Conn) error) error {
	if !h.Live() {
		return zk.ErrSessionExpired
	}
	err := request(h.Conn)
	if !h.Live() {
		return zk.ErrSessionExpired
	}
	return err
}

// Create creates a znode. If an ephemeral znode was created in the next session, Create deletes it again: Java's
// client would not have created it.
func (h *Handle) Create(path string, data []byte, flags int32) (made string, err error) {
	err = h.Do(func(c *zk.Conn) (err error) { made, err = c.Create(path, data, flags, ACL); return err })
	if made != "" && errors.Is(err, zk.ErrSessionExpired) && flags&Eph != 0 {
		_ = h.Conn.Delete(made, -1)
	}
	if err != nil {
		made = ""
	}
	return made, err
}

// Delete deletes a znode.
func (h *Handle) Delete(path string, version int32) error {
	return h.Do(func(c *zk.Conn) error { return c.Delete(path, version) })
}

// Set sets the data of a znode.
func (h *Handle) Set(path string, data []byte, version int32) (stat *zk.Stat, err error) {
	err = h.Do(func(c *zk.Conn) (err error) { stat, err = c.Set(path, data, version); return err })
	return stat, err
}

// Children reads the names of the children of a znode.
func (h *Handle) Children(path string) (names []string, err error) {
	err = h.Do(func(c *zk.Conn) (err error) { names, _, err = c.Children(path); return err })
	return names, err
}

// ChildrenW is like Children, with a watch.
func (h *Handle) ChildrenW(path string) (names []string, event <-chan zk.Event, err error) {
	err = h.Do(func(c *zk.Conn) (err error) { names, _, event, err = c.ChildrenW(path); return err })
	return names, event, err
}

// Get reads a znode.
func (h *Handle) Get(path string) (data []byte, stat *zk.Stat, err error) {
	err = h.Do(func(c *zk.Conn) (err error) { data, stat, err = c.Get(path); return err })
	return data, stat, err
}

// GetW is like Get, with a watch.
func (h *Handle) GetW(path string) (data []byte, stat *zk.Stat, event <-chan zk.Event, err error) {
	err = h.Do(func(c *zk.Conn) (err error) { data, stat, event, err = c.GetW(path); return err })
	return data, stat, event, err
}

// Exists looks for a znode.
func (h *Handle) Exists(path string) (there bool, stat *zk.Stat, err error) {
	err = h.Do(func(c *zk.Conn) (err error) { there, stat, err = c.Exists(path); return err })
	return there, stat, err
}

// ExistsW is like Exists, with a watch.
func (h *Handle) ExistsW(path string) (there bool, stat *zk.Stat, event <-chan zk.Event, err error) {
	err = h.Do(func(c *zk.Conn) (err error) { there, stat, event, err = c.ExistsW(path); return err })
	return there, stat, event, err
}

// Multi makes a transaction.
func (h *Handle) Multi(ops ...any) (done []zk.MultiResponse, err error) {
	err = h.Do(func(c *zk.Conn) (err error) { done, err = c.Multi(ops...); return err })
	return done, err
}
