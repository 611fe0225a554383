// Package hivemulti is how Hive locks several tables: a znode in line below each key, one key after the other in a fixed order.
package hivemulti

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "hivemulti",
	Program: "Apache Hive, locks of several objects",
	File:    "apache/hive, ql/src/java/org/apache/hadoop/hive/ql/lockmgr/zookeeper/ZooKeeperHiveLockManager.java",
	Version: "commit 012070c3 (2020 or later, before 4.0.0)",
	LeftOut: "The port has exclusive locks only, without data. If another client holds a key, the port tries again every 0.1 seconds, not every minute, " +
		"until the caller gives up. Curator repeats requests that got no answer; the port does so three times.",
	Promises:    "A client that has got its locks has all of them, and no other client has one of them, while its session lives.",
	NotPromised: "A holder is not told that its session has ended.",
	AsIs:        workloads.MultiLock{New: New},
	Wrong: &entry.Wrong{
		Mistake: entry.OutlivesSession,
		Happens: "If the session ends while a client locks one key after another, the client believes that it has all of them, although the first " +
			"znodes are gone. Unlock also deletes an empty parent, so numbers start again at 0 and a late unlock deletes another client's " +
			"znode. After a lost reply, the client waits behind its own first znode.",
		Breaks: []string{"grant", "all-or-none", "own-znodes", "progress"},
		Fault:  "a session that expires, or a lost reply",
		Mend: "Names contain an identifier of client, session and attempt. (Curator's withProtection uses a random one.) So no path comes twice, and a client " +
			"finds znodes that a repeated create made. A client that locked its keys in two sessions releases them and starts again.",
		Mended: workloads.MultiLock{New: newMended},
	},
}

// MultiLock locks the keys of one client.
type MultiLock struct {
	c        *subjects.Client
	path     string
	keys     []string
	hub      *port.Hub
	held     []string
	mended   bool
	attempts int
}

// New returns the locks of a client.
func New(c *subjects.Client, path string, keys []string) (subjects.MultiLock, error) {
	return &MultiLock{c: c, path: path, keys: slices.Sorted(slices.Values(keys)), hub: port.HubOf(c)}, port.Ensure(c, path)
}

func newMended(c *subjects.Client, path string, keys []string) (subjects.MultiLock, error) {
	l, err := New(c, path, keys)
	l.(*MultiLock).mended = true
	return l, err
}

// curator retries a request as Curator does, also in the next session.
func (l *MultiLock) curator(request func() error) (err error) {
	for i := range 4 {
		if err = request(); !port.ConnectionLoss(err) && !errors.Is(err, zk.ErrSessionExpired) || i == 3 || !l.hub.Pause(time.Duration(1<<i)*time.Second) {
			return err
		}
	}
	return err
}

func (l *MultiLock) create(path string, flags int32) (made string, err error) {
	err = l.curator(func() (err error) { made, err = l.c.Conn.Create(path, nil, flags, port.ACL); return err })
	return made, err
}

func (l *MultiLock) delete(path string) error {
	return l.curator(func() error { return l.c.Conn.Delete(path, -1) })
}

func (l *MultiLock) children(dir string) (names []string, err error) {
	err = l.curator(func() (err error) { names, _, err = l.c.Conn.Children(dir); return err })
	return names, err
}

// prefix returns how the names of this client's znodes begin. In the source, all clients use the same
// prefix.
func (l *MultiLock) prefix() string {
	if l.mended {
		return fmt.Sprintf("LOCK-EXCLUSIVE-%d.", l.c.ID)
	}
	return "LOCK-EXCLUSIVE-"
}

// lockPrimitive returns the znode with which the client has the key; "" if another client has it.
func (l *MultiLock) lockPrimitive(key string) (string, error) {
	dir := l.path + "/" + key
	if _, err := l.create(dir, 0); err != nil && !errors.Is(err, zk.ErrNodeExists) {
		return "", err
	}
	name := l.prefix()
	if l.mended {
		l.attempts++
		name += fmt.Sprintf("%x.%d-", l.c.Conn.SessionID(), l.attempts)
	}
	mine, err := l.create(dir+"/"+name, port.EphSeq)
	if err != nil {
		return "", err
	}
	names, err := l.children(dir)
	if err != nil {
		return "", err
	}
	if l.mended {
		if names, err = l.withoutOthersOfOurs(dir, names, mine); err != nil {
			return "", err
		}
	}
	for _, name := range port.WithPrefix(names, "LOCK-EXCLUSIVE-") {
		if s := port.Seq(name); s >= 0 && s < port.Seq(mine) {
			return "", l.delete(mine)
		}
	}
	return mine, nil
}

// withoutOthersOfOurs deletes the znodes that earlier attempts of this client left.
func (l *MultiLock) withoutOthersOfOurs(dir string, names []string, mine string) (left []string, err error) {
	for _, name := range names {
		if name == port.Base(mine) || len(port.WithPrefix([]string{name}, l.prefix())) == 0 {
			left = append(left, name)
		} else if err := l.delete(dir + "/" + name); err != nil && !errors.Is(err, zk.ErrNoNode) {
			return nil, err
		}
	}
	return left, nil
}

// Lock locks one key after the other. If that fails, it releases all keys.
func (l *MultiLock) Lock(ctx context.Context) error {
	for {
		session := l.c.Conn.SessionID()
		if err := l.lockAll(ctx); err != nil {
			return err
		}
		if !l.mended || session == l.c.Conn.SessionID() {
			return nil
		}
		if err := l.release(); err != nil {
			return err
		}
	}
}

func (l *MultiLock) lockAll(ctx context.Context) error {
	l.held = nil
	for _, key := range l.keys {
		for {
			mine, err := l.lockPrimitive(key)
			if mine != "" {
				l.held = append(l.held, mine)
				break
			}
			if port.Wait(ctx, 100*time.Millisecond) {
				continue
			}
			_ = l.release()
			return errors.Join(err, ctx.Err())
		}
	}
	return nil
}

func (l *MultiLock) release() (first error) {
	for _, node := range slices.Backward(l.held) {
		if err := l.unlock(node); err != nil && first == nil {
			first = err
		}
	}
	l.held = nil
	return first
}

// unlock is the source's unlockPrimitive, tried ten times. It also deletes the parent if the parent is
// empty.
func (l *MultiLock) unlock(node string) (err error) {
	for range 10 {
		err = l.delete(node)
		if err == nil {
			dir := path.Dir(node)
			var names []string
			if names, err = l.children(dir); err == nil && len(names) == 0 {
				err = l.delete(dir)
			}
		}
		if errors.Is(err, zk.ErrNoNode) || errors.Is(err, zk.ErrNotEmpty) {
			err = nil
		}
		if err == nil || !l.hub.Pause(100*time.Millisecond) {
			return err
		}
	}
	return err
}

// Unlock releases all keys.
func (l *MultiLock) Unlock(context.Context) error { return l.release() }
