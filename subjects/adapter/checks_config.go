package adapter

import (
	"context"
	"fmt"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
)

var configsSuite = suiteOf(contracts.Configs, nil,
	check{"normal", onTwo(followsChanges)},
	check{"wait", onTwo(waitsForNext)},
	check{"cancel", onTwo(cancelsObserve)},
	check{"cancel-at-once", onObject(cancelsObserveAtOnce)},
)

// sets sets a configuration; "" deletes it.
func (t *trial) sets(o *object, value string) {
	if value == "" {
		t.simply(o, models.FDelete)
		return
	}
	calls(t, o, contracts.ConfigSet, models.Setting{Value: value})
}

// observes asks for the next value and compares it.
func (t *trial) observes(o *object, want string) {
	t.soon(models.FObserve, func(ctx context.Context) error { return next(ctx, o, want) })
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

// followsChanges checks that each client sees the changes of both, in order.
func followsChanges(t *trial, a, b *object) {
	t.during("in the beginning", func() { t.observes(b, "") })
	for i, value := range []string{"one", "two", "", "one\nagain", "", "three"} {
		who := a
		if i%2 == 1 {
			who = b
		}
		t.sets(who, value)
		t.caughtUp(b)
		t.observes(b, value)
	}
	t.observes(a, "three")
}

// waitsForNext checks that next reports each value only once.
func waitsForNext(t *trial, a, b *object) {
	for _, value := range []string{"one", "", "two"} {
		t.sets(a, value)
		t.caughtUp(b)
		t.observes(b, value)
		observe := t.begin(models.FObserve, func(ctx context.Context) error { return next(ctx, b, "news of "+value) })
		t.waits(observe, "nothing has changed")
		t.sets(a, "news of "+value)
		t.must(t.await(observe))
	}
}

func cancelsObserve(t *trial, a, b *object) {
	t.observes(b, "")
	observe := t.beginSimply(b, models.FObserve)
	t.waits(observe, "nothing has changed")
	t.cancelled(observe)
	t.sets(a, "one")
	t.caughtUp(b)
	t.observes(b, "one")
}

func cancelsObserveAtOnce(t *trial, o *object) {
	t.observes(o, "")
	t.atOnce(o, models.FObserve)
}
