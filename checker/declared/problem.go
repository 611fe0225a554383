package declared

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/linearize"
	"github.com/zklab/zklab/internal/base/panics"
)

// item is a call, or the end of a session, to which a search gives a place in the order. Searches share its parts.
type item struct {
	of    *problem
	call  *Call
	value any // of the call, from Step.Decode
	ends  *evidence.Session

	from, by time.Duration // the item happened between these times
	bit      int           // the bit of the session that ends
	session  int64         // the call's session, if its reads may be old; 0 if that does not matter
	plain    bool          // the call is a read that may be old
	cached   bool          // the answer comes from a cache
	relaxed  bool          // the answer does not count
}

// Interval implements [linearize.Timed].
func (it *item) Interval() (began, ended int64) {
	if it.by == history.Never {
		return int64(it.from), linearize.Never
	}
	return int64(it.from), int64(it.by)
}

// Relax implements [linearize.Timed]. The call still happened; a session may never have ended.
func (it *item) Relax() {
	if it.ends != nil {
		it.by = history.Never
	} else {
		it.relaxed = it.call.Outcome != Unheard
	}
}

// problem holds what a search has to order.
type problem struct {
	*Spec
	key     *Key
	items   []*item
	endings map[int64]int // the bits of sessions whose end matters
	unheard int           // how many calls have an unknown outcome
	budget  linearize.Budget
	pool    *pool // of the states that searches have led to
}

// problem returns the calls and the ends of sessions of a key.
func (s *Spec) problem(k *Key) (p *problem, err error) {
	p = &problem{Spec: s, key: k, endings: map[int64]int{}, budget: s.Bounds.of(k.key.Record), pool: newPool(s)}
	p.budget.Held = func() int64 { return p.pool.held.Load() }
	where := k.Name
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the function that reads the values of calls panicked at %s: %v%s", where, v, panics.Place())
		}
	}()
	plain := s.plain(k.key.Record)
	for _, c := range k.Calls {
		st, ok := s.Step(c.Operation)
		if !ok || c.Outcome == Unheard && st.Reads {
			continue
		}
		where = c.Operation + " of " + k.Name
		it := &item{of: p, call: c, from: c.Began, by: c.Effective()}
		if st.Decode != nil {
			if it.value, ok, err = st.Decode(c); err != nil {
				return nil, fmt.Errorf("client %d: %s of %s at %s: %w", c.Client, c.Operation, k.Name, at(c.Began), err)
			} else if !ok {
				continue
			}
		}
		switch {
		case c.Outcome == Unheard:
			p.unheard++
		case st.Cached:
			p.keep(it)
		case plain:
			p.place(it, st)
		}
		p.items = append(p.items, it)
	}
	if s.prepare != nil {
		s.prepare(p.values())
	}
	if s.SessionEnds != nil {
		p.addEnds()
	}
	return p, nil
}

// values returns the values of the calls, as Step.Decode returned them.
func (p *problem) values() (all []any) {
	for _, it := range p.items {
		if it.call != nil {
			all = append(all, it.value)
		}
	}
	return all
}

// place finds when a call can have taken effect, and in which session, if some reads
// may be old.
func (p *problem) place(it *item, st Step) {
	if it.plain = st.Plain; it.plain {
		it.from = min(it.from, p.key.key.View(it.call.op))
	}
	if in := p.key.key.Only(it.call.op); in != nil {
		it.session = int64(in.ID)
	}
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
			it := &item{of: p, ends: in, from: in.DiedFrom, by: in.DiedBy, bit: bit}
			if in.Contradictory() {
				it.by = history.Never
			}
			p.items = append(p.items, it)
		}
	}
}

// search looks for an order of items, with a number of tries. It notes a mistake of the specification.
func (p *problem) search(ctx context.Context, items []*item, tries int64) linearize.Answer {
	b := p.budget
	b.Tries = max(tries, 1)
	got := linearize.Decide(ctx, p.order(items), b)
	p.blame(got)
	return got
}

// blame notes a mistake of the specification: one that the search found, or a step that changed its
// state, which blame looks for after the search. It does not look if the search was given up, since
// its goroutine may still run.
func (p *problem) blame(got linearize.Answer) {
	if got.Err != nil {
		p.isWrong("%v", got.Err)
	} else if got.Result != linearize.Undecided {
		if wrong := p.pool.unchanged(); wrong != "" {
			p.isWrong("%s", wrong)
		}
	}
}

