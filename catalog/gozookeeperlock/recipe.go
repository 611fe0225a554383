// Package gozookeeperlock is the lock that comes with go-zookeeper: a line of sequential ephemeral znodes, in which each
// client watches the one before it.
package gozookeeperlock

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
		Happens: "If the reply to Lock's read of the line is lost, Lock returns the error and leaves its znode, behind which all others wait. If the " +
			"reply to Unlock's delete is lost, or the session has ended, Unlock fails each time, and Lock then returns ErrDeadlock.",
		Breaks: []string{"progress"},
		Fault:  "a lost reply, or a session that expires",
		Mend: "The znode's name contains an identifier of the attempt; that of the original does, too, but it uses the identifier only within its create. When Lock fails, and in Unlock, the client deletes all znodes with this " +
			"identifier, and repeats that until it has succeeded; if there is none, that is success, too. A client whose session has ended goes " +
			"to the end of the line. While it waits, it also looks each second.",
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

func newMended(c *subjects.Client, path string) (subjects.Lock, error) {
	return port.NewLine(c, path, 1)
}
