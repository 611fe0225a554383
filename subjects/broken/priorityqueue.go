package broken

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// defectivePriorityQueue is a priority queue that lists its items, deletes the first one,
// and goes to the next if another client was quicker, with a defect in which item it
// takes for the first. Its items are named item-<priority>-<sequence>.
type defectivePriorityQueue struct {
	conn *zk.Conn
	path string
	// first orders two items.
	first func(a, b string) int
	// list lists the items; nil means their present list.
	list func() ([]string, error)
}

func newDefectivePriorityQueue(c *subjects.Client, path string, first func(a, b string) int) (*defectivePriorityQueue, error) {
	return opened(c, path, func(conn *zk.Conn) *defectivePriorityQueue {
		q := &defectivePriorityQueue{conn: conn, path: path, first: first}
		q.list = func() ([]string, error) {
			names, _, err := conn.Children(path)
			return names, err
		}
		return q
	})
}

func (q *defectivePriorityQueue) Put(_ context.Context, priority int32, item []byte) error {
	_, err := q.conn.Create(fmt.Sprintf("%s/item-%d-", q.path, priority), item, zk.FlagSequence, openACL)
	return err
}

func (q *defectivePriorityQueue) Take(ctx context.Context) ([]byte, error) {
	for {
		names, err := q.list()
		if err != nil {
			return nil, subjects.WithoutEffect(err)
		}
		slices.SortFunc(names, q.first)
		for _, name := range names {
			item, err := q.remove(q.path + "/" + name)
			if !errors.Is(err, zk.ErrNoNode) {
				return item, err
			}
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return nil, subjects.WithoutEffect(context.Cause(ctx))
		}
	}
}

// remove takes an item; zk.ErrNoNode means that another client did.
func (q *defectivePriorityQueue) remove(path string) ([]byte, error) {
	item, _, err := q.conn.Get(path)
	if err != nil {
		return nil, subjects.WithoutEffect(err)
	}
	return item, q.conn.Delete(path, -1)
}

// numbersOf returns an item's priority and sequence number.
func numbersOf(name string) (priority, sequence int) {
	rest := strings.TrimPrefix(name, "item-")
	i := strings.LastIndexByte(rest, '-')
	priority, _ = strconv.Atoi(rest[:i])
	sequence, _ = strconv.Atoi(rest[i+1:])
	return priority, sequence
}

func byNumbers(a, b string) int {
	p, m := numbersOf(a)
	q, n := numbersOf(b)
	return cmp.Or(cmp.Compare(p, q), cmp.Compare(m, n))
}

// IgnoresPriority returns a priority queue that is a FIFO queue. Property "priority" finds it
// whenever items of different priorities meet, even with a single client.
func IgnoresPriority(c *subjects.Client, path string) (subjects.PriorityQueue, error) {
	return newDefectivePriorityQueue(c, path, func(a, b string) int {
		_, m := numbersOf(a)
		_, n := numbersOf(b)
		return cmp.Compare(m, n)
	})
}

// StringCompare returns a priority queue that orders the names of its items as text: 10 comes
// before 9. Property "priority" finds it, even with a single client.
func StringCompare(c *subjects.Client, path string) (subjects.PriorityQueue, error) {
	return newDefectivePriorityQueue(c, path, strings.Compare)
}

// KeepsStaleCache returns a priority queue that uses one list until all of it is gone, whatever its
// watch reports, or until the client puts something itself. Property "priority" finds it whenever
// clients compete.
func KeepsStaleCache(c *subjects.Client, path string) (subjects.PriorityQueue, error) {
	q, err := newDefectivePriorityQueue(c, path, byNumbers)
	if err != nil {
		return nil, err
	}
	stale := &staleCache{defectivePriorityQueue: q, fresh: q.list}
	q.list = stale.next
	return stale, nil
}

type staleCache struct {
	*defectivePriorityQueue
	fresh func() ([]string, error)

	mu   sync.Mutex
	left []string
}

func (s *staleCache) Put(ctx context.Context, priority int32, item []byte) error {
	err := s.defectivePriorityQueue.Put(ctx, priority, item)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = nil
	return err
}

// next returns the rest of the list. Whether its first item has gone shows only when the client
// takes it.
func (s *staleCache) next() (names []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.left) == 0 {
		if s.left, err = s.fresh(); err != nil || len(s.left) == 0 {
			return nil, err
		}
		slices.SortFunc(s.left, s.first)
	}
	names, s.left = s.left[:1:1], s.left[1:]
	return names, nil
}

// WalksOn returns a priority queue that claims to be strict, and reads its list after a fence, but
// continues in that list when another client was quicker: it skips items that came since. Property
// "strict" finds it whenever clients compete.
func WalksOn(c *subjects.Client, path string) (subjects.PriorityQueue, error) {
	q, err := newDefectivePriorityQueue(c, path, byNumbers)
	if err != nil {
		return nil, err
	}
	read := q.list
	q.list = func() ([]string, error) {
		if _, err := q.conn.Multi(&zk.CheckVersionRequest{Path: path, Version: -1}); err != nil {
			return nil, err
		}
		return read()
	}
	return saysStrict{q}, nil
}

// NoFence returns a priority queue that claims to be strict, and reads its lists from a server that
// may lag. Property "strict" finds it when a server lags.
func NoFence(c *subjects.Client, path string) (subjects.PriorityQueue, error) {
	q, err := newDefectivePriorityQueue(c, path, byNumbers)
	return saysStrict{q}, err
}

type saysStrict struct{ *defectivePriorityQueue }

// IsStrict implements [subjects.Strict].
func (saysStrict) IsStrict() {}
