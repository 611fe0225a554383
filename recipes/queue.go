package recipes

import (
	"context"

	"github.com/zklab/zklab/recipes/internal/znodes"
)

const kindItem = "item"

// Queue is a first in, first out queue of byte slices, for any number of
// producers and consumers.
//
// Its path is a persistent znode, created if missing. Each item is a persistent
// sequential child <32 hex digits>-item-<sequence>. All other children are
// ignored. The child "marks" holds an ephemeral znode for each client that puts
// or takes at the time; by it a client finds out what became of a request whose
// reply was lost. So a lost connection alone loses no item and doubles none. In the child
// "taking" stand in line those who wait for an item, with ephemeral znodes, too, those of each
// kind of queue in a folder of their own.
//
// What it cannot know: the outcome of a request that was under way when the
// session ended, or when the caller gave up and no answer came within a grace of
// a tenth of the time-out (at most 200 ms). Those calls fail with [ErrUnknown]:
// the item of a Put may be in the queue, and a Take may have taken one that is
// lost now. That is also what happens to an item when a consumer dies between
// its removal and its use: items are delivered at most once.
//
// What it costs: a Put one write, and a read once in a while; a Take one read and one write, and
// a list when it begins and when all is gone that was listed. A consumer that meets others
// pays for each item that was taken meanwhile with a read.
//
// A Take that waits watches for an item, one Take of each client. If somebody else was quicker
// when it is woken, it stands in line: that costs two writes and three reads, and of those in
// line an item wakes two, however many there are. So where many consumers wait, the first item
// wakes all of them, and each one after it about three. If those two stand still, the others in
// line wait until one goes on or its session ends.
//
// It holds [MaxItems] items, and each consumer lists them all when it begins and when all
// are gone that it listed, so keep it much shorter where that matters, or use a [LongQueue]. One
// with a capacity of its own is [BoundedQueue]. It is safe for concurrent use.
type Queue struct{ *items }

// NewQueue returns a queue on path.
func NewQueue(c *Client, path string) *Queue {
	// Items come in the order of their numbers: where the first of an even old list is
	// gone, the next of that list is the first.
	return &Queue{newItems(c, path, "queue", untilEmpty, func(children []string) []znodes.Node { return znodes.Nodes(children, kindItem) })}
}

// Put adds an item at the end. An error with NoEffect says that it was not added
// and never will be: [ErrTooLarge], [ErrFull], [ErrClosed], the error of ctx, or what
// a server refused. [ErrUnknown], with the reason, says that it may have been.
func (q *Queue) Put(ctx context.Context, item []byte) error { return q.put(ctx, kindItem, item) }

// Take removes the first item and returns it, and waits for one until ctx ends.
// It goes on when the session is lost while it waits. An error with NoEffect
// says that no item was taken: [ErrClosed], the error of ctx, or what a server
// refused. [ErrUnknown], with the reason, says that one may have been. A
// Take that is cancelled while it removes an item returns that item if the answer
// comes within the grace.
func (q *Queue) Take(ctx context.Context) ([]byte, error) { return q.take(ctx, "take", q.wait) }

// TryTake is Take that does not wait: it fails with [ErrEmpty] (NoEffect) when
// there was a moment during the call at which the queue was empty.
func (q *Queue) TryTake(ctx context.Context) ([]byte, error) {
	return q.take(ctx, "try take", q.look)
}

// Peek returns the first item, as it was at some time during the call, and leaves it
// there: by now somebody may have taken it. It fails with [ErrEmpty] if there was none.
// Its errors have no effect.
func (q *Queue) Peek(ctx context.Context) ([]byte, error) { return q.peek(ctx) }

// Len returns how many items there were at some time during the call. Its errors have
// no effect.
func (q *Queue) Len(ctx context.Context) (int, error) { return q.count(ctx) }

// Close ends the calls that wait, and waits until nothing of this value but
// items is left in the tree, or ctx ends (its error; the clean-up goes on).
// Closing again waits again.
func (q *Queue) Close(ctx context.Context) error { return q.close(ctx, "close queue") }
