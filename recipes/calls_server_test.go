package recipes_test

import (
	"context"
	"errors"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/recipes"
)

// TestMultiOnAServer checks that the answers of a server are interpreted correctly: whether a
// hold had ended, or a check of the caller failed.
func TestMultiOnAServer(t *testing.T) { simulated(t, multiOnAServer) }

func multiOnAServer(t *testing.T, e ensemble.Ensemble) {
	c := newClient(t, e)
	path := freshPath()
	data := path + "-data"
	lock := recipes.NewLock(c.s, path)
	set := func(ctx context.Context, text string, version int32) error {
		return c.s.Multi(ctx, &zk.SetDataRequest{Path: data, Data: []byte(text), Version: version})
	}
	err := lock.Do(t.Context(), func(ctx context.Context) error {
		if err := c.s.Multi(ctx, &zk.CreateRequest{Path: data}); err != nil {
			t.Error(err)
		}
		if err := set(ctx, "held", 0); err != nil {
			t.Error(err)
		}
		if err := set(ctx, "x", 0); !errors.Is(err, zk.ErrBadVersion) {
			t.Errorf("of another version: %v", err)
		}
		if err := c.s.Multi(ctx, &zk.DeleteRequest{Path: "/none", Version: -1}); !errors.Is(err, zk.ErrNoNode) || errors.Is(err, recipes.ErrLost) {
			t.Errorf("of none: %v", err)
		}
		if err := c.conn.Delete(path+"/"+c.children(path)[0], -1); err != nil {
			t.Error(err)
		}
		if err := set(context.WithoutCancel(ctx), "stale", -1); !errors.Is(err, recipes.ErrLost) {
			t.Errorf("of a lost hold: %v", err)
		}
		return nil
	})
	if !errors.Is(err, recipes.ErrLost) {
		t.Error(err)
	}
	if text, stat, err := c.s.Get(t.Context(), data); err != nil || string(text) != "held" || stat.Version != 1 {
		t.Errorf("%q, %+v, %v", text, stat, err)
	}
	if err := lock.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestMultiOfManyOps does not send a request that would cost the connection, and sends the longest
// one that would not.
func TestMultiOfManyOps(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		c := newClient(t, e, recipes.WithACL(zk.DigestACL(zk.PermAll, "somebody", "a secret")...))
		if err := c.conn.AddAuth("digest", []byte("somebody:a secret")); err != nil {
			t.Fatal(err)
		}
		path := "/" + strings.Repeat("x", 200)
		if err := c.s.Multi(t.Context(), &zk.CreateRequest{Path: path}); err != nil {
			t.Fatal(err)
		}
		lock := recipes.NewLock(c.s, "/lock")
		err := lock.Do(t.Context(), func(ctx context.Context) error {
			for what, op := range map[string]any{
				"check":  &zk.CheckVersionRequest{Path: path, Version: -1},
				"set":    &zk.SetDataRequest{Path: path, Data: []byte("data"), Version: -1},
				"create": &zk.CreateRequest{Path: path + "/", Flags: zk.FlagSequence | zk.FlagEphemeral},
			} {
				refusedFrom := sort.Search(6000, func(n int) bool {
					err := c.s.Multi(ctx, slices.Repeat([]any{op}, n+1)...)
					if err != nil && (!errors.Is(err, recipes.ErrTooLarge) || !noEffect(err)) {
						t.Errorf("%d times %s: %v", n+1, what, err)
					}
					return err != nil
				})
				if refusedFrom < 1<<20/(200+40+80) || refusedFrom == 6000 {
					t.Errorf("%s: %d of them are too many", what, refusedFrom+1)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if err := lock.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestMultiOfAHoldThatCannotBeRead checks that if a server does not tell whether the hold lasts,
// that does not prove that it was lost.
func TestMultiOfAHoldThatCannotBeRead(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		c := newClient(t, e)
		lock := recipes.NewLock(c.s, "/lock")
		err := lock.Do(t.Context(), func(ctx context.Context) error {
			contender := "/lock/" + c.children("/lock")[0]
			if _, err := c.conn.SetACL(contender, zk.DigestACL(zk.PermAll, "somebody", "else"), -1); err != nil {
				t.Fatal(err)
			}
			err := c.s.Multi(ctx, &zk.CreateRequest{Path: "/data"})
			if _, is := errors.AsType[*recipes.Refusal](err); !is || errors.Is(err, recipes.ErrLost) {
				t.Errorf("got %v", err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if err := lock.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
