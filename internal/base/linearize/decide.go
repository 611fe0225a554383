package linearize

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/internal/base/panics"
)

type ctx = context.Context

// Budget bounds a search. A bound of zero means no bound.
type Budget struct {
	Time   time.Duration
	Memory int64 // bytes, roughly
	// Tries bounds the steps and comparisons of states.
	Tries int64
	// Size returns roughly how many bytes a state takes. nil: few.
	Size func(state any) int
	// Held returns how many bytes all states take together, beyond what Size says. It may be called
	// at any time during the search. nil: none.
	Held func() int64
}

// Result is the result of a search.
type Result string

// The results.
const (
	Legal     Result = "legal"     // there is an order
	Illegal   Result = "illegal"   // there is none
	Undecided Result = "undecided" // a bound was reached, or the model is wrong
)

// Bound names the bound that ended a search.
type Bound string

// The bounds.
const (
	Time        Bound = "time"
	Memory      Bound = "memory"
	Tries       Bound = "tries"
	Interrupted Bound = "interrupted" // the context ended
)

// Answer is the outcome of a search.
type Answer struct {
	Result Result
	Bound  Bound // which bound was reached, if that is why it is undecided
	Tried  int64 // how many steps and comparisons were tried
	// Err says what is wrong with the model, in one line: a function that panicked or did not return,
	// or a step that led to no state. Result is then Undecided.
	Err error
}

// Least returns roughly how many bytes the shortest search among n operations takes.
func Least(operations int) int64 { return int64(operations) * stepCost(operations) }

// stepCost returns roughly how many bytes porcupine keeps for each step of its search among n
// operations: a bit for each of them, and the entry of its cache.
func stepCost(operations int) int64 { return int64(operations)/8 + 150 }

// Decide searches for an order of the operations that the model allows. It returns soon after the
// budget is used up or the context ends. It is safe for concurrent use if the model is.
//
// Go cannot end a step that never returns: its goroutine stays behind, and the answer says so. In a
// testing/synctest bubble such a step also blocks Decide, because time does not pass there.
func Decide(c context.Context, p Problem, b Budget) Answer {
	if err := check(p.Model); err != nil {
		return Answer{Result: Undecided, Err: err}
	}
	if len(p.Operations) == 0 {
		return Answer{Result: Legal}
	}
	cost := stepCost(len(p.Operations))
	if p.Optional == nil && !p.follows() {
		parts, err := divide(p.Model, p.Operations)
		return newSearch(c, p.Model, b, cost).all(parts, err)
	}
	parts, err := p.parts()
	s := newSearch(c, p.stepping(), b, cost)
	if p.follows() {
		s.cost += int64(len(p.Operations)) / 8
		if size := b.Size; size != nil {
			s.Size = func(state any) int { return size(state.(*inOrder).state) }
		}
	}
	return s.all(parts, err)
}

// searching is a search under way.
type searching struct {
	ctx context.Context
	Budget
	model porcupine.Model // within the budget
	words porcupine.Model // the model itself, for its words
	cost  int64           // of a step that succeeds, in bytes

	spent atomic.Bool // the search ends at its next step
	used  int64       // bytes that the search keeps
	last  int64       // bytes of the newest step in used
	tried atomic.Int64
	calls atomic.Int64 // counts the beginnings and ends of calls of the model: odd during a call
	where place        // of the newest call; set before calls is
	begun bool         // the model's first state is not nil

	once  sync.Once
	bound Bound
	err   error
}

// newSearch returns a search whose steps take cost bytes each. The budget covers all parts together.
func newSearch(c context.Context, m porcupine.Model, b Budget, cost int64) *searching {
	s := &searching{ctx: c, Budget: b, model: m, words: m, cost: cost}
	s.limit(&s.model)
	return s
}

// all decides parts, one after another.
func (s *searching) all(parts [][]porcupine.Operation, err error) Answer {
	if err != nil {
		return Answer{Result: Undecided, Err: err}
	}
	return s.wait(func() porcupine.CheckResult {
		for _, ops := range parts {
			s.used = 0 // the memory of the previous part is free again
			if porcupine.CheckOperationsTimeout(s.model, ops, 0) != porcupine.Ok {
				return porcupine.Illegal
			}
		}
		return porcupine.Ok
	})
}

// place is a function of the model and, if it is the step, the operation.
type place struct {
	function      string
	input, output any
}

// stuck is how long one call of a model may take after its search was told to end.
const stuck = 2 * time.Second

// wait runs the search and waits until it ends. It waits no longer than the budget allows, or a little
// longer if a call of the model is still running.
func (s *searching) wait(run func() porcupine.CheckResult) Answer {
	done := make(chan porcupine.CheckResult, 1)
	go func() { done <- run() }()
	var late <-chan time.Time
	if s.Time > 0 {
		t := time.NewTimer(s.Time)
		defer t.Stop()
		late = t.C
	}
	var result porcupine.CheckResult
	ended := false
	select {
	case result = <-done:
		ended = true
	case <-late:
		s.end(Time, nil)
	case <-s.ctx.Done():
		s.end(Interrupted, nil)
	}
	for !ended {
		before := s.calls.Load()
		t := time.NewTimer(stuck)
		select {
		case result = <-done:
			ended = true
		case <-t.C:
			if ended = s.calls.Load() == before && before%2 == 1; ended {
				return Answer{Result: Undecided, Tried: s.tried.Load(), Err: fmt.Errorf("the model did not return from %s", s.call())}
			}
		}
		t.Stop()
	}
	a := Answer{Tried: s.tried.Load()}
	switch {
	case s.spent.Load():
		a.Result, a.Bound, a.Err = Undecided, s.bound, s.err
	case result == porcupine.Ok:
		a.Result = Legal
	default:
		a.Result = Illegal
	}
	return a
}

