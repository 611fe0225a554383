package recipes_test

import (
	"context"
	"testing"

	"github.com/zklab/zklab/recipes"
)

// configOfTwo makes both clients change a configuration, which a follows.
func configOfTwo(t *testing.T, a, b *client, path string) {
	ca, cb := recipes.NewConfig(a.s, path), recipes.NewConfig(b.s, path)
	w := ca.Watch()
	tells := func(want string) {
		t.Helper()
		within(t, "watch", func(ctx context.Context) error {
			next, err := w.Next(ctx)
			if err == nil && (string(next.Data) != want || next.Exists != (want != "")) {
				t.Errorf("told %+v (%q), want %q", next, next.Data, want)
			}
			return err
		})
	}
	change := func(f func(context.Context) error) { t.Helper(); within(t, "change", f) }
	set := func(c *recipes.Config, data string) {
		t.Helper()
		change(func(ctx context.Context) error { return c.Set(ctx, []byte(data)) })
		tells(data)
	}
	tells("")
	set(cb, "one")
	set(ca, "two")
	set(cb, "three")
	change(cb.Delete)
	tells("")
	set(ca, "four")
	change(ca.Delete)
	tells("")
	set(cb, "five")
	within(t, "a closes", ca.Close)
	within(t, "b closes", cb.Close)
}

func TestConfigSurvivesEveryLoss(t *testing.T) { everyBlow(t, simulated, losses, configOfTwo) }
