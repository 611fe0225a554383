package recipes

import (
	"context"
	"errors"
	"time"

	"github.com/zklab/zklab/recipes/internal/znodes"
)

// ErrDue: the item is due after the year 2286, which a delay queue does not accept.
var ErrDue = errors.New("due too late")

const kindDue = "due"

// DelayQueue is a queue of byte slices from which an item comes out only when it is due. The item
// that has been due for the longest time comes out first. Items that are due at the same time come
// out in the order in which they were put in. It is for any number of producers and consumers.
//
// It has the znodes of a [Queue], and what Queue says about lost replies, unknown outcomes and size
// holds here, too. The znode of an item is named <32 hex digits>-due-<milliseconds since
// 1970>-<sequence>, with the due time rounded up. The queue ignores other children, including the
// items of other queues.
//
// The clock of the consumer decides what is due: no Take removes an item before its own clock says
// that the item is due. If clocks differ, an item comes out too early or too late by the
// difference. An item can also come out late for other reasons. If a clock is set back, items wait
// again.
//
// A consumer is strict or relaxed. Strict and relaxed consumers can use one queue at the same time.
//
//   - Strict ([NewDelayQueue]): Take returns an item such that there was no item due
//     earlier at some moment during the call. Each try reads a list after a write to a
//     quorum. A Take makes two writes, and more if consumers compete.
//   - Relaxed ([NewRelaxedDelayQueue]): Take reads one list from its own server, which may
//     lag, and tries the items of the list in order. It returns an item such that there
//     was no item due earlier among those that the client's session knew from any answer
//     when the call began. It can miss an item that another client has put in lately. A
//     Take makes one write.
//
// In both cases each Take lists all items, as with a [PriorityQueue]. A DelayQueue is safe for
// concurrent use.
//
// The counter of sequence numbers ends at 2147483647, and with it the order: see the package comment.
type DelayQueue struct{ *items }

// NewDelayQueue returns the delay queue at path, as a strict consumer.
func NewDelayQueue(c *Client, path string) *DelayQueue { return newDelayQueue(c, path, oneTry) }

// NewRelaxedDelayQueue returns the delay queue at path, as a relaxed consumer.
func NewRelaxedDelayQueue(c *Client, path string) *DelayQueue {
	return newDelayQueue(c, path, oneTake)
}

func newDelayQueue(c *Client, path string, lists trust) *DelayQueue {
	q := newItems(c, path, "delay", lists, func(children []string) []znodes.Node { return znodes.RankedNodes(children, kindDue) })
	q.due = func(n znodes.Node) time.Duration { return time.Until(time.UnixMilli(n.Rank)) }
	return &DelayQueue{q}
}

// lastDue is the last due time with as many digits as times have today: the names of items are no
// longer than [MaxItems] allows for.
const lastDue = 9_999_999_999_999

// Put adds an item that comes out at due, or later. A time before 1970 counts as 1970. An error with
// NoEffect means that the item was not added and never will be: [ErrTooLarge], [ErrFull], [ErrDue],
// [ErrClosed], the error of ctx, or what a server refused. [ErrUnknown], with the reason, means that
// it may have been added.
func (q *DelayQueue) Put(ctx context.Context, due time.Time, item []byte) error {
	ms := dueMillis(due)
	if ms > lastDue {
		return q.r.Definite("put", ErrDue)
	}
	return q.put(ctx, kindDue+"-"+znodes.RankText(ms), item)
}

// dueMillis returns a due time as the names of items have it.
func dueMillis(due time.Time) int64 {
	ms := due.UnixMilli()
	if due.After(time.UnixMilli(ms)) {
		ms++
	}
	return max(ms, 0)
}

// Take removes the item that is due first and returns it. It waits until an item is due, or ctx
// ends. An error with NoEffect means that no item was taken: [ErrClosed], the error of ctx, or what
// a server refused. [ErrUnknown], with the reason, means that an item may have been taken.
func (q *DelayQueue) Take(ctx context.Context) ([]byte, error) { return q.take(ctx, "take", q.wait) }

// TryTake is Take without waiting. It fails with [ErrEmpty] (NoEffect) if there was a moment during
// the call at which no item was due, and otherwise as Take does.
func (q *DelayQueue) TryTake(ctx context.Context) ([]byte, error) {
	return q.take(ctx, "try take", q.look)
}

// Peek returns the item that is due first as it was at some time during the call, if it is due, and
// leaves it in the queue: another client may have taken it by now. NoEffect is true for its errors:
// [ErrEmpty] if no item was due, [ErrClosed], the error of ctx, or what a server refused.
func (q *DelayQueue) Peek(ctx context.Context) ([]byte, error) { return q.peek(ctx) }

// Len returns how many items there were at some time during the call, due or not. NoEffect is true
// for its errors: [ErrClosed], the error of ctx, or what a server refused.
func (q *DelayQueue) Len(ctx context.Context) (int, error) { return q.count(ctx) }

// Close ends calls that wait. It then waits until the tree has no znodes of this value but items. If
// ctx ends first, Close returns its error, and the clean-up goes on. If you call Close again, it
// waits again.
func (q *DelayQueue) Close(ctx context.Context) error { return q.close(ctx, "close delay queue") }