// order returns the problem of finding an order of items.
func (p *problem) order(items []*item) linearize.Problem {
	if p.pool.held.Load() > p.budget.Memory/2 { // forget earlier searches, so that this one may use the whole budget
		p.pool = newPool(p.Spec)
	}
	ops := make([]porcupine.Operation, len(items))
	for i, it := range items {
		ops[i] = porcupine.Operation{Input: it, Metadata: it, Call: p.key.key.Clamp(it.from), Return: linearize.Never}
		if it.by != history.Never {
			ops[i].Return = p.key.key.Clamp(it.by)
		}
		if it.call != nil {
			ops[i].ClientId = it.call.Client
		}
	}
	return linearize.Problem{Model: p.model(), Operations: ops, After: both(after(items), afterCached(items)), Idle: idle(items)}
}

// after returns a function that gives, for each plain read, all items that its session had been
// told of before; nil if there are no plain reads.
func after(items []*item) func(int) []int {
	if !slices.ContainsFunc(items, func(it *item) bool { return it.plain }) {
		return nil
	}
	var calls []int
	for i, it := range items {
		if it.session != 0 {
			calls = append(calls, i)
		}
	}
	slices.SortStableFunc(calls, func(a, b int) int { return cmp.Compare(items[a].call.number, items[b].call.number) })
	told, before := map[int64][]int{}, make([][]int, len(items))
	for _, i := range calls {
		if items[i].plain {
			before[i] = told[items[i].session]
		}
		told[items[i].session] = append(told[items[i].session], i)
	}
	return func(i int) []int { return before[i] }
}

func (p *problem) model() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return p.begin() },
		Step: func(state, input, _ any) (bool, any) {
			it := input.(*item)
			next, _ := it.of.step(state.(*world), it)
			return next != nil, next
		},
		Partition:         p.partition,
		Equal:             equalWorlds,
		Hash:              hashWorld,
		DescribeOperation: func(input, _ any) string { return input.(*item).String() },
		DescribeState:     func(state any) string { return state.(*world).String() },
	}
}

func (p *problem) begin() *world {
	return &world{of: p.Spec, states: []*state{p.pool.add(p.Begin())}}
}

// step returns the world after an item, or nil and why the item is impossible.
func (p *problem) step(w *world, it *item) (next *world, why error) {
	next = &world{of: p.Spec, ended: w.ended}
	if it.ends != nil {
		next.ended = append(slices.Clone(w.ended), make([]uint64, (len(p.endings)+63)/64-len(w.ended))...)
		next.ended[it.bit/64] |= 1 << (it.bit % 64)
	}
	in := map[*state]bool{}
	for _, from := range w.states {
		after, err := p.after(w, from, it)
		if err != nil && why == nil {
			why = err
		}
		for _, s := range after {
			next.add(s, in)
		}
	}
	switch {
	case len(next.states) > 0:
		return next, nil
	case why == nil:
		why = unfit{it}
	}
	return nil, why
}

// unfit is the reason why an item cannot follow a state, if the specification gives none. A search meets it at most of
// the orders that it tries, and shows one, so its text is made when it is shown.
type unfit struct{ *item }

func (u unfit) Error() string { return u.String() + " is impossible" }

// after returns the states that an item can lead to.
func (p *problem) after(w *world, from *state, it *item) (all []*state, why error) {
	if it.ends != nil {
		who := Caller{it.ends.Client, int64(it.ends.ID)}
		return p.pool.after(from, edge{ends: it.ends, who: who}, it, func(value any) ([]any, error) { return []any{p.SessionEnds(value, who)}, nil })
	}
	c := it.call
	st, _ := p.Step(c.Operation)
	if it.relaxed && (st.Reads || c.Outcome == Refused) {
		return []*state{from}, nil
	}
	step := func(who Caller, heard bool) ([]*state, error) {
		return p.pool.after(from, edge{call: c, who: who, heard: heard}, it, func(value any) ([]any, error) { return st.Next(value, it.value, c, who, heard) })
	}
	for _, who := range p.callers(w, c, st) {
		next, err := step(who, c.Outcome != Unheard && !it.relaxed)
		if err != nil && why == nil {
			why = err
		}
		all = append(all, next...)
		if it.relaxed { // its answer is one of those that it may have given
			next, _ = step(who, true)
			all = append(all, next...)
		}
	}
	if len(all) == 0 && c.Outcome == Unheard { // then it had no effect
		return []*state{from}, nil
	}
	return all, why
}

// callers returns who can have made a call: its client, in one of the sessions that have not ended,
// if that matters. A read or a refusal changes nothing, so it is possible even if its session has
// ended.
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
