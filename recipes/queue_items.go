package recipes

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/semaphore"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/contend"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// MaxItem is the size limit, in bytes, of an item, a job, a result, a configuration and other data
// that callers put into a znode: 8 KiB less than 1 MiB. Larger data fails with [ErrTooLarge].
const MaxItem = client.MaxData

// MaxItems is how many items a queue holds. A consumer lists all items. ZooKeeper's clients accept
// replies of a little less than 1 MiB by default (jute.maxbuffer), and the name of an item takes at
// most 66 bytes of it. A Put counts the items only once in a while, more often the fuller the queue
// is. So producers that put at once can put in up to a thousand more, for which there is room.
const MaxItems = 15_000

const kindTaking = "taking" // clients that wait for an item

// items has the items of a queue of any kind: persistent children of its path, which producers put
// there and consumers take.
type items struct {
	r       *calls.Recipe
	markers *calls.Markers
	order   func(children []string) []znodes.Node // the items among the children, the first to come out first
	lists   trust
	due     func(znodes.Node) time.Duration // how long until an item may come out; nil: at once
	// beside returns an op for the multi that removes an item. If beside is nil, there is no such
	// op.
	beside func(context.Context, *client.Session) (op any, err error)

	// taking lets one take at a time go for the first item. A second take would go for the next
	// item, and be out of order if the first take then fails. A take that waits for items releases
	// taking and holds waiting, so that an item wakes only one take at a time, which then lists
	// the items.
	taking, waiting *semaphore.Weighted
	takers          *contend.Standby // the consumers of all clients that wait for items

	mu     sync.Mutex
	ahead  []znodes.Node   // items of the last list that have not been tried
	readIn *client.Session // the session in which that list was read

	room room
}

// trust says how long takes use a list of the items.
type trust int

const (
	untilEmpty trust = iota // for later takes as well
	oneTake                 // for one take: it goes on with the next item after an item that another client took
	oneTry                  // for one try: each try at an item reads a list after a quorum write
)

// newItems returns the items of a queue. of names the kind of queue, to distinguish the queues on
// one path.
func newItems(c *Client, path, of string, lists trust, order func([]string) []znodes.Node) *items {
	r := calls.New(c.client, path)
	return &items{
		r: r, markers: calls.NewMarkers(r), order: order, lists: lists,
		taking: semaphore.NewWeighted(1), waiting: semaphore.NewWeighted(1), takers: contend.NewStandby(c.client, znodes.Join(path, kindTaking+"/"+of), kindTaking),
		room: room{most: MaxItems},
	}
}

// put adds an item. name is the middle of its znode's name, between the id and the number.
func (q *items) put(ctx context.Context, name string, item []byte) error {
	if len(item) > MaxItem {
		return q.r.Definite("put", ErrTooLarge)
	}
	create := &zk.CreateRequest{
		Path: znodes.Join(q.r.Path, znodes.NewID()+"-"+name+"-"), Data: slices.Clone(item),
		Flags: zk.FlagSequence,
	}
	built := 0
	return q.r.Attempts(ctx, "put", func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		if err := q.hasRoom(ctx, z); err != nil {
			return calls.NotApplied, err
		}
		o, err := q.markers.Write(ctx, z, create)
		if errors.Is(err, zk.ErrNoNode) && o == calls.NotApplied && built < client.MaxRecreate {
			built++
			if err = q.r.Client.EnsurePath(ctx, z, q.r.Path); err == nil {
				err = calls.ErrAgain
			}
		}
		return o, err
	})
}

// hasRoom fails with ErrFull if the queue had too many children when this client last looked.
func (q *items) hasRoom(ctx context.Context, z *client.Session) error {
	if q.room.take() {
		return nil
	}
	n, err := q.r.Client.NumChildren(ctx, z, q.r.Path)
	if err == nil && !q.room.found(n) {
		err = ErrFull
	}
	return err
}

// refill lists the items for a take when none is ahead. It may return a function that waits until
// another look is worth while.
type refill func(context.Context, *client.Session, *itemTake) (wait func() error, err error)

