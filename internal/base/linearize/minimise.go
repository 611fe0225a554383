package linearize

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

// Minimise returns the places of few operations of an illegal problem that no order explains, by
// themselves: whatever state those left that had returned before, and whatever the others did, at
// any time from their calls on, or never. The budget is for all of its searches. If the budget ends first, they are more
// than needed. It returns nil if it did not find the problem to be illegal within the budget.
//
// The result contains no optional operation, though some may matter.
func Minimise(c context.Context, p Problem, b Budget) []int {
	began := time.Now()
	m := &minimising{ctx: c, Budget: b, left: b.Tries, model: p.Model}
	m.stop = func() bool {
		return c.Err() != nil || b.Tries > 0 && m.left <= 0 || b.Time > 0 && time.Since(began) >= b.Time
	}
	if check(p.Model) != nil {
		return nil
	}
	parts, err := p.parts()
	if err != nil || Decide(c, p, b).Result != Illegal { // which also tries the model out
		return nil
	}
	m.model.Partition = nil // it has been called
	if size := b.Size; size != nil {
		m.Size = func(state any) (sum int) {
			if all, set := state.(states); set {
				for _, s := range all {
					sum += size(s)
				}
				return sum
			}
			return size(state)
		}
	}
	for _, ops := range parts {
		all := make([]relaxing, len(ops))
		for i, op := range ops {
			all[i] = relaxing{step: op.Input.(*step)}
		}
		slices.SortStableFunc(all, func(x, y relaxing) int { return cmp.Compare(x.Call, y.Call) })
		rank(all)
		if m.all, m.starts = all, map[int64]states{}; m.illegal(all, 0, m.left) {
			return m.part(all)
		}
	}
	return nil
}

// relaxing is an operation that can be made optional.
type relaxing struct {
	*step
	relaxed      bool
	began, ended int64 // ranks, from 1, of Call and Return; Never if it is optional
}

// rank numbers the times at which operations begin and end. Equal times have the same rank.
func rank(all []relaxing) {
	var times []int64
	for i := range all {
		times = append(times, all[i].Call, all[i].Return)
	}
	slices.Sort(times)
	times = slices.Compact(times)
	of := func(t int64) int64 {
		i, _ := slices.BinarySearch(times, t)
		return int64(i) + 1
	}
	for i := range all {
		o := &all[i]
		o.began, o.ended = of(o.Call), of(o.Return)
		if o.optional || o.Return == Never {
			o.ended = Never
		}
	}
}

// Interval implements [Timed].
func (o *relaxing) Interval() (began, ended int64) { return o.began, o.ended }

// Relax implements [Timed].
func (o *relaxing) Relax() { o.relaxed, o.ended = true, Never }

// minimising is the work of Minimise.
type minimising struct {
	ctx context.Context
	Budget
	left  int64 // of the tries
	model porcupine.Model
	stop  func() bool

	all    []relaxing       // the part's
	starts map[int64]states // in which the object may be, by rank
}

// onePart is the part of the budget that one search of many may use.
const onePart = 20

// Of more operations it is looked for the latest time from which they violate.
const fewEnough = 100

// part makes the operations of one part fewer.
func (m *minimising) part(all []relaxing) []int {
	var returns []int64
	for i := range all {
		if _, ended := all[i].Interval(); ended != Never {
			returns = append(returns, ended)
		}
	}
	slices.Sort(returns)
	share := m.Tries / onePart
	violates := func(ops []relaxing, from int64) bool { return m.illegal(ops, from, share) }
	whole := func(ops []relaxing) bool { return violates(ops, 0) }
	last := sort.Search(len(returns)-1, func(i int) bool { return whole(Cut(all, 0, returns[i]).Ops) })
	from := int64(0)
	if len(all) > fewEnough {
		from = LatestStart(all, returns[last], returns[last], violates)
	}
	w := Cut(all, from, returns[last])
	if from == 0 {
		m.newest(w, whole)
	}
	var places []int
	for _, at := range w.Shrink(func(ops []relaxing) bool { return violates(ops, from) }, m.stop) {
		places = append(places, all[at].place)
	}
	slices.Sort(places)
	return places
}

// newest makes all operations optional but some that returned last, if these violate. Most
// contradictions are between operations that are close to each other.
func (m *minimising) newest(w *Window[relaxing, *relaxing], violates func([]relaxing) bool) {
	returned := slices.Clone(w.Required)
	slices.SortFunc(returned, func(x, y int) int { return cmp.Compare(w.Ops[y].Return, w.Ops[x].Return) })
	for n := 2; n < len(returned); n *= 2 {
		ops := slices.Clone(w.Ops)
		for _, i := range returned[n:] {
			ops[i].Relax()
		}
		if violates(ops) {
			slices.Sort(returned[:n])
			w.Ops, w.Required = ops, returned[:n]
			return
		}
	}
}

// illegal reports whether some operations have no order from a rank on, as far as some tries show that. First,
// what was made optional may come any number of times after its call, which leaves little to try.
func (m *minimising) illegal(ops []relaxing, from, tries int64) bool {
	if m.stop() {
		return false
	}
	var maybe []relaxing
	once, many := Problem{Model: m.model}, Problem{}
	for i := range ops {
		o := &ops[i]
		op := porcupine.Operation{ClientId: o.ClientId, Input: o.step, Call: o.Call, Return: o.Return}
		if o.relaxed && !o.optional {
			maybe = append(maybe, *o)
			op.Return = Never
		} else {
			many.Operations = append(many.Operations, op)
		}
		once.Operations = append(once.Operations, op)
	}
	starts := m.start(from)
	if len(starts) > mostStates {
		return false
	}
	many.Model = m.anyTimes(starts, different(maybe))
	if m.refuted(many, tries) {
		return true
	}
	once.Model = m.once(ops)
	return from == 0 && len(maybe) > 0 && m.refuted(once, tries/onePart)
}

