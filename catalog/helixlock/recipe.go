// Package helixlock is the nonblocking lock of Helix: a persistent znode has the owner and the end of its lease, and every
// change of it is conditional.
package helixlock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "helixlock",
	Program: "Apache Helix, ZKDistributedNonblockingLock",
	File: "apache/helix, helix-lock/src/main/java/org/apache/helix/lock/helix/ZKDistributedNonblockingLock.java, with doUpdate of " +
		"ZkBaseDataAccessor",
	Version:     "commit 43e8db2f (January 2024), which is the last one of the file in July 2026",
	LeftOut:     "All locks have the same priority, so none is taken away, and the requests for that are left out, with the subscription to the znode. A lease is half a minute.",
	Promises:    "At most one user holds the lock until it unlocks it or the lease ends. A call does not wait for the lock: it answers whether the caller has it.",
	NotPromised: "An owner may go on after the end of its lease; it can ask. The users' clocks are compared; in the test they agree. The lock does not end with the session.",
	Right: "Nothing depends on the session. Each write has the version that was read as its condition, and the data names the owner. So a " +
		"repeated write is refused, the next read shows that the caller is the owner, and writing again does no harm. The znode is never " +
		"deleted, so no version comes twice.",
	AsIs: locks(New),
}

const lease = 30 * time.Second

// info is the data of the znode. A free lock has the zero value.
type info struct {
	Owner   string
	Timeout int64 // in milliseconds since 1970
}

// Lock is the lock of one user.
type Lock struct {
	c    *subjects.Client
	path string
	user string
}

// New returns the lock of a client.
func New(c *subjects.Client, path string) (*Lock, error) {
	return &Lock{c: c, path: path + "/lock", user: fmt.Sprint("user", c.ID)}, port.Ensure(c, path)
}

// update is LockUpdater with doUpdate. It reports whether the change was allowed.
func (l *Lock) update(ctx context.Context, to info) (bool, error) {
	data, err := json.Marshal(to)
	if err != nil {
		return false, err
	}
	for {
		var old []byte
		var stat *zk.Stat
		err := port.Patiently(ctx, func() (err error) { old, stat, err = l.c.Conn.Get(l.path); return err })
		switch {
		case errors.Is(err, zk.ErrNoNode):
			err = port.Patiently(ctx, func() error { _, err := l.c.Conn.Create(l.path, data, 0, port.ACL); return err })
		case err == nil:
			var now info
			if err := json.Unmarshal(old, &now); err != nil {
				return false, err
			}
			if time.Now().UnixMilli() <= now.Timeout && now.Owner != l.user {
				return false, nil
			}
			err = port.Patiently(ctx, func() error { _, err := l.c.Conn.Set(l.path, data, stat.Version); return err })
		}
		if !errors.Is(err, zk.ErrBadVersion) && !errors.Is(err, zk.ErrNodeExists) {
			return err == nil, err
		}
	}
}

// TryLock reports whether the caller has the lock.
func (l *Lock) TryLock(ctx context.Context) (bool, error) {
	return l.update(ctx, info{l.user, time.Now().Add(lease).UnixMilli()})
}

// Unlock gives up the lock, if the caller has it.
func (l *Lock) Unlock(ctx context.Context) error {
	_, err := l.update(ctx, info{})
	return err
}

func locks(construct func(*subjects.Client, string) (*Lock, error)) workloads.Workload {
	try, unlock := object.Ask("try-lock", (*Lock).TryLock), object.Do("unlock", (*Lock).Unlock)
	return object.Object[*Lock]{
		Name: "lease", New: construct,
		Operations: []object.Operation[*Lock]{try, unlock},
		Rules:      []object.Rule{object.Exclusive(try, unlock)},
	}.Workload()
}
