package linearize_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/internal/base/linearize"
)

// Inputs of the models of these tests.
type (
	write struct{ v int }
	read  struct{}
	cas   struct{ from, to int }
	put   struct{ v int }
	take  struct{}
)

// register answers a read with its value, and a compare-and-set with whether it was done.
var register = porcupine.Model{
	Init: func() any { return 0 },
	Step: func(state, input, output any) (bool, any) {
		switch in := input.(type) {
		case write:
			return true, in.v
		case cas:
			done := state == in.from
			if output != done {
				return false, state
			}
			if done {
				return true, in.to
			}
			return true, state
		default:
			return state == output, state
		}
	},
}

// queue has states that == cannot compare.
var queue = porcupine.Model{
	Init: func() any { return []int{} },
	Step: func(state, input, output any) (bool, any) {
		list := state.([]int)
		switch in := input.(type) {
		case put:
			return true, append(slices.Clone(list), in.v)
		default:
			if len(list) == 0 {
				return output == 0, list
			}
			return output == list[0], list[1:]
		}
	},
	Equal: func(a, b any) bool { return slices.Equal(a.([]int), b.([]int)) },
}

// generate draws a few operations with intervals of all kinds.
func generate(rng *rand.Rand, m *porcupine.Model) linearize.Problem {
	p := linearize.Problem{Model: *m}
	optional := map[int]bool{}
	for i := range 2 + rng.IntN(5) {
		op := porcupine.Operation{ClientId: i, Call: int64(rng.IntN(12))}
		op.Return = op.Call + int64(rng.IntN(6))
		if m == &register {
			switch rng.IntN(4) {
			case 0:
				op.Input = write{1 + rng.IntN(2)}
			case 1:
				op.Input, op.Output = cas{rng.IntN(3), rng.IntN(3)}, rng.IntN(2) == 0
			default:
				op.Input, op.Output = read{}, rng.IntN(3)
			}
		} else if rng.IntN(2) == 0 {
			op.Input = put{1 + rng.IntN(3)}
		} else {
			op.Input, op.Output = take{}, rng.IntN(4)
		}
		if rng.IntN(4) == 0 {
			optional[i] = true
			if rng.IntN(4) > 0 {
				op.Return = linearize.Never
			}
		}
		p.Operations = append(p.Operations, op)
	}
	if rng.IntN(3) == 0 { // some come after operations that began no later
		after := make([][]int, len(p.Operations))
		for i, op := range p.Operations {
			for j, other := range p.Operations {
				if rng.IntN(3) == 0 && (other.Call < op.Call || other.Call == op.Call && j < i) {
					after[i] = append(after[i], j)
				}
			}
		}
		p.After = func(i int) []int { return after[i] }
	}
	if m == &register && rng.IntN(2) == 0 { // half of its reads are declared idle
		p.Idle = func(i int) bool { return i%2 == 0 && p.Operations[i].Input == read{} }
	}
	if len(optional) > 0 {
		p.Optional = func(i int) bool { return optional[i] }
	}
	return p
}

// early reports whether an operation has to come after one that is not done.
func early(p linearize.Problem, i int, done func(int) bool) bool {
	return p.After != nil && slices.ContainsFunc(p.After(i), func(j int) bool { return !done(j) })
}

// brute tries all orders. It returns whether there is an order of all operations, and the length of the
// longest order.
func brute(p linearize.Problem, state any, done uint) (legal bool, longest int) {
	n := len(p.Operations)
	if done == 1<<n-1 {
		return true, n
	}
	first := int64(linearize.Never)
	for i, op := range p.Operations {
		if done&(1<<i) == 0 {
			first = min(first, op.Return)
		}
		if done&(1<<i) != 0 {
			longest++
		}
	}
	for i, op := range p.Operations {
		if done&(1<<i) != 0 || op.Call > first || early(p, i, func(j int) bool { return done&(1<<j) != 0 }) {
			continue
		}
		ok, next := p.Model.Step(state, op.Input, op.Output)
		if ok {
			l, n := brute(p, next, done|1<<i)
			legal, longest = legal || l, max(longest, n)
		}
		if !ok && p.Optional != nil && p.Optional(i) {
			l, n := brute(p, state, done|1<<i)
			legal, longest = legal || l, max(longest, n)
		}
	}
	return legal, longest
}

func TestAgreesWithBruteForce(t *testing.T) {
	counts := map[string]int{}
	for i := range 2000 {
		rng := rand.New(rand.NewPCG(1, uint64(i)))
		m := []*porcupine.Model{&register, &queue}[i%2]
		p := generate(rng, m)
		legal, longest := brute(p, m.Init(), 0)
		want := linearize.Illegal
		if legal {
			want = linearize.Legal
		}
		counts[fmt.Sprint(i%2, want)]++
		if got := linearize.Decide(t.Context(), p, linearize.Budget{}); got.Result != want || got.Err != nil {
			t.Fatalf("history %d: %+v, want %s: %+v", i, got, want, p.Operations)
		}
		x, got := linearize.Explain(t.Context(), p, linearize.Budget{})
		if got.Result != want || len(x.Order) != longest {
			t.Fatalf("history %d: %+v, an order of %d, want %s and %d", i, got, len(x.Order), want, longest)
		}
		follows(t, i, p, x)
	}
	t.Log(counts)
}

// follows checks that an explanation is true: its order is possible, and the operations in Next are
// not.
func follows(t *testing.T, history int, p linearize.Problem, x linearize.Explanation) {
	t.Helper()
	state, placed := p.Model.Init(), map[int]bool{}
	for _, at := range x.Order {
		op := p.Operations[at.Operation]
		ok, next := p.Model.Step(state, op.Input, op.Output)
		if ok {
			state = next
		}
		if ok != at.Did || !ok && (p.Optional == nil || !p.Optional(at.Operation)) || fmt.Sprint(state) != fmt.Sprint(at.State) {
			t.Fatalf("history %d: operation %d led to %v, and the explanation says %+v", history, at.Operation, state, at)
		}
		if early(p, at.Operation, func(j int) bool { return placed[j] }) {
			t.Fatalf("history %d: operation %d is too early", history, at.Operation)
		}
		placed[at.Operation] = true
	}
	if len(x.Order) < len(p.Operations) && len(x.Next) == 0 {
		t.Fatalf("history %d: nothing comes next", history)
	}
	for _, i := range x.Next {
		op := p.Operations[i]
		for j, other := range p.Operations {
			if !placed[j] && other.Return < op.Call {
				t.Fatalf("history %d: %d comes before %d", history, j, i)
			}
		}
		if ok, _ := p.Model.Step(x.State, op.Input, op.Output); (ok || placed[i]) && !early(p, i, func(j int) bool { return placed[j] }) {
			t.Fatalf("history %d: %d can come next", history, i)
		}
	}
}
