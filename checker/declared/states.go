package declared

import (
	"reflect"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/internal/base/prose"
)

// This file keeps the states of searches. A search tries many orders of the same calls, and the search
// for a counterexample consists of many such searches, so the same steps come again and again. States
// may be large: copying, hashing and comparing one takes far longer than the rest of a step. So each
// state is kept once, together with the states that each step led to, and no step is made twice.

// pool has the states of one problem, each of them once. It is safe for concurrent use: a search that was given up
// may go on.
type pool struct {
	of *Spec

	mu     sync.Mutex
	states map[uint64][]*state // by hash
	steps  map[string]int      // made, by operation
	// unchecked has the states from which steps were made that may have changed the
	// states themselves.
	unchecked []*state
	held      atomic.Int64 // roughly how many bytes all states take
}

// state is a state of the specification.
type state struct {
	value any
	hash  uint64 // of all that the value refers to
	led   map[edge]outcome
	// unchecked has one step of each operation that was made since the state was last
	// hashed.
	unchecked []*item
}

// edge is a step from a state.
type edge struct {
	call  *Call
	ends  *evidence.Session
	who   Caller
	heard bool
}

// outcome holds the states that a step led to, or the reason why it led to none.
type outcome struct {
	states []*state
	why    error
}

// Roughly how many bytes a state and a step take in the pool, beyond the value of the state.
const (
	stateCost = 120
	edgeCost  = 200
)

func newPool(of *Spec) *pool {
	return &pool{of: of, states: map[uint64][]*state{}, steps: map[string]int{}}
}

// add returns the state with a value, which it adds if it is new.
func (p *pool) add(value any) *state {
	hash, size := hashed(value)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.states[hash] {
		if same(s.value, value) {
			return s
		}
	}
	s := &state{value: value, hash: hash}
	p.states[hash] = append(p.states[hash], s)
	p.held.Add(stateCost + int64(size))
	return s
}

// after returns where a step leads from a state. It makes the step if it was not made
// before.
func (p *pool) after(from *state, e edge, by *item, next func(value any) ([]any, error)) ([]*state, error) {
	p.mu.Lock()
	known, ok := from.led[e]
	p.mu.Unlock()
	if ok {
		return known.states, known.why
	}
	values, why := next(from.value)
	p.made(from, by)
	known = outcome{why: why}
	for _, value := range values {
		if identical(value, from.value) {
			known.states = append(known.states, from)
		} else {
			known.states = append(known.states, p.add(value))
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if from.led == nil {
		from.led = map[edge]outcome{}
	}
	from.led[e] = known
	p.held.Add(edgeCost)
	return known.states, known.why
}

// soon is the number of steps of an operation after each of which the state is hashed again. A step
// that changes the state it is given mostly does so at once. Hashing a large state takes longer than
// the rest of a step, so later steps are checked only once for all steps from a state, when the search
// is over.
const soon = 16

// made notes a step from a state, or checks that it did not change the state.
func (p *pool) made(from *state, by *item) {
	if from.value == nil || !changeable(reflect.TypeOf(from.value)) {
		return
	}
	operation := by.operation()
	p.mu.Lock()
	p.steps[operation]++
	later := p.steps[operation] > soon
	if later {
		if len(from.unchecked) == 0 {
			p.unchecked = append(p.unchecked, from)
		}
		if !slices.ContainsFunc(from.unchecked, func(other *item) bool { return other.operation() == operation }) {
			from.unchecked = append(from.unchecked, by)
		}
	}
	p.mu.Unlock()
	if later {
		return
	}
	if hash, _ := hashed(from.value); hash != from.hash {
		Mistake("%s", changedBy(by))
	}
}

// unchanged returns the mistake of a step that changed the state that it was given; "" if none did. Call it when a
// search is over, before its answer counts.
func (p *pool) unchanged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	wrong := ""
	for _, s := range p.unchecked {
		if hash, _ := hashed(s.value); wrong == "" && hash != s.hash {
			wrong = changedBy(s.unchecked...)
		}
		s.unchecked = nil
	}
	p.unchecked = nil
	return wrong
}

// changedBy returns the error text for a model that changed the state it was given in one of these
// steps.
func changedBy(steps ...*item) string {
	var operations []string
	for _, by := range steps {
		operations = append(operations, by.operation())
	}
	return steps[0].declared() + changed(prose.List(operations, "or"))
}

// world holds what a search knows at some point of an order: the states that are possible, and the sessions
// that have ended.
type world struct {
	of     *Spec
	states []*state
	ended  []uint64 // the sessions that have ended, as a set of bits
}

// worldCost is roughly how many bytes a world takes, and each of its states.
const (
	worldCost   = 64
	inWorldCost = 8
)

func (w *world) size() int { return worldCost + inWorldCost*len(w.states) + 8*len(w.ended) }

// add adds a state, unless the world has it. in holds the states of the world: a step can lead to many thousands.
func (w *world) add(s *state, in map[*state]bool) {
	if !in[s] && (w.of.equal == nil || !w.has(s)) {
		in[s] = true
		w.states = append(w.states, s)
	}
}

func (w *world) has(s *state) bool {
	if slices.Contains(w.states, s) {
		return true
	}
	return w.of.equal != nil && slices.ContainsFunc(w.states, func(other *state) bool { return w.of.equal(other.value, s.value) })
}

// equalWorlds compares worlds after the same items: the same sessions have ended in both.
func equalWorlds(a, b any) bool {
	x, y := a.(*world), b.(*world)
	return slices.Equal(x.states, y.states) || len(x.states) == len(y.states) && !slices.ContainsFunc(x.states, func(s *state) bool { return !y.has(s) })
}

func hashWorld(a any) (sum uint64) {
	w := a.(*world)
	for _, s := range w.states {
		switch { // in any order
		case w.of.equal == nil:
			sum += s.hash
		case w.of.hash != nil:
			sum += w.of.hash(s.value)
		}
	}
	return sum
}