// call names the newest call of the model.
func (s *searching) call() string {
	if s.where.function != "" {
		return "its " + s.where.function
	}
	return "its step for " + say(s.words, s.where.input, s.where.output)
}

// Mistake is the panic value of a model that finds a mistake in itself. It ends the search, and becomes
// its error.
type Mistake string

// enter records the beginning of a call of the model. Callers defer leave, which ends the search if the
// call panics.
func (s *searching) enter(at place) {
	s.where = at
	s.calls.Add(1)
}

func (s *searching) leave() {
	v := recover()
	if m, known := v.(Mistake); known {
		s.end("", errors.New(string(m)))
	} else if v != nil {
		s.end("", fmt.Errorf("the model panicked in %s: %v%s", s.call(), v, panics.Place()))
	}
	s.calls.Add(1)
}

// end ends the search. If it is called again, the first reason stays.
func (s *searching) end(bound Bound, err error) {
	s.once.Do(func() {
		s.bound, s.err = bound, err
		s.spent.Store(true)
	})
}

// limit makes a model's steps fail once a bound is reached.
func (s *searching) limit(m *porcupine.Model) {
	m.Partition, m.PartitionEvent = nil, nil // they have been called
	s.limitInit(m)
	s.limitSteps(m)
	s.limitComparisons(m)
}

func (s *searching) limitInit(m *porcupine.Model) {
	inner := m.Init
	m.Init = func() (state any) {
		s.enter(place{function: "Init"})
		defer s.leave()
		state = inner()
		s.begun = state != nil
		return state
	}
}

// seed is the seed for the hashes of states that have no hash function.
var seed = maphash.MakeSeed()

// equalOf returns how a model compares states.
func equalOf(m porcupine.Model) func(a, b any) bool {
	if m.Equal != nil {
		return m.Equal
	}
	return func(a, b any) bool { return a == b }
}

// hashOf returns how a model hashes states; nil if it does not.
func hashOf(m porcupine.Model) func(state any) uint64 {
	if m.Hash == nil && m.Equal == nil {
		return func(state any) uint64 { return maphash.Comparable(seed, state) }
	}
	return m.Hash
}

// limitComparisons also counts comparisons: porcupine compares a state with all others that the same
// operations led to, and if there are many, this is most of its work.
func (s *searching) limitComparisons(m *porcupine.Model) {
	equal, hash, name := equalOf(*m), hashOf(*m), "Hash"
	if m.Hash == nil {
		name = "states, which must be comparable with == because it has no Equal"
	}
	m.Equal = func(a, b any) (same bool) {
		if s.tried.Add(1) > s.Tries && s.Tries > 0 {
			s.end(Tries, nil)
		}
		if s.spent.Load() {
			return true
		}
		s.enter(place{function: "Equal"})
		defer s.leave()
		if same = equal(a, b); same { // porcupine has been here, and drops the step
			s.used -= s.last
			s.last = 0
		}
		return same
	}
	if hash == nil {
		return
	}
	m.Hash = func(state any) uint64 {
		if s.spent.Load() {
			return 0
		}
		s.enter(place{function: name})
		defer s.leave()
		return hash(state)
	}
}

func (s *searching) limitSteps(m *porcupine.Model) {
	inner := stepOf(*m)
	m.Step, m.StepContext = nil, func(c ctx, state, input, output any) (bool, any) {
		if s.spent.Load() || s.over() {
			return false, nil
		}
		ok, next := s.step(c, inner, state, input, output)
		if s.spent.Load() {
			return false, nil
		}
		if ok && next == nil && s.begun {
			s.end("", fmt.Errorf("the model's step for %s says that it is possible, and returns nil instead of a state", say(s.words, input, output)))
			return false, nil
		}
		if ok {
			s.last = s.cost
			if s.Size != nil {
				s.last += int64(s.Size(next))
			}
			s.used += s.last
		}
		return ok, next
	}
}

// step calls the model's step.
func (s *searching) step(c ctx, inner stepFunc, state, input, output any) (ok bool, next any) {
	s.enter(place{input: input, output: output})
	defer s.leave()
	return inner(c, state, input, output)
}

// over counts one more step and reports whether the search has to end, because a bound is reached.
func (s *searching) over() bool {
	if s.tried.Add(1) > s.Tries && s.Tries > 0 {
		s.end(Tries, nil)
	}
	if s.ctx.Err() != nil {
		s.end(Interrupted, nil)
	}
	if s.Memory > 0 {
		used := s.used
		if s.Held != nil {
			used += s.Held()
		}
		if used > s.Memory {
			s.end(Memory, nil)
		}
	}
	return s.spent.Load()
}

// stepFunc is a step with a context.
type stepFunc = func(c ctx, state, input, output any) (bool, any)

// stepOf returns a model's step.
func stepOf(m porcupine.Model) stepFunc {
	if m.StepContext != nil {
		return m.StepContext
	}
	return func(_ ctx, state, input, output any) (bool, any) { return m.Step(state, input, output) }
}
