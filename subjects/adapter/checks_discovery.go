package adapter

import (
	"slices"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
)

var servicesSuite = suiteOf(contracts.Services, nil,
	check{"normal", onTwo(isFound)},
	check{"changes", onTwo(tellsAndPicks)},
)

func (t *trial) registers(o *object, instance string) {
	t.joinsBy(models.FRegister, o, instance)
}

func (t *trial) finds(o *object, want ...string) { t.listsBy(models.FLookup, o, want) }

// picks picks often enough for each instance to have its turn. Each pick must be one of the given
// instances, or nothing if there are none.
func (t *trial) picks(o *object, of ...string) {
	if len(of) == 0 {
		of = []string{""}
	}
	for range 2 * len(of) {
		got := calls(t, o, contracts.ServicePick, contracts.None{})
		if !slices.Contains(of, got.Member) {
			t.failf("%s gave %q, want one of %q", models.FPick, got.Member, of)
		}
	}
}

func isFound(t *trial, a, b *object) {
	t.comeAndGo(a, b, t.registers, t.finds, models.FUnregister)
}

// tellsAndPicks checks that after a client was told of a change, it picks from the
// instances that it was told.
func tellsAndPicks(t *trial, a, b *object) {
	changes := func(change func(), want ...string) {
		changed := t.beginChanged(b)
		t.waits(changed.attempt, "nobody has come or gone")
		change()
		t.tells(changed, want...)
		t.picks(b, want...)
	}
	for _, instance := range []string{"one", "two"} {
		changes(func() { t.registers(a, instance) }, instance)
		changes(func() { t.simply(a, models.FUnregister) })
	}
}
