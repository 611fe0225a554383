package recipes

import (
	"context"

	"github.com/zklab/zklab/recipes/internal/znodes"
)

const kindItem = "item"

// Queue is a first-in, first-out queue of byte slices, for any number of producers and consumers.
//
// Its path is a persistent znode, which the recipe creates if it is missing. Each item is a
// persistent sequential child <32 hex digits>-item-<sequence>. The queue ignores other children.
// The child "marks" has an ephemeral znode for each client that is putting or taking. With it a
// client finds out what became of a request whose reply was lost. So a lost connection alone loses
// no item and duplicates none. The child "taking" has a folder for each kind of queue. Waiting
// consumers stand in line there, with ephemeral znodes.
//
// Limits: the outcome of a request is unknown if the session ended while the request was under way,
// or if the caller gave up and no answer came within a tenth of the timeout (at most 200 ms). Then
// the call fails with [ErrUnknown]: the item of a Put may be in the queue, and a Take may have
// removed an item that is now lost. An item is also lost if a consumer dies between taking it and
// using it. Items are delivered at most once.
//
// Cost: Put makes a write, and a read once in a while. Take makes a read and a write; it also reads
// a list when it begins, and when all items of its last list are gone. A consumer makes a read for
// each item of its list that another consumer has taken.
//
// The first Take of a client that waits watches for an item. If another client is faster, the Take
// stands in line, which takes two writes and three reads. Each item wakes two of the waiters in
// line, however many there are. So if many consumers wait, the first item wakes all of them, and
// each later item about three. If the first two waiters stand still, the others wait until one of
// the two goes on or its session ends.
//
// A queue holds [MaxItems] items, and consumers list all of them. If speed matters, keep it much
// shorter, or use a [LongQueue]. A [BoundedQueue] has a capacity of its own. A Queue is safe for
// concurrent use.
//
// The counter of sequence numbers ends at 2147483647, and with it the order: see the package comment.
type Queue struct{ *items }

// NewQueue returns the queue at path.
func NewQueue(c *Client, path string) *Queue {
	// Items come out in the order of their numbers. If the first item of a list is gone, the next
	// item of the list is the first, even if the list is old.
	return &Queue{newItems(c, path, "queue", untilEmpty, func(children []string) []znodes.Node { return znodes.Nodes(children, kindItem) })}
}

// Put adds an item at the end. An error with NoEffect means that the item was not added and never
// will be: [ErrTooLarge], [ErrFull], [ErrClosed], the error of ctx, or what a server refused.
// [ErrUnknown], with the reason, means that it may have been added.
func (q *Queue) Put(ctx context.Context, item []byte) error { return q.put(ctx, kindItem, item) }

// Take removes the first item and returns it. It waits for an item until ctx ends. If the session is
// lost while it waits, it goes on in the next one. An error with NoEffect means that no item was
// taken: [ErrClosed], the error of ctx, or what a server refused. [ErrUnknown], with the reason,
// means that an item may have been taken. If a Take is cancelled while it removes an item, it
// returns the item if the answer comes within a tenth of the timeout (at most 200 ms).
func (q *Queue) Take(ctx context.Context) ([]byte, error) { return q.take(ctx, "take", q.wait) }

// TryTake is Take without waiting. It fails with [ErrEmpty] (NoEffect) if there was a moment during
// the call at which the queue was empty, and otherwise as Take does.
func (q *Queue) TryTake(ctx context.Context) ([]byte, error) {
	return q.take(ctx, "try take", q.look)
}

// Peek returns the first item as it was at some time during the call, and leaves it in the queue:
// another client may have taken it by now. NoEffect is true for its errors: [ErrEmpty] if there was
// no item, [ErrClosed], the error of ctx, or what a server refused.
func (q *Queue) Peek(ctx context.Context) ([]byte, error) { return q.peek(ctx) }

// Len returns how many items there were at some time during the call. NoEffect is true for its
// errors: [ErrClosed], the error of ctx, or what a server refused.
func (q *Queue) Len(ctx context.Context) (int, error) { return q.count(ctx) }

// Close ends calls that wait. It then waits until the tree has no znodes of this value but items. If
// ctx ends first, Close returns its error, and the clean-up goes on. If you call Close again, it
// waits again.
func (q *Queue) Close(ctx context.Context) error { return q.close(ctx, "close queue") }
