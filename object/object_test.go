package object_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// cell is a number that all clients of one znode share, in this process. A torn cell is wrong: it
// adds to a value that it read earlier.
type cell struct {
	mu    *sync.Mutex
	value *int64
	torn  bool
}

var errFull = errors.New("full")

const room = 1_000_000

func (c *cell) Add(_ context.Context, n int64) (int64, error) {
	c.mu.Lock()
	before := *c.value
	c.mu.Unlock()
	time.Sleep(time.Millisecond)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.torn {
		before = *c.value
	}
	if before+n > room {
		return 0, errFull
	}
	*c.value = before + n
	return *c.value, nil
}

func (c *cell) Get(context.Context) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return *c.value, nil
}

// made makes the cells of one run.
func made(torn bool) func(*subjects.Client, string) (*cell, error) {
	var mu sync.Mutex
	cells := map[string]*cell{}
	return func(c *subjects.Client, path string) (*cell, error) {
		if _, err := c.Conn.Create(path, nil, 0, zk.WorldACL(zk.PermAll)); err != nil && !errors.Is(err, zk.ErrNodeExists) {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		if cells[path] == nil {
			cells[path] = &cell{mu: new(sync.Mutex), value: new(int64), torn: torn}
		}
		return cells[path], nil
	}
}

func add() *object.Op[*cell, int64, int64] {
	return object.Call("add", (*cell).Add, object.Any[int64](1, 2)).Refuses(errFull)
}
func get() *object.Op[*cell, object.None, int64] { return object.Ask("get", (*cell).Get).Final() }

func sum(n, more int64) (int64, int64, error) {
	if n+more > room {
		return n, 0, errFull
	}
	return n + more, n + more, nil
}
func same(n int64, _ object.None) (int64, int64, error) { return n, n, nil }

func cells(torn bool, rules ...object.Rule) object.Object[*cell] {
	a, g := add(), get()
	if rules == nil {
		rules = []object.Rule{object.Sequential(int64(0), object.Runs(a, sum), object.Runs(g, same))}
	}
	return object.Object[*cell]{
		Name: "cell", About: "a number", New: made(torn),
		Operations: []object.Operation[*cell]{a, g}, Rules: rules,
	}
}

func simulated(t *testing.T, o object.Object[*cell]) *zklab.Outcome {
	t.Helper()
	out, err := zklab.SimulateIn(t, zklab.Experiment{Workload: o.Workload(), Seed: 7, TimeLimit: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// An object that keeps its promise is valid; one that does not is convicted, with an
// explanation.
func TestRightAndWrong(t *testing.T) {
	if o := simulated(t, cells(false)); o.Result.Verdict != checker.Valid {
		t.Errorf("right: %s: %+v %+v", o.Result.Verdict, o.Result.Verdicts, o.Result.Assumptions)
	}
	o := simulated(t, cells(true))
	if o.Result.Verdict != checker.Violation {
		t.Fatalf("wrong: %s: %+v", o.Result.Verdict, o.Result.Verdicts)
	}
	v := o.Result.Decisive(checker.Violation)[0]
	if v.Property != "sequential" || !strings.Contains(v.Reason, "is right then") || len(v.Counterexample) == 0 || len(v.Counterexample) > 12 {
		t.Errorf("%+v", v)
	}
	if !slices.ContainsFunc(v.Story, func(sentence string) bool { return strings.Contains(sentence, " order ") }) {
		t.Errorf("the story has no order: %q", v.Story)
	}
}

// A specification that is wrong itself decides nothing, and says so in one line.
func TestWrongSpecifications(t *testing.T) {
	for says, steps := range map[string]func(*object.Op[*cell, int64, int64], *object.Op[*cell, object.None, int64]) object.Rule{
		"the model panicked in its step for add(2): 2: no": func(a *object.Op[*cell, int64, int64], g *object.Op[*cell, object.None, int64]) object.Rule {
			return object.Sequential(int64(0), object.Runs(a, func(int64, int64) (int64, int64, error) { panic("no") }), object.Runs(g, same))
		},
		`add returned the error "odd", which is none of those that the operation Refuses`: func(a *object.Op[*cell, int64, int64], g *object.Op[*cell, object.None, int64]) object.Rule {
			return object.Sequential(int64(0), object.Runs(a, func(int64, int64) (int64, int64, error) { return 0, 0, errors.New("odd") }), object.Runs(g, same))
		},
		"the property panicked": func(*object.Op[*cell, int64, int64], *object.Op[*cell, object.None, int64]) object.Rule {
			return object.Property("odd", "nothing is odd", func(*object.Key) []object.Finding { panic("odd") })
		},
	} {
		o := cells(false)
		a, g := add(), get()
		o.Operations, o.Rules = []object.Operation[*cell]{a, g}, []object.Rule{steps(a, g)}
		out := simulated(t, o)
		if v := out.Result.Verdicts[0]; out.Result.Verdict != checker.Unknown || !strings.Contains(v.Reason, says) || strings.Contains(v.Reason, "\n") {
			t.Errorf("%s: %s %+v", says, out.Result.Verdict, v)
		}
	}
}

// Arrivals that are left out change nothing about what clients draw for the others.
func TestArrivals(t *testing.T) {
	run := func(left []workloads.Arrival) map[string]string {
		o := cells(false)
		a, g := object.Call("add", (*cell).Add, object.Unique).Refuses(errFull), object.Call("get", func(c *cell, ctx context.Context, _ int64) (int64, error) { return c.Get(ctx) }, object.Unique)
		o.Operations = []object.Operation[*cell]{a, g}
		o.Rules = []object.Rule{object.Property("none", "nothing is decided", func(*object.Key) []object.Finding { return nil })}
		out, err := zklab.SimulateIn(t, zklab.Experiment{Workload: o.Workload(), Seed: 3, Ops: 10, TimeLimit: 5 * time.Second, MinLoad: -1, Arrivals: left})
		if err != nil {
			t.Fatal(err)
		}
		began := map[string]string{}
		for _, op := range out.History.Operations() {
			value := string(op.Invoke.Value)
			if last := value[len(value)-2:]; last < "05" { // a value of the five clients in the load
				began[value] = op.F
			}
		}
		return began
	}
	all := run(nil)
	some := run(arrivals(1, 3, 4, 8, 10))
	if len(all) != 50 || len(some) != 4 {
		t.Fatalf("%d and %d calls: %v", len(all), len(some), some)
	}
	for _, value := range []string{"301", "401", "801", "1001"} {
		if some[value] == "" || some[value] != all[value] {
			t.Errorf("%s: %q, but %q in the whole load", value, some[value], all[value])
		}
	}
}

// No two calls of a run draw the same unique number, even after the load, and even with several
// numbers in one call. All are small.
func TestUnique(t *testing.T) {
	o := cells(false)
	put := object.Call("put", func(c *cell, ctx context.Context, n [3]int32) (int64, error) { return c.Add(ctx, int64(n[0])) }, func(d *object.Draw) [3]int32 {
		var all [3]int32
		for i := range all {
			n := d.Unique()
			if n <= 0 || n > math.MaxInt32 {
				t.Errorf("client %d drew %d", d.Client, n)
			}
			all[i] = int32(n)
		}
		return all
	})
	o.Operations = []object.Operation[*cell]{put}
	o.Rules = []object.Rule{object.Property("none", "nothing is decided", func(*object.Key) []object.Finding { return nil })}
	of := map[int32]*history.Operation{}
	for _, op := range simulated(t, o).History.Operations() {
		var values [3]int32
		if err := json.Unmarshal(op.Invoke.Value, &values); err != nil {
			t.Fatal(err)
		}
		for _, value := range values {
			if first := of[value]; first != nil {
				t.Errorf("client %d drew %d for %s, as client %d did for %s", op.Client, value, op.Key, first.Client, first.Key)
			}
			of[value] = op
		}
	}
}

// A function of the declaration that panics ends the experiment with one line.
func TestFunctionsThatPanic(t *testing.T) {
	o := cells(false)
	o.Operations[0] = add().When(func(*object.Draw) bool { panic("why") })
	_, err := zklab.SimulateIn(t, zklab.Experiment{Workload: o.Workload(), Seed: 1, TimeLimit: time.Second})
	if err == nil || !strings.Contains(err.Error(), `the condition of operation "add" of cell cannot be drawn`) {
		t.Error(err)
	}
}

func arrivals(client int, numbers ...int) (all []workloads.Arrival) {
	for _, n := range numbers {
		all = append(all, workloads.Arrival{Client: client, Number: n})
	}
	return all
}

// Options.Memory also bounds the rules.
func TestMemory(t *testing.T) {
	o := simulated(t, cells(false))
	r := checker.Run(t.Context(), o.History, checker.Options{Memory: 1})
	if v := r.Verdicts[0]; v.Property != "sequential" || v.Result != checker.Unknown || !strings.Contains(v.Reason, "its bound of memory was reached") {
		t.Errorf("%+v", v)
	}
}
