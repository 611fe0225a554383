package wrong

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

var everyone = zk.WorldACL(zk.PermAll)

// base is part of every object: its znode, and calls that end with their context.
type base struct {
	*subjects.Client
	path  string
	right bool
	calls subjects.Blocking
	over  chan struct{} // closed when the client is closed
	count int           // marks made
}

func at(c *subjects.Client, path string, right bool) *base {
	b := &base{Client: c, path: path, right: right, over: make(chan struct{})}
	var once sync.Once
	c.BeforeEnd(func(context.Context) { once.Do(func() { close(b.over) }) })
	return b
}

// host returns the name of the client. It has the same name after a restart.
func (b *base) host() string { return fmt.Sprintf("host%d", b.ID) }

func (b *base) in(names ...string) string {
	path := b.path
	for _, name := range names {
		path += "/" + name
	}
	return path
}

// make creates the object's znode and folders below it.
func (b *base) make(names ...string) error {
	for _, path := range append([]string{b.path}, names...) {
		if path != b.path {
			path = b.in(path)
		}
		if _, err := b.Conn.Create(path, nil, 0, everyone); err != nil && !errors.Is(err, zk.ErrNodeExists) {
			return err
		}
	}
	return nil
}

func (b *base) create(path string, data string, flags int32) error {
	_, err := b.Conn.Create(path, []byte(data), flags, everyone)
	return err
}

// mine reports whether the znode at path belongs to the present session.
func (b *base) mine(path string) bool {
	ok, st, err := b.Conn.Exists(path)
	return err == nil && ok && st.EphemeralOwner == b.Conn.SessionID()
}

// poll repeats try until it succeeds or ctx ends.
func (b *base) poll(ctx context.Context, try func() bool) error {
	for {
		if try() {
			return nil
		}
		select {
		case <-time.After(time.Duration(10+3*b.ID) * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-b.over:
			return zk.ErrClosing
		}
	}
}

// insist repeats a request until it succeeds, there is nothing left to delete, or the client is closed.
func (b *base) insist(f func() error) error {
	for {
		err := f()
		if err == nil || errors.Is(err, zk.ErrNoNode) {
			return nil
		}
		select {
		case <-time.After(30 * time.Millisecond):
		case <-b.over:
			return err
		}
	}
}

func (b *base) remove(path string) error {
	return b.insist(func() error { return b.Conn.Delete(path, -1) })
}

func refused(err error) bool {
	return slices.ContainsFunc([]error{
		zk.ErrNoNode, zk.ErrNodeExists, zk.ErrBadVersion, zk.ErrNotEmpty, zk.ErrNoAuth, zk.ErrNoServer,
	}, func(known error) bool { return errors.Is(err, known) })
}

// claim is a set of ephemeral znodes with fixed names that were created together with a mark, whose
// name is used only once. So a client that deletes them together with the mark deletes no other
// client's znodes.
type claim struct {
	mark  string
	paths []string
}

// claim creates the znodes, if none of them exists. After an error nothing of it is left.
func (b *base) claim(data string, paths ...string) (*claim, error) {
	b.count++
	c := &claim{fmt.Sprintf("%s/mark-%d-%x-%d", b.path, b.ID, uint64(b.Conn.SessionID()), b.count), paths}
	var ops []any
	for _, path := range append([]string{c.mark}, paths...) {
		ops = append(ops, &zk.CreateRequest{Path: path, Data: []byte(data), Acl: everyone, Flags: zk.FlagEphemeral})
	}
	_, err := b.Conn.Multi(ops...)
	if err == nil {
		return c, nil
	}
	if !refused(err) {
		_ = b.unclaim(c)
	}
	return nil, err
}

func (b *base) unclaim(c *claim) error {
	return b.insist(func() error {
		_, err := b.Conn.Multi(c.deletes()...)
		return err
	})
}

func (c *claim) deletes() (ops []any) {
	for _, path := range append([]string{c.mark}, c.paths...) {
		ops = append(ops, &zk.DeleteRequest{Path: path, Version: -1})
	}
	return ops
}

// hold is a hold on what a try gets and an end gives back.
type hold struct {
	*base
	get func() bool
	end func() error
}

func (h *hold) Lock(ctx context.Context) error {
	return h.calls.Do(ctx, func() error {
		if err := h.poll(ctx, func() bool { return h.make() == nil && h.get() }); err != nil {
			_ = h.end()
			return err
		}
		return nil
	}, h.end)
}

func (h *hold) Unlock(ctx context.Context) error { return h.calls.Do(ctx, h.end, nil) }

func (h *hold) Campaign(ctx context.Context) error { return h.Lock(ctx) }
func (h *hold) Resign(ctx context.Context) error   { return h.Unlock(ctx) }
func (h *hold) Acquire(ctx context.Context) error  { return h.Lock(ctx) }
func (h *hold) Release(ctx context.Context) error  { return h.Unlock(ctx) }
