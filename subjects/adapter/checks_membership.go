package adapter

import (
	"context"
	"fmt"
	"slices"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

var _ = declare(subjects.Groups, nil,
	check{"normal", onTwo(comesAndGoes)},
	check{"changes", onTwo(tellsChanges)},
	check{"cancel", onTwo(cancelsChanged)},
)

// joins makes a client a member.
func (t *trial) joins(o *object, member string) error { return t.joinsBy(models.FJoin, o, member) }

func (t *trial) joinsBy(operation string, o *object, member string) error {
	return t.soon(operation, func(ctx context.Context) error {
		return o.Call(ctx, operation, models.Joining{Member: member}, nil)
	})
}

// lists asks a client for the members and compares them.
func (t *trial) lists(o *object, want ...string) error { return t.listsBy(models.FList, o, want) }

func (t *trial) listsBy(operation string, o *object, want []string) error {
	if err := t.caughtUp(o); err != nil {
		return err
	}
	var got models.Members
	err := t.soon(operation, func(ctx context.Context) error { return o.Call(ctx, operation, nil, &got) })
	return shown(operation, &got, err, want)
}

func shown(operation string, got *models.Members, err error, want []string) error {
	slices.Sort(got.Members)
	if err == nil && !slices.Equal(got.Members, want) {
		err = fmt.Errorf("%s gave %q, want %q", operation, got.Members, want)
	}
	return err
}

func comesAndGoes(t *trial, a, b *object) error {
	return firstError(
		func() error { return t.lists(a) },
		func() error { return t.joins(a, "one") },
		func() error { return t.joins(b, "käse 锁") },
		func() error { return t.lists(a, "käse 锁", "one") },
		func() error { return t.lists(b, "käse 锁", "one") },
		func() error { return t.simply(a, models.FLeave) },
		func() error { return t.lists(b, "käse 锁") },
		func() error { return t.joins(a, "two") },
		func() error { return t.lists(b, "käse 锁", "two") },
		func() error { return t.simply(b, models.FLeave) },
		func() error { return t.lists(a, "two") },
	)
}

// tellsChanges: a client is told of the present members at once, and then of each change,
// once.
func tellsChanges(t *trial, a, b *object) error {
	if err := t.joins(a, "one"); err != nil {
		return err
	}
	if err := t.caughtUp(b); err != nil {
		return err
	}
	if err := t.tells(t.beginChanged(b), "one"); err != nil {
		return err
	}
	for _, step := range []struct {
		change func() error
		want   []string
	}{
		{func() error { return t.simply(a, models.FLeave) }, nil},
		{func() error { return t.joins(a, "two") }, []string{"two"}},
		{func() error { return t.simply(a, models.FLeave) }, nil},
	} {
		changed := t.beginChanged(b)
		if err := t.waits(changed.attempt, "nobody has come or gone"); err != nil {
			return err
		}
		if err := step.change(); err != nil {
			return err
		}
		if err := t.tells(changed, step.want...); err != nil {
			return err
		}
	}
	return nil
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
func (t *trial) tells(c *change, want ...string) error {
	return shown(models.FChanged, &c.got, t.await(c.attempt), want)
}

// cancelsChanged: a client that gives up misses no change.
func cancelsChanged(t *trial, a, b *object) error {
	changed := t.beginChanged(a)
	if err := t.waits(changed.attempt, "nobody has joined"); err != nil {
		return err
	}
	if err := t.cancelled(changed.attempt); err != nil {
		return err
	}
	if err := t.joins(b, "one"); err != nil {
		return err
	}
	if err := t.tells(t.beginChanged(a), "one"); err != nil {
		return err
	}
	return t.simply(b, models.FLeave)
}
