package linearize_test

import (
	"context"
	"hash/maphash"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/internal/base/linearize"
	"github.com/zklab/zklab/internal/testkit/testmain"
)

func TestMain(m *testing.M) { testmain.Main(m) }

// atOnce returns concurrent operations.
func atOnce(inputs string) (ops []porcupine.Operation) {
	for i, input := range strings.Split(inputs, "") {
		ops = append(ops, porcupine.Operation{ClientId: i, Input: input, Return: 1})
	}
	return ops
}

// word is a text that each operation except z extends.
var word = porcupine.Model{
	Init: func() any { return "" },
	Step: func(state, input, _ any) (bool, any) { return input != "z", state.(string) + input.(string) },
}

// Each order of seven concurrent operations leads to a different state, and none leads to the last operation:
// that takes some 14,000 steps. All seven operations together lead to 5,040 states, so comparing each state
// with each other one takes 12,000,000 more tries.
func TestCountsComparisons(t *testing.T) {
	seed := maphash.MakeSeed()
	same := func(a, b any) bool { return a == b }
	for name, tt := range map[string]struct {
		model   porcupine.Model
		decided bool
	}{
		"by hash":  {porcupine.Model{}, true},
		"each":     {porcupine.Model{Equal: same, Hash: func(any) uint64 { return 0 }}, false},
		"unhashed": {porcupine.Model{Equal: same}, false},
		"own hash": {porcupine.Model{Equal: same, Hash: func(state any) uint64 { return maphash.String(seed, state.(string)) }}, true},
	} {
		t.Run(name, func(t *testing.T) {
			m := tt.model
			m.Init, m.Step = word.Init, word.Step
			a := linearize.Decide(t.Context(), linearize.Problem{Model: m, Operations: atOnce("abcdefgz")}, linearize.Budget{Tries: 1e5})
			if (a.Result == linearize.Illegal) != tt.decided || (a.Bound == linearize.Tries) == tt.decided || a.Err != nil || a.Tried > 2e5 {
				t.Errorf("%+v", a)
			}
		})
	}
}

// Each bound ends a search that would take hours, and the answer names the bound.
func TestBounds(t *testing.T) {
	p := linearize.Problem{Model: word, Operations: atOnce("abcdefghijklmnopz")}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	size := func(state any) int { return len(state.(string)) << 20 }
	for name, tt := range map[string]struct {
		ctx    context.Context
		budget linearize.Budget
		want   linearize.Bound
	}{
		"memory": {t.Context(), linearize.Budget{Memory: 1 << 20}, linearize.Memory},
		"sizes":  {t.Context(), linearize.Budget{Memory: 1 << 30, Size: size}, linearize.Memory},
		"held":   {t.Context(), linearize.Budget{Memory: 1 << 30, Held: func() int64 { return 1 << 40 }}, linearize.Memory},
		"tries":  {t.Context(), linearize.Budget{Tries: 5000}, linearize.Tries},
		"time":   {t.Context(), linearize.Budget{Time: time.Millisecond}, linearize.Time},
		"ctx":    {ended, linearize.Budget{}, linearize.Interrupted},
	} {
		t.Run(name, func(t *testing.T) {
			if a := linearize.Decide(tt.ctx, p, tt.budget); a.Result != linearize.Undecided || a.Bound != tt.want || a.Err != nil {
				t.Errorf("%+v", a)
			}
			if _, a := linearize.Explain(tt.ctx, p, tt.budget); a.Result != linearize.Undecided || a.Bound != tt.want || a.Err != nil {
				t.Errorf("explained: %+v", a)
			}
		})
	}
}

// Even where time stands still, the number of tries ends a search.
func TestVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := linearize.Problem{Model: word, Operations: atOnce("abcdefghijklmnopz")}
		if a := linearize.Decide(t.Context(), p, linearize.Budget{Time: time.Second, Tries: 1e4}); a.Bound != linearize.Tries {
			t.Errorf("%+v", a)
		}
	})
}