// refuted reports whether a search finds no order.
func (m *minimising) refuted(p Problem, tries int64) bool {
	if m.stop() {
		return false
	}
	b := m.Budget
	if b.Tries > 0 {
		b.Tries = max(1, min(tries, m.left))
	}
	if b.Time > 0 {
		b.Time = max(time.Millisecond, b.Time/onePart)
	}
	a := Decide(m.ctx, p, b)
	m.left -= a.Tried
	return a.Result == Illegal
}

// once returns the model in which what was made optional comes once, or never.
func (m *minimising) once(ops []relaxing) porcupine.Model {
	relaxed := map[*step]bool{}
	for i := range ops {
		relaxed[ops[i].step] = ops[i].relaxed
	}
	model, inner := m.model, stepOf(m.model)
	model.Step, model.StepContext = nil, func(c ctx, state, input, _ any) (bool, any) {
		o := input.(*step)
		ok, next := inner(c, state, o.Input, o.Output)
		if !ok && (o.optional || relaxed[o]) {
			return true, state
		}
		return ok, next
	}
	return model
}

// different returns the first of those operations that are the same.
func different(ops []relaxing) []relaxing {
	seen := map[[2]any]bool{}
	return slices.DeleteFunc(ops, func(o relaxing) bool {
		if !comparable(o.Input) || !comparable(o.Output) {
			return false
		}
		did := [2]any{o.Input, o.Output}
		again := seen[did]
		seen[did] = true
		return again
	})
}

// comparable reports whether a value can be compared with ==.
func comparable(v any) bool { return v == nil || reflect.ValueOf(v).Comparable() }

// mostStates bounds how many states operations that may come any number of times may lead to.
const mostStates = 1024

// states are the states that an object may be in.
type states []any

// has reports whether a state is one of some.
func (m *minimising) has(s states, state any) bool {
	equal := equalOf(m.model)
	return slices.ContainsFunc(s, func(o any) bool { return equal(o, state) })
}

// start returns the states in which the object may be at a rank, whatever came before it.
func (m *minimising) start(from int64) states {
	if m.starts[from] == nil {
		begun := sort.Search(len(m.all), func(i int) bool { return m.all[i].began >= from })
		m.starts[from] = m.closure(m.ctx, states{m.model.Init()}, different(slices.Clone(m.all[:begun])))
	}
	return m.starts[from]
}

// callsPerTry is how many steps of the model in finding reachable states count as one try.
const callsPerTry = 8

// closure returns the states that operations lead to from some states, in any order and number. It
// returns more than mostStates, which may be none that exist, if there are too many.
func (m *minimising) closure(c ctx, s states, of []relaxing) (reached states) {
	defer func() {
		if recover() != nil { // in a state that no order leads to, a model may do anything
			reached = make(states, mostStates+1)
		}
	}()
	inner := stepOf(m.model)
	s = slices.Clone(s)
	for at := 0; at < len(s) && len(s) <= mostStates; at++ {
		for i := range of {
			if ok, next := inner(c, s[at], of[i].Input, of[i].Output); ok && !m.has(s, next) {
				s = append(s, next)
			}
		}
		if m.left -= int64(len(of)/callsPerTry + 1); m.left < 0 && m.Tries > 0 {
			return make(states, mostStates+1)
		}
	}
	return s
}

// anyTimes returns a model whose states are sets: some operations may have come any number of times
// before each step, once they had begun.
func (m *minimising) anyTimes(starts states, maybe []relaxing) porcupine.Model {
	inner, hash := stepOf(m.model), hashOf(m.model)
	has := m.has
	type from struct {
		first *any // of the states
		begun int  // of maybe
	}
	known := map[from]states{}
	reach := func(c ctx, s states, until int64) states {
		begun := sort.Search(len(maybe), func(i int) bool { return maybe[i].Call > until })
		if begun == 0 {
			return s
		}
		at := from{&s[0], begun}
		if known[at] == nil {
			known[at] = m.closure(c, s, maybe[:begun])
		}
		return known[at]
	}
	model := porcupine.Model{
		Init: func() any { return starts },
		StepContext: func(c ctx, state, input, _ any) (bool, any) {
			o, before := input.(*step), state.(states)
			if before == nil { // anything: too many states
				return true, before
			}
			var after states
			reached := reach(c, before, o.Return)
			if len(reached) > mostStates {
				return true, states(nil)
			}
			for _, s := range reached {
				ok, next := inner(c, s, o.Input, o.Output)
				if !ok && o.optional {
					ok, next = true, s
				}
				if ok && !has(after, next) {
					after = append(after, next)
				}
			}
			return len(after) > 0, after
		},
		Equal: func(a, b any) bool {
			x, y := a.(states), b.(states)
			if (x == nil) != (y == nil) || len(x) != len(y) {
				return false
			}
			return !slices.ContainsFunc(x, func(s any) bool { return !has(y, s) })
		},
		DescribeOperation: m.model.DescribeOperation,
	}
	if hash != nil {
		model.Hash = func(state any) (sum uint64) {
			for _, s := range state.(states) {
				sum ^= hash(s)
			}
			return sum
		}
	}
	return model
}