// take takes the first item.
func (q *items) take(ctx context.Context, op string, fill refill) (item []byte, err error) {
	t := &itemTake{q: q, Waiter: contend.Waiter{Standby: q.takers}}
	defer t.end()
	err = q.r.Attempts(ctx, op, func(ctx context.Context, z *client.Session) (o calls.Outcome, err error) {
		if err := t.begin(ctx); err != nil {
			return calls.NotApplied, err
		}
		n, ok := q.first(z)
		if !ok {
			wait, err := fill(ctx, z, t)
			if err == nil && wait != nil {
				err = t.await(ctx, z, wait)
			}
			return calls.NotApplied, err
		}
		if item, o, err = q.takeItem(ctx, z, n); o == calls.Applied {
			t.Served()
		}
		return o, err
	})
	return item, err
}

// itemTake is one take: which of the two semaphores it has, and its place among the waiters.
type itemTake struct {
	contend.Waiter
	q               *items
	taking, waiting bool
}

// begin lets the take go for the first item.
func (t *itemTake) begin(ctx context.Context) error {
	if t.taking {
		return nil
	}
	if err := t.q.taking.Acquire(ctx, 1); err != nil {
		return err
	}
	t.taking = true
	t.q.forget(oneTake)
	return nil
}

// await waits for an item if no other take of this value waits for one; otherwise it waits for its
// turn to look again.
func (t *itemTake) await(ctx context.Context, z *client.Session, wait func() error) error {
	t.q.taking.Release(1)
	t.taking = false
	if !t.waiting && !t.q.waiting.TryAcquire(1) {
		err := t.q.waiting.Acquire(ctx, 1)
		t.waiting = err == nil
		return err
	}
	t.waiting = true
	if !t.Watches(z) {
		return t.LineUp(ctx, z)
	}
	return wait()
}

func (t *itemTake) end() {
	t.Leave()
	if t.taking {
		t.q.taking.Release(1)
	}
	if t.waiting {
		t.q.waiting.Release(1)
	}
}

// wait lists the items, and returns a function that waits if none may come out.
func (q *items) wait(ctx context.Context, z *client.Session, t *itemTake) (wait func() error, err error) {
	event := q.r.Client.NextEvent()
	if q.lists == oneTry {
		if _, err := q.r.Client.QuorumSync(ctx, z, q.r.Path); err != nil {
			return nil, err
		}
	}
	children, err := q.r.Client.Listed(ctx, z, q.r.Path, t.Watches(z))
	if errors.Is(err, zk.ErrNoNode) {
		return nil, q.r.Client.EnsurePath(ctx, z, q.r.Path)
	}
	if err != nil {
		return nil, err
	}
	ready, next := q.setAhead(z, children.Names)
	if ready > 0 {
		return nil, nil
	}
	return func() error {
		defer t.Woken(children.Changed)
		return q.r.Client.WaitFor(ctx, z, next, event, children.Changed)
	}, nil
}

// look lists the items as they are at some time during the call, and fails with ErrEmpty if none
// may come out.
func (q *items) look(ctx context.Context, z *client.Session, _ *itemTake) (wait func() error, err error) {
	names, err := q.r.Client.FreshChildren(ctx, z, q.r.Path)
	if err != nil {
		return nil, err
	}
	if ready, _ := q.setAhead(z, names); ready == 0 {
		return nil, ErrEmpty
	}
	return nil, nil
}

// takeItem tries to take n, the first item as far as this client knows. If n is gone, another
// client took it.
func (q *items) takeItem(ctx context.Context, z *client.Session, n znodes.Node) ([]byte, calls.Outcome, error) {
	path := znodes.Join(q.r.Path, n.Name)
	v, err := q.r.Client.Get(ctx, z, path)
	ops := []any{}
	if err == nil {
		ops, err = q.removal(ctx, z, path, v.Stat.Version)
	}
	if err == nil {
		var o calls.Outcome
		o, err = q.markers.Write(ctx, z, ops...)
		switch o {
		case calls.Applied:
			return v.Data, calls.Applied, nil
		case calls.Unknown:
			q.setAhead(nil, nil) // the item may still be the first
			return nil, calls.Unknown, err
		}
	}
	switch {
	case errors.Is(err, zk.ErrNoNode): // another client took it
		q.forget(oneTry)
		return nil, calls.NotApplied, nil
	case errors.Is(err, zk.ErrBadVersion): // another client wrote to it, or to the znode that beside changes
		err = nil
	}
	q.putBack(z, n)
	q.forget(oneTry)
	return nil, calls.NotApplied, err
}

