// Package accumulofate is the read-write lock of Accumulo's FATE operations: a line of persistent znodes, which outlive
// the process that made them, because the next process goes on with the operation.
package accumulofate

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "accumulofate",
	Program: "Apache Accumulo, locks of FATE operations",
	File: "apache/accumulo, core/src/main/java/org/apache/accumulo/core/fate/zookeeper/FateLock.java, with DistributedReadWriteLock, " +
		"and getLock of tableOps/Utils.java",
	Version: "commit d7d1199c (July 2026)",
	LeftOut: "Each attempt to lock is an operation of its own, which fails if its caller gives up. The ranges of locks are left out: each lock is for the whole " +
		"table. The next process of a client ends the operations of the one before, instead of going on with them. An operation that fails is undone once, as in FATE. " +
		"Pauses are as in Accumulo (ten of them, from 0.25 s on). Znodes with other names are passed over; Accumulo refuses them.",
	Promises: "While an operation has a write lock, no other operation has a lock on the table. Locks stay until the operation ends, even if the process does not " +
		"live as long. When it has ended, others get the lock.",
	NotPromised: "An operation that waits is not told when it is its turn: it looks from time to time.",
	AsIs:        workloads.RWLock{New: New},
	Wrong: &entry.Wrong{
		Mistake: entry.Repeats,
		Happens: "The reply to the create of a sequential znode is lost, and the repeated create makes a second one. Accumulo then refuses every " +
			"further call of this operation, because it finds two znodes with its identifier. They are persistent, so the table stays locked " +
			"until an administrator deletes them.",
		Breaks: []string{"progress"},
		Fault:  "a lost reply",
		Mend: "Before an operation repeats the create, it looks for a znode with its identifier, which is in the name already. To unlock, it deletes all znodes with " +
			"its identifier, and repeats that until it has succeeded.",
		Mended: workloads.RWLock{New: newMended},
	},
}

// Lock is the lock of a table, for the operations of one client.
type Lock struct {
	c      *subjects.Client
	path   string
	mended bool
	id     string // of the present operation: znodes are named flock#TYPE~ID#NUMBER
	end    context.Context
}

// New returns the lock of a client.
func New(c *subjects.Client, path string) (subjects.RWLock, error) { return newLock(c, path, false) }

func newMended(c *subjects.Client, path string) (subjects.RWLock, error) {
	return newLock(c, path, true)
}

func newLock(c *subjects.Client, path string, mended bool) (*Lock, error) {
	end, stop := context.WithCancel(context.Background())
	c.BeforeEnd(func(context.Context) { stop() })
	l := &Lock{c: c, path: path + "/table", mended: mended, end: end}
	go l.resume()
	return l, port.Ensure(c, path)
}

// resume ends what the process before has left.
func (l *Lock) resume() {
	var left []node
	_ = port.Patiently(l.end, func() (err error) {
		left, err = l.entries(func(n node) bool { return strings.HasPrefix(n.id, fmt.Sprintf("%d.", l.c.ID)) })
		return err
	})
	for _, n := range left {
		of := &Lock{c: l.c, path: l.path, mended: l.mended, id: n.id, end: l.end}
		for l.end.Err() == nil {
			if err := of.unlock(); err == nil || errors.Is(err, errTwo) {
				break
			}
			port.Wait(l.end, 100*time.Millisecond)
		}
	}
}

// node is a znode in the line.
type node struct {
	name, kind, id string
	number         int
}

func parse(name string) (n node) {
	parts := strings.Split(name, "#")
	if len(parts) != 3 {
		return n // of something else
	}
	n.name = name
	n.kind, n.id, _ = strings.Cut(parts[1], "~")
	n.number, _ = strconv.Atoi(parts[2])
	return n
}

// again is retryLoop: ten retries, also in later sessions.
func (l *Lock) again(request func() error) error {
	pause := 250 * time.Millisecond
	for i := 0; ; i++ {
		err := request()
		if !port.ConnectionLoss(err) && !errors.Is(err, zk.ErrSessionExpired) || i == 10 || !port.Wait(l.end, pause) {
			return err
		}
		pause = pause * 3 / 2
	}
}

// entries lists znodes of the line, the lowest number first.
func (l *Lock) entries(which func(node) bool) (found []node, err error) {
	var names []string
	err = l.again(func() (err error) { names, _, err = l.c.Conn.Children(l.path); return err })
	if errors.Is(err, zk.ErrNoNode) {
		return nil, nil
	}
	for _, name := range names {
		if n := parse(name); n.name != "" && which(n) {
			found = append(found, n)
		}
	}
	slices.SortFunc(found, func(a, b node) int { return a.number - b.number })
	return found, err
}

