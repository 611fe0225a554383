package adapter

import (
	"context"
	"slices"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
)

var groupsSuite = suiteOf(contracts.Groups, nil,
	check{"normal", onTwo(comesAndGoes)},
	check{"changes", onTwo(tellsChanges)},
	check{"cancel", onTwo(cancelsChanged)},
)

// joins makes a client a member.
func (t *trial) joins(o *object, member string) { t.joinsBy(models.FJoin, o, member) }

func (t *trial) joinsBy(operation string, o *object, member string) {
	t.soon(operation, func(ctx context.Context) error {
		return o.Call(ctx, operation, models.Joining{Member: member}, nil)
	})
}

// lists asks a client for the members and compares them.
func (t *trial) lists(o *object, want ...string) { t.listsBy(models.FList, o, want) }

func (t *trial) listsBy(operation string, o *object, want []string) {
	t.caughtUp(o)
	var got models.Members
	t.soon(operation, func(ctx context.Context) error { return o.Call(ctx, operation, nil, &got) })
	t.shown(operation, got, want)
}

func (t *trial) shown(operation string, got models.Members, want []string) {
	slices.Sort(got.Members)
	if !slices.Equal(got.Members, want) {
		t.failf("%s gave %q, want %q", operation, got.Members, want)
	}
}

func comesAndGoes(t *trial, a, b *object) {
	t.comeAndGo(a, b, t.joins, t.lists, models.FLeave)
}

// comeAndGo lets members come and go, and lists them.
func (t *trial) comeAndGo(a, b *object, join func(*object, string), list func(*object, ...string), leave string) {
	list(a)
	join(a, "one")
	join(b, "käse 锁")
	list(a, "käse 锁", "one")
	list(b, "käse 锁", "one")
	t.simply(a, leave)
	list(b, "käse 锁")
	join(a, "two")
	list(b, "käse 锁", "two")
	t.simply(b, leave)
	list(a, "two")
}

// tellsChanges checks that a client is told of the present members at once, and then of
// each change, once.
func tellsChanges(t *trial, a, b *object) {
	t.joins(a, "one")
	t.caughtUp(b)
	t.tells(t.beginChanged(b), "one")
	for _, step := range []struct {
		change func()
		want   []string
	}{
		{func() { t.simply(a, models.FLeave) }, nil},
		{func() { t.joins(a, "two") }, []string{"two"}},
		{func() { t.simply(a, models.FLeave) }, nil},
	} {
		changed := t.beginChanged(b)
		t.waits(changed.attempt, "nobody has come or gone")
		step.change()
		t.tells(changed, step.want...)
	}
}

// change is a wait for a change that is under way.
type change struct {
	*attempt
	got models.Members
}

func (t *trial) beginChanged(o *object) *change {
	c := &change{}
	c.attempt = t.begin(models.FChanged, func(ctx context.Context) error { return o.Call(ctx, models.FChanged, nil, &c.got) })
	return c
}

// tells expects a change to these members.
func (t *trial) tells(c *change, want ...string) {
	t.must(t.await(c.attempt))
	t.shown(models.FChanged, c.got, want)
}

// cancelsChanged checks that a client that gives up misses no change.
func cancelsChanged(t *trial, a, b *object) {
	changed := t.beginChanged(a)
	t.waits(changed.attempt, "nobody has joined")
	t.cancelled(changed.attempt)
	t.joins(b, "one")
	t.tells(t.beginChanged(a), "one")
	t.simply(b, models.FLeave)
}
