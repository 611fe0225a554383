package recipes_test

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes"
)

// step is one call of a use of a recipe.
type step struct {
	name string
	do   func(context.Context) error
}

// recipeUse says how one client alone uses a recipe: it makes each call once, in an order in
// which all succeed on a path that no other client uses. The last call closes the recipe.
type recipeUse struct {
	made  string // the function of the package that makes it
	steps func(cl *recipes.Client, path string) []step
}

// without returns a call of which only the error matters.
func without[T any](f func(context.Context) (T, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := f(ctx)
		return err
	}
}

// without2 returns a call with an argument, of which only the error matters.
func without2[T, U any](f func(context.Context, T) (U, error)) func(context.Context, T) error {
	return func(ctx context.Context, v T) error {
		_, err := f(ctx, v)
		return err
	}
}

func with[T any](f func(context.Context, T) error, v T) func(context.Context) error {
	return func(ctx context.Context) error { return f(ctx, v) }
}

// first takes the first step of a sequence.
func first[T any](of func(ctx context.Context, yield func(T, error) bool)) func(context.Context) error {
	return func(ctx context.Context) (err error) {
		of(ctx, func(_ T, e error) bool {
			err = e
			return false
		})
		return err
	}
}

// someItem is the data that is put into znodes.
var someItem = []byte("some item")

type queueOfBytes interface {
	Take(context.Context) ([]byte, error)
	TryTake(context.Context) ([]byte, error)
	Len(context.Context) (int, error)
	Close(context.Context) error
}

func queueSteps(q queueOfBytes, put func(context.Context) error, more ...step) []step {
	steps := append([]step{{"put", put}, {"len", without(q.Len)}}, more...)
	return append(steps, step{"take", without(q.Take)}, step{"put again", put}, step{"try take", without(q.TryTake)}, step{"close", q.Close})
}

