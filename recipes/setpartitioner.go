package recipes

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/contend"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// ErrItems: a set has 1 to 256 different items, and each item can be the name of a znode.
var ErrItems = errors.New("a set must have 1 to 256 different items that can be names of znodes")

// errOutdated is the cause with which contexts of a share end when the share changes.
var errOutdated = errors.New("share has changed")

// SetPartitioner divides a set of items among the members of a group. Each member has a share of
// the items, and no two members have the same item. When a member comes or goes, the shares change:
// members give up the items that are no longer theirs, and acquire their new share. (Kazoo:
// SetPartitioner.) Most programs only need [SetPartitioner.DoEach].
//
// Its path is a persistent znode, which the recipe creates if it is missing, with these children:
//
//	members/        a [Group]: each value that has called Acquire and not Leave is a member
//	items/<item>/   the path of a [Lock], for each item: the member whose share it is holds it
//
// The share of a member follows from the list of members: they are put in order, and the items are
// dealt to them one by one. One multi creates the contenders of a share, as those of a [MultiLock],
// so a member holds its whole share or nothing of it. All members must name the same items, in any
// order.
//
// Guarantees: no two members hold an item at the same time, even while they disagree about who the
// members are, since the holds are locks. Once the members stay the same, each of them is told of
// its last change, and when those that had to give up their shares have done so, each item is held,
// and the sizes of the shares differ by at most one. If there are more members than items, the
// others stand by. A member that crashed, or no longer reaches the servers, keeps its share until
// its session has timed out. What Lock says of the loss of a hold and of fencing tokens holds for a
// share, too.
//
// Limits: a member keeps its place while it holds nothing, from Release until the next Acquire.
// No other member acquires its items meanwhile, so a member that does not want a share must leave.
// A change of the members can change all shares. While members come and go all the time, they do
// little else.
//
// Cost: to acquire a share takes one write, and two reads for each item of it. Each member reads the
// list of members after each change, and the data of the new ones.
//
// A SetPartitioner is safe for concurrent use.
type SetPartitioner struct {
	x     *contend.Exclusive
	group *Group
	id    string // of this member; the same in all sessions
	items []string

	mu      sync.Mutex
	busy    bool           // a call acquires, or runs the function of DoEach
	follows *followedShare // nil if this value is no member
	held    *share         // that was acquired last; nil after it was given back
}

// share has the items that are due to this value until the members change.
type share struct {
	items []string
	over  chan struct{} // closed when something else is due
}

// NewSetPartitioner returns a value that can become a member at path, to share items, 1 to 256, with
// the other members. An item must not contain a slash.
func NewSetPartitioner(c *Client, path string, items []string) *SetPartitioner {
	return &SetPartitioner{
		x:     contend.NewExclusive(c.client, path, kindLock, nil),
		group: NewGroup(c, znodes.Join(path, "members")),
		id:    znodes.NewID(),
		items: slices.Sorted(slices.Values(items)),
	}
}

// valid returns an error for sets that cannot be divided.
func (p *SetPartitioner) valid(op string) error {
	if n := len(p.items); n < 1 || n > maxPaths || len(slices.Compact(slices.Clone(p.items))) < n {
		return p.x.Definite(op, ErrItems)
	}
	size := 0
	for _, item := range p.items {
		path := p.pathOf(item)
		if item == "" || strings.Contains(item, "/") || znodes.CheckPath(znodes.Join("/", item)) != nil {
			return p.x.Definite(op, ErrItems)
		}
		size += len(path) + perContender
	}
	if size > MaxItem {
		return p.x.Definite(op, ErrTooLarge)
	}
	return nil
}

func (p *SetPartitioner) pathOf(item string) string {
	return znodes.Join(znodes.Join(p.x.Path, "items"), item)
}

