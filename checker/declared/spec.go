package declared

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/panics"
	"github.com/zklab/zklab/internal/base/printable"
)

// Spec is a sequential specification: what each operation does to a state. It must not be changed
// once it is used.
type Spec struct {
	Name, Meaning string // of the property
	Initial       any
	Steps         map[string]Step // by operation; all operations of the object
	// SessionEnds returns the state after a session of a client ended; nil if that changes nothing.
	SessionEnds func(state any, who Caller) any

	// Split divides the calls of an object into parts that are decided each by itself; nil: they are one.
	Split func([]*Call) [][]*Call

	// wrong is the first mistake of the model, after which nothing is decided.
	wrong atomic.Pointer[string]
}

// Step is the part of a specification for one operation.
type Step struct {
	// Reads: the operation changes nothing. A call without an answer then says nothing.
	Reads bool
	// Plain: the answer may be as old as those of ZooKeeper's own reads.
	Plain bool
	// Ignored: the specification says nothing of the operation.
	Ignored bool
	// Decode prepares Call.Decoded.
	Decode func(*Call) error
	// Next returns the states that a call can lead to, or why it cannot have happened as it did. heard
	// says whether the answer counts: a call of which it does not happened all the same.
	Next func(state any, c *Call, who Caller, heard bool) ([]any, error)
}

// mistake is a panic of a step because the model is wrong.
type mistake struct{ text string }

// Mistake ends a step because the model contradicts itself. The specification then decides nothing.
func Mistake(format string, args ...any) { panic(mistake{fmt.Sprintf(format, args...)}) }

// Sequential is the rule that one order of the calls explains all answers: each call took effect at one
// moment between its beginning and its end.
func Sequential(s *Spec) Rule {
	return Rule{reference: s.picture(), property: &frame.Property{
		Name: s.Name, Meaning: s.Meaning, Declared: true, Decider: "porcupine",
		Evidence: func(a *evidence.Record) string {
			if s.plain() || s.SessionEnds != nil {
				return "R, " + frame.FromSessions(a)
			}
			return "R"
		},
		Decide: s.decide,
	}}
}

// picture draws what the search saw. It decides nothing: the property is the search.
func (s *Spec) picture() *frame.Reference {
	return &frame.Reference{
		Applies: func(*evidence.Record) bool { return false },
		Operations: func(k *evidence.Key) ([]porcupine.Operation, bool) {
			p, err := s.problem(keyOf(k))
			if err != nil || s.Split != nil || s.wrong.Load() != nil {
				return nil, false
			}
			return p.operations(p.items), true
		},
		Model: func(a *evidence.Record) porcupine.Model { return s.model() },
	}
}

// plain reports whether some answers may be old.
func (s *Spec) plain() bool {
	for _, st := range s.Steps {
		if st.Plain {
			return true
		}
	}
	return false
}

// item is what a search places: a call, or the end of a session.
type item struct {
	of   *problem
	call *Call
	ends *evidence.Session

	from, by time.Duration // when it happened
	bit      int           // of the session that ends
	group    int           // the number of the session for placed; -1 if that does not matter
	before   int32         // how many calls of the group come before a plain read
}

// problem is what a search has to order.
type problem struct {
	*Spec
	key     *Key
	items   []*item
	endings map[int64]int // the bits of sessions whose end matters
	groups  int
}

func (s *Spec) decide(ctx context.Context, k *evidence.Key) (f frame.Finding) {
	if s.undecidable(&f) {
		return f
	}
	for _, part := range s.parts(keyOf(k)) {
		one := s.decidePart(ctx, part)
		if one.Result == frame.Violation {
			return one
		}
		if f.Result == "" {
			f = one
		}
	}
	return f
}

// parts divides a key.
func (s *Spec) parts(k *Key) (all []*Key) {
	if s.Split == nil {
		return []*Key{k}
	}
	defer func() {
		if x := recover(); x != nil {
			s.isWrong("the partition of the specification panicked: %v%s", x, panics.Place())
			all = []*Key{k}
		}
	}()
	for _, calls := range s.Split(k.Calls) {
		all = append(all, &Key{Name: k.Name, Calls: calls, key: k.key})
	}
	return all
}

