package recipes

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/contend"
	"github.com/zklab/zklab/recipes/internal/failures"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// ErrNoSize: the znode that holds the size of a bounded queue holds no number.
var ErrNoSize error = failures.Conclusion("the size of the queue is not a number")

const (
	kindBounded = "bounded"
	kindPutting = "putting" // clients that wait for room
)

// BoundedQueue is a [Queue] with a capacity. At no moment does it hold more items than that,
// however many producers put at once and whichever servers they use. What Queue says about lost
// replies and unknown outcomes holds here, too.
//
// The znodes of its items are named <32 hex digits>-bounded-<sequence>. The child "size" holds the
// number of items; each put and each take changes it in the same multi. So Put and Take each make
// one read more than on a Queue. They try again whenever another client has put or taken an item in
// between. So many clients together are no faster than one client that makes all calls.
//
// Items wake producers that wait for room as they wake consumers of a Queue. Producers in line have
// ephemeral znodes in the child "putting", in one folder for each capacity. An item that is deleted
// by hand still counts.
//
// Each producer has its own capacity: it puts an item while there are fewer items than that. A
// BoundedQueue is safe for concurrent use.
//
// The counter of sequence numbers ends at 2147483647, and with it the order: see the package comment.
type BoundedQueue struct {
	*items
	most    int
	putters *contend.Standby // the producers of all clients that wait for room
}

// sizeNode is the child of a bounded queue's path that holds its size.
const sizeNode = "size"

// NewBoundedQueue returns the bounded queue at path. With a capacity of less than 1 it takes no
// items. The capacity is at most [MaxItems].
func NewBoundedQueue(c *Client, path string, capacity int) *BoundedQueue {
	most := min(capacity, MaxItems)
	q := &BoundedQueue{
		items:   newItems(c, path, "bounded", untilEmpty, func(children []string) []znodes.Node { return znodes.Nodes(children, kindBounded) }),
		most:    most,
		putters: contend.NewStandby(c.client, znodes.Join(path, kindPutting+"/"+strconv.Itoa(most)), kindPutting),
	}
	q.beside = func(ctx context.Context, z *client.Session) (any, error) {
		n, v, err := q.size(ctx, z, q.r.Client.Get)
		if err != nil {
			return nil, err
		}
		return q.resize(max(n-1, 0), v), nil
	}
	return q
}

// Put adds an item at the end. It waits until there is room or ctx ends. An error with NoEffect
// means that the item was not added and never will be: [ErrTooLarge], [ErrNoSize], [ErrClosed], the
// error of ctx, or what a server refused. [ErrUnknown], with the reason, means that it may have been
// added.
func (q *BoundedQueue) Put(ctx context.Context, item []byte) error {
	w := &contend.Waiter{Standby: q.putters}
	defer w.Leave()
	err := q.add(ctx, "put", item, func(ctx context.Context, z *client.Session) error { return q.awaitRoom(ctx, z, w) })
	if err == nil {
		w.Served()
	}
	return err
}

// awaitRoom waits until it is worth looking for room again.
func (q *BoundedQueue) awaitRoom(ctx context.Context, z *client.Session, w *contend.Waiter) error {
	if !w.Watches(z) {
		return w.LineUp(ctx, z)
	}
	event := q.r.Client.NextEvent()
	n, v, err := q.size(ctx, z, q.r.Client.GetW)
	if err != nil || n < q.most {
		return err
	}
	defer w.Woken(v.Changed)
	return q.r.Client.Wait(ctx, z, event, v.Changed)
}

// TryPut is Put without waiting. It fails with [ErrFull] (NoEffect) if there was a moment during the
// call at which the queue had no room.
func (q *BoundedQueue) TryPut(ctx context.Context, item []byte) error {
	return q.add(ctx, "try put", item, func(ctx context.Context, z *client.Session) error {
		if _, err := q.r.Client.QuorumSync(ctx, z, q.r.Path); err != nil {
			return err
		}
		n, _, err := q.size(ctx, z, q.r.Client.Get)
		if err == nil && n >= q.most {
			err = ErrFull
		}
		return err
	})
}

