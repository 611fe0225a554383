package adapter

import (
	"context"
	"fmt"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

var _ = declare(subjects.Configs, nil,
	check{"normal", onTwo(followsChanges)},
	check{"wait", onTwo(waitsForNext)},
	check{"cancel", onTwo(cancelsObserve)},
	check{"cancel-at-once", onObject(cancelsObserveAtOnce)},
)

// sets sets a configuration; "" deletes it.
func (t *trial) sets(o *object, value string) error {
	if value == "" {
		return t.simply(o, models.FDelete)
	}
	return t.soon(models.FSet, func(ctx context.Context) error {
		return o.Call(ctx, models.FSet, models.Setting{Value: value}, nil)
	})
}

// observes asks for the next value and compares it.
func (t *trial) observes(o *object, want string) error {
	return t.soon(models.FObserve, func(ctx context.Context) error { return next(ctx, o, want) })
}

func next(ctx context.Context, o *object, want string) error {
	var got models.Setting
	if err := o.Call(ctx, models.FObserve, nil, &got); err != nil {
		return err
	}
	if got.Value != want || got.Absent != (want == "") {
		return fmt.Errorf("%s gave %q (absent: %v), want %q (absent: %v)", models.FObserve, got.Value, got.Absent, want, want == "")
	}
	return nil
}

// followsChanges: each client sees the changes of both, in order.
func followsChanges(t *trial, a, b *object) error {
	if err := t.observes(b, ""); err != nil {
		return fmt.Errorf("in the beginning: %w", err)
	}
	for i, value := range []string{"one", "two", "", "one\nagain", "", "three"} {
		who := a
		if i%2 == 1 {
			who = b
		}
		if err := t.sets(who, value); err != nil {
			return err
		}
		if err := t.caughtUp(b); err != nil {
			return err
		}
		if err := t.observes(b, value); err != nil {
			return err
		}
	}
	return t.observes(a, "three")
}

// waitsForNext: a value is reported once.
func waitsForNext(t *trial, a, b *object) error {
	for _, value := range []string{"one", "", "two"} {
		if err := t.sets(a, value); err != nil {
			return err
		}
		if err := t.caughtUp(b); err != nil {
			return err
		}
		if err := t.observes(b, value); err != nil {
			return err
		}
		observe := t.begin(models.FObserve, func(ctx context.Context) error { return next(ctx, b, "news of "+value) })
		if err := t.waits(observe, "nothing has changed"); err != nil {
			return err
		}
		if err := t.sets(a, "news of "+value); err != nil {
			return err
		}
		if err := t.await(observe); err != nil {
			return err
		}
	}
	return nil
}

func cancelsObserve(t *trial, a, b *object) error {
	if err := t.observes(b, ""); err != nil {
		return err
	}
	observe := t.beginSimply(b, models.FObserve)
	if err := t.waits(observe, "nothing has changed"); err != nil {
		return err
	}
	if err := t.cancelled(observe); err != nil {
		return err
	}
	if err := t.sets(a, "one"); err != nil {
		return err
	}
	if err := t.caughtUp(b); err != nil {
		return err
	}
	return t.observes(b, "one")
}

func cancelsObserveAtOnce(t *trial, o *object) error {
	if err := t.observes(o, ""); err != nil {
		return err
	}
	return t.atOnce(o, models.FObserve)
}
