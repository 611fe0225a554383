package declared

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/internal/base/advice"
	"github.com/zklab/zklab/internal/base/linearize"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
)

// Spec is a sequential specification: what each operation does to a state. It must not be changed
// once it is used.
type Spec struct {
	Name, Meaning string // of the property
	Declared      string // where the program declares it, as [Step.Declared]
	Begin         func() any
	// Step returns the part for an operation. ok is false if the specification has no part for it.
	Step func(operation string) (st Step, ok bool)
	// SessionEnds returns the state after a session of a client ended; nil if that changes nothing.
	SessionEnds func(state any, who Caller) any
	Bounds      Bounds

	// Fields that only a model of porcupine sets. nil is the default of each.

	prepare   func(values []any)                                  // of all calls of a key, once they are decoded
	doubt     func(values []any) string                           // why the calls may have an order though none was found; "": they have none
	partition func([]porcupine.Operation) [][]porcupine.Operation // of items
	equal     func(a, b any) bool                                 // of states
	hash      func(state any) uint64                              // of states, if equal is set
	tell      func(c *Call, value any) string                     // a call in the model's words
	show      func(state any) string                              // a state in the model's words

	// wrong is the first mistake of the specification, after which nothing is decided.
	wrong atomic.Pointer[string]
}

// Bounds bound the search for an order of the calls of one key. Zero is the default of each.
type Bounds struct {
	Time time.Duration // 10 s
	// Memory is roughly how many bytes all searches that go on at once may use; by default they have the memory of
	// the whole check.
	Memory int64
	// Tries also bounds the search: in a testing/synctest bubble time stands still.
	Tries int64 // 1,500,000
}

// mostTime is how long a search may take by default. Tests set another time.
var mostTime = 10 * time.Second

// mostTries is how many steps a search tries by default.
const mostTries = 1_500_000

// of returns the bounds of searches in a record.
func (b Bounds) of(a *evidence.Record) linearize.Budget {
	longer := max(1, a.SearchTime.Seconds()/mostTime.Seconds())
	return linearize.Budget{
		Time: cmp.Or(b.Time, max(mostTime, a.SearchTime)), Tries: cmp.Or(b.Tries, int64(longer*mostTries)),
		Memory: max(1, cmp.Or(b.Memory, a.Memory, evidence.DefaultMemory)/int64(runtime.GOMAXPROCS(0))), // 0 is no bound
		Size:   func(state any) int { return state.(*world).size() },
	}
}

// Step is the part of a specification for one operation.
type Step struct {
	// Declared is where the program declares the step, in the form in which a message begins:
	// "ids_test.go:17: ".
	Declared string
	// Reads means that the operation changes nothing. A call without an answer then
	// proves nothing.
	Reads bool
	// Plain means that the answer may be as old as the answers of ZooKeeper's own reads.
	Plain bool
	// Cached means that the answer may be as old as that of a cache that a watch keeps
	// up to date.
	Cached bool
	// Decode returns a call in the form in which Next takes it; ok is false if the specification
	// has no part for the call. nil means that Next needs no value.
	Decode func(*Call) (value any, ok bool, err error)
	// Text formats an argument or an answer; nil means as [explain.Facts] does.
	Text func(raw json.RawMessage, argument bool) string
	// Next returns the states that a call can lead to, or the reason why it cannot have happened as
	// recorded. heard reports whether the answer counts: if not, the call still happened.
	Next func(state, value any, c *Call, who Caller, heard bool) ([]any, error)
}

// Mistake ends a step because the model contradicts itself. The specification then decides nothing.
func Mistake(format string, args ...any) { panic(linearize.Mistake(fmt.Sprintf(format, args...))) }

// Search is the decider of specifications: a search for an order of the calls.
const Search = "porcupine"

