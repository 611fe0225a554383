// Package zoolock is the lock in C that comes with ZooKeeper: contenders stand in line, and each one watches the znode
// before its own. The watcher locks again.
package zoolock

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "zoolock",
	Program: "Apache ZooKeeper, lock recipe in C",
	File: "apache/zookeeper, zookeeper-recipes/zookeeper-recipes-lock/src/main/c/src/zoo_lock.c, with zoo_lock.h, and zk_hashtable.c and zookeeper.c " +
		"of the C client",
	Version: "commit 53a78e36 (July 2026). The last commit of zoo_lock.c is 477fa072 (November 2018); the file is the same in 3.5.5, 3.6.0 and all later releases",
	LeftOut: "An application calls zkr_lock_lock once, as the recipe's test does, and waits until its completion function is called and it is the owner. To give " +
		"up, it calls zkr_lock_unlock. It calls zkr_lock_unlock again until that has succeeded or the session has ended, and makes a new lock in each session. " +
		"go-zookeeper stands for the C client, whose watchers are imitated (client.go), with a thread for each lock instead of one for the session. While the " +
		"client is not connected, fewer requests fail than with the C client, which fails them after each attempt to connect. Races for memory are left out: zkr_lock_isowner reads names that other threads may free.",
	Promises: "At most one client owns the lock while its session lives. zkr_lock_lock and zkr_lock_unlock return 0 if there was no error, and the completion " +
		"function is called when the lock is acquired. The same recipe in Java (WriteLock) says that unlock also ends a wait.",
	NotPromised: "An owner is not told that its session has ended, except by the watcher of its handle. Two locks of one session on one path share a znode, and both " +
		"are owners; neither the header nor the README says whether an application may have two.",
	AsIs: workloads.Lock{New: New},
	Wrong: &entry.Wrong{
		Mistake: entry.LeavesZnode,
		Happens: "The watcher calls zkr_lock_lock after any event, even if the lock is no longer wanted. So a client that gave up enters the line " +
			"again, and gets a lock that it never unlocks. Besides, zkr_lock_lock returns 0 when all its tries have failed: the client then " +
			"waits without a watch ([a report](../catalog/reports/zookeeper-lock/README.md)).",
		Breaks: []string{"progress"},
		Fault:  "no fault if a client gives up; otherwise a broken connection",
		Mend: "The znode's name contains an identifier of the attempt, and only a waiting call acts on an event. If the znode before its own has gone, the client " +
			"keeps its own and reads the line again. When an attempt fails, and in Unlock, the client deletes all znodes with the identifier, and repeats that until it has " +
			"succeeded. Requests that get no answer are repeated, and errors are returned. While it waits, the client also looks each second.",
		Mended: workloads.Lock{New: newMended},
	},
}

// mutex is zkr_lock_mutex: the lock of one session on one path.
type mutex struct {
	h         *port.Handle
	path      string
	completed chan struct{} // holds a value after the completion function was called because the lock is acquired
	watches   *watches
	pmutex    chan struct{}

	mu      sync.Mutex // guards id and ownerid; callers hold pmutex to change them
	id      string
	ownerid string
}

// newMutex is zkr_lock_init_cb.
func newMutex(h *port.Handle, path string) *mutex {
	m := &mutex{h: h, path: path, completed: make(chan struct{}, 1), pmutex: make(chan struct{}, 1)}
	m.watches = newWatches(h, m.lock) // all that lock_watcher_fn does
	return m
}

// pause is between two tries.
const pause = 500 * time.Microsecond

// retry makes a request up to three times.
func retry(request func() error) (err error) {
	for range 3 {
		if err = request(); !port.ConnectionLoss(err) {
			return err
		}
		time.Sleep(pause)
	}
	return err
}

// children is retry_getchildren.
func (m *mutex) children() (names []string, err error) {
	err = retry(func() (err error) { names, err = m.h.Children(m.path); return err })
	return names, err
}

// exists returns zk.ErrNoNode if there is no path.
func (m *mutex) exists() error {
	there, _, err := m.h.Exists(m.path)
	if err == nil && !there {
		err = zk.ErrNoNode
	}
	return err
}

// lock is zkr_lock_lock. It returns nothing, because the source always returns 0.
func (m *mutex) lock() {
	m.pmutex <- struct{}{}
	defer func() { <-m.pmutex }()
	err := m.exists()
	for n := 0; n < 4 && (port.ConnectionLoss(err) || errors.Is(err, zk.ErrNoNode)); n++ {
		if port.ConnectionLoss(err) {
			err = m.exists()
		} else {
			_, err = m.h.Create(m.path, nil, 0)
		}
		time.Sleep(pause)
	}
	for range 4 {
		if m.operation() == nil {
			return
		}
		time.Sleep(pause)
	}
}

