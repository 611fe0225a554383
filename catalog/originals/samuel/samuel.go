// Package samuel puts the lock of samuel/go-zookeeper under zklab's test: the library from which go-zookeeper comes.
package samuel

import (
	"context"
	"errors"
	"sync"

	current "github.com/go-zookeeper/zk"
	"github.com/samuel/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

type quiet struct{}

func (quiet) Printf(string, ...any) {}

// sessions holds the session of each client that has locks.
var sessions sync.Map

// session returns the session that a client opens with this library, through the link that faults reach.
func session(c *subjects.Client) (*zk.Conn, error) {
	if conn, ok := sessions.Load(c); ok {
		return conn.(*zk.Conn), nil
	}
	conn, events, err := zk.Connect(c.Servers, c.Timeout, zk.WithDialer(zk.Dialer(c.Dial)), zk.WithLogger(quiet{}), zk.WithLogInfo(false))
	if err != nil {
		return nil, err
	}
	sessions.Store(c, conn)
	c.BeforeEnd(func(context.Context) {
		sessions.Delete(c)
		conn.Close()
	})
	go func() {
		for range events { // nobody waits for them
		}
	}()
	return conn, nil
}

// Lock is zk.Lock, which takes no context.
type Lock struct {
	lock  *zk.Lock
	calls subjects.Blocking
}

// New returns the lock of a client.
func New(c *subjects.Client, path string) (subjects.Lock, error) {
	conn, err := session(c)
	if err != nil {
		return nil, err
	}
	return &Lock{lock: zk.NewLock(conn, path, zk.WorldACL(zk.PermAll))}, nil
}

// Lock locks.
func (l *Lock) Lock(ctx context.Context) error {
	return told(l.calls.Do(ctx, l.lock.Lock, l.lock.Unlock))
}

// Unlock unlocks.
func (l *Lock) Unlock(ctx context.Context) error { return told(l.calls.Do(ctx, l.lock.Unlock, nil)) }

// told returns an error of this library that zklab has to know as the one of its own library.
func told(err error) error {
	if errors.Is(err, zk.ErrNoAuth) {
		return current.ErrNoAuth
	}
	return err
}