// Acquire makes this value a member, unless it is one, and waits until it holds its share, or until
// ctx ends. The share has at least one item. If its session is lost while it waits, it goes on in
// the next one.
//
// After an error, this value holds nothing, is no member, and what it left in the tree is being
// removed. So NoEffect is true for all errors: [ErrHeld] if this value holds a share or waits for
// one, which it then keeps, [ErrItems], [ErrTooLarge] if the paths of the items are too long for one
// request, [ErrNotJoined] if a Leave ended the call, [ErrClosed], [ErrRemoved], the error of ctx, or
// what a server refused.
func (p *SetPartitioner) Acquire(ctx context.Context) (items []string, err error) {
	const op = "acquire share"
	err = p.exclusively(ctx, op, func(ctx context.Context, f *followedShare) error {
		for {
			due, err := f.due(ctx)
			if err != nil {
				return err
			}
			again, err := p.take(ctx, op, due)
			if !again {
				items = slices.Clone(due.items)
				return err
			}
			if err := p.withdrawn(ctx); err != nil {
				return err
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return items, nil
}

// take acquires a share. It returns again if the share changed meanwhile.
func (p *SetPartitioner) take(ctx context.Context, op string, due *share) (again bool, err error) {
	ctx, end := until(ctx, due.over, errOutdated)
	defer end()
	_, err = p.x.Grant(ctx, op, p.line(due.items), true)
	switch cause := context.Cause(ctx); {
	case cause != errOutdated && cause != ErrNotJoined:
		if err == nil {
			p.hold(due)
		}
		return false, err
	case err == nil:
		_ = p.x.Release(context.WithoutCancel(ctx), op) // if it fails, the removal goes on in the background
	}
	return true, nil
}

// withdrawn waits until nothing of the last share is left, so that this member blocks neither other
// members nor itself.
func (p *SetPartitioner) withdrawn(ctx context.Context) error {
	(&client.Backoff{}).Pause(ctx)
	return p.x.CleanUps.Wait(ctx)
}

// until returns a context that also ends, with the given cause, when over is closed.
func until(ctx context.Context, over <-chan struct{}, cause error) (_ context.Context, end func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-over:
			cancel(cause)
		case <-ctx.Done():
		}
	})
	return ctx, func() {
		cancel(nil)
		watching.Wait()
	}
}

// line returns the line in which the contenders for some items stand.
func (p *SetPartitioner) line(items []string) contend.Line {
	paths := make([]string, len(items))
	for i, item := range items {
		paths[i] = p.pathOf(item)
	}
	return linesOf(p.x, paths)
}

// exclusively runs f as the only call that acquires, as a member. If f fails, this value is no
// longer a member.
func (p *SetPartitioner) exclusively(ctx context.Context, op string, f func(context.Context, *followedShare) error) error {
	if err := p.valid(op); err != nil {
		return err
	}
	ctx, end, err := p.x.Start(ctx)
	if err != nil {
		return p.x.Definite(op, err)
	}
	defer end()
	if !p.begin() {
		return p.x.Definite(op, ErrHeld)
	}
	defer p.finish()
	follows, err := p.join(ctx)
	if err == nil {
		err = p.asMember(ctx, follows, f)
	}
	if err == nil {
		return nil
	}
	p.quit()
	if e, ok := errors.AsType[*Error](err); ok {
		err = e.Err
	}
	return p.x.Definite(op, err)
}

// asMember runs f with a context that also ends with the membership.
func (p *SetPartitioner) asMember(ctx context.Context, follows *followedShare, f func(context.Context, *followedShare) error) error {
	ctx, end := until(ctx, follows.left, ErrNotJoined)
	defer end()
	err := f(ctx, follows)
	if err != nil && context.Cause(ctx) == ErrNotJoined {
		return ErrNotJoined
	}
	return err
}

// begin lets one call at a time acquire.
func (p *SetPartitioner) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if h := p.x.Present(); p.busy || h != nil && !h.IsLost() {
		return false
	}
	p.busy, p.held = true, nil
	return true
}

func (p *SetPartitioner) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy = false
}

func (p *SetPartitioner) hold(s *share) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = s
}

