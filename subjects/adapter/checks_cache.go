package adapter

import (
	"context"
	"fmt"
	"maps"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

var _ = declare(subjects.Caches, nil,
	check{"normal", onTwo(copiesChanges)},
	check{"follows", onTwo(copiesByItself)},
	check{"refused", onObject(putsBelowNothing)},
)

// puts puts a znode of a subtree; an empty value removes it.
func (t *trial) puts(o *object, node, value string) error {
	f := models.FPut
	if value == "" {
		f = models.FRemove
	}
	return t.soon(f, func(ctx context.Context) error {
		return o.Call(ctx, f, models.CachedNode{Node: node, Value: value}, nil)
	})
}

// copies asks for a current copy and compares it. A cache that is never current must show
// it eventually.
func (t *trial) copies(o *object, want map[string]string) error {
	if o.Offers(subjects.OfferNeverCurrent) {
		return t.follows(o, want)
	}
	return t.soon(models.FLook, func(ctx context.Context) error { return shows(ctx, o, true, want) })
}

func shows(ctx context.Context, o *object, current bool, want map[string]string) error {
	var got models.Copy
	if err := o.Call(ctx, models.FLook, models.Looking{Current: current}, &got); err != nil {
		return err
	}
	if !maps.Equal(got.Nodes, want) {
		return fmt.Errorf("%s gave %v, want %v", models.FLook, got.Nodes, want)
	}
	return nil
}

// subtreeSteps are the successive states of a subtree.
var subtreeSteps = []struct {
	node, value string
	want        map[string]string
}{
	{"", "", map[string]string{}},
	{models.CacheRoot, "one", map[string]string{".": "one"}},
	{"a", "two", map[string]string{".": "one", "a": "two"}},
	{"a/x", "three", map[string]string{".": "one", "a": "two", "a/x": "three"}},
	{"a", "four\nlines", map[string]string{".": "one", "a": "four\nlines", "a/x": "three"}},
	{"a/x", "", map[string]string{".": "one", "a": "four\nlines"}},
	{"a", "", map[string]string{".": "one"}},
	{"a", "five", map[string]string{".": "one", "a": "five"}},
	{"a", "", map[string]string{".": "one"}},
	{models.CacheRoot, "", map[string]string{}},
	{models.CacheRoot, "six", map[string]string{".": "six"}},
}

// copiesChanges: a current copy has the changes of both clients.
func copiesChanges(t *trial, a, b *object) error {
	for i, step := range subtreeSteps {
		who := a
		if i%2 == 1 {
			who = b
		}
		if step.node != "" {
			if err := t.puts(who, step.node, step.value); err != nil {
				return err
			}
		}
		if err := t.copies(b, step.want); err != nil {
			return fmt.Errorf("after step %d: %w", i, err)
		}
	}
	return t.copies(a, subtreeSteps[len(subtreeSteps)-1].want)
}

// copiesByItself: a copy follows changes without a request for a current one.
func copiesByItself(t *trial, a, b *object) error {
	for i, step := range subtreeSteps {
		if step.node != "" {
			if err := t.puts(a, step.node, step.value); err != nil {
				return err
			}
		}
		if err := t.follows(b, step.want); err != nil {
			return fmt.Errorf("after step %d: %w", i, err)
		}
	}
	return nil
}

// follows waits until a copy shows want, without a request for a current one.
func (t *trial) follows(o *object, want map[string]string) error {
	return t.soon("to follow", func(ctx context.Context) error {
		for {
			err := shows(ctx, o, false, want)
			if err == nil || ctx.Err() != nil {
				return err
			}
			if sleep := t.caughtUp(o); sleep != nil {
				return sleep
			}
		}
	})
}

// putsBelowNothing: a refused put has no effect.
func putsBelowNothing(t *trial, o *object) error {
	err := t.puts(o, "a", "one")
	if err == nil {
		return fmt.Errorf("%s made a znode below one that does not exist", models.FPut)
	}
	return t.copies(o, map[string]string{})
}
