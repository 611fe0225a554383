package adapter

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// A read-write lock without readers is a lock.
var _ = declare(subjects.RWLocks, nil,
	append(slices.Clone(holdChecks), check{"readers", readsTogether}, check{"downgrade", downgrades}, check{"revoke", isAsked})...)

// read acquires for reading.
func (c *contender) read(ctx context.Context) error {
	_, err := c.Hold(ctx, models.FAcquire, models.Wish{Mode: models.ToRead}, &grant{})
	return err
}

// several makes n contenders at one path, each in its own process.
func (t *trial) several(n int) ([]*contender, error) {
	var all []*contender
	for range n {
		c, err := t.contender()
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// readsTogether: two clients read at a time, and no reader overtakes a waiting writer.
func readsTogether(t *trial) error {
	all, err := t.several(4)
	if err != nil {
		return err
	}
	for _, c := range all[:2] {
		if err := t.soon("acquire to read", c.read); err != nil {
			return err
		}
	}
	writer := t.begin("an acquire to write", all[2].acquire)
	if err := t.waits(writer, "two clients read"); err != nil {
		return err
	}
	reader := t.begin("an acquire to read", all[3].read)
	if err := t.waits(reader, "a writer waits that came before"); err != nil {
		return err
	}
	for _, c := range all[:2] {
		if err := t.release(c); err != nil {
			return err
		}
	}
	if err := t.await(writer); err != nil {
		return err
	}
	if err := t.waits(reader, "a writer holds it"); err != nil {
		return err
	}
	if err := t.release(all[2]); err != nil {
		return err
	}
	if err := t.await(reader); err != nil {
		return err
	}
	return t.release(all[3])
}

// downgrades: readers get in, writers do not.
func downgrades(t *trial) error {
	all, err := t.several(3)
	if err != nil || !all[0].Offers(subjects.OfferDowngrade) {
		return err
	}
	if err := t.acquire(all[0]); err != nil {
		return err
	}
	reader := t.begin("an acquire to read", all[1].read)
	if err := t.waits(reader, heldByAnother); err != nil {
		return err
	}
	writer := t.begin("an acquire to write", all[2].acquire)
	if err := t.waits(writer, heldByAnother); err != nil {
		return err
	}
	if err := t.soon("downgrade", func(ctx context.Context) error { return all[0].Call(ctx, models.FDowngrade, nil, nil) }); err != nil {
		return err
	}
	if err := t.await(reader); err != nil {
		return fmt.Errorf("after the downgrade: %w", err)
	}
	if err := t.waits(writer, "two clients read"); err != nil {
		return err
	}
	for _, c := range all[:2] {
		if err := t.release(c); err != nil {
			return err
		}
	}
	if err := t.await(writer); err != nil {
		return err
	}
	return t.release(all[2])
}

// isAsked: a holder is told that another client asks for its hold, and not before.
func isAsked(t *trial) error {
	all, err := t.several(2)
	if err != nil || !all[0].Offers(subjects.OfferRevoke) {
		return err
	}
	a, b := all[0], all[1]
	if err := t.acquire(a); err != nil {
		return err
	}
	var v models.Heard
	listen := func(ctx context.Context) error { return a.Call(ctx, models.FListen, nil, &v) }
	if err := t.soon("listen", listen); err != nil {
		return err
	}
	if v.Revoked {
		return errors.New("it heard that it is asked for its hold, and nobody had asked")
	}
	if err := t.soon("revoke", func(ctx context.Context) error { return b.Call(ctx, models.FRevoke, nil, nil) }); err != nil {
		return err
	}
	err = t.soon("listen until it is heard", func(ctx context.Context) error {
		for !v.Revoked {
			if err := listen(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return t.release(a)
}