var recipeUses = []recipeUse{
	{"NewLock", func(cl *recipes.Client, path string) []step {
		l := recipes.NewLock(cl, path)
		return []step{{"lock", l.Lock}, {"unlock", l.Unlock}, {"try", without(l.TryLock)}, {"unlock again", l.Unlock}, {"close", l.Close}}
	}},
	{"Contenders", func(cl *recipes.Client, path string) []step {
		l := recipes.NewLock(cl, path)
		return []step{
			{"lock", l.Lock},
			{"contenders", func(ctx context.Context) error { _, err := recipes.Contenders(ctx, cl, path); return err }},
			{"holder", func(ctx context.Context) error { _, _, err := l.Holder(ctx); return err }},
			{"waiters", func(ctx context.Context) error { _, err := l.Waiters(ctx); return err }},
			{"unlock", l.Unlock},
			{"close", l.Close},
		}
	}},
	{"NewMultiLock", func(cl *recipes.Client, path string) []step {
		l := recipes.NewMultiLock(cl, path+"/x", path+"/y")
		return []step{{"lock", l.Lock}, {"unlock", l.Unlock}, {"try", without(l.TryLock)}, {"unlock again", l.Unlock}, {"close", l.Close}}
	}},
	{"NewSetPartitioner", func(cl *recipes.Client, path string) []step {
		p := recipes.NewSetPartitioner(cl, path, []string{"x", "y"})
		return []step{{"acquire", without(p.Acquire)}, {"release", p.Release}, {"acquire again", without(p.Acquire)}, {"leave", p.Leave}, {"close", p.Close}}
	}},
	{"NewRWLock", func(cl *recipes.Client, path string) []step {
		l := recipes.NewRWLock(cl, path)
		return []step{
			{"lock", l.Lock},
			{"revoke", l.Revoke},
			{"downgrade", l.Downgrade},
			{"unlock", l.Unlock},
			{"read lock", l.RLock},
			{"unlock again", l.Unlock},
			{"close", l.Close},
		}
	}},
	{"NewSemaphore", func(cl *recipes.Client, path string) []step {
		l := recipes.NewSemaphore(cl, path, 2)
		return []step{{"acquire", l.Acquire}, {"release", l.Release}, {"try", without(l.TryAcquire)}, {"release again", l.Release}, {"close", l.Close}}
	}},
	{"NewElection", func(cl *recipes.Client, path string) []step {
		e := recipes.NewElection(cl, path, "a")
		return []step{
			{"campaign", e.Campaign},
			{"leader", without(e.Leader)},
			{"terms", first(func(ctx context.Context, yield func(recipes.Term, error) bool) { e.Terms(ctx)(yield) })},
			{"resign", e.Resign},
			{"close", e.Close},
		}
	}},
	{"NewBarrier", func(cl *recipes.Client, path string) []step {
		b := recipes.NewBarrier(cl, path)
		return []step{{"raise", b.Raise}, {"lift", b.Lift}, {"await", b.Await}, {"raise again", b.Raise}, {"close", b.Close}}
	}},
	{"NewDoubleBarrier", func(cl *recipes.Client, path string) []step {
		b := recipes.NewDoubleBarrier(cl, path, 1)
		return []step{{"enter", b.Enter}, {"leave", b.Leave}, {"close", b.Close}}
	}},
	{"NewCounter", func(cl *recipes.Client, path string) []step {
		c := recipes.NewCounter(cl, path)
		return []step{
			{"add", func(ctx context.Context) error { _, err := c.Add(ctx, 1); return err }},
			{"compare and set", func(ctx context.Context) error { _, err := c.CompareAndSet(ctx, 1, 5); return err }},
			{"value", without(c.Value)},
			{"cached", without(c.Cached)},
			{"close", c.Close},
		}
	}},
	{"NewConfig", func(cl *recipes.Client, path string) []step {
		c := recipes.NewConfig(cl, path)
		return []step{
			{"set", with(c.Set, someItem)},
			{"set again", with(c.Set, someItem)},
			{"watch", without(c.Watch().Next)},
			{"delete", c.Delete},
			{"set the last", with(c.Set, someItem)},
			{"close", c.Close},
		}
	}},
	{"NewGroup", func(cl *recipes.Client, path string) []step {
		g := recipes.NewGroup(cl, path)
		return []step{
			{"join", with(g.Join, someItem)},
			{"members", without(g.Members)},
			{"changes", first(func(ctx context.Context, yield func(recipes.Change, error) bool) { g.Changes(ctx)(yield) })},
			{"leave", g.Leave},
			{"close", g.Close},
		}
	}},
	{"NewQueue", func(cl *recipes.Client, path string) []step {
		q := recipes.NewQueue(cl, path)
		return queueSteps(q, with(q.Put, someItem), step{"peek", without(q.Peek)})
	}},
	{"NewBoundedQueue", func(cl *recipes.Client, path string) []step {
		q := recipes.NewBoundedQueue(cl, path, 20)
		return queueSteps(q, with(q.Put, someItem), step{"peek", without(q.Peek)}, step{"try put", with(q.TryPut, someItem)})
	}},
	{"NewLongQueue", func(cl *recipes.Client, path string) []step {
		q := recipes.NewLongQueue(cl, path)
		return queueSteps(q, with(q.Put, someItem), step{"peek", without(q.Peek)})
	}},
	{"NewLongQueueOf", func(cl *recipes.Client, path string) []step {
		q := recipes.NewLongQueueOf(cl, path, 1)
		return queueSteps(q, with(q.Put, someItem), step{"peek", without(q.Peek)})
	}},
	{"NewPriorityQueue", func(cl *recipes.Client, path string) []step {
		q := recipes.NewPriorityQueue(cl, path)
		return queueSteps(q, putAt(q.Put, 5), step{"peek", without(q.Peek)})
	}},
	{"NewRelaxedPriorityQueue", func(cl *recipes.Client, path string) []step {
		q := recipes.NewRelaxedPriorityQueue(cl, path)
		return queueSteps(q, putAt(q.Put, 5), step{"peek", without(q.Peek)})
	}},
	{"NewDelayQueue", func(cl *recipes.Client, path string) []step {
		q := recipes.NewDelayQueue(cl, path)
		return queueSteps(q, putAt(q.Put, time.Unix(0, 0)), step{"peek", without(q.Peek)})
	}},
	{"NewRelaxedDelayQueue", func(cl *recipes.Client, path string) []step {
		q := recipes.NewRelaxedDelayQueue(cl, path)
		return queueSteps(q, putAt(q.Put, time.Unix(0, 0)), step{"peek", without(q.Peek)})
	}},
	{"NewJobQueue", jobSteps},
	{"NewMasterWorker", func(cl *recipes.Client, path string) []step {
		m := recipes.NewMasterWorker(cl, path, "a", 2)
		return []step{
			{"submit", with(without2(m.Submit), someItem)},
			{"work", worksUnder(m)},
			{"master", without(m.Master)},
			{"dead", without(m.Dead)},
			{"close", m.Close},
		}
	}},
	{"NewService", func(cl *recipes.Client, path string) []step {
		service := recipes.NewService(cl, path)
		var r *recipes.Registration
		at := recipes.Instance{Address: "127.0.0.1:80"}
		registered := func(f func(context.Context) error) func(context.Context) error {
			return func(ctx context.Context) error {
				if r == nil {
					return recipes.ErrNotRegistered
				}
				return f(ctx)
			}
		}
		return []step{
			{"register", func(ctx context.Context) (err error) { r, err = service.Register(ctx, at); return err }},
			{"instances", without(service.Instances)},
			{"update", registered(func(ctx context.Context) error { return r.Update(ctx, at) })},
			{"unregister", registered(func(ctx context.Context) error { return r.Unregister(ctx) })},
			{"close", service.Close},
		}
	}},
	{"NewTwoPhaseCommit", func(cl *recipes.Client, path string) []step {
		x := recipes.NewTwoPhaseCommit(cl, path)
		return []step{
			{"begin", with(x.Begin, []string{"a"})},
			{"vote", func(ctx context.Context) error { return x.Vote(ctx, "a", true) }},
			{"decide", func(ctx context.Context) error { _, err := x.Decide(ctx, time.Second); return err }},
			{"outcome", without(x.Outcome)},
			{"close", x.Close},
		}
	}},
}

