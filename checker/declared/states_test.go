package declared

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/linearize"
	"github.com/zklab/zklab/internal/testkit/must"
)

// entries is how many entries a board has.
const entries = 1000

// boards returns the specification of a board. count is called with each step.
func boards(count func(c *Call, who Caller, heard bool, board map[int]int)) *Spec {
	return &Spec{Name: "sequential", Begin: func() any { return firstBoard(entries) }, Step: func(f string) (Step, bool) {
		return Step{Reads: f == "get", Decode: decoded, Next: func(state, value any, c *Call, who Caller, heard bool) ([]any, error) {
			at, board := value.([2]int)[0], state.(map[int]int)
			count(c, who, heard, board)
			if f == "add" {
				board = maps.Clone(board)
				board[at]++
			}
			if heard && board[at] != value.([2]int)[1] {
				return nil, fmt.Errorf("%s answered %d", f, value.([2]int)[1])
			}
			return []any{board}, nil
		}}, true
	}}
}

var boardModel = models.Model{Name: "board", Operations: []models.Operation{{F: "add"}, {F: "get"}}}

// addedTwice returns a history of concurrent additions, of which each but the last has the right
// answer. It uses only three entries, so these are all that matters of a state.
func addedTwice(n int) *history.History {
	b := historytest.New(boardModel.Name)
	for i := range n {
		answer := i%3 + i/3 + 1
		if i == n-1 {
			answer--
		}
		at := float64(10 * i)
		b.Op(i%4, "add", "k", at, at+35, history.OK, i%3, answer).Session(history.ID(i%4 + 1))
	}
	return b.History()
}

// However many orders a search tries, and however many searches a counterexample takes, no step is
// made twice: with large states, steps take far longer than everything else.
func TestNoStepTwice(t *testing.T) {
	var mu sync.Mutex
	steps := map[string]int{}
	spec := boards(func(c *Call, who Caller, heard bool, board map[int]int) {
		mu.Lock()
		defer mu.Unlock()
		steps[fmt.Sprint(c.number, who, heard, board[0], board[1], board[2])]++
	})
	a := evidence.Read(t.Context(), addedTwice(60), &boardModel, nil)
	a.Memory = 1 << 32
	f := spec.decide(t.Context(), a.Keys[0])
	if f.Result != frame.Violation || len(f.Counterexample) > 8 {
		t.Errorf("%q %s: events %v", f.Result, f.Reason, f.Counterexample)
	}
	most := 0
	for _, n := range steps {
		most = max(most, n)
	}
	if most > 1 || len(steps) < 60 {
		t.Errorf("of %d steps, one is made %d times", len(steps), most)
	}
}

// With Quick, a violation is found in fewer steps, and has the same text.
func TestQuick(t *testing.T) {
	var made [2]int
	for i, quick := range []bool{false, true} {
		spec := boards(func(*Call, Caller, bool, map[int]int) { made[i]++ })
		a := evidence.Read(t.Context(), addedTwice(60), &boardModel, nil)
		a.Quick = quick
		if f := spec.decide(t.Context(), a.Keys[0]); f.Result != frame.Violation || len(f.Counterexample) == 0 {
			t.Errorf("quick is %t: %q %s: events %v", quick, f.Result, f.Reason, f.Counterexample)
		}
	}
	if 2*made[1] > made[0] {
		t.Errorf("%d steps, and %d with Quick", made[0], made[1])
	}
}

// Searches write no texts: to describe an impossible step takes longer than the step, and a search
// makes many of them.
func TestNoTextInSearches(t *testing.T) {
	spec := boards(func(*Call, Caller, bool, map[int]int) {})
	texts := 0
	spec.tell = func(*Call, any) string { texts++; return "" }
	a := evidence.Read(t.Context(), addedTwice(60), &boardModel, nil)
	p := must.Get(spec.problem(keyOf(a.Keys[0])))(t)
	if got := p.search(t.Context(), p.items, mostTries); got.Result != linearize.Illegal || texts > 0 {
		t.Errorf("%v, %d texts", got.Result, texts)
	}
}

// A step that changes the state that it was given is found, whether it does so at once, or only
// after many steps that do not.
func TestChangedLate(t *testing.T) {
	for _, at := range []int{1, soon, soon + 1, 3 * soon} {
		n := 0
		spec := boards(func(_ *Call, _ Caller, _ bool, board map[int]int) {
			if n++; n == at {
				board[entries/2]++
			}
		})
		b := historytest.New(boardModel.Name)
		for i := range 4 * soon {
			b.Op(0, "add", "k", float64(10*i), float64(10*i+5), history.OK, 0, i+1).Session(1)
		}
		a := evidence.Read(t.Context(), b.History(), &boardModel, nil)
		f := spec.decide(t.Context(), a.Keys[0])
		if f.Result != frame.Unknown || !strings.Contains(f.Reason, "add changed the state that it was given") {
			t.Errorf("at step %d: %q %s", at, f.Result, f.Reason)
		}
	}
}

// Each state is hashed when it is found, and once more when the search is over, however many steps are made from it.
func TestHashedOnce(t *testing.T) {
	spec := boards(func(*Call, Caller, bool, map[int]int) {})
	p := newPool(spec)
	from, by := p.add(firstBoard(entries)), &item{of: &problem{Spec: spec}, call: &Call{Operation: "get"}}
	step := func() {
		_, _ = p.after(from, edge{call: &Call{}}, by, func(value any) ([]any, error) { return []any{value}, nil })
	}
	for range soon {
		step()
	}
	if from.unchecked != nil {
		t.Error("the first steps are checked at once")
	}
	for range 3 {
		step()
	}
	if len(p.unchecked) != 1 || len(from.unchecked) != 1 || len(p.states) != 1 {
		t.Errorf("%d states are checked for %d operations, of %d", len(p.unchecked), len(from.unchecked), len(p.states))
	}
	if wrong := p.unchanged(); wrong != "" || p.unchecked != nil {
		t.Errorf("%q, and %d states are left", wrong, len(p.unchecked))
	}
}