func (s *Spec) decidePart(ctx context.Context, k *Key) (f frame.Finding) {
	if s.undecidable(&f) {
		return f
	}
	p, err := s.problem(k)
	if err != nil {
		f.Unknown("%v", err)
		return f
	}
	if items := p.settled(); items != nil {
		if got := p.search(ctx, items, mostTries/4, false); got.decided && got.legal && !s.undecidable(&f) {
			return f
		}
	}
	if s.undecidable(&f) {
		return f
	}
	got := p.search(ctx, p.items, mostTries, false)
	switch {
	case s.undecidable(&f):
	case !got.decided && ctx.Err() != nil:
		f.Unknown("the budget for checking was used up before this could be decided")
	case !got.decided:
		f.Unknown("the %d calls can happen in too many orders to try all: use fewer clients, more keys or a shorter load", len(p.items))
	case !got.legal:
		p.accuse(ctx, &f)
		if s.undecidable(&f) { // found only then
			f = frame.Finding{}
			s.undecidable(&f)
		}
	}
	return f
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

// problem returns the calls and the ends of sessions of a key.
func (s *Spec) problem(k *Key) (*problem, error) {
	p := &problem{Spec: s, key: k, endings: map[int64]int{}}
	groups, count := map[int64]int{}, []int32{}
	for _, c := range k.Calls {
		st, ok := s.Steps[c.Operation]
		if !ok || st.Ignored || c.Outcome == Unheard && st.Reads {
			continue
		}
		if c.Decoded == nil && st.Decode != nil {
			if err := st.Decode(c); err != nil {
				return nil, fmt.Errorf("client %d: %s of %s at %s: %w", c.Client, c.Operation, k.Name, at(c.Began), err)
			}
		}
		it := &item{of: p, call: c, from: c.Began, by: c.Effective(), group: -1}
		if s.plain() {
			p.place(it, st, groups, &count)
		}
		p.items = append(p.items, it)
	}
	p.groups = len(count)
	if s.SessionEnds != nil {
		p.addEnds()
	}
	return p, nil
}

// place finds what comes before a plain read: all that its session was told, and the state that its
// server had shown it.
func (p *problem) place(it *item, st Step, groups map[int64]int, count *[]int32) {
	in := p.key.key.Only(it.call.op)
	if st.Plain && it.call.Outcome != Unheard {
		it.from = min(it.from, p.key.key.View(it.call.op))
	}
	if in == nil || it.call.Outcome == Unheard {
		return
	}
	g, ok := groups[int64(in.ID)]
	if !ok {
		g = len(*count)
		groups[int64(in.ID)] = g
		*count = append(*count, 0)
	}
	it.group, it.before = g, (*count)[g]
	(*count)[g]++
}

// addEnds adds the ends of the sessions in which calls went on.
func (p *problem) addEnds() {
	for _, c := range p.key.Calls {
		for _, id := range c.sessions {
			in := p.key.key.Session(history.ID(id))
			if _, known := p.endings[id]; known || in == nil {
				continue
			}
			bit := len(p.endings)
			p.endings[id] = bit
			it := &item{of: p, ends: in, from: in.DiedFrom, by: in.DiedBy, bit: bit, group: -1}
			if in.Contradictory() {
				it.by = history.Never
			}
			p.items = append(p.items, it)
		}
	}
}

// search looks for an order of items. It notes a mistake of the specification.
func (p *problem) search(ctx context.Context, items []*item, tries int64, longest bool) found {
	got := search(ctx, p.Spec.model(), p.operations(items), func(state any) int { return state.(*world).size }, tries, longest)
	if got.wrong != nil {
		p.isWrong("the specification is wrong: %v (an endless loop?)", got.wrong)
	}
	return got
}

func (p *problem) operations(items []*item) []porcupine.Operation {
	ops := make([]porcupine.Operation, len(items))
	for i, it := range items {
		ops[i] = porcupine.Operation{Input: it, Call: p.key.key.Clamp(it.from), Return: p.key.key.Clamp(it.by)}
		if it.call != nil {
			ops[i].ClientId = it.call.Client
		}
	}
	return ops
}

func (s *Spec) model() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return s.begin() },
		Step: func(state, input, _ any) (bool, any) {
			it := input.(*item)
			next, _ := it.of.step(state.(*world), it)
			return next != nil, next
		},
		Equal: equalWorlds,
		Hash:  hashWorld,
		DescribeOperation: func(input, _ any) string {
			return input.(*item).String()
		},
		DescribeState: func(state any) string { return state.(*world).String() },
	}
}

func (s *Spec) begin() *world {
	w := &world{}
	w.add(s.Initial)
	return w
}

