package recipes

import (
	"context"

	"github.com/zklab/zklab/recipes/internal/znodes"
)

// PriorityQueue is a queue of byte slices from which the item with the least priority
// number comes out first, and of several with one number the one that was put in first.
// It is for any number of producers and consumers.
//
// Its znodes are those of a [Queue], and what is said there of lost replies, of
// unknown outcomes and of size goes for it, too; an item is called
// <32 hex digits>-item-<priority>-<sequence>. All other children are ignored, those of
// a Queue included.
//
// A consumer is strict or relaxed; both can use one queue at the same time.
//   - Strict, as [NewPriorityQueue] makes it: a Take returns an item than which there
//     was no better one at some moment during the call. Each try reads a list behind a
//     quorum's write: a Take costs two writes, and more where consumers meet.
//   - Relaxed, as [NewRelaxedPriorityQueue] makes it: a Take reads one list from its
//     own server, which may lag, and goes through it: it returns an item than which
//     there was no better one among those that this client's session had been told of,
//     in any answer, when the call began. It can miss a better item that others put in
//     lately. A Take costs one write.
//
// Either way the items of one priority come out in the order in which they were put in,
// and each Take lists all items, some 60 bytes each: of 10,000 that is half a megabyte.
// It is safe for concurrent use.
type PriorityQueue struct{ *items }

// NewPriorityQueue returns a priority queue on path whose takes are strict.
func NewPriorityQueue(c *Client, path string) *PriorityQueue {
	return &PriorityQueue{newItems(c, path, "priority", oneTry, byRank)}
}

// NewRelaxedPriorityQueue returns a priority queue on path whose takes are relaxed.
func NewRelaxedPriorityQueue(c *Client, path string) *PriorityQueue {
	return &PriorityQueue{newItems(c, path, "priority", oneTake, byRank)}
}

func byRank(children []string) []znodes.Node { return znodes.RankedNodes(children, kindItem) }

// Put adds an item. The least priority is the best one. An error with NoEffect says
// that it was not added and never will be: [ErrTooLarge], [ErrFull], [ErrClosed], the
// error of ctx, or what a server refused. [ErrUnknown], with the reason, says that it
// may have been.
func (q *PriorityQueue) Put(ctx context.Context, priority int32, item []byte) error {
	return q.put(ctx, kindItem+"-"+znodes.RankText(int64(priority)), item)
}

// Take removes the best item and returns it, and waits for one until ctx ends. Its
// errors are those of [Queue.Take].
func (q *PriorityQueue) Take(ctx context.Context) ([]byte, error) {
	return q.take(ctx, "take", q.wait)
}

// TryTake is Take that does not wait: it fails with [ErrEmpty] (NoEffect) when
// there was a moment during the call at which the queue was empty.
func (q *PriorityQueue) TryTake(ctx context.Context) ([]byte, error) {
	return q.take(ctx, "try take", q.look)
}

// Peek returns the best item, as it was at some time during the call, and leaves it
// there: by now somebody may have taken it. It fails with [ErrEmpty] if there was none.
// Its errors have no effect.
func (q *PriorityQueue) Peek(ctx context.Context) ([]byte, error) { return q.peek(ctx) }

// Len returns how many items there were at some time during the call. Its errors have
// no effect.
func (q *PriorityQueue) Len(ctx context.Context) (int, error) { return q.count(ctx) }

// Close ends the calls that wait, and waits until nothing of this value but
// items is left in the tree, or ctx ends (its error; the clean-up goes on).
// Closing again waits again.
func (q *PriorityQueue) Close(ctx context.Context) error { return q.close(ctx, "close priority queue") }