// operation is zkr_lock_operation.
func (m *mutex) operation() error {
	id, err := m.enter()
	if err != nil {
		return err
	}
	names, err := m.children()
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return zk.ErrNoNode // the source reads beyond the end of the list
	}
	slices.SortFunc(names, byNumber)
	m.set(&m.ownerid, names[0])
	at, found := slices.BinarySearchFunc(names, id, byNumber)
	switch {
	case found && at > 0:
		return m.watch(names[at-1])
	case names[0] == id:
		select {
		case m.completed <- struct{}{}:
		default:
		}
	}
	return nil
}

// enter looks for a znode of the session, and creates one if there is none.
func (m *mutex) enter() (id string, err error) {
	prefix := fmt.Sprintf("x-%016x-", uint64(m.h.Session))
	names, err := m.children()
	if err != nil {
		return "", err
	}
	if ours := port.WithPrefix(names, prefix); len(ours) > 0 {
		id = ours[0]
	}
	m.set(&m.id, id)
	if id != "" {
		return id, nil
	}
	znode, err := m.h.Create(m.path+"/"+prefix, nil, port.EphSeq)
	if err != nil {
		return "", err
	}
	id = port.Base(znode)
	m.set(&m.id, id)
	return id, nil
}

// watch watches the znode before ours. If that fails, it unlocks until there is nothing to unlock.
func (m *mutex) watch(before string) error {
	err := retry(func() error { return m.watches.exists(m.path + "/" + before) })
	if err == nil {
		return nil
	}
	for err = m.unlockNoLock(); err == nil; {
		err = m.unlockNoLock()
	}
	return err
}

// byNumber compares names by their sequence numbers.
func byNumber(a, b string) int {
	return strings.Compare(a[strings.LastIndexByte(a, '-')+1:], b[strings.LastIndexByte(b, '-')+1:])
}

func (m *mutex) set(field *string, to string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	*field = to
}

// errNone is ZSYSTEMERROR, by which zkr_lock_unlock says that there is nothing to unlock.
var errNone = errors.New("there is nothing to unlock")

// unlock is zkr_lock_unlock.
func (m *mutex) unlock() error {
	m.pmutex <- struct{}{}
	defer func() { <-m.pmutex }()
	return m.unlockNoLock()
}

// unlockNoLock is _zkr_lock_unlock_nolock.
func (m *mutex) unlockNoLock() error {
	if m.id == "" {
		return errNone
	}
	err := retry(func() error { return m.h.Delete(m.path+"/"+m.id, -1) })
	if err != nil && !errors.Is(err, zk.ErrNoNode) {
		return err
	}
	m.set(&m.id, "")
	return nil
}

// isOwner is zkr_lock_isowner.
func (m *mutex) isOwner() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.id != "" && m.id == m.ownerid
}

// Lock is an application that uses a mutex.
type Lock struct {
	c     *subjects.Client
	path  string
	m     *mutex // of the present session, or of one that has ended; nil at first
	calls subjects.Blocking
}

// New returns the lock of a client.
func New(c *subjects.Client, path string) (subjects.Lock, error) {
	return &Lock{c: c, path: path}, nil
}

// Lock locks, and waits until the client is the owner. If it gives up, it unlocks.
func (l *Lock) Lock(ctx context.Context) error {
	return l.calls.Do(ctx, func() error {
		if l.m == nil || !l.m.h.Live() {
			h, err := port.Bind(ctx, l.c)
			if err != nil {
				return err
			}
			l.m = newMutex(h, l.path)
		}
		l.m.lock()
		for !l.m.isOwner() {
			select {
			case <-l.m.completed:
			case <-l.m.h.Dead:
				return zk.ErrSessionExpired
			case <-ctx.Done():
				_ = l.unlock()
				return context.Cause(ctx)
			case <-l.m.h.Hub.Ended:
				return zk.ErrClosing
			}
		}
		if !l.m.h.Live() {
			return zk.ErrSessionExpired
		}
		return nil
	}, l.unlock)
}

// Unlock unlocks.
func (l *Lock) Unlock(ctx context.Context) error { return l.calls.Do(ctx, l.unlock, nil) }

func (l *Lock) unlock() error {
	for {
		err := l.m.unlock()
		if err == nil || errors.Is(err, errNone) {
			return nil
		}
		if !l.m.h.Live() || !l.m.h.Hub.Pause(20*time.Millisecond) {
			return err
		}
	}
}

func newMended(c *subjects.Client, path string) (subjects.Lock, error) {
	return port.NewLine(c, path, 1)
}
