package adapter

import (
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
)

var doubleBarriersSuite = suiteOf(contracts.DoubleBarriers, always(2),
	check{"normal", onTwo(entersAndLeaves)},
	check{"cancel", onObject(cancelsEnter)},
	check{"cancel-at-once", onObject(cancelsEnterAtOnce)},
)

func cancelsEnterAtOnce(t *trial, o *object) {
	t.atOnce(o, models.FEnter)
}

// entersAndLeaves checks that both clients enter and leave together.
func entersAndLeaves(t *trial, a, b *object) {
	for _, op := range []string{models.FEnter, models.FLeave} {
		first := t.beginSimply(a, op)
		t.waits(first, "the other party has not come")
		t.simply(b, op)
		t.mustf(t.await(first), "%s, when both have come", op)
	}
}

func cancelsEnter(t *trial, o *object) {
	enter := t.beginSimply(o, models.FEnter)
	t.waits(enter, "the other party has not come")
	t.cancelled(enter)
}
