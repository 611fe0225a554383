package adapter

import (
	"context"
	"slices"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
)

// For a single member, a partitioner of two items is like a lock: another client waits until the
// member gives back the item that is due to that client.
var partitionersSuite = suiteOf(contracts.Partitioners, always([]string{"a", "b"}),
	append(slices.Clone(holdChecks), check{"shares", sharesEvenly}, check{"changes", tellsOfShares})...)

// acquireShare is like acquire, and returns the items.
func (c *contender) acquireShare(ctx context.Context) ([]string, error) {
	var share models.Share
	_, err := c.Hold(ctx, models.FAcquire, nil, &share)
	slices.Sort(share.Keys)
	return share.Keys, err
}

// shares acquires a share, which must have the given number of items.
func (t *trial) shares(o *contender, want int) (share []string) {
	t.soon("acquire", func(ctx context.Context) (err error) {
		share, err = o.acquireShare(ctx)
		return err
	})
	if len(share) != want {
		t.failf("acquire gave the items %q, want %d of a and b", share, want)
	}
	return share
}

// joinedBy makes a hold both items and b ask for its share, which a gives back.
func joinedBy(t *trial, a, b *contender) *attempt {
	t.shares(a, 2)
	waiting := t.begin("the second acquire", b.acquire)
	t.waits(waiting, heldByAnother)
	t.release(a)
	return waiting
}

// sharesEvenly checks that two members have an item each, and that a member left alone
// has both.
func sharesEvenly(t *trial) {
	a, b := t.contenders()
	waiting := joinedBy(t, a, b)
	t.mustf(t.await(waiting), "the second acquire, after the first one's release")
	t.release(b)
	first := t.shares(a, 1)
	second := t.shares(b, 1)
	if slices.Equal(first, second) {
		t.failf("two members at once were given %q", first)
	}
	for _, o := range []*contender{a, b} {
		t.release(o)
	}
	t.simply(a.object, models.FLeave)
	t.caughtUp(b.object)
	t.during("after the other one left", func() { t.shares(b, 2) })
	t.release(b)
}

// tellsOfShares checks that a member that holds its share is told when another share is
// due to it.
func tellsOfShares(t *trial) {
	a, b := t.contenders()
	t.shares(a, 2)
	changed := t.begin(models.FChanged, func(ctx context.Context) error { return a.Call(ctx, models.FChanged, nil, nil) })
	t.waits(changed, "nobody has come or gone")
	waiting := t.begin("the second acquire", b.acquire)
	t.mustf(t.await(changed), "changed, when another member came")
	t.release(a)
	t.mustf(t.await(waiting), "the second acquire, after the first one's release")
	changed = t.begin(models.FChanged, func(ctx context.Context) error { return b.Call(ctx, models.FChanged, nil, nil) })
	t.waits(changed, "nobody has come or gone")
	t.simply(a.object, models.FLeave)
	t.mustf(t.await(changed), "changed, when the other member left")
	t.release(b)
}