// removal returns the request that removes an item.
func (q *items) removal(ctx context.Context, z *client.Session, path string, version int32) ([]any, error) {
	ops := []any{&zk.DeleteRequest{Path: path, Version: version}}
	if q.beside == nil {
		return ops, nil
	}
	op, err := q.beside(ctx, z)
	return append(ops, op), err
}

// peek reads the item that would come out first at some moment during the call.
func (q *items) peek(ctx context.Context) (item []byte, err error) {
	err = q.r.Attempts(ctx, "peek", func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		names, err := q.r.Client.FreshChildren(ctx, z, q.r.Path)
		if err != nil {
			return calls.NotApplied, err
		}
		all, _ := q.ready(q.order(names))
		if len(all) == 0 {
			return calls.NotApplied, ErrEmpty
		}
		v, err := q.r.Client.Get(ctx, z, znodes.Join(q.r.Path, all[0].Name))
		if errors.Is(err, zk.ErrNoNode) { // taken in the meantime
			return calls.NotApplied, nil
		}
		item = v.Data
		return calls.AppliedUnless(err)
	})
	if err != nil {
		return nil, err
	}
	return item, nil
}

// count counts the items as they are at some time during the call.
func (q *items) count(ctx context.Context) (n int, err error) {
	err = q.r.Attempts(ctx, "len", func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		names, err := q.r.Client.FreshChildren(ctx, z, q.r.Path)
		n = len(q.order(names))
		return calls.AppliedUnless(err)
	})
	return n, err
}

// first removes the first item from the list that was read in z, and returns it.
func (q *items) first(z *client.Session) (znodes.Node, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.readIn != z || len(q.ahead) == 0 {
		return znodes.Node{}, false
	}
	n := q.ahead[0]
	q.ahead = q.ahead[1:]
	return n, true
}

// putBack puts an item that could not be taken back at the front of the list.
func (q *items) putBack(z *client.Session, n znodes.Node) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.readIn == z {
		q.ahead = append([]znodes.Node{n}, q.ahead...)
	}
}

// setAhead stores a new list. It returns how many of its items may come out, and if none, how long
// until the first one may.
func (q *items) setAhead(z *client.Session, names []string) (ready int, next time.Duration) {
	all, next := q.ready(q.order(names))
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ahead, q.readIn = all, z
	return len(all), next
}

// ready returns the first items of a list, those that may come out, and how long until the next one
// may.
func (q *items) ready(all []znodes.Node) (of []znodes.Node, next time.Duration) {
	if q.due != nil {
		for i, n := range all {
			if next = q.due(n); next > 0 {
				return all[:i], next
			}
		}
	}
	return all, q.r.Client.Timeout
}

// forget drops the list if it may be used no longer than longest.
func (q *items) forget(longest trust) {
	if q.lists >= longest {
		q.setAhead(nil, nil)
	}
}

// close ends the calls that wait. It then waits for calls that are under way and for clean-ups.
func (q *items) close(ctx context.Context, op string) error {
	q.r.StopCalls()
	q.markers.Close()
	return cmp.Or(q.r.Drain(ctx, op), q.takers.Line.Drain(ctx, op))
}

// room is how many more items fit into a queue, as far as this client knows.
type room struct {
	most int

	mu   sync.Mutex
	left int // puts before the next look
}

// looks is how often a producer looks at the size while it fills the room. So as many producers can
// put at once without putting in more than there is room for.
const looks = 64

// take takes one place. It returns false if it is time to look.
func (r *room) take() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left--
	return r.left >= 0
}

// found is called after a look that counted children. It works out how many puts may follow before the next
// look, takes one place if the queue has room, and reports whether it had.
func (r *room) found(children int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	free := r.most - children
	r.left = max(free/looks-1, 0)
	return free > 0
}