// step returns the world after an item, or nil and why the item is impossible.
func (p *problem) step(w *world, it *item) (next *world, why error) {
	if p.wrong.Load() != nil {
		return nil, nil
	}
	defer func() {
		if x := recover(); x != nil {
			if m, ok := x.(mistake); ok {
				p.isWrong("the specification is wrong: %s", m.text)
			} else {
				p.isWrong("the specification panicked in %s: %v%s", it.operation(), x, panics.Place())
			}
			next, why = nil, nil
		}
	}()
	next = &world{ended: w.ended, placed: w.placed}
	if it.group >= 0 {
		placed := append(slices.Clone(w.placed), make([]int32, p.groups-len(w.placed))...)
		if st := p.Steps[it.call.Operation]; st.Plain && placed[it.group] < it.before {
			return nil, fmt.Errorf("%s comes after what its session was told before", it)
		}
		next.placed = placed
		next.placed[it.group]++
	}
	if it.ends != nil {
		next.ended = append(slices.Clone(w.ended), make([]uint64, (len(p.endings)+63)/64-len(w.ended))...)
		next.ended[it.bit/64] |= 1 << (it.bit % 64)
	}
	for i, state := range w.states {
		after, err := p.after(w, state, it)
		p.unchanged(it, state, w.hashes[i])
		if err != nil && why == nil {
			why = err
		}
		for _, s := range after {
			next.add(s)
		}
	}
	if len(next.states) == 0 {
		return nil, cmp.Or(why, fmt.Errorf("%s is impossible", it))
	}
	return next, nil
}

// after returns the states that an item can lead to.
func (p *problem) after(w *world, state any, it *item) (all []any, why error) {
	if it.ends != nil {
		return []any{p.SessionEnds(state, Caller{it.ends.Client, int64(it.ends.ID)})}, nil
	}
	c := it.call
	st := p.Steps[c.Operation]
	if c.relaxed && (st.Reads || c.Outcome == Refused) {
		return []any{state}, nil
	}
	for _, who := range p.callers(w, c, st) {
		next, err := st.Next(state, c, who, c.Outcome != Unheard && !c.relaxed)
		if err != nil && why == nil {
			why = err
		}
		all = append(all, next...)
		if c.relaxed { // what it answered is one of the answers that it may have given
			next, _ = st.Next(state, c, who, true)
			all = append(all, next...)
		}
	}
	if len(all) == 0 && c.Outcome == Unheard { // then it had no effect
		return []any{state}, nil
	}
	return all, why
}

// callers returns who can have made a call: its client, in one of the sessions that have not ended, if
// that matters. A read and a refusal change nothing, so an ended session does not hinder them.
func (p *problem) callers(w *world, c *Call, st Step) []Caller {
	if p.SessionEnds == nil || len(c.sessions) == 0 {
		return []Caller{c.Caller}
	}
	var who []Caller
	for _, id := range c.sessions {
		bit, known := p.endings[id]
		if over := known && bit/64 < len(w.ended) && w.ended[bit/64]&(1<<(bit%64)) != 0; !over || st.Reads || c.Outcome == Refused {
			who = append(who, Caller{c.Client, id})
		}
	}
	return who
}

// unchanged checks that a step did not change the state that it was given.
func (p *problem) unchanged(it *item, state any, before uint64) {
	if state == nil || !changeable(reflect.TypeOf(state)) {
		return
	}
	if hash, _ := hashed(state); hash != before {
		Mistake("%s changed the state that it was given: it must return a new one instead", it.operation())
	}
}

func (it *item) operation() string {
	if it.ends != nil {
		return "SessionEnds"
	}
	return it.call.Operation
}

// String tells the item in a few words.
func (it *item) String() string {
	if it.ends != nil {
		return fmt.Sprintf("the end of session %s of client %d", it.ends.ID, it.ends.Client)
	}
	c := it.call
	text := c.Operation
	if len(c.Argument) > 0 && string(c.Argument) != "null" {
		text += "(" + printable.Text(string(c.Argument), 40) + ")"
	}
	switch {
	case c.Outcome == Unheard:
		text += ": no answer"
	case c.Outcome == Refused:
		text += ": refused, " + printable.Text(c.Refusal, 40)
	case len(c.Answer) > 0 && string(c.Answer) != "null":
		text += ": " + printable.Text(string(c.Answer), 40)
	}
	return text
}

// String shows the possible states.
func (w *world) String() string {
	const most = 3
	text := ""
	for i, s := range w.states {
		if i == most {
			return text + fmt.Sprintf(" or one of %d more", len(w.states)-most)
		}
		if i > 0 {
			text += " or "
		}
		text += printable.Text(fmt.Sprintf("%+v", s), 80)
	}
	return text
}
