package adapter

import (
	"context"
	"fmt"
	"slices"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

var _ = declare(subjects.Services, nil,
	check{"normal", onTwo(isFound)},
	check{"changes", onTwo(tellsAndPicks)},
)

func (t *trial) registers(o *object, instance string) error {
	return t.joinsBy(models.FRegister, o, instance)
}

func (t *trial) finds(o *object, want ...string) error { return t.listsBy(models.FLookup, o, want) }

// picks picks so often that each instance may have its turn. Each pick must be one of
// these, or nothing if there are none.
func (t *trial) picks(o *object, of ...string) error {
	if len(of) == 0 {
		of = []string{""}
	}
	for range 2 * len(of) {
		var got models.Picked
		if err := t.soon(models.FPick, func(ctx context.Context) error { return o.Call(ctx, models.FPick, nil, &got) }); err != nil {
			return err
		}
		if !slices.Contains(of, got.Member) {
			return fmt.Errorf("%s gave %q, want one of %q", models.FPick, got.Member, of)
		}
	}
	return nil
}

func isFound(t *trial, a, b *object) error {
	return firstError(
		func() error { return t.finds(a) },
		func() error { return t.registers(a, "one") },
		func() error { return t.registers(b, "käse 锁") },
		func() error { return t.finds(a, "käse 锁", "one") },
		func() error { return t.finds(b, "käse 锁", "one") },
		func() error { return t.simply(a, models.FUnregister) },
		func() error { return t.finds(b, "käse 锁") },
		func() error { return t.registers(a, "two") },
		func() error { return t.finds(b, "käse 锁", "two") },
		func() error { return t.simply(b, models.FUnregister) },
		func() error { return t.finds(a, "two") },
	)
}

// tellsAndPicks: after a client was told of a change, it picks from what it was told.
func tellsAndPicks(t *trial, a, b *object) error {
	changes := func(change func() error, want ...string) func() error {
		return func() error {
			changed := t.beginChanged(b)
			return firstError(
				func() error { return t.waits(changed.attempt, "nobody has come or gone") },
				change,
				func() error { return t.tells(changed, want...) },
				func() error { return t.picks(b, want...) },
			)
		}
	}
	return firstError(
		changes(func() error { return t.registers(a, "one") }, "one"),
		changes(func() error { return t.simply(a, models.FUnregister) }),
		changes(func() error { return t.registers(a, "two") }, "two"),
		changes(func() error { return t.simply(a, models.FUnregister) }),
	)
}
