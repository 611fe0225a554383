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
	Folder:  "vitesslock",
	Program: "Vitess, lock of its topology",
	File:    "vitessio/vitess, go/vt/topo/zk2topo/lock.go, with utils.go and zk_conn.go",
	Version: "commit 0809dad2",
	LeftOut: "Only the lock is here. Check, which does nothing in the source, is left out. Unlock deletes the empty folder of the contenders, as the " +
		"source does; the source also deletes folders above that are empty then, which those of a shard are not.",
	Promises:    "At most one client holds the lock while its session lives.",
	NotPromised: "A holder is not told that it has lost the lock; Unlock then fails.",
	AsIs:        workloads.Lock{New: New},
	Wrong: &entry.Wrong{
		Mistake: entry.WhoseZnode,
		Happens: "Unlock deletes the folder of the contenders when it is empty. The next client creates it again, and its numbers begin at 0 again. A client " +
			"whose Unlock got no answer deletes the same path again in its next session, and hits the znode of another client, which holds the lock.",
		Breaks: []string{"own-znodes", "exclusion"},
		Fault:  "a broken connection",
		Mend: "Unlock leaves the folder there, so that a number never comes again. Then a late delete hits nobody else's znode. Any disconnection closes the session, so " +
			"what a lost create did goes with the session, at the latest one session timeout later.",
		Mended: workloads.Lock{New: newMended},
	},
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

// Lock is a client's lock of one key.
type Lock struct {
	z      *zkConn
	dir    string // of the contenders
	node   string
	mended bool
}

// New returns a client's lock.
func New(c *subjects.Client, path string) (subjects.Lock, error) {
	return &Lock{z: connOf(c), dir: path + "/locks"}, port.Ensure(c, path)
}

func newMended(c *subjects.Client, path string) (subjects.Lock, error) {
	return &Lock{z: connOf(c), dir: path + "/locks", mended: true}, port.Ensure(c, path)
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

// create creates a contender, and the folder if it is not there.
func (l *Lock) create(ctx context.Context) (node string, err error) {
	contender := func() error {
		return l.z.retry(ctx, func(c *zk.Conn) (err error) {
			node, err = c.Create(l.dir+"/", []byte("contents"), port.EphSeq, port.ACL)
			return err
		})
	}
	if err = contender(); err != zk.ErrNoNode {
		return node, err
	}
	err = l.z.retry(ctx, func(c *zk.Conn) error { _, err := c.Create(l.dir, nil, 0, port.ACL); return err })
	if err != nil && err != zk.ErrNodeExists {
		return "", err
	}
	err = contender()
	return node, err
}

func (l *Lock) Lock(ctx context.Context) error {
	node, err := l.create(ctx)
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
	err := l.z.retry(ctx, func(c *zk.Conn) error { return c.Delete(l.node, -1) })
	if err != nil || l.mended {
		return err
	}
	err = l.z.retry(ctx, func(c *zk.Conn) error { return c.Delete(l.dir, -1) })
	if err == zk.ErrNotEmpty || err == zk.ErrNoNode {
		err = nil
	}
	return err
}
