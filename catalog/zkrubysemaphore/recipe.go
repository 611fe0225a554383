// Package zkrubysemaphore is the semaphore of zk, the Ruby library: contenders stand in line, and the first ones hold.
package zkrubysemaphore

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strconv"
	"time"

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
		Happens: "The connection breaks while a client waits in the line. The wait fails, and the locker deletes its znode, but that request fails, too, because the client is " +
			"not connected. The locker is dropped, the session goes on, and the znode stays in the line: it takes a lease that nobody holds, until the session ends. The " +
			"same happens if the reply to the create is lost, because the locker then does not know its znode.",
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
	mended bool
	node   string          // the source's lock_path
	made   int64           // the source's parent_stat: when the root was created; 0: none
	id     string          // mended: of the present attempt
	end    context.Context // mended: ends with the client
}

// New returns the semaphore of a client.
func New(c *subjects.Client, path string, leases int) (subjects.Semaphore, error) {
	return &Semaphore{c: c, hub: port.HubOf(c), root: path + "/_zksemaphore", leases: leases}, port.Ensure(c, path)
}

func newMended(c *subjects.Client, path string, leases int) (subjects.Semaphore, error) {
	end, stop := context.WithCancel(context.Background())
	c.BeforeEnd(func(context.Context) { stop() })
	return &Semaphore{c: c, root: path + "/_zksemaphore", leases: leases, mended: true, end: end}, port.Ensure(c, path)
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
	if s.mended {
		return s.acquire(ctx)
	}
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
func (s *Semaphore) Release(ctx context.Context) error {
	if s.mended {
		return s.leave(ctx)
	}
	return s.cleanup()
}

var errGone = errors.New("our znode has gone")

func (s *Semaphore) acquire(ctx context.Context) error {
	s.id = rand.Text()
	for {
		err := s.line(ctx)
		if err == nil {
			return nil
		}
		if left := s.leave(ctx); left != nil {
			return left
		}
		if !errors.Is(err, errGone) {
			return err
		}
	}
}

func (s *Semaphore) line(ctx context.Context) error {
	if err := port.Ensure(s.c, s.root); err != nil {
		return err
	}
	_, err := s.c.Conn.Create(s.root+"/"+s.id+"-sem-", nil, port.EphSeq, port.ACL)
	for err == nil || port.ConnectionLoss(err) || errors.Is(err, zk.ErrSessionExpired) {
		var changed <-chan zk.Event
		if err = surely(ctx, func() (err error) { changed, err = s.turn(); return err }); err != nil || changed == nil {
			return err
		}
		select {
		case <-changed:
		case <-time.After(time.Second):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return err
}

// turn returns nil if it is our turn, or else a watch of the list.
func (s *Semaphore) turn() (<-chan zk.Event, error) {
	session := s.c.Conn.SessionID()
	if _, err := s.c.Conn.Sync(s.root); err != nil {
		return nil, err
	}
	names, _, changed, err := s.c.Conn.ChildrenW(s.root)
	if err != nil {
		return nil, err
	}
	ours := port.WithPrefix(names, s.id+"-")
	if len(ours) == 0 {
		return nil, errGone
	}
	first := slices.MinFunc(ours, func(a, b string) int { return cmp.Compare(number(a), number(b)) })
	_, stat, err := s.c.Conn.Get(s.root + "/" + first)
	switch {
	case errors.Is(err, zk.ErrNoNode) || err == nil && (stat.EphemeralOwner != session || s.c.Conn.SessionID() != session):
		return nil, errGone
	case err != nil:
		return nil, err
	case s.lower(names, first) < s.leases:
		return nil, nil
	}
	return changed, nil
}

// leave deletes the znodes of the attempt. It goes on after the end of its context, because others wait behind them.
func (s *Semaphore) leave(context.Context) error {
	return surely(s.end, func() error {
		if _, err := s.c.Conn.Sync(s.root); err != nil {
			return err
		}
		names, _, err := s.c.Conn.Children(s.root)
		for _, name := range port.WithPrefix(names, s.id+"-") {
			if err := s.c.Conn.Delete(s.root+"/"+name, -1); err != nil && !errors.Is(err, zk.ErrNoNode) {
				return err
			}
		}
		if errors.Is(err, zk.ErrNoNode) {
			err = nil
		}
		return err
	})
}

// surely repeats a request that got no answer or was denied until ctx ends.
func surely(ctx context.Context, request func() error) error {
	for {
		err := request()
		if !port.ConnectionLoss(err) && !errors.Is(err, zk.ErrSessionExpired) && !errors.Is(err, zk.ErrNoAuth) {
			return err
		}
		if !port.Wait(ctx, 20*time.Millisecond) {
			return context.Cause(ctx)
		}
	}
}
