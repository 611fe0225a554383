package mix

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/testkit/ownsession"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// A correct object is never accused, in whatever way its clients live, and leaves nothing running. A wrong
// one is convicted in at least one way. A new recipe is tried in all ways, and a new way with all recipes.
func TestWaysToLive(t *testing.T) {
	for i, recipe := range specimens.Recipes() {
		for j, way := range ways {
			t.Run(recipe+"/"+way.name, func(t *testing.T) {
				lives(t, recipe, workloads.Own, way, int64(i+j)%int64(len(mixes))+1)
			})
		}
		t.Run(recipe+"/wrong", func(t *testing.T) {
			for seed := range int64(5) {
				for j := range ways {
					if lives(t, recipe, specimens.Broken, ways[(i+j)%len(ways)], seed+1) {
						return
					}
				}
			}
			t.Error("convicted in no way")
		})
	}
}

// way is a way in which the clients of an object live.
type way struct {
	name string
	set  func(x *experiment.Experiment) (possible bool)
}

var ways = []way{
	{"one connection", func(x *experiment.Experiment) bool {
		x.OneProcess = true
		return true
	}},
	{"processes that restart", func(x *experiment.Experiment) bool {
		x.PlayProcesses = x.Playable()
		return x.PlayProcesses
	}},
	{"a session for each object", func(x *experiment.Experiment) bool {
		var ok bool
		x.Workload, ok = inSessions(x.Workload, false)
		x.OneProcess = true
		return ok
	}},
	{"a session for each object, in processes", func(x *experiment.Experiment) bool {
		var ok bool
		x.Workload, ok = inSessions(x.Workload, false)
		x.PlayProcesses = x.Playable()
		return ok && x.PlayProcesses
	}},
	{"a session for each object, which the object closes", func(x *experiment.Experiment) bool {
		var ok bool
		x.Workload, ok = inSessions(x.Workload, true)
		return ok
	}},
}

// inSessions returns the workload with a constructor that opens a session for each object. If closes is set,
// the constructor arranges for the session to be closed before the client ends; else the client closes it. It
// returns false if the workload has no constructor.
func inSessions(w workloads.Workload, closes bool) (workloads.Workload, bool) {
	v := reflect.New(reflect.TypeOf(w)).Elem()
	v.Set(reflect.ValueOf(w))
	field := v.FieldByName("New")
	if !field.IsValid() {
		return w, false
	}
	inner := reflect.ValueOf(field.Interface())
	field.Set(reflect.MakeFunc(field.Type(), func(args []reflect.Value) []reflect.Value {
		c, err := inSession(args[0].Interface().(*subjects.Client), closes)
		if err != nil {
			return []reflect.Value{reflect.Zero(field.Type().Out(0)), reflect.ValueOf(&err).Elem()}
		}
		args[0] = reflect.ValueOf(c)
		return inner.Call(args)
	}))
	return v.Interface().(workloads.Workload), true
}

// inSession returns a client like c with a session of its own.
func inSession(c *subjects.Client, closes bool) (*subjects.Client, error) {
	if c.Conn == nil { // another process makes the object
		return c, nil
	}
	own, err := ownsession.Open(c)
	if err != nil {
		return nil, err
	}
	c.BeforeEnd(func(ctx context.Context) {
		_ = own.Close(ctx)
		if closes {
			own.Conn.Close()
		}
	})
	return own, nil
}

// lives runs a seed of a recipe's subject whose clients live in the given way, and reports whether a
// property is violated. None may be if the subject is correct.
func lives(t *testing.T, recipe, subject string, way way, seed int64) (violated bool) {
	t.Helper()
	w, err := specimens.Named(recipe, subject)
	if err != nil {
		t.Fatal(err)
	}
	x := experiment.Experiment{Config: engine.Config{
		Workload: w, Settings: settings.Settings{Clients: 3, Keys: 2, TimeLimit: 3 * time.Second},
	}}
	if !way.set(&x) {
		return false // its clients cannot live in this way
	}
	if x, err = Usual(x); err != nil {
		t.Fatal(err)
	}
	x.Seed = seed
	o := simulated(t, x)
	if o.Unheld != nil && !o.Unheld.Killed {
		t.Errorf("seed %d: %v", seed, o.Unheld)
	}
	names := o.Result.Violated()
	if subject == workloads.Own && len(names) > 0 {
		t.Errorf("seed %d: a right one is accused of %s", seed, strings.Join(names, ", "))
	}
	return len(names) > 0
}
