// Package vitesslock is the lock of Vitess: contenders stand in line, each with a sequential znode, on a session that is given
// up at the first disconnection.
package vitesslock

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:      "vitesslock",
	Program:     "Vitess, lock of its topology",
	File:        "vitessio/vitess, go/vt/topo/zk2topo/lock.go, with utils.go and zk_conn.go",
	Version:     "commit 0809dad2",
	LeftOut:     "Only the lock is here. Check, which does nothing in the source, is left out.",
	Promises:    "At most one client holds the lock while its session lives.",
	NotPromised: "A holder is not told that it has lost the lock; Unlock then fails.",
	Right: "Any disconnection closes the session, and the next call opens another one: whatever a lost request did goes with the old session. " +
		"A repeated create is another contender, and a sequential name never comes again, so a late delete hits nobody else's znode.",
	AsIs: workloads.Lock{New: New},
}

// zkConn is the source's ZkConn: one for each client, shared by all its locks.
type zkConn struct {
	c    *subjects.Client
	mu   chan struct{}
	conn *port.Own
}

var conns sync.Map

func connOf(c *subjects.Client) *zkConn {
	z, fresh := conns.LoadOrStore(c, &zkConn{c: c, mu: make(chan struct{}, 1)})
	if !fresh {
		c.BeforeEnd(func(context.Context) { conns.Delete(c) })
	}
	return z.(*zkConn)
}

func (z *zkConn) forget(o *port.Own) {
	z.mu <- struct{}{}
	if z.conn == o {
		z.conn = nil
	}
	<-z.mu
}

func (z *zkConn) get(ctx context.Context) (*port.Own, error) {
	z.mu <- struct{}{}
	defer func() { <-z.mu }()
	if z.conn == nil {
		ctx, cancel := context.WithTimeout(ctx, z.c.Timeout)
		defer cancel()
		var o *port.Own
		ready := make(chan struct{})
		o, err := port.Dial(ctx, z.c, false, func(s zk.State) {
			<-ready
			switch s {
			case zk.StateDisconnected, zk.StateExpired, zk.StateConnecting:
				go func() { z.forget(o); o.Close() }()
			}
		})
		close(ready)
		if err != nil {
			return nil, err
		}
		z.conn = o
	}
	return z.conn, nil
}

func (z *zkConn) retry(ctx context.Context, action func(*zk.Conn) error) (err error) {
	for i := range 2 { // maxAttempts
		if i > 0 {
			time.Sleep(time.Second + time.Duration(rand.Int64N(5e9)))
		}
		var o *port.Own
		if o, err = z.get(ctx); err != nil {
			err = fmt.Errorf("connect: %v", err) // not marked as without effect: an earlier attempt may have had one
			continue
		}
		if err = action(o.Conn); err != zk.ErrConnectionClosed {
			return err
		}
		z.forget(o)
		o.Close()
	}
	return err
}

type Lock struct {
	z    *zkConn
	dir  string
	node string
}

func New(c *subjects.Client, path string) (subjects.Lock, error) {
	return &Lock{z: connOf(c), dir: path}, port.Ensure(c, path)
}

func (l *Lock) obtain(ctx context.Context, node string) error {
	dir, name := path.Dir(node), path.Base(node)
	for {
		var names []string
		if err := l.z.retry(ctx, func(c *zk.Conn) (err error) { names, _, err = c.Children(dir); return err }); err != nil {
			return err
		}
		slices.Sort(names)
		if len(names) == 0 {
			return errors.New("empty queue node")
		}
		if names[0] == name {
			return nil
		}
		i := slices.Index(names, name)
		if i < 0 {
			return fmt.Errorf("no previous queue node found: %v", node)
		}
		var ok bool
		var ch <-chan zk.Event
		if err := l.z.retry(ctx, func(c *zk.Conn) (err error) { ok, _, ch, err = c.ExistsW(dir + "/" + names[i-1]); return err }); err != nil {
			return err
		}
		if !ok {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ch:
		}
	}
}

func (l *Lock) Lock(ctx context.Context) error {
	var node string
	err := l.z.retry(ctx, func(c *zk.Conn) (err error) {
		node, err = c.Create(l.dir+"/", []byte("contents"), port.EphSeq, port.ACL)
		return err
	})
	if err != nil {
		return err
	}
	if err := l.obtain(ctx, node); err != nil {
		clean, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = l.z.retry(clean, func(c *zk.Conn) error { return c.Delete(node, -1) })
		return err
	}
	l.node = node
	return nil
}

func (l *Lock) Unlock(ctx context.Context) error {
	return l.z.retry(ctx, func(c *zk.Conn) error { return c.Delete(l.node, -1) })
}