// A wrong model ends a search with one line that says what is wrong, where and for which operation.
func TestWrongModels(t *testing.T) {
	fine := func(state, input, _ any) (bool, any) { return input != "z", state }
	begin := func() any { return 0 }
	for name, tt := range map[string]struct {
		model porcupine.Model
		want  string
	}{
		"no step":     {porcupine.Model{Init: begin}, "the model has neither Step nor StepContext"},
		"no state":    {porcupine.Model{Step: fine}, "the model has no Init"},
		"step":        {porcupine.Model{Init: begin, Step: func(state, _, _ any) (bool, any) { return true, state.(string) }}, "the model panicked in its step for a -> <nil>: interface conversion: interface {} is int, not string, at decide_test.go:"},
		"init":        {porcupine.Model{Init: func() any { panic("no") }, Step: fine}, "the model panicked in its Init: no, at decide_test.go:"},
		"equal":       {porcupine.Model{Init: begin, Step: fine, Equal: func(any, any) bool { panic("no") }}, "the model panicked in its Equal: no"},
		"hash":        {porcupine.Model{Init: begin, Step: fine, Equal: func(any, any) bool { return true }, Hash: func(any) uint64 { panic("no") }}, "the model panicked in its Hash: no"},
		"compare":     {porcupine.Model{Init: func() any { return []int{} }, Step: fine}, "the model panicked in its states, which must be comparable with == because it has no Equal: "},
		"nil":         {porcupine.Model{Init: begin, Step: func(any, any, any) (bool, any) { return true, nil }}, "the model's step for a -> <nil> says that it is possible, and returns nil instead of a state"},
		"partition":   {porcupine.Model{Init: begin, Step: fine, Partition: func([]porcupine.Operation) [][]porcupine.Operation { panic("no") }}, "the model panicked in its Partition: no"},
		"mistake":     {porcupine.Model{Init: begin, Step: func(any, any, any) (bool, any) { panic(linearize.Mistake("two states are one")) }}, "two states are one"},
		"wrong words": {porcupine.Model{Init: begin, Step: func(any, any, any) (bool, any) { panic("no") }, DescribeOperation: func(any, any) string { panic("words") }}, "the model panicked in its step for a -> <nil>: no"},
	} {
		t.Run(name, func(t *testing.T) {
			p := linearize.Problem{Model: tt.model, Operations: atOnce("abz")}
			a := linearize.Decide(t.Context(), p, linearize.Budget{Tries: 1e5})
			if a.Result != linearize.Undecided || a.Bound != "" || a.Err == nil || !strings.HasPrefix(a.Err.Error(), tt.want) || strings.Contains(a.Err.Error(), "\n") {
				t.Errorf("%+v", a)
			}
			p.Optional = func(i int) bool { return i == 1 }
			if a := linearize.Decide(t.Context(), p, linearize.Budget{Tries: 1e5}); a.Err == nil || !strings.HasPrefix(a.Err.Error(), tt.want) {
				t.Errorf("with optional operations: %+v", a)
			}
			p.Optional, p.After = nil, func(int) []int { return nil }
			if a := linearize.Decide(t.Context(), p, linearize.Budget{Tries: 1e5}); a.Err == nil || name != "compare" && !strings.HasPrefix(a.Err.Error(), tt.want) {
				t.Errorf("with operations after others: %+v", a)
			}
		})
	}
}

// The answer names a step that does not return. At the end, the test lets the step return.
func TestEndlessStep(t *testing.T) {
	for name, tt := range map[string]struct {
		function string
		want     string
	}{
		"step":  {"step", "the model did not return from its step for b -> <nil>"},
		"equal": {"equal", "the model did not return from its Equal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			release := make(chan struct{})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			spin := func(in string) {
				if in != tt.function {
					return
				}
				cancel() // not a budget of time, which could be used up before the step begins
				for {
					select {
					case <-release:
						return
					default:
						runtime.Gosched()
					}
				}
			}
			m := porcupine.Model{
				Init: func() any { return 0 },
				Step: func(state, input, _ any) (bool, any) {
					if input == "b" {
						spin("step")
					}
					return input != "z", state
				},
				Equal: func(any, any) bool { spin("equal"); return true },
			}
			a := linearize.Decide(ctx, linearize.Problem{Model: m, Operations: atOnce("abz")}, linearize.Budget{})
			if a.Result != linearize.Undecided || a.Err == nil || a.Err.Error() != tt.want {
				t.Errorf("%+v", a)
			}
			close(release)
		})
	}
}

// If a model divides the operations, they are decided part by part, and explained in terms of all
// operations.
func TestPartitions(t *testing.T) {
	m := porcupine.Model{
		Init: func() any { return 0 },
		Step: func(state, input, output any) (bool, any) {
			if in := input.(keyed); in.v != 0 {
				return true, in.v
			}
			return state == output, state
		},
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			of := map[string][]porcupine.Operation{}
			for _, op := range history {
				of[op.Input.(keyed).key] = append(of[op.Input.(keyed).key], op)
			}
			return [][]porcupine.Operation{of["a"], of["b"]}
		},
	}
	ops := []porcupine.Operation{
		{Input: keyed{"a", 1}, Call: 0, Return: 1},
		{Input: keyed{"b", 2}, Call: 2, Return: 3},
		{Input: keyed{"a", 0}, Output: 1, Call: 4, Return: 5},
		{Input: keyed{"b", 0}, Output: 0, Call: 6, Return: 7},
	}
	p := linearize.Problem{Model: m, Operations: ops}
	if a := linearize.Decide(t.Context(), p, linearize.Budget{}); a.Result != linearize.Illegal {
		t.Errorf("%+v", a)
	}
	x, a := linearize.Explain(t.Context(), p, linearize.Budget{})
	if a.Result != linearize.Illegal || len(x.Order) != 1 || x.Order[0].Operation != 1 || len(x.Next) != 1 || x.Next[0] != 3 || x.State != 2 {
		t.Errorf("%+v, %+v", a, x)
	}
	p.Operations = ops[:3]
	if a := linearize.Decide(t.Context(), p, linearize.Budget{}); a.Result != linearize.Legal {
		t.Errorf("%+v", a)
	}
}

type keyed struct {
	key string
	v   int // 0: a read
}
