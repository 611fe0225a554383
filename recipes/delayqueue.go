package recipes

import (
	"context"
	"errors"
	"time"

	"github.com/zklab/zklab/recipes/internal/znodes"
)

// ErrDue: a delay queue takes no item that is due after the year 2286.
var ErrDue = errors.New("due too late")

const kindDue = "due"

// DelayQueue is a queue of byte slices each of which comes out only when it is due: of
// those that are, the one that has been for longest, and of several that were put in for
// the same moment the first one. It is for any number of producers and consumers.
//
// Its znodes are those of a [Queue], and what is said there of lost replies, of unknown
// outcomes and of size goes for it, too; an item is called
// <32 hex digits>-due-<milliseconds since 1970>-<sequence>, with its due time rounded up.
// All other children are ignored, those of other queues included.
//
// What is due is said by the clock of whoever takes: no Take returns an item, or removes
// it, before its own clock says so. Where clocks differ, an item comes out too early or too
// late by as much as they do, and it can come out late for any other reason. A clock that is
// set back makes items wait again.
//
// A consumer is strict or relaxed; both can use one queue at the same time.
//   - Strict, as [NewDelayQueue] makes it: a Take returns an item than which there
//     was none due earlier at some moment during the call. Each try reads a list behind a
//     quorum's write: a Take costs two writes, and more where consumers meet.
//   - Relaxed, as [NewRelaxedDelayQueue] makes it: a Take reads one list from its
//     own server, which may lag, and goes through it: it returns an item than which
//     there was none due earlier among those that this client's session had been told of,
//     in any answer, when the call began. It can miss one that others put in lately. A
//     Take costs one write.
//
// Either way each Take lists all items, as that of a [PriorityQueue] does. It is safe for
// concurrent use.
type DelayQueue struct{ *items }

// NewDelayQueue returns a delay queue on path whose takes are strict.
func NewDelayQueue(c *Client, path string) *DelayQueue { return newDelayQueue(c, path, oneTry) }

// NewRelaxedDelayQueue returns a delay queue on path whose takes are relaxed.
func NewRelaxedDelayQueue(c *Client, path string) *DelayQueue {
	return newDelayQueue(c, path, oneTake)
}

func newDelayQueue(c *Client, path string, lists trust) *DelayQueue {
	q := newItems(c, path, "delay", lists, func(children []string) []znodes.Node { return znodes.RankedNodes(children, kindDue) })
	q.due = func(n znodes.Node) time.Duration { return time.Until(time.UnixMilli(n.Rank)) }
	return &DelayQueue{q}
}

// lastDue is the last due time whose number has no more digits than today's: names of
// items are no longer than [MaxItems] reckons with.
const lastDue = 9_999_999_999_999

// Put adds an item that comes out at due, or later; what is due before 1970 is due then. An
// error with NoEffect says that it was not added and never will be: [ErrTooLarge],
// [ErrFull], [ErrDue], [ErrClosed], the error of ctx, or what a server refused.
// [ErrUnknown], with the reason, says that it may have been.
func (q *DelayQueue) Put(ctx context.Context, due time.Time, item []byte) error {
	ms := dueMillis(due)
	if ms > lastDue {
		return q.r.Definite("put", ErrDue)
	}
	return q.put(ctx, kindDue+"-"+znodes.RankText(ms), item)
}

// dueMillis is a due time as names have it.
func dueMillis(due time.Time) int64 {
	ms := due.UnixMilli()
	if due.After(time.UnixMilli(ms)) {
		ms++
	}
	return max(ms, 0)
}

// Take removes the item that is due first and returns it, and waits until one is due, or
// ctx ends. Its errors are those of [Queue.Take].
func (q *DelayQueue) Take(ctx context.Context) ([]byte, error) { return q.take(ctx, "take", q.wait) }

// TryTake is Take that does not wait: it fails with [ErrEmpty] (NoEffect) when there was
// a moment during the call at which no item was due.
func (q *DelayQueue) TryTake(ctx context.Context) ([]byte, error) {
	return q.take(ctx, "try take", q.look)
}

// Peek returns the item that is due first, if it is due, as it was at some time during the call,
// and leaves it there: by now somebody may have taken it. It fails with [ErrEmpty] if none was
// due. Its errors have no effect.
func (q *DelayQueue) Peek(ctx context.Context) ([]byte, error) { return q.peek(ctx) }

// Len returns how many items there were at some time during the call, due or not. Its
// errors have no effect.
func (q *DelayQueue) Len(ctx context.Context) (int, error) { return q.count(ctx) }

// Close ends the calls that wait, and waits until nothing of this value but
// items is left in the tree, or ctx ends (its error; the clean-up goes on).
// Closing again waits again.
func (q *DelayQueue) Close(ctx context.Context) error { return q.close(ctx, "close delay queue") }
