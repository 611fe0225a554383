package recipes

import (
	"context"

	"github.com/zklab/zklab/recipes/internal/znodes"
)

// PriorityQueue is a queue of byte slices from which the item with the lowest priority number comes
// out first. Items with the same number come out in the order in which they were put in. It is for
// any number of producers and consumers.
//
// It has the znodes of a [Queue], and what Queue says about lost replies, unknown outcomes and size
// holds here, too. The znode of an item is named <32 hex digits>-item-<priority>-<sequence>. The
// queue ignores other children, including the items of a Queue.
//
// A consumer is strict or relaxed. Strict and relaxed consumers can use one queue at the same time.
//
//   - Strict ([NewPriorityQueue]): Take returns an item such that there was no better
//     item at some moment during the call. Each try reads a list after a write to a
//     quorum. A Take makes two writes, and more if consumers compete.
//   - Relaxed ([NewRelaxedPriorityQueue]): Take reads one list from its own server, which
//     may lag, and tries the items of the list in order. It returns an item such that
//     there was no better item among those that the client's session knew from any answer
//     when the call began. It can miss a better item that another client has put in
//     lately. A Take makes one write.
//
// In both cases items with the same priority come out in the order in which they were put in. Each
// Take lists all items, about 60 bytes each: half a megabyte for 10,000 items. A PriorityQueue is
// safe for concurrent use.
//
// The counter of sequence numbers ends at 2147483647, and with it the order: see the package comment.
type PriorityQueue struct{ *items }

// NewPriorityQueue returns the priority queue at path, as a strict consumer.
func NewPriorityQueue(c *Client, path string) *PriorityQueue {
	return &PriorityQueue{newItems(c, path, "priority", oneTry, byRank)}
}

// NewRelaxedPriorityQueue returns the priority queue at path, as a relaxed consumer.
func NewRelaxedPriorityQueue(c *Client, path string) *PriorityQueue {
	return &PriorityQueue{newItems(c, path, "priority", oneTake, byRank)}
}

func byRank(children []string) []znodes.Node { return znodes.RankedNodes(children, kindItem) }

// Put adds an item. The lowest priority number is the best. An error with NoEffect means that the
// item was not added and never will be: [ErrTooLarge], [ErrFull], [ErrClosed], the error of ctx, or
// what a server refused. [ErrUnknown], with the reason, means that it may have been added.
func (q *PriorityQueue) Put(ctx context.Context, priority int32, item []byte) error {
	return q.put(ctx, kindItem+"-"+znodes.RankText(int64(priority)), item)
}

// Take removes the best item and returns it. It waits for an item until ctx ends. An error with
// NoEffect means that no item was taken: [ErrClosed], the error of ctx, or what a server refused.
// [ErrUnknown], with the reason, means that an item may have been taken.
func (q *PriorityQueue) Take(ctx context.Context) ([]byte, error) {
	return q.take(ctx, "take", q.wait)
}

// TryTake is Take without waiting. It fails with [ErrEmpty] (NoEffect) if there was a moment during
// the call at which the queue was empty, and otherwise as Take does.
func (q *PriorityQueue) TryTake(ctx context.Context) ([]byte, error) {
	return q.take(ctx, "try take", q.look)
}

// Peek returns the best item as it was at some time during the call, and leaves it in the queue:
// another client may have taken it by now. NoEffect is true for its errors: [ErrEmpty] if there was
// no item, [ErrClosed], the error of ctx, or what a server refused.
func (q *PriorityQueue) Peek(ctx context.Context) ([]byte, error) { return q.peek(ctx) }

// Len returns how many items there were at some time during the call. NoEffect is true for its
// errors: [ErrClosed], the error of ctx, or what a server refused.
func (q *PriorityQueue) Len(ctx context.Context) (int, error) { return q.count(ctx) }

// Close ends calls that wait. It then waits until the tree has no znodes of this value but items. If
// ctx ends first, Close returns its error, and the clean-up goes on. If you call Close again, it
// waits again.
func (q *PriorityQueue) Close(ctx context.Context) error { return q.close(ctx, "close priority queue") }