// add puts an item in. It calls full when there is no room.
func (q *BoundedQueue) add(ctx context.Context, op string, item []byte, full func(context.Context, *client.Session) error) error {
	if len(item) > MaxItem {
		return q.r.Definite(op, ErrTooLarge)
	}
	create := &zk.CreateRequest{
		Path: znodes.Join(q.r.Path, znodes.NewID()+"-"+kindBounded+"-"), Data: slices.Clone(item),
		Flags: zk.FlagSequence,
	}
	return q.r.Attempts(ctx, op, func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		n, v, err := q.size(ctx, z, q.r.Client.Get)
		if err != nil {
			return calls.NotApplied, err
		}
		if n >= q.most {
			return calls.NotApplied, full(ctx, z)
		}
		o, err := q.markers.Write(ctx, z, q.resize(n+1, v), create)
		if o == calls.NotApplied && (errors.Is(err, zk.ErrBadVersion) || errors.Is(err, zk.ErrNoNode)) {
			err = nil // another client was faster, or removed the znode: see what there is now
		}
		return o, err
	})
}

// resize sets the size, if it has not changed since it was read.
func (q *BoundedQueue) resize(n int, was client.Value) any {
	return &zk.SetDataRequest{Path: znodes.Join(q.r.Path, sizeNode), Data: []byte(strconv.Itoa(n)), Version: was.Stat.Version}
}

// size reads the size. It creates the znode if it is missing.
func (q *BoundedQueue) size(ctx context.Context, z *client.Session, read func(context.Context, *client.Session, string) (client.Value, error)) (int, client.Value, error) {
	path := znodes.Join(q.r.Path, sizeNode)
	for range client.MaxRecreate {
		v, err := read(ctx, z, path)
		if err == nil {
			n, err := strconv.Atoi(string(v.Data))
			if err != nil {
				err = ErrNoSize
			}
			return n, v, err
		}
		if !errors.Is(err, zk.ErrNoNode) {
			return 0, client.Value{}, err
		}
		if err := q.r.Client.EnsurePath(ctx, z, q.r.Path); err != nil {
			return 0, client.Value{}, err
		}
		_, err = client.Retry(ctx, q.r.Client, z, client.Write, func() (string, error) { return q.r.Client.Conn.Create(path, []byte("0"), 0) })
		if err != nil && !errors.Is(err, zk.ErrNodeExists) && !errors.Is(err, zk.ErrNoNode) {
			return 0, client.Value{}, err
		}
	}
	return 0, client.Value{}, zk.ErrNoNode
}

// Take removes the first item and returns it. It waits for an item until ctx ends. An error with
// NoEffect means that no item was taken: [ErrNoSize], [ErrClosed], the error of ctx, or what a
// server refused. [ErrUnknown], with the reason, means that an item may have been taken.
func (q *BoundedQueue) Take(ctx context.Context) ([]byte, error) {
	return q.take(ctx, "take", q.wait)
}

// TryTake is Take without waiting. It fails with [ErrEmpty] (NoEffect) if there was a moment during
// the call at which the queue was empty, and otherwise as Take does.
func (q *BoundedQueue) TryTake(ctx context.Context) ([]byte, error) {
	return q.take(ctx, "try take", q.look)
}

// Peek returns the first item as it was at some time during the call, and leaves it in the queue:
// another client may have taken it by now. NoEffect is true for its errors: [ErrEmpty] if there was
// no item, [ErrClosed], the error of ctx, or what a server refused.
func (q *BoundedQueue) Peek(ctx context.Context) ([]byte, error) { return q.peek(ctx) }

// Len returns how many items there were at some time during the call. NoEffect is true for its
// errors: [ErrClosed], the error of ctx, or what a server refused.
func (q *BoundedQueue) Len(ctx context.Context) (int, error) { return q.count(ctx) }

// Close ends calls that wait. It then waits until this value's only znodes in the tree are items and
// their number. If ctx ends first, Close returns its error, and the clean-up goes on. If you call
// Close again, it waits again.
func (q *BoundedQueue) Close(ctx context.Context) error {
	const op = "close bounded queue"
	return cmp.Or(q.close(ctx, op), q.putters.Line.Drain(ctx, op))
}
