package adapter

import (
	"fmt"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

var _ = declare(subjects.DoubleBarriers, always(2),
	check{"normal", onTwo(entersAndLeaves)},
	check{"cancel", onObject(cancelsEnter)},
	check{"cancel-at-once", onObject(cancelsEnterAtOnce)},
)

func cancelsEnterAtOnce(t *trial, o *object) error {
	return t.atOnce(o, models.FEnter)
}

// entersAndLeaves: both clients enter and leave together.
func entersAndLeaves(t *trial, a, b *object) error {
	for _, op := range []string{models.FEnter, models.FLeave} {
		first := t.beginSimply(a, op)
		if err := t.waits(first, "the other party has not come"); err != nil {
			return err
		}
		if err := t.simply(b, op); err != nil {
			return err
		}
		if err := t.await(first); err != nil {
			return fmt.Errorf("%s, when both have come: %w", op, err)
		}
	}
	return nil
}

func cancelsEnter(t *trial, o *object) error {
	enter := t.beginSimply(o, models.FEnter)
	if err := t.waits(enter, "the other party has not come"); err != nil {
		return err
	}
	return t.cancelled(enter)
}
