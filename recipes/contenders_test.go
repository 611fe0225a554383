package recipes_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/recipes"
)

// lineOf returns a line in words: the recipe of each contender, "w" for a writer, "!" for one that
// holds, and the place of the contender that it waits for.
func lineOf(all []recipes.Contender) string {
	var words []string
	for _, c := range all {
		word := c.Recipe
		if c.Writer {
			word += " w"
		}
		if c.Holds {
			word += "!"
		} else {
			word += fmt.Sprint(" behind ", slices.IndexFunc(all, func(o recipes.Contender) bool { return o.Path == c.Behind }))
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

// Contenders tells which contenders hold and which wait, and for whom, for each recipe
// that has a line.
func TestContenders(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		c := newClient(t, e)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		path := freshPath()
		list := func(path, want string) (all []recipes.Contender) {
			t.Helper()
			synctest.Wait()
			within(t, "list", func(ctx context.Context) (err error) {
				all, err = recipes.Contenders(ctx, c.s, path)
				return err
			})
			if got := lineOf(all); got != want {
				t.Errorf("%s: %q, not %q", path, got, want)
			}
			names, err := recipes.ContenderNames(t.Context(), c.s, path)
			if err != nil || !slices.EqualFunc(names, all, func(n recipes.Name, c recipes.Contender) bool { return n.Recipe == c.Recipe && n.Writer == c.Writer }) {
				t.Errorf("%s: names %+v of %q, %v", path, names, want, err)
			}
			return all
		}
		lined := func(ask func(ctx context.Context) error) {
			t.Helper()
			up := make(chan struct{})
			traced := recipes.WithTrace(ctx, recipes.Trace{LinedUp: func(string) { close(up) }})
			go func() { _ = ask(traced) }()
			<-up
		}
		list(path, "")

		lock, second, third := recipes.NewLock(c.s, path), recipes.NewLock(c.s, path), recipes.NewLock(c.s, path)
		within(t, "lock", lock.Lock)
		lined(second.Lock)
		lined(third.Lock)
		if _, err := c.conn.Create(path+"/no-contender", nil, 0, zk.WorldACL(zk.PermAll)); err != nil {
			t.Fatal(err)
		}
		all := list(path, "lock!, lock behind 0, lock behind 1")
		if all[0].Token != lock.Fence() || all[0].Session != lock.Session() || all[0].Since.IsZero() || !strings.HasPrefix(all[0].Path, path+"/") {
			t.Errorf("%+v, of a hold with token %d in session %x", all[0], lock.Fence(), lock.Session())
		}
		within(t, "ask for the holder", func(ctx context.Context) error {
			holder, held, err := second.Holder(ctx)
			if !held || holder.Path != all[0].Path {
				t.Errorf("the holder is %+v, %v", holder, held)
			}
			waiters, err2 := second.Waiters(ctx)
			if len(waiters) != 2 || waiters[1].Path != all[2].Path {
				t.Errorf("%d wait", len(waiters))
			}
			if err == nil {
				err = err2
			}
			return err
		})

		path = freshPath()
		for i := range 4 {
			s := recipes.NewSemaphore(c.s, path, 2)
			if i < 2 {
				within(t, "acquire", s.Acquire)
			} else {
				lined(s.Acquire)
			}
		}
		list(path, "semaphore!, semaphore!, semaphore behind 1, semaphore behind 2")

		path = freshPath()
		writer := recipes.NewRWLock(c.s, path)
		within(t, "write lock", writer.Lock)
		for _, read := range []bool{true, false, true} {
			l := recipes.NewRWLock(c.s, path)
			if read {
				lined(l.RLock)
			} else {
				lined(l.Lock)
			}
		}
		list(path, "rwlock w!, rwlock behind 0, rwlock w behind 1, rwlock behind 2")
		within(t, "downgrade", writer.Downgrade)
		list(path, "rwlock w!, rwlock!, rwlock w behind 1, rwlock behind 2")

		path = freshPath()
		leader := recipes.NewElection(c.s, path, "a")
		within(t, "campaign", leader.Campaign)
		lined(recipes.NewElection(c.s, path, "b").Campaign)
		if all := list(path, "election!, election behind 0"); string(all[1].Data) != "b" {
			t.Errorf("the second candidate is %q", all[1].Data)
		}
	})
}

// A call that waits reports its znode, the contenders for which it waits, and that
// these have gone.
func TestTrace(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		c := newClient(t, e)
		path := freshPath()
		var told []string
		names := map[string]string{}
		waiting := make(chan struct{}, 1)
		name := func(path string) string {
			if names[path] == "" {
				names[path] = fmt.Sprint(len(names))
			}
			return names[path]
		}
		traced := func(ctx context.Context) context.Context {
			return recipes.WithTrace(ctx, recipes.Trace{
				LinedUp: func(path string) { told = append(told, "made "+name(path)) },
				Waits: func(first string, watched []string) {
					text := "held by " + name(first) + ", watches"
					for _, path := range watched {
						text += " " + name(path)
					}
					told = append(told, text)
					waiting <- struct{}{}
				},
				Gone: func(path string) { told = append(told, name(path)+" went") },
			})
		}
		first, second := recipes.NewLock(c.s, path), recipes.NewLock(c.s, path)
		within(t, "lock", func(ctx context.Context) error { return first.Lock(traced(ctx)) })
		waits := make(chan error)
		go func() { waits <- second.Lock(traced(t.Context())) }()
		<-waiting
		within(t, "unlock", first.Unlock)
		if err := <-waits; err != nil {
			t.Fatal(err)
		}
		if got, want := strings.Join(told, "; "), "made 0; made 1; held by 0, watches 0; 0 went"; got != want {
			t.Errorf("%q, not %q", got, want)
		}
	})
}