// readers are functions that read with a client, and create nothing.
var readers = []string{"NewCache", "NewDirectory", "ContenderNames"}

// worksUnder does one task while this value is also the master.
func worksUnder(m *recipes.MasterWorker) func(context.Context) error {
	return func(ctx context.Context) error {
		leading, resign := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() { defer close(ended); _ = m.Lead(leading) }()
		err := m.Do(ctx, func(context.Context, *recipes.Job) ([]byte, error) { return someItem, nil })
		if errors.Is(err, zk.ErrNoAuth) { // a client without rights is also refused as a master
			select {
			case <-ended:
			case <-ctx.Done():
			}
		}
		resign()
		<-ended
		return err
	}
}

func putAt[T any](put func(context.Context, T, []byte) error, at T) func(context.Context) error {
	return func(ctx context.Context) error { return put(ctx, at, someItem) }
}

func jobSteps(cl *recipes.Client, path string) []step {
	q := recipes.NewJobQueue(cl, path, 2)
	var id string
	var j *recipes.Job
	put := func(ctx context.Context) (err error) { id, err = q.Put(ctx, someItem); return err }
	take := func(ctx context.Context) (err error) {
		if j, err = q.Take(ctx); err == nil {
			id = j.ID // the id of another client's job, if others have put some
		}
		return err
	}
	ofJob := func(f func(context.Context) error) func(context.Context) error {
		return func(ctx context.Context) error {
			if j == nil {
				return recipes.ErrNotHeld
			}
			return f(ctx)
		}
	}
	giveBack := ofJob(func(ctx context.Context) error { return j.GiveBack(ctx) })
	known := func(ctx context.Context) error {
		if id == "" {
			id = strings.Repeat("0f", 16)
		}
		return nil
	}
	return []step{
		{"put", put},
		{"take", take},
		{"finish", ofJob(func(ctx context.Context) error { return j.Finish(ctx, someItem) })},
		{"", known},
		{"result", func(ctx context.Context) error { _, err := q.Result(ctx, id); return err }},
		{"forget", func(ctx context.Context) error { return q.Forget(ctx, id) }},
		{"put again", put},
		{"take again", take},
		{"give back", giveBack},
		{"take once more", take},
		{"give back for good", giveBack},
		{"dead", without(q.Dead)},
		{"put the last", put},
		{"try take", func(ctx context.Context) (err error) { j, err = q.TryTake(ctx); return err }},
		{"finish the last", ofJob(func(ctx context.Context) error { return j.Finish(ctx, nil) })},
		{"close", q.Close},
	}
}

// TestTableHasAllRecipes finds recipes that the table lacks: functions that take a client.
func TestTableHasAllRecipes(t *testing.T) {
	inTable := make(map[string]bool)
	for _, u := range recipeUses {
		inTable[u.made] = true
	}
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		if file.Name.Name != "recipes" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if ok && f.Recv == nil && f.Name.IsExported() && takesClient(f) && !inTable[f.Name.Name] && !slices.Contains(readers, f.Name.Name) {
				t.Errorf("%s is not among recipeUses", f.Name.Name)
			}
		}
	}
}

func takesClient(f *ast.FuncDecl) bool {
	for _, p := range f.Type.Params.List {
		if star, ok := p.Type.(*ast.StarExpr); ok {
			if name, ok := star.X.(*ast.Ident); ok && name.Name == "Client" {
				return true
			}
		}
	}
	return false
}