var errTwo = errors.New("found more than one lock node")

// recover is recoverLock: it returns the znode of the operation, or nil.
func (l *Lock) recover() (*node, error) {
	found, err := l.entries(func(n node) bool { return n.id == l.id })
	switch {
	case err != nil || len(found) == 0:
		return nil, err
	case len(found) > 1 && !l.mended:
		return nil, errTwo
	}
	return &found[0], nil
}

// add is addEntry.
func (l *Lock) add(kind string) error {
	create := func() error {
		_, err := l.c.Conn.Create(l.path+"/flock#"+kind+"~"+l.id+"#", nil, zk.FlagSequence, port.ACL)
		return err
	}
	if l.mended {
		create = l.once(create)
	}
	for {
		err := l.again(create)
		if !errors.Is(err, zk.ErrNoNode) {
			return err
		}
		err = l.again(func() error { _, err := l.c.Conn.Create(l.path, nil, 0, port.ACL); return err })
		if err != nil && !errors.Is(err, zk.ErrNodeExists) {
			return err
		}
	}
}

// once looks, before each create but the first, whether an earlier one has made the znode.
func (l *Lock) once(create func() error) func() error {
	tried := false
	return func() error {
		if tried {
			if _, err := l.c.Conn.Sync(l.path); err != nil {
				return err
			}
			if mine, err := l.recover(); mine != nil || err != nil {
				return err
			}
		}
		tried = true
		return create()
	}
}

// try is getLock(…).tryLock().
func (l *Lock) try(kind string) (bool, error) {
	mine, err := l.recover()
	if err == nil && mine == nil {
		if err = l.add(kind); err == nil {
			mine, err = l.recover()
		}
	}
	if err != nil || mine == nil {
		return false, err
	}
	ahead, err := l.entries(func(n node) bool { return n.number < mine.number && (kind == "WRITE" || n.kind == "WRITE") })
	return err == nil && len(ahead) == 0, err
}

func (l *Lock) lock(ctx context.Context, kind string) error {
	l.id = fmt.Sprintf("%d.%s", l.c.ID, rand.Text())
	for {
		ok, err := l.try(kind)
		if ok {
			return nil
		}
		if err == nil && port.Wait(ctx, 100*time.Millisecond) {
			continue
		}
		_ = l.unlock() // undo
		if err == nil {
			err = context.Cause(ctx)
		}
		return err
	}
}

// Lock waits for a write lock.
func (l *Lock) Lock(ctx context.Context) error { return l.lock(ctx, "WRITE") }

// RLock waits for a read lock.
func (l *Lock) RLock(ctx context.Context) error { return l.lock(ctx, "READ") }

// Unlock ends the operation. If a step fails, it is undone.
func (l *Lock) Unlock(context.Context) error {
	if err := l.unlock(); err == nil || errors.Is(err, zk.ErrNoAuth) {
		return err
	}
	return l.unlock()
}

// unlock is unreserveTable.
func (l *Lock) unlock() error {
	if l.mended {
		return l.removeAll()
	}
	mine, err := l.recover()
	if err != nil || mine == nil {
		return err
	}
	return l.remove(mine)
}

// remove is removeEntry. It repeats only the delete of the parent.
func (l *Lock) remove(mine *node) error {
	if err := l.c.Conn.Delete(l.path+"/"+mine.name, -1); err != nil && !errors.Is(err, zk.ErrNoNode) {
		return err
	}
	err := l.again(func() error { return l.c.Conn.Delete(l.path, -1) })
	if errors.Is(err, zk.ErrNotEmpty) || errors.Is(err, zk.ErrNoNode) {
		err = nil
	}
	return err
}

func (l *Lock) removeAll() error {
	for {
		err := port.Patiently(l.end, func() error {
			if _, err := l.c.Conn.Sync(l.path); err != nil {
				return err
			}
			all, err := l.entries(func(n node) bool { return n.id == l.id })
			for _, n := range all {
				if err := l.remove(&n); err != nil {
					return err
				}
			}
			return err
		})
		if !errors.Is(err, zk.ErrNoAuth) || !port.Wait(l.end, 100*time.Millisecond) {
			return err
		}
	}
}
