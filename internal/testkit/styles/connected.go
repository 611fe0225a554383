package styles

import (
	"context"
	"errors"
	"sync"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// connected opens sessions by Client.Connect. Several goroutines may close one, each for its own
// reason, without asking whether another one has closed it: the call that opened it, its context, the
// end of the client.
type connected struct {
	c    *subjects.Client
	path string

	mu   sync.Mutex
	open map[*zk.Conn]bool
}

// connect creates the object's znode.
func connect(c *subjects.Client, path string) (*connected, error) {
	_, err := c.Conn.Create(path, nil, 0, everyone)
	if errors.Is(err, zk.ErrNodeExists) {
		err = nil
	}
	return connectLater(c, path), err
}

// connectLater is like connect, but sends nothing.
func connectLater(c *subjects.Client, path string) *connected {
	s := &connected{c: c, path: path, open: map[*zk.Conn]bool{}}
	c.BeforeEnd(func(context.Context) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for conn := range s.open {
			go conn.Close()
		}
	})
	return s
}

// session opens a session, which ends when ctx ends.
func (s *connected) session(ctx context.Context) (conn *zk.Conn, stay func() bool, err error) {
	conn, events, err := s.c.Connect()
	if err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	s.open[conn] = true
	s.mu.Unlock()
	go func() {
		for e := range events {
			if e.State == zk.StateExpired { // another session would follow
				conn.Close()
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.open, conn)
	}()
	return conn, context.AfterFunc(ctx, conn.Close), nil
}

// connectedHold is a lock, or an election, whose holds have a session each: the client that creates the
// znode "holder" holds it, and closes the session to release it.
type connectedHold struct {
	*connected
	mine *zk.Conn
}

func newConnectedLock(c *subjects.Client, path string) (subjects.Lock, error) {
	s, err := connect(c, path)
	return &connectedHold{connected: s}, err
}

func newConnectedElection(c *subjects.Client, path, _ string) (subjects.Election, error) {
	s, err := connect(c, path)
	return &connectedHold{connected: s}, err
}

func (h *connectedHold) Lock(ctx context.Context) error {
	conn, stay, err := h.session(ctx)
	if err != nil {
		return err
	}
	if err = create(ctx, conn, h.path+"/holder"); err == nil && !stay() {
		err = context.Cause(ctx)
	}
	if err != nil {
		conn.Close()
		return err
	}
	h.mine = conn
	return nil
}

// create waits until it can create a znode.
func create(ctx context.Context, conn *zk.Conn, path string) error {
	for {
		_, err := conn.Create(path, nil, zk.FlagEphemeral, everyone)
		if !errors.Is(err, zk.ErrNodeExists) {
			return err
		}
		there, _, changed, err := conn.ExistsW(path)
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (h *connectedHold) Unlock(context.Context) error {
	if h.mine == nil {
		return subjects.WithoutEffect(errNotHeld)
	}
	h.mine.Close()
	h.mine = nil
	return nil
}

func (h *connectedHold) Campaign(ctx context.Context) error { return h.Lock(ctx) }
func (h *connectedHold) Resign(ctx context.Context) error   { return h.Unlock(ctx) }
