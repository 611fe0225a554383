// Package kazoobarrier is the barrier of kazoo: it is raised while a znode exists.
package kazoobarrier

import (
	"context"
	"errors"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "kazoobarrier",
	Program: "kazoo, Barrier",
	File:    "python-zk/kazoo, kazoo/recipe/barrier.py",
	Version: "commit 2011d0ba (August 2012, before 0.3); kazoo 2.11.0 makes the same mistake",
	LeftOut: "The port has create, remove and wait, as Raise, Lift and Await; the caller, not a timeout, ends a wait. kazoo drops all watches " +
		"when its connection breaks, even if the session lives. The client of the port sets them again, as Java's does, and loses them only " +
		"with the session.",
	Promises: "wait returns when the barrier is removed.",
	NotPromised: "The source warns that wait may raise an error if the connection is lost. An error would be no violation, but wait raises none, and " +
		"keeps waiting.",
	AsIs: workloads.Barrier{New: New},
	Wrong: &entry.Wrong{
		Mistake: entry.ForgetsToWatch,
		Happens: "The client loses its watches while it waits. kazoo tells the watcher so, with an event without a type, but the watcher of the " +
			"barrier only reacts to deletions. The watch is gone, the client never looks again, and it waits at a barrier that was removed long " +
			"ago.",
		Breaks: []string{"late"},
		Fault:  "in kazoo itself, a broken connection ([a report](../catalog/reports/kazoo-barrier/README.md)); in this port, a session that expires",
		Mend:   "When the watch is gone, the client looks again, with a new watch.",
		Mended: workloads.Barrier{New: newMended},
	},
}

// Barrier is the barrier of one client.
type Barrier struct {
	c      *subjects.Client
	path   string
	mended bool
}

// New returns the barrier of a client.
func New(c *subjects.Client, path string) (subjects.Barrier, error) {
	return &Barrier{c: c, path: path}, nil
}

func newMended(c *subjects.Client, path string) (subjects.Barrier, error) {
	return &Barrier{c: c, path: path, mended: true}, nil
}

// Raise is the source's create, with kazoo's ensure_path.
func (b *Barrier) Raise(ctx context.Context) error {
	return port.Again(ctx, func() error {
		there, _, err := b.c.Conn.Exists(b.path)
		if there || err != nil {
			return err
		}
		_, err = b.c.Conn.Create(b.path, nil, 0, port.ACL)
		if errors.Is(err, zk.ErrNodeExists) {
			return nil
		}
		return err
	})
}

// Lift is the source's remove.
func (b *Barrier) Lift(ctx context.Context) error {
	err := port.Again(ctx, func() error { return b.c.Conn.Delete(b.path, -1) })
	if errors.Is(err, zk.ErrNoNode) {
		return nil
	}
	return err
}

// Await is the source's wait.
func (b *Barrier) Await(ctx context.Context) error {
	for {
		there, _, events, err := b.c.Conn.ExistsW(b.path)
		if !there || err != nil {
			return err
		}
		cleared, err := b.wait(ctx, events)
		if cleared || err != nil {
			return err
		}
	}
}

// wait reports whether the barrier was lifted. Only the mended barrier's wait returns false.
func (b *Barrier) wait(ctx context.Context, events <-chan zk.Event) (cleared bool, err error) {
	for {
		select {
		case e, open := <-events:
			if e.Type == zk.EventNodeDeleted {
				return true, nil
			}
			if b.mended {
				return false, nil
			}
			if !open || e.Type == zk.EventNotWatching {
				events = nil
			}
		case <-ctx.Done():
			return false, port.Ended(ctx)
		}
	}
}
