// Package accumulolock is the lock of Accumulo's servers: contenders stand in line, and a server stops when any
// request of its lock fails.
package accumulolock

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "accumulolock",
	Program: "Apache Accumulo, ServiceLock",
	File:    "apache/accumulo, core/src/main/java/org/apache/accumulo/core/lock/ServiceLock.java",
	Version: "commit 057c8c8e (March 2023, after 2.1.0)",
	LeftOut: "The data of locks and the watch of the parent are left out. A server of Accumulo halts on each failure of its lock; in the port " +
		"its client closes the session.",
	Promises: "At most one server holds the lock while its session lives, and a server that loses it is told.",
	Right: "A name contains an identifier of the server, so a server finds all znodes that a repeated create made, and deletes all but the " +
		"lowest. It watches the contender before it, and looks again when that znode has gone. On any failure it gives up its session.",
	AsIs: workloads.Lock{New: New},
}

var valid = regexp.MustCompile(`^zlock#[0-9a-f]{32}#\d{10}$`)

type Lock struct {
	c    *subjects.Client
	path string
	o    *port.Own
	node string
	lost chan struct{}
}

func New(c *subjects.Client, path string) (subjects.Lock, error) {
	return &Lock{c: c, path: path}, port.Ensure(c, path)
}

func (l *Lock) children() ([]string, error) {
	names, _, err := l.o.Conn.Children(l.path)
	names = slices.DeleteFunc(names, func(n string) bool { return !valid.MatchString(n) })
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(a[len(a)-10:], b[len(b)-10:]) })
	return names, err
}

func prefix(n string) string { return n[:strings.LastIndexByte(n, '#')] }

// Lock models the life of a server: it opens a session and locks, and ends both on any failure.
func (l *Lock) Lock(ctx context.Context) (err error) {
	if l.o == nil || l.o.Expired() {
		if l.o, err = port.Dial(ctx, l.c, false, nil); err != nil {
			return err
		}
	}
	if err := l.lock(ctx); err != nil {
		l.o.Close() // halt
		l.o = nil
		return err
	}
	l.lost = l.o.Dead
	return nil
}

func (l *Lock) lock(ctx context.Context) error {
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	pre := fmt.Sprintf("zlock#%x#", id)
	p, err := l.o.Conn.Create(l.path+"/"+pre, []byte("data"), port.EphSeq, port.ACL)
	if err != nil {
		return err
	}
	names, err := l.children()
	if err != nil {
		return err
	}
	if !slices.Contains(names, port.Base(p)) {
		return errors.New("lock attempt ephemeral node no longer exists")
	}
	mine := ""
	for _, n := range port.WithPrefix(names, pre) {
		if mine == "" {
			mine = n
		} else if err := l.o.Conn.Delete(l.path+"/"+n, -1); err != nil && !errors.Is(err, zk.ErrNoNode) {
			return err
		}
	}
	_, _, gone, err := l.o.Conn.ExistsW(l.path + "/" + mine)
	if err != nil {
		return err
	}
	for {
		names, err := l.children()
		if err != nil {
			return err
		}
		i := slices.Index(names, mine)
		if i < 0 {
			return errors.New("lock attempt ephemeral node no longer exists")
		}
		if i == 0 {
			l.node = mine
			return nil
		}
		watch := names[i-1]
		for j := i - 2; j >= 0 && prefix(names[j]) == prefix(names[i-1]); j-- {
			watch = names[j]
		}
		ok, _, ch, err := l.o.Conn.ExistsW(l.path + "/" + watch)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := l.await(ctx, ch, gone); err != nil {
			return err
		}
	}
}

// await waits for a change of the znode before.
func (l *Lock) await(ctx context.Context, changed, gone <-chan zk.Event) error {
	select {
	case <-changed:
		return nil
	case <-gone:
		return errors.New("lock deleted before acquired")
	case <-l.o.Dead:
		return zk.ErrSessionExpired
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *Lock) Unlock(context.Context) error {
	if l.o == nil { // halted: its session is closed, and the hold with it
		return nil
	}
	err := l.o.Conn.Delete(l.path+"/"+l.node, -1)
	if err != nil && !errors.Is(err, zk.ErrNoNode) {
		l.o.Close() // halt
		l.o = nil
		return err
	}
	return nil
}

func (l *Lock) Lost() <-chan struct{} { return l.lost }

func (l *Lock) Close(context.Context) error {
	if l.o != nil {
		l.o.Close()
	}
	return nil
}