// Sequential returns the rule that one order of the calls explains all answers: each call took effect at one
// moment between its beginning and its end.
func Sequential(s *Spec) Rule {
	return Rule{picture: s.picture, try: s.try, property: &frame.Property{
		Name: s.Name, Meaning: s.Meaning, Declared: true, Decider: Search,
		Evidence: func(a *evidence.Record) string {
			if s.SessionEnds != nil || s.plain(a) || s.any(a, func(st Step) bool { return st.Cached }) {
				return "R, " + frame.FromSessions(a)
			}
			return "R"
		},
		Decide: s.decide,
	}}
}

// plain reports whether some answers of a history may be old.
func (s *Spec) plain(a *evidence.Record) bool {
	return s.any(a, func(st Step) bool { return st.Plain })
}

func (s *Spec) any(a *evidence.Record, is func(Step) bool) bool {
	for _, o := range a.Object.Operations {
		if st, ok := s.Step(o.F); ok && is(st) {
			return true
		}
	}
	return false
}

// picture returns the search for an order of a key's calls, and its budget, so that it can be drawn.
func (s *Spec) picture(k *evidence.Key) (linearize.Problem, linearize.Budget, error) {
	p, err := s.problem(keyOf(k))
	if wrong := s.wrong.Load(); err == nil && wrong != nil {
		err = fmt.Errorf("%s", *wrong)
	}
	if err != nil {
		return linearize.Problem{}, linearize.Budget{}, err
	}
	return p.order(p.items), p.budget, nil
}

func (s *Spec) decide(ctx context.Context, key *evidence.Key) (f frame.Finding) {
	if s.undecidable(&f) {
		return f
	}
	p, err := s.problem(keyOf(key))
	if err != nil {
		f.Unknown("%v", err)
		return f
	}
	f.Count("answered", float64(len(p.items)-p.unheard-len(p.endings)))
	f.Count("unknown_outcomes", float64(p.unheard))
	if items := p.settled(); items != nil {
		if got := p.search(ctx, items, p.budget.Tries/4); got.Result == linearize.Legal && !s.undecidable(&f) {
			return f
		}
	}
	if s.undecidable(&f) {
		return f
	}
	got := p.search(ctx, p.items, p.budget.Tries)
	switch {
	case s.undecidable(&f):
	case got.Result == linearize.Undecided && ctx.Err() != nil:
		f.Unknown(evidence.BudgetSpent)
	case got.Result == linearize.Undecided:
		f.Unknown("the search for an order of %s on %s, of which %d have an unknown outcome, was given up after %s: its bound of %s was reached; %s",
			prose.Count(len(p.items)-len(p.endings), "call"), key.Name, p.unheard, prose.Count(int(got.Tried), "try"), got.Bound, advice.SmallSearch.Text(raises(got.Bound)))
	case got.Result == linearize.Illegal:
		p.convict(ctx, &f)
	}
	return f
}

// raises returns the flag that raises a bound of a search.
func raises(bound linearize.Bound) string {
	if bound == linearize.Memory {
		return "--memory"
	}
	return "--budget"
}

// convict reports that the calls have no order, if that is certain.
func (p *problem) convict(ctx context.Context, f *frame.Finding) {
	if p.doubt != nil {
		if why := p.doubt(p.values()); why != "" {
			f.Unknown("no order explains the calls on %s, but %s", p.key.Name, why)
			return
		}
	}
	figures := f.Figures
	p.accuse(ctx, f)
	if p.wrong.Load() != nil { // the mistake was found only then
		*f = frame.Finding{Figures: figures}
		p.undecidable(f)
	}
}

// undecidable reports whether the specification has a mistake, and says so.
func (s *Spec) undecidable(f *frame.Finding) bool {
	text := s.wrong.Load()
	if text != nil {
		f.Unknown("%s", *text)
	}
	return text != nil
}

func (s *Spec) isWrong(format string, args ...any) {
	text := printable.Text(fmt.Sprintf(format, args...), 500)
	s.wrong.CompareAndSwap(nil, &text)
}
