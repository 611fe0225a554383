package adapter

import (
	"context"
	"fmt"
	"maps"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
)

var cachesSuite = suiteOf(contracts.Caches, nil,
	check{"normal", onTwo(copiesChanges)},
	check{"follows", onTwo(copiesByItself)},
	check{"refused", onObject(putsBelowNothing)},
)

// puts puts a znode of a subtree; an empty value removes it.
func (t *trial) puts(o *object, node, value string) {
	op := contracts.CachePut
	if value == "" {
		op = contracts.CacheRemove
	}
	calls(t, o, op, models.CachedNode{Node: node, Value: value})
}

// copies asks for a current copy and compares it. A cache that is never current must show
// it eventually.
func (t *trial) copies(o *object, want map[string]string) {
	if o.Offers(contracts.OfferNeverCurrent) {
		t.follows(o, want)
		return
	}
	t.soon(models.FLook, func(ctx context.Context) error { return shows(ctx, o, true, want) })
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

// copiesChanges checks that a current copy has the changes of both clients.
func copiesChanges(t *trial, a, b *object) {
	for i, step := range subtreeSteps {
		who := a
		if i%2 == 1 {
			who = b
		}
		if step.node != "" {
			t.puts(who, step.node, step.value)
		}
		t.during(fmt.Sprintf("after step %d", i), func() { t.copies(b, step.want) })
	}
	t.copies(a, subtreeSteps[len(subtreeSteps)-1].want)
}

// copiesByItself checks that a copy follows changes without a request for a current
// one.
func copiesByItself(t *trial, a, b *object) {
	for i, step := range subtreeSteps {
		if step.node != "" {
			t.puts(a, step.node, step.value)
		}
		t.during(fmt.Sprintf("after step %d", i), func() { t.follows(b, step.want) })
	}
}

// follows waits until a copy shows want, without a request for a current one.
func (t *trial) follows(o *object, want map[string]string) {
	t.soon("to follow", func(ctx context.Context) error {
		for {
			err := shows(ctx, o, false, want)
			if err == nil || ctx.Err() != nil {
				return err
			}
			if err := t.catchesUp(ctx, o); err != nil {
				return err
			}
		}
	})
}

// putsBelowNothing checks that a refused put has no effect.
func putsBelowNothing(t *trial, o *object) {
	if caught(func() { t.puts(o, "a", "one") }) == nil {
		t.failf("%s made a znode below one that does not exist", models.FPut)
	}
	t.copies(o, map[string]string{})
}
