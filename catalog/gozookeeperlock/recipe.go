// Package gozookeeperlock is the lock that comes with go-zookeeper: a line of sequential ephemeral znodes, in which each
// client watches the one before it.
package gozookeeperlock

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "gozookeeperlock",
	Program: "go-zookeeper, Lock",
	File:    "go-zookeeper/zk, lock.go",
	Version: "v1.0.4 (2024)",
	LeftOut: "The znodes have no data, and the path exists. The lock takes no context: if a caller gives up, the call continues, and a lock that " +
		"it still gets is unlocked.",
	Promises:    "Lock returns when the lock is held, or returns an error. After an Unlock, another client gets the lock.",
	NotPromised: "A holder is not told that its session has ended.",
	AsIs:        workloads.Lock{New: New},
	Originals: []entry.Original{
		{Folder: "gozookeeper", Code: "go-zookeeper v1.0.4"},
		{Folder: "samuel", Code: "samuel/go-zookeeper, commit 7117e9ea (December 2020), from which go-zookeeper comes", Apart: "Each client opens a session with that library."},
	},
	Wrong: &entry.Wrong{
		Mistake: entry.LeavesZnode,
		Happens: "Lock creates its znode, then reads the line. If the reply to that read is lost, Lock returns the error and leaves the znode: all " +
			"others wait behind it as long as the session lives. If the reply to Unlock's delete is lost, or the session has ended, Unlock " +
			"fails each time, and from then on Lock returns ErrDeadlock.",
		Breaks: []string{"progress"},
		Fault:  "a lost reply, or a session that expires",
		Mend: "The znode's name contains an identifier of the attempt; that of the original does, too, but it uses the identifier only within its create. When Lock fails, and in Unlock, the client deletes all znodes with this " +
			"identifier, and repeats that until it has succeeded; if there is none, that is success, too. A client whose session has ended goes " +
			"to the end of the line.",
		Mended: workloads.Lock{New: newMended},
	},
}

// Lock is the lock of one client.
type Lock struct {
	c     *subjects.Client
	path  string
	node  string // "" while the lock is not held
	calls subjects.Blocking
}

// New returns the lock of a client.
func New(c *subjects.Client, path string) (subjects.Lock, error) {
	return &Lock{c: c, path: path}, port.Ensure(c, path)
}

// Lock is the source's Lock.
func (l *Lock) Lock(ctx context.Context) error { return l.calls.Do(ctx, l.lock, l.unlock) }

// Unlock is the source's Unlock.
func (l *Lock) Unlock(ctx context.Context) error { return l.calls.Do(ctx, l.unlock, nil) }

func (l *Lock) lock() error {
	if l.node != "" {
		return zk.ErrDeadlock
	}
	node, err := l.c.Conn.CreateProtectedEphemeralSequential(l.path+"/lock-", nil, port.ACL)
	if err != nil {
		return err
	}
	for {
		event, err := ahead(l.c.Conn, l.path, port.Base(node))
		if err != nil {
			return err
		}
		if event == nil {
			l.node = node
			return nil
		}
		if e := <-event; e.Err != nil {
			return e.Err
		}
	}
}

func (l *Lock) unlock() error {
	if l.node == "" {
		return zk.ErrNotLocked
	}
	err := l.c.Conn.Delete(l.node, -1)
	if err == nil {
		l.node = ""
	}
	return err
}

var errGone = errors.New("our znode has gone")

// ahead watches the znode before ours; nil if there is none.
func ahead(conn *zk.Conn, path, ours string) (<-chan zk.Event, error) {
	for {
		names, _, err := conn.Children(path)
		if err != nil {
			return nil, err
		}
		before := ""
		for _, name := range names {
			if port.Seq(name) < port.Seq(ours) && (before == "" || port.Seq(name) > port.Seq(before)) {
				before = name
			}
		}
		if before == "" {
			return nil, nil
		}
		if _, _, event, err := conn.GetW(path + "/" + before); !errors.Is(err, zk.ErrNoNode) {
			return event, err
		}
	}
}

// Mended is the mended lock of one client.
type Mended struct {
	c    *subjects.Client
	path string
	id   string          // of the present attempt: its znodes begin with it
	end  context.Context // ends with the client
}

func newMended(c *subjects.Client, path string) (subjects.Lock, error) {
	end, stop := context.WithCancel(context.Background())
	c.BeforeEnd(func(context.Context) { stop() })
	return &Mended{c: c, path: path, end: end}, port.Ensure(c, path)
}

// Lock waits in the line. It leaves nothing behind when it fails.
func (l *Mended) Lock(ctx context.Context) error {
	for {
		err := l.contend(ctx)
		if err == nil {
			return nil
		}
		if left := l.Unlock(ctx); left != nil {
			return left
		}
		if !errors.Is(err, errGone) {
			return err
		}
	}
}

// Unlock deletes the znodes of the attempt. It goes on after the end of its context, because others wait behind them.
func (l *Mended) Unlock(context.Context) error {
	return surely(l.end, func() error {
		names, err := l.ours()
		for _, name := range names {
			if err := l.c.Conn.Delete(l.path+"/"+name, -1); err != nil && !errors.Is(err, zk.ErrNoNode) {
				return err
			}
		}
		return err
	})
}

func (l *Mended) contend(ctx context.Context) error {
	l.id = rand.Text()
	_, err := l.c.Conn.Create(l.path+"/"+l.id+"-lock-", nil, port.EphSeq, port.ACL)
	for err == nil || port.ConnectionLoss(err) || errors.Is(err, zk.ErrSessionExpired) {
		var event <-chan zk.Event
		if err = surely(ctx, func() (err error) { event, err = l.turn(); return err }); err != nil || event == nil {
			return err
		}
		select {
		case <-event: // whatever it says, the line is read again
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return err
}

// turn watches the znode before ours; nil if it is our turn.
func (l *Mended) turn() (event <-chan zk.Event, err error) {
	session := l.c.Conn.SessionID()
	names, err := l.ours()
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errGone
	}
	_, stat, err := l.c.Conn.Get(l.path + "/" + names[0])
	switch {
	case errors.Is(err, zk.ErrNoNode) || err == nil && stat.EphemeralOwner != session:
		return nil, errGone
	case err != nil:
		return nil, err
	}
	if event, err = ahead(l.c.Conn, l.path, names[0]); err == nil && l.c.Conn.SessionID() != session {
		err = errGone
	}
	return event, err
}

// ours lists the znodes of the attempt. The sync makes the server catch up with what an earlier one has done.
func (l *Mended) ours() ([]string, error) {
	if _, err := l.c.Conn.Sync(l.path); err != nil {
		return nil, err
	}
	names, _, err := l.c.Conn.Children(l.path)
	return port.WithPrefix(names, l.id+"-"), err
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
