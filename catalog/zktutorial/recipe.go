// Package zktutorial is the double barrier of ZooKeeper's own tutorial: members are ephemeral znodes, and a znode "ready" lets
// them in.
package zktutorial

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "zktutorial",
	Program: "Apache ZooKeeper's tutorial, Barrier",
	File:    "apache/zookeeper, zookeeper-docs/src/main/resources/markdown/zookeeperTutorial.md",
	Version: "commit 03a5c55a (October 2021)",
	LeftOut: "The port follows the text of the tutorial that has the znode \"ready\"; an earlier text has none. If enter or leave fails, the " +
		"member's znode is deleted, as the end of its process would do. As in Java, a disconnection wakes each watcher, too.",
	Promises:    "enter returns when enough members are in, and leave when all have left.",
	NotPromised: "The tutorial calls its examples simple, and leaves the handling of errors to the reader.",
	AsIs:        workloads.DoubleBarrier{New: New},
	Wrong: &entry.Wrong{
		Mistake: entry.ForgetsToWatch,
		Happens: "Any event wakes a waiting member, even a disconnection, and the member enters without looking whether \"ready\" is there. A leaving " +
			"member that sees one remaining member returns, even if that member is not itself. The first member out deletes \"ready\"; a slow " +
			"member then waits for ever.",
		Breaks: []string{"enter", "leave", "progress"},
		Fault:  "no fault",
		Mend: "A member that is woken looks again, with a new watch. It counts only members, not \"ready\". It leaves when all have left, even if " +
			"its own znode went earlier, and only the last member out deletes \"ready\".",
		Mended: workloads.DoubleBarrier{New: newMended},
	},
}

// Barrier is the barrier of one client.
type Barrier struct {
	c       *subjects.Client
	path    string
	ours    string
	size    int
	mended  bool
	rounds  int
	session chan struct{} // the client was disconnected
	live    context.Context
	stop    context.CancelFunc
}

// New returns the barrier of a client.
func New(c *subjects.Client, path string, parties int) (subjects.DoubleBarrier, error) {
	b := &Barrier{c: c, path: path, size: parties, session: make(chan struct{}, 1)}
	b.live, b.stop = context.WithCancel(context.Background())
	events := c.Subscribe(b.live)
	go func() {
		for e := range events {
			if e.State == zk.StateDisconnected || e.State == zk.StateExpired {
				select {
				case b.session <- struct{}{}:
				default:
				}
			}
		}
	}()
	return b, port.Ensure(c, path)
}

func newMended(c *subjects.Client, path string, parties int) (subjects.DoubleBarrier, error) {
	b, err := New(c, path, parties)
	b.(*Barrier).mended = true
	return b, err
}

func (b *Barrier) ready() string { return b.path + "/ready" }

func (b *Barrier) forgetSession() {
	select {
	case <-b.session:
	default:
	}
}

// wait is like Java's wait, which any event ends.
func (b *Barrier) wait(ctx context.Context, event <-chan zk.Event) error {
	select {
	case <-event:
		return nil
	case <-b.session:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Enter is the source's enter.
func (b *Barrier) Enter(ctx context.Context) error {
	b.rounds++
	b.ours = fmt.Sprintf("uuid%d-%d", b.c.ID, b.rounds)
	err := b.enter(ctx)
	if err != nil {
		b.end(ctx)
	}
	return err
}

// end imitates the end of the process: its znode disappears.
func (b *Barrier) end(ctx context.Context) {
	path := b.path + "/" + b.ours
	remove := func() error { return b.c.Conn.Delete(path, -1) }
	if port.Patiently(ctx, remove) != nil {
		go func() { _ = port.Patiently(b.live, remove) }()
	}
}

func (b *Barrier) enter(ctx context.Context) error {
	ready, _, event, err := b.c.Conn.ExistsW(b.ready())
	if err != nil {
		return err
	}
	b.forgetSession()
	if _, err := b.c.Conn.Create(b.path+"/"+b.ours, nil, zk.FlagEphemeral, port.ACL); err != nil || ready {
		return err
	}
	for {
		names, _, err := b.c.Conn.Children(b.path)
		if err != nil {
			return err
		}
		members := port.WithPrefix(names, "uuid")
		if len(members) >= b.size || !b.mended && len(port.WithPrefix(names, "uuid", "ready")) >= b.size {
			return b.letIn()
		}
		if err := b.wait(ctx, event); err != nil || !b.mended {
			return err
		}
		b.forgetSession()
		if ready, _, event, err = b.c.Conn.ExistsW(b.ready()); err != nil || ready {
			return err
		}
		if !slices.Contains(members, b.ours) {
			return errors.New("our znode has gone")
		}
	}
}

func (b *Barrier) letIn() error {
	_, err := b.c.Conn.Create(b.ready(), nil, 0, port.ACL)
	if errors.Is(err, zk.ErrNodeExists) {
		return nil
	}
	return err
}

// Leave is the source's leave.
func (b *Barrier) Leave(ctx context.Context) error {
	last, err := b.leave(ctx)
	if err != nil {
		b.end(ctx)
	}
	if err != nil || b.mended && !last {
		return err
	}
	if err := b.c.Conn.Delete(b.ready(), -1); !errors.Is(err, zk.ErrNoNode) {
		return err
	}
	return nil
}

// leave reports whether no member is left.
func (b *Barrier) leave(ctx context.Context) (last bool, err error) {
	exists := true // our znode should exist
	for {
		all, _, err := b.c.Conn.Children(b.path)
		if err != nil {
			return false, err
		}
		names := port.WithPrefix(all, "uuid")
		slices.Sort(names)
		at := slices.Index(names, b.ours)
		if at < 0 && exists && b.mended {
			exists = false // it disappeared with an earlier session
		}
		switch {
		case len(names) == 0:
			return true, nil
		case at < 0 && exists:
			return false, nil
		case len(names) == 1 && (at == 0 || !b.mended):
			return true, b.remove(exists)
		}
		other := names[0]
		if at == 0 {
			other = names[len(names)-1]
		}
		there, _, event, err := b.c.Conn.ExistsW(b.path + "/" + other)
		if err != nil {
			return false, err
		}
		b.forgetSession()
		if at != 0 {
			if err := b.remove(exists); err != nil {
				return false, err
			}
			exists = false
		}
		if there {
			if err := b.wait(ctx, event); err != nil {
				return false, err
			}
		}
	}
}

func (b *Barrier) remove(exists bool) error {
	if !exists {
		return nil
	}
	if err := b.c.Conn.Delete(b.path+"/"+b.ours, -1); !errors.Is(err, zk.ErrNoNode) {
		return err
	}
	return nil
}

// Close ends the goroutine that follows the session.
func (b *Barrier) Close(context.Context) error { b.stop(); return nil }
