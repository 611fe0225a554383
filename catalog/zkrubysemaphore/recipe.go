// Package zkrubysemaphore is the semaphore of zk, the Ruby library: contenders stand in line, and the first ones hold.
package zkrubysemaphore

import (
	"context"
	"errors"
	"strconv"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "zkrubysemaphore",
	Program: "zk for Ruby, Semaphore",
	File:    "zk-ruby/zk, lib/zk/locker/semaphore.rb, with locker_base.rb and node_deletion_watcher.rb",
	Version: "1.10.0 (commit a9659bb of May 2017 is the last one of these files in September 2021)",
	LeftOut: "Each Acquire makes a new locker, as with_lock does, so what a locker remembers after a failed unlock is left out. A wait ends with its caller's context " +
		"instead of a timeout. As in zk, a request fails at once while the client is not connected, and a wait fails when the connection breaks. A locker of zk watches " +
		"some of those before it; the port watches the list.",
	Promises:    "At most as many clients as there are leases hold one while their sessions live. A lease whose process is gone is released by the servers.",
	NotPromised: "A holder is not told that its session has ended; it can ask (assert).",
	AsIs:        workloads.Semaphore{New: New},
	Wrong: &entry.Wrong{
		Mistake: entry.LeavesZnode,
		Happens: "The connection breaks while a client waits in the line, so the locker cannot delete its znode, and drops it. The session goes on, " +
			"and the znode takes a lease that nobody holds. The same happens if the reply to the create is lost.",
		Breaks: []string{"progress"},
		Fault:  "a broken connection",
		Mend: "The znode's name contains an identifier of the attempt. When an attempt fails, and in Release, the client deletes all znodes with this identifier, and repeats that " +
			"until it has succeeded. A client holds a lease only if it finds its own znode, in the session that created it. While it waits, it also looks each second.",
		Mended: workloads.Semaphore{New: newMended},
	},
}

// Semaphore is the locker of one client.
type Semaphore struct {
	c      *subjects.Client
	hub    *port.Hub
	root   string
	leases int
	node   string // the source's lock_path
	made   int64  // the source's parent_stat: when the root was created; 0: none
}

// New returns the semaphore of a client.
func New(c *subjects.Client, path string, leases int) (subjects.Semaphore, error) {
	return &Semaphore{c: c, hub: port.HubOf(c), root: path + "/_zksemaphore", leases: leases}, port.Ensure(c, path)
}

func newMended(c *subjects.Client, path string, leases int) (subjects.Semaphore, error) {
	return port.NewLine(c, path, leases)
}

var errNotConnected = subjects.WithoutEffect(errors.New("not connected"))

// do makes a request, unless the client is not connected.
func (s *Semaphore) do(request func(*zk.Conn) error) error {
	if s.c.Conn.State() != zk.StateHasSession {
		return errNotConnected
	}
	return request(s.c.Conn)
}

// Acquire is the source's lock of a new locker.
func (s *Semaphore) Acquire(ctx context.Context) error {
	s.node, s.made = "", 0
	err := s.contend(ctx)
	if err != nil {
		_ = s.cleanup()
	}
	return err
}

func (s *Semaphore) contend(ctx context.Context) error {
	events, cancel := s.hub.Subscribe()
	defer cancel()
	if err := s.create(); err != nil {
		return err
	}
	for {
		var names []string
		var changed <-chan zk.Event
		err := s.do(func(c *zk.Conn) (err error) { names, _, changed, err = c.ChildrenW(s.root); return err })
		if err != nil {
			return err
		}
		if s.lower(names, s.node) < s.leases {
			return nil
		}
		select {
		case <-changed:
		case <-events: // the connection is gone
			return zk.ErrConnectionClosed
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// create is create_lock_path!: it makes the root if it has to.
func (s *Semaphore) create() error {
	for {
		err := s.do(func(c *zk.Conn) (err error) {
			s.node, err = c.Create(s.root+"/sem", nil, port.EphSeq, port.ACL)
			return err
		})
		if errors.Is(err, zk.ErrNoNode) {
			err = s.do(func(c *zk.Conn) error { _, err := c.Create(s.root, nil, 0, port.ACL); return err })
			if err == nil || errors.Is(err, zk.ErrNodeExists) {
				continue
			}
		}
		if err == nil {
			s.made, err = s.rootMade()
		}
		return err
	}
}

// rootMade returns when the root was created; 0 if there is none.
func (s *Semaphore) rootMade() (at int64, err error) {
	err = s.do(func(c *zk.Conn) error {
		there, stat, err := c.Exists(s.root)
		if there {
			at = stat.Ctime
		}
		return err
	})
	return at, err
}

// number returns the sequence number of a name.
func number(name string) int {
	n, _ := strconv.Atoi(name[max(0, len(name)-10):])
	return n
}

// lower counts the znodes before ours.
func (s *Semaphore) lower(names []string, ours string) (n int) {
	for _, name := range names {
		if number(name) < number(ours) {
			n++
		}
	}
	return n
}

// cleanup is cleanup_lock_path!.
func (s *Semaphore) cleanup() error {
	if s.made == 0 {
		return nil
	}
	made, err := s.rootMade()
	if err != nil || made != s.made {
		return err
	}
	err = s.do(func(c *zk.Conn) error { return c.Delete(s.node, -1) })
	if err != nil && !errors.Is(err, zk.ErrNoNode) {
		return err
	}
	err = s.do(func(c *zk.Conn) error { return c.Delete(s.root, -1) })
	if errors.Is(err, zk.ErrNotEmpty) || errors.Is(err, zk.ErrNoNode) {
		err = nil
	}
	return err
}

// Release is the source's unlock.
func (s *Semaphore) Release(context.Context) error { return s.cleanup() }