// DoEach becomes a member and runs f for one share after the other. The context of f ends when the
// share changes or is lost. When f has returned, or panicked, DoEach gives the share back and
// acquires the next one. It ends, and this value leaves the group, when f returns before its context
// ends, or when ctx ends: then it returns the error of f. It returns the same errors as Acquire if
// it cannot acquire a share.
//
// In f, [Fence] returns the token of the share, and [Client.Multi] checks that the share is held.
func (p *SetPartitioner) DoEach(ctx context.Context, f func(ctx context.Context, items []string) error) error {
	const op = "do with each share"
	var failed error // of f
	err := p.exclusively(ctx, op, func(ctx context.Context, follows *followedShare) error {
		defer p.quit() // also if f panics
		for {
			due, err := follows.due(ctx)
			if err != nil {
				return err
			}
			var again bool
			if again, failed, err = p.run(ctx, op, due, f); !again {
				return err
			}
			if err := p.withdrawn(ctx); err != nil {
				return err
			}
		}
	})
	if err != nil {
		return err
	}
	return failed
}

// run runs f while this value holds a share. It returns again if the share changed or was lost.
func (p *SetPartitioner) run(ctx context.Context, op string, due *share, f func(context.Context, []string) error) (again bool, failed, err error) {
	within, end := until(ctx, due.over, errOutdated)
	defer end()
	called := false
	err, over := p.x.Run(within, op, p.line(due.items), func(ctx context.Context) error {
		called = true
		failed = f(ctx, slices.Clone(due.items))
		return nil
	})
	switch {
	case context.Cause(within) == errOutdated, errors.Is(over, ErrLost):
		return true, nil, nil
	case called && over != nil && failed == nil:
		failed = over
	}
	return false, failed, err
}

// Changed returns a channel that closes when the share that this value holds is no longer the one
// that is due to it, because members came or went. It must then give the share back, since other
// members wait for its items, and acquire the next one. The channel does not tell of a loss: see
// Lost. Without a share, the channel is closed.
func (p *SetPartitioner) Changed() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held == nil {
		return noShare
	}
	return p.held.over
}

var noShare = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Release gives the share back. This value stays a member: its place is kept until it acquires its
// next share or leaves. Whatever Release returns, the hold is over or ends by itself. It returns
// [ErrNotHeld] or [ErrClosed] (NoEffect) if there was no share, [ErrLost] if the share was lost
// before, or, while the removal goes on in the background, the error of ctx or what a server
// refused.
func (p *SetPartitioner) Release(ctx context.Context) error {
	p.hold(nil)
	return p.x.Release(ctx, "release share")
}

// Leave gives the share back, if there is one, and ends the membership, so that others get the items.
// It ends an Acquire that waits. Once it has returned nil, no client that looks from then on sees
// the member. It returns [ErrNotJoined] or [ErrClosed] (NoEffect) if this value is no member. After
// any other error (the error of ctx, [ErrClosed], or what a server refused) it is no member either,
// but others may still see it until it is removed in the background.
func (p *SetPartitioner) Leave(ctx context.Context) error {
	const op = "leave"
	var over error // of the share
	err := p.group.leaveAs(ctx, op, func(ctx context.Context) {
		p.hold(nil)
		p.unfollow()
		if p.x.Present() != nil {
			over = p.x.Release(ctx, op)
		}
	})
	if err != nil || errors.Is(over, ErrLost) || errors.Is(over, ErrNotHeld) {
		return err
	}
	return over
}

// Lost returns a channel that closes when an item of the present share is lost. The others are then
// given back. See [Lock.Lost].
func (p *SetPartitioner) Lost() <-chan struct{} { return p.x.Lost() }

// Fence returns the fencing token of the present share, or 0 if there is none. It is higher than the
// token of any earlier hold of each of its items; see [MultiLock.Fence].
func (p *SetPartitioner) Fence() int64 { return p.x.Fence() }

// Session returns the id of the session that owns the present share, or 0 if there is none.
func (p *SetPartitioner) Session() int64 { return p.x.Session() }

// Close gives back the share, leaves the group, and ends calls that wait. It then waits until the
// tree has no znodes of this value but the folders. If ctx ends first, Close returns its error, and
// the clean-up goes on. If you call Close again, it waits again.
func (p *SetPartitioner) Close(ctx context.Context) error {
	p.hold(nil)
	p.x.StopCalls()
	p.unfollow()
	return errors.Join(p.x.Close(ctx, "close partitioner"), p.group.Close(ctx))
}
