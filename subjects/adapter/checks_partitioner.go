package adapter

import (
	"context"
	"fmt"
	"slices"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// A partitioner of two items whose member is alone is a lock for it: another one waits until it
// gives back the item that is due to that one.
var _ = declare(subjects.Partitioners, always([]string{"a", "b"}),
	append(slices.Clone(holdChecks), check{"shares", sharesEvenly}, check{"changes", tellsOfShares})...)

// acquireShare is acquire with the items.
func (c *contender) acquireShare(ctx context.Context) ([]string, error) {
	var share models.Share
	_, err := c.Hold(ctx, models.FAcquire, nil, &share)
	slices.Sort(share.Keys)
	return share.Keys, err
}

// shares acquires so many of the two items.
func (t *trial) shares(o *contender, want int) (share []string, err error) {
	err = t.soon("acquire", func(ctx context.Context) (err error) {
		share, err = o.acquireShare(ctx)
		return err
	})
	if err == nil && len(share) != want {
		err = fmt.Errorf("acquire gave the items %q, want %d of a and b", share, want)
	}
	return share, err
}

// joinedBy has a hold both items when b asks for its share, which a gives back.
func joinedBy(t *trial, a, b *contender) (*attempt, error) {
	if _, err := t.shares(a, 2); err != nil {
		return nil, err
	}
	waiting := t.begin("the second acquire", b.acquire)
	if err := t.waits(waiting, heldByAnother); err != nil {
		return nil, err
	}
	return waiting, t.release(a)
}

// sharesEvenly: two members have an item each, and one that stays has both.
func sharesEvenly(t *trial) error {
	a, b, err := t.contenders()
	if err != nil {
		return err
	}
	waiting, err := joinedBy(t, a, b)
	if err != nil {
		return err
	}
	if err := t.await(waiting); err != nil {
		return fmt.Errorf("the second acquire, after the first one's release: %w", err)
	}
	if err := t.release(b); err != nil {
		return err
	}
	first, err := t.shares(a, 1)
	if err != nil {
		return err
	}
	second, err := t.shares(b, 1)
	if err != nil {
		return err
	}
	if slices.Equal(first, second) {
		return fmt.Errorf("two members at once were given %q", first)
	}
	for _, o := range []*contender{a, b} {
		if err := t.release(o); err != nil {
			return err
		}
	}
	if err := t.simply(a.object, models.FLeave); err != nil {
		return err
	}
	if err := t.caughtUp(b.object); err != nil {
		return err
	}
	if _, err := t.shares(b, 2); err != nil {
		return fmt.Errorf("after the other one left: %w", err)
	}
	return t.release(b)
}

// tellsOfShares: a member that holds its share is told when another one is due to it.
func tellsOfShares(t *trial) error {
	a, b, err := t.contenders()
	if err != nil {
		return err
	}
	if _, err := t.shares(a, 2); err != nil {
		return err
	}
	changed := t.begin(models.FChanged, func(ctx context.Context) error { return a.Call(ctx, models.FChanged, nil, nil) })
	if err := t.waits(changed, "nobody has come or gone"); err != nil {
		return err
	}
	waiting := t.begin("the second acquire", b.acquire)
	if err := t.await(changed); err != nil {
		return fmt.Errorf("changed, when another member came: %w", err)
	}
	if err := t.release(a); err != nil {
		return err
	}
	if err := t.await(waiting); err != nil {
		return fmt.Errorf("the second acquire, after the first one's release: %w", err)
	}
	changed = t.begin(models.FChanged, func(ctx context.Context) error { return b.Call(ctx, models.FChanged, nil, nil) })
	if err := t.waits(changed, "nobody has come or gone"); err != nil {
		return err
	}
	if err := t.simply(a.object, models.FLeave); err != nil {
		return err
	}
	if err := t.await(changed); err != nil {
		return fmt.Errorf("changed, when the other member left: %w", err)
	}
	return t.release(b)
}
