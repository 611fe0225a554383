package adapter

import (
	"context"
	"errors"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

var barriersSuite = suiteOf(contracts.Barriers, nil,
	check{"normal", onTwo(holdsBack)},
	check{"cancel", onTwo(cancelsAwait)},
	check{"cancel-at-once", onObject(cancelsAwaitAtOnce)},
)

// holdsBack checks that clients wait while the barrier is raised, and only then.
func holdsBack(t *trial, a, b *object) {
	t.during("nobody raised the barrier", func() { t.simply(b, models.FAwait) })
	for range 2 {
		t.simply(a, models.FRaise)
		t.caughtUp(b)
		await := t.beginSimply(b, models.FAwait)
		t.waits(await, "the barrier is raised")
		t.simply(a, models.FLift)
		t.mustf(t.await(await), "await, after the lift")
	}
}

// caughtUp makes sure that a client reads nothing older than now, if the client can touch.
func (t *trial) caughtUp(o *object) {
	t.soon("touch", func(ctx context.Context) error { return t.catchesUp(ctx, o) })
}

func (t *trial) catchesUp(ctx context.Context, o *object) error {
	err := o.p.Touch(ctx, t.root)
	if errors.Is(err, subjects.ErrCannot) {
		return nil // the read may be older
	}
	return err
}

func cancelsAwait(t *trial, a, b *object) {
	t.simply(a, models.FRaise)
	t.caughtUp(b)
	await := t.beginSimply(b, models.FAwait)
	t.waits(await, "the barrier is raised")
	t.cancelled(await)
	t.simply(a, models.FLift)
}

func cancelsAwaitAtOnce(t *trial, o *object) {
	t.simply(o, models.FRaise)
	t.atOnce(o, models.FAwait)
}
