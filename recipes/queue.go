package recipes

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/semaphore"
)

// Queue is a first in, first out queue of byte slices, for any number of
// producers and consumers.
//
// Its path is a persistent znode, created if missing. Each item is a persistent
// sequential child <32 hex digits>-item-<sequence>. All other children are
// ignored. The child "marks" holds an ephemeral znode for each client that puts
// or takes at the time; by it a client finds out what became of a request whose
// reply was lost. So a lost connection alone loses no item and doubles none.
//
// What it cannot know: the outcome of a request that was under way when the
// session ended, or when the caller gave up and no answer came within a grace of
// a tenth of the time-out (at most 200 ms). Those calls fail with [ErrUnknown]:
// the item of a Put may be in the queue, and a Take may have taken one that is
// lost now. That is also what happens to an item when a consumer dies between
// its removal and its use: items are delivered at most once.
//
// Items of a queue of some ten thousand fill the largest packet that ZooKeeper
// sends by default; keep queues shorter. It is safe for concurrent use.
type Queue struct {
	*recipe
	markers *markers

	// taking lets one Take at a time go for the first item: a second one would
	// go for the next, and be out of order if the first one then fails.
	taking *semaphore.Weighted

	mu     sync.Mutex
	ahead  []node     // items of the last list that were not tried
	readIn *zkSession // in which that list was read
}

// MaxItem is the largest item. The servers' own limit on a request
// (jute.maxbuffer) is a little less than 1 MiB by default, and a request
// beyond it costs the connection.
const MaxItem = 1<<20 - 8<<10

// NewQueue returns a queue on path.
func NewQueue(s *Session, path string) *Queue {
	r := newRecipe(s, path)
	return &Queue{recipe: r, markers: newMarkers(r), taking: semaphore.NewWeighted(1)}
}

// Put adds an item at the end. An error with NoEffect says that it was not added
// and never will be: [ErrTooLarge], [ErrClosed], the error of ctx, or what a
// server refused. [ErrUnknown], with the reason, says that it may have been.
func (q *Queue) Put(ctx context.Context, item []byte) error {
	if len(item) > MaxItem {
		return q.definite("put", ErrTooLarge)
	}
	create := &zk.CreateRequest{
		Path: join(q.path, newID()+"-"+kindItem+"-"), Data: slices.Clone(item),
		Acl: acl(), Flags: zk.FlagSequence,
	}
	built := 0
	return q.attempts(ctx, "put", func(ctx context.Context, z *zkSession) (outcome, error) {
		o, err := q.markers.write(ctx, z, create)
		if errors.Is(err, zk.ErrNoNode) && o == notApplied && built < maxRecreate {
			built++
			if err = q.s.ensurePath(ctx, z, q.path); err == nil {
				err = errAgain
			}
		}
		return o, err
	})
}

// Take removes the first item and returns it, and waits for one until ctx ends.
// It goes on when the session is lost while it waits. An error with NoEffect
// says that no item was taken: [ErrClosed], the error of ctx, or what a server
// refused. [ErrUnknown], with the reason, says that one may have been. A
// Take that is cancelled while it removes an item returns that item if the answer
// comes within the grace.
func (q *Queue) Take(ctx context.Context) ([]byte, error) {
	return q.take(ctx, "take", func(ctx context.Context, z *zkSession) error {
		event := q.s.nextEvent()
		children, err := q.s.childrenW(ctx, z, q.path)
		if errors.Is(err, zk.ErrNoNode) {
			return q.s.ensurePath(ctx, z, q.path)
		}
		if err != nil || q.setAhead(z, children.names) > 0 {
			return err
		}
		return q.s.wait(ctx, z, event, children.changed)
	})
}

// TryTake is Take that does not wait: it fails with [ErrEmpty] (NoEffect) when
// there was a moment during the call at which the queue was empty.
func (q *Queue) TryTake(ctx context.Context) ([]byte, error) {
	return q.take(ctx, "try-take", func(ctx context.Context, z *zkSession) error {
		names, err := q.s.freshChildren(ctx, z, q.path)
		if err == nil && q.setAhead(z, names) == 0 {
			return ErrEmpty
		}
		return err
	})
}

// take takes the first item; refill lists the items when none is ahead.
func (q *Queue) take(ctx context.Context, op string, refill func(context.Context, *zkSession) error) (item []byte, err error) {
	taking := false
	defer func() {
		if taking {
			q.taking.Release(1)
		}
	}()
	err = q.attempts(ctx, op, func(ctx context.Context, z *zkSession) (o outcome, err error) {
		if !taking {
			if err := q.taking.Acquire(ctx, 1); err != nil {
				return notApplied, err
			}
			taking = true
		}
		n, ok := q.first(z)
		if !ok {
			return notApplied, refill(ctx, z)
		}
		item, o, err = q.takeItem(ctx, z, n)
		return o, err
	})
	return item, err
}

// takeItem tries to take n, the first item as far as is known. That one of the
// list is gone means that somebody took it; items come in the order of their
// numbers, so the next of even an old list is the first then.
func (q *Queue) takeItem(ctx context.Context, z *zkSession, n node) ([]byte, outcome, error) {
	path := join(q.path, n.name)
	v, err := q.s.get(ctx, z, path)
	if err == nil {
		var o outcome
		o, err = q.markers.write(ctx, z, &zk.DeleteRequest{Path: path, Version: v.stat.Version})
		switch o {
		case applied:
			return v.data, applied, nil
		case unknown:
			q.setAhead(nil, nil) // the item may still be the first
			return nil, unknown, err
		}
	}
	switch {
	case errors.Is(err, zk.ErrNoNode): // taken by somebody else
		return nil, notApplied, nil
	case errors.Is(err, zk.ErrBadVersion): // written to by somebody else
		err = nil
	}
	q.putBack(z, n)
	return nil, notApplied, err
}

// first takes the first item off the list that was read in z.
func (q *Queue) first(z *zkSession) (node, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.readIn != z || len(q.ahead) == 0 {
		return node{}, false
	}
	n := q.ahead[0]
	q.ahead = q.ahead[1:]
	return n, true
}

// putBack puts an item that was not taken back to the front of the list.
func (q *Queue) putBack(z *zkSession, n node) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.readIn == z {
		q.ahead = append([]node{n}, q.ahead...)
	}
}

// setAhead takes over a new list and returns how many items are in it.
func (q *Queue) setAhead(z *zkSession, names []string) int {
	items := nodes(names, kindItem)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ahead, q.readIn = items, z
	return len(items)
}

// Close ends the calls that wait, and waits until nothing of this value but
// items is left in the tree, or ctx ends (its error; the clean-up goes on).
// Closing again waits again.
func (q *Queue) Close(ctx context.Context) error {
	q.stopCalls()
	q.markers.close()
	return q.drain(ctx, "close queue")
}
