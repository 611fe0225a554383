package recipes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
)

// Queue is a first in, first out queue of byte slices, for any number of
// producers and consumers.
//
// Its folder is the path, made if missing. Each item is a persistent sequential
// znode <32 hex digits>-item-<sequence> in it. Everything else in the folder is
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
	calls
	s    *Session
	path string

	// taking lets one Take at a time go for the first item: a second one would
	// go for the next, and be out of order if the first one then fails.
	taking chan struct{}

	mu    sync.Mutex
	marks []*mark // that no call uses
	ahead []node  // items of the last list that were not tried
	of    *life   // in which that list was read
}

const (
	marksFolder = "marks"
	// MaxItem is the largest item. The servers' own limit on a request
	// (jute.maxbuffer) is a little less than 1 MiB by default, and a request
	// beyond it costs the connection.
	MaxItem = 1<<20 - 8<<10
)

// NewQueue returns a queue on path.
func NewQueue(s *Session, path string) *Queue {
	return &Queue{calls: newCalls(), s: s, path: path, taking: make(chan struct{}, 1)}
}

// Put adds an item at the end. An error with NoEffect says that it was not added
// and never will be: [ErrTooLarge], [ErrClosed], the error of ctx, or what a
// server refused. [ErrUnknown], with the reason, says that it may have been.
func (q *Queue) Put(ctx context.Context, item []byte) error {
	const op = "put"
	if len(item) > MaxItem {
		return without(op, q.path, ErrTooLarge)
	}
	ctx, end, err := q.start(ctx, q.path)
	if err != nil {
		return without(op, q.path, err)
	}
	defer end()
	create := &zk.CreateRequest{
		Path: join(q.path, newID()+"-"+kindItem+"-"), Data: slices.Clone(item),
		Acl: acl(), Flags: zk.FlagSequence,
	}
	var b backoff
	for built := 0; ; {
		f, err := q.change(ctx, create)
		switch {
		case f == made:
			return nil
		case f == unknown:
			return perhaps(op, q.path, fmt.Errorf("%w: %w", ErrUnknown, q.cause(err)))
		case errors.Is(err, zk.ErrNoNode) && built < rebuilds:
			built++
			err = q.build(ctx)
		}
		if err != nil && !again(err) {
			return without(op, q.path, q.cause(err))
		}
		b.pause(ctx)
	}
}

// Take removes the first item and returns it, and waits for one until ctx ends.
// It goes on when the session is lost while it waits. An error with NoEffect
// says that no item was taken: [ErrClosed], the error of ctx, or what a server
// refused. [ErrUnknown], with the reason, says that one may have been. A
// Take that is cancelled while it removes an item returns that item if the answer
// comes within the grace.
func (q *Queue) Take(ctx context.Context) ([]byte, error) {
	return q.take(ctx, "take", func(ctx context.Context, l *life) error {
		news := q.s.nextNews()
		children, err := q.s.list(ctx, l, q.path)
		if errors.Is(err, zk.ErrNoNode) {
			return q.s.build(ctx, l, q.path)
		}
		if err != nil || q.keep(l, children.names) > 0 {
			return err
		}
		return q.s.wait(ctx, l, news, children.changed)
	})
}

// TryTake is Take that does not wait: it fails with [ErrEmpty] (NoEffect) when
// there was a moment during the call at which the queue was empty.
func (q *Queue) TryTake(ctx context.Context) ([]byte, error) {
	return q.take(ctx, "try-take", func(ctx context.Context, l *life) error {
		names, err := q.s.fencedChildren(ctx, l, q.path)
		if err == nil && q.keep(l, names) == 0 {
			return ErrEmpty
		}
		return err
	})
}

// take takes the first item; look refills the list of items when it is used up.
func (q *Queue) take(ctx context.Context, op string, look func(context.Context, *life) error) ([]byte, error) {
	ctx, end, err := q.start(ctx, q.path)
	if err != nil {
		return nil, without(op, q.path, err)
	}
	defer end()
	select {
	case q.taking <- struct{}{}:
		defer func() { <-q.taking }()
	case <-ctx.Done():
		return nil, without(op, q.path, q.cause(ctx.Err()))
	}
	var b backoff
	for {
		item, f, err := q.next(ctx, look)
		switch {
		case f == made:
			return item, nil
		case f == unknown:
			return nil, perhaps(op, q.path, fmt.Errorf("%w: %w", ErrUnknown, q.cause(err)))
		case err == nil:
			continue
		case !again(err):
			return nil, without(op, q.path, q.cause(err))
		}
		b.pause(ctx)
	}
}

// again reports whether to try again after an error that had no effect: a lost
// reply, a lost session, a mark that went with it.
func again(err error) bool {
	return unanswered(err) || errors.Is(err, ErrSessionLost) || errors.Is(err, errUnmarked)
}

