package declared

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
)

// testedInput is a call of the tested register. Its step considers what a take answers.
type testedInput struct {
	f        string
	argument int
	session  int64
}

func testedPorcupine() *Porcupine {
	reads := func(f string) bool { return f == "get" || f == "peek" || f == "kept" }
	return &Porcupine{
		Name: "porcupine", Reads: reads, Plain: func(f string) bool { return f == "peek" }, Cached: func(f string) bool { return f == "kept" },
		Model: porcupine.Model{
			Init: func() any { return tested{} },
			Step: func(state, input, output any) (bool, any) {
				in := input.(testedInput)
				next, ok := state.(tested).apply(in.f, in.argument, output.(int), in.session, in.f != "set")
				return ok, next
			},
		},
		Values: func(c *Call) (input, output any, ok bool) {
			v, ok, err := decoded(c)
			return testedInput{c.Operation, v.([2]int)[0], c.Session}, v.([2]int)[1], ok && err == nil
		},
	}
}

// lasting makes sessions last: each client has one.
func lasting(all []drawn) []drawn {
	all = slices.DeleteFunc(all, func(d drawn) bool { return d.f == "" })
	alive := map[int]int{}
	for i := range all {
		d := &all[i]
		d.session = int64(d.client + 1)
		d.alive = max(d.alive, alive[d.client])
		alive[d.client] = d.alive
	}
	return all
}

// The rules for a specification also hold for a model. If its outputs are only guessed, a history
// that has an order is not accused, and a history without an order is not valid.
func TestPorcupineAgreesWithAllOrders(t *testing.T) {
	n := checktest.Rounds(t, 5_000)
	told, guessed := testedPorcupine(), testedPorcupine()
	told.Outputs = func(any) []any { return []any{0, 1} }
	exact, careful := told.Rule().Property(), guessed.Rule().Property()
	counts := map[frame.Result]int{}
	for i := range n {
		all := lasting(draw(rand.New(rand.NewPCG(50, uint64(i)))))
		if len(all) == 0 {
			continue
		}
		want := frame.Result("")
		if !explained(all, make([]bool, len(all)), tested{}, map[string]bool{}) {
			want = frame.Violation
		}
		a := evidence.Read(t.Context(), record(all), &testedModel, nil)
		k := a.Keys[len(a.Keys)-1]
		got, less := exact.Decide(t.Context(), k), careful.Decide(t.Context(), k)
		if got.Result != want || less.Result != want && less.Result != frame.Unknown {
			for _, d := range all {
				t.Logf("%+v", d)
			}
			t.Fatalf("%d: all orders: %q; %q %s; guessed: %q %s", i, want, got.Result, got.Reason, less.Result, less.Reason)
		}
		counts[want]++
		counts["guessed "+less.Result]++
	}
	t.Log(counts)
	for _, kind := range []frame.Result{"", frame.Violation, "guessed " + frame.Violation, "guessed " + frame.Unknown} {
		if counts[kind] < n/50 {
			t.Errorf("%q is rare: %v", kind, counts)
		}
	}
}
