package adapter

import (
	"context"
	"fmt"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

var _ = declare(subjects.Barriers, nil,
	check{"normal", onTwo(holdsBack)},
	check{"cancel", onTwo(cancelsAwait)},
	check{"cancel-at-once", onObject(cancelsAwaitAtOnce)},
)

// holdsBack: clients wait while the barrier is raised, and only then.
func holdsBack(t *trial, a, b *object) error {
	if err := t.simply(b, models.FAwait); err != nil {
		return fmt.Errorf("nobody raised the barrier: %w", err)
	}
	for range 2 {
		if err := t.simply(a, models.FRaise); err != nil {
			return err
		}
		if err := t.caughtUp(b); err != nil {
			return err
		}
		await := t.beginSimply(b, models.FAwait)
		if err := t.waits(await, "the barrier is raised"); err != nil {
			return err
		}
		if err := t.simply(a, models.FLift); err != nil {
			return err
		}
		if err := t.await(await); err != nil {
			return fmt.Errorf("await, after the lift: %w", err)
		}
	}
	return nil
}

// caughtUp makes sure that what a client reads is not older than now, if it can.
func (t *trial) caughtUp(o *object) error {
	err := t.soon("touch", func(ctx context.Context) error { return o.p.Touch(ctx, t.root) })
	if isNotOffered(err) {
		return nil // the read may be older
	}
	return err
}

func cancelsAwait(t *trial, a, b *object) error {
	if err := t.simply(a, models.FRaise); err != nil {
		return err
	}
	if err := t.caughtUp(b); err != nil {
		return err
	}
	await := t.beginSimply(b, models.FAwait)
	if err := t.waits(await, "the barrier is raised"); err != nil {
		return err
	}
	if err := t.cancelled(await); err != nil {
		return err
	}
	return t.simply(a, models.FLift)
}

func cancelsAwaitAtOnce(t *trial, o *object) error {
	if err := t.simply(o, models.FRaise); err != nil {
		return err
	}
	return t.atOnce(o, models.FAwait)
}