// next tries to take the item that is first, as far as is known. That one of
// the list is gone means that somebody took it; items come in the order of their
// numbers, so the next of even an old list is the first then.
func (q *Queue) next(ctx context.Context, look func(context.Context, *life) error) ([]byte, fate, error) {
	l, err := q.s.begin(ctx)
	if err != nil {
		return nil, unmade, err
	}
	n, ok := q.first(l)
	if !ok {
		return nil, unmade, look(ctx, l)
	}
	path := join(q.path, n.name)
	v, err := ask(ctx, q.s, l, read, func() (value, error) {
		data, stat, err := q.s.conn.Get(path)
		return value{data: data, stat: stat}, err
	})
	if err == nil {
		var f fate
		f, err = q.change(ctx, &zk.DeleteRequest{Path: path, Version: v.stat.Version})
		switch f {
		case made:
			return v.data, made, nil
		case unknown:
			q.keep(nil, nil) // the item may still be the first
			return nil, unknown, err
		}
	}
	switch {
	case errors.Is(err, zk.ErrNoNode): // taken by somebody else
		return nil, unmade, nil
	case errors.Is(err, zk.ErrBadVersion): // written to by somebody else
		err = nil
	}
	q.giveBack(l, n)
	return nil, unmade, err
}

// change makes one change, with a mark. Only once it has been sent can the fate
// be other than unmade.
func (q *Queue) change(ctx context.Context, op any) (fate, error) {
	l, err := q.s.begin(ctx)
	if err != nil {
		return unmade, err
	}
	m, err := q.mark(ctx, l)
	if err != nil {
		return unmade, err
	}
	if err := q.s.connected(ctx, l); err != nil {
		q.release(m)
		return unmade, err
	}
	c := q.s.apply(m, op)
	_, err = c.wait(ctx)
	f, err := q.s.outcome(ctx, m, c, err)
	if f == unknown && ctx.Err() != nil {
		f, err = q.late(ctx, m, c)
	}
	if f == unknown || errors.Is(err, errUnmarked) {
		q.discard(m, c)
	} else {
		q.release(m)
	}
	return f, err
}

// late waits a little longer than the caller for what became of c.
func (q *Queue) late(ctx context.Context, m *mark, c change) (fate, error) {
	grace, cancel := context.WithTimeout(q.s.ctx, q.s.grace())
	defer cancel()
	_, err := c.wait(grace)
	f, err := q.s.outcome(grace, m, c, err)
	if f == unknown || unanswered(err) {
		err = ctx.Err()
	}
	return f, err
}

// grace is how long a cancelled call waits for the answer to what it has sent.
func (s *Session) grace() time.Duration { return min(s.timeout/10, 200*time.Millisecond) }

// mark returns one that no other call uses.
func (q *Queue) mark(ctx context.Context, l *life) (*mark, error) {
	q.mu.Lock()
	for len(q.marks) > 0 {
		m := q.marks[len(q.marks)-1]
		q.marks = q.marks[:len(q.marks)-1]
		if m.life == l {
			q.mu.Unlock()
			return m, nil
		}
	}
	q.mu.Unlock()
	m, err := q.s.newMark(ctx, l, join(q.path, marksFolder))
	if err != nil {
		q.discard(m, change{})
		return nil, err
	}
	return m, nil
}

// release lets other calls use the mark.
func (q *Queue) release(m *mark) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ctx.Err() != nil {
		q.discard(m, change{})
		return
	}
	q.marks = append(q.marks, m)
}

// discard removes a mark in the background, in whichever session there is: its
// own create, too, may be carried out late.
func (q *Queue) discard(m *mark, c change) {
	var after <-chan struct{}
	if c.flight != nil {
		after = c.done
	}
	q.s.cleanUp(&q.tasks, after, func(ctx context.Context, l *life) bool {
		_, err := q.s.remove(ctx, l, m.path)
		return err == nil
	})
}

// build makes the folder.
func (q *Queue) build(ctx context.Context) error {
	l, err := q.s.begin(ctx)
	if err != nil {
		return err
	}
	return q.s.build(ctx, l, q.path)
}

// first takes the first item off the list that was read in l.
func (q *Queue) first(l *life) (node, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.of != l || len(q.ahead) == 0 {
		return node{}, false
	}
	n := q.ahead[0]
	q.ahead = q.ahead[1:]
	return n, true
}

// giveBack puts an item that was not taken back to the front of the list.
func (q *Queue) giveBack(l *life, n node) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.of == l {
		q.ahead = append([]node{n}, q.ahead...)
	}
}

// keep takes over a new list and returns how many items are in it.
func (q *Queue) keep(l *life, names []string) int {
	items := nodes(names, kindItem)
	slices.SortFunc(items, compare)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ahead, q.of = items, l
	return len(items)
}

// Close ends the calls that wait, and waits until nothing of this value but
// items is left in the tree, or ctx ends (its error; the clean-up goes on).
// Closing again waits again.
func (q *Queue) Close(ctx context.Context) error {
	q.close()
	q.mu.Lock()
	marks := q.marks
	q.marks = nil
	q.mu.Unlock()
	for _, m := range marks {
		q.discard(m, change{})
	}
	if err := q.tasks.wait(ctx); err != nil {
		return perhaps("close queue", q.path, err)
	}
	return nil
}
