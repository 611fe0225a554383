package declared

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"

	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/linearize"
	"github.com/zklab/zklab/internal/base/panics"
)

// mostShrinking is the number of tries for making one counterexample smaller.
const mostShrinking = 2_000_000

// mostShown is the number of calls that a counterexample shows.
const mostShown = 12

// window is the part of the items in which a counterexample is searched.
type window = linearize.Window[item, *item]

// accuse explains why there is no order: how far an order can explain the calls, and why no call
// can follow. Its counterexample consists of the calls whose answers contradict each other, and of
// those that led to the state at which the order ends.
func (p *problem) accuse(ctx context.Context, f *frame.Finding) {
	left := int64(mostShrinking)
	stop := func() bool { return left <= 0 || p.wrong.Load() != nil || ctx.Err() != nil }
	violates := func(items []item) bool {
		if stop() {
			return false
		}
		got := p.search(ctx, pointers(items), left)
		left -= got.Tried
		return got.Result == linearize.Illegal
	}
	w := p.first(violates)
	whole := &window{Ops: w.Ops, Places: w.Places} // the window in which all answers count
	var shown []*item
	if !p.key.key.Quick {
		for _, i := range w.Shrink(violates, stop) {
			shown = append(shown, p.items[i])
		}
	}
	end := p.stuck(ctx, pointers(whole.Ops), shown)
	if end.last == nil {
		f.Violated(eventsOf(shown), "no order of the calls of %s explains their answers", p.key.Name)
		return
	}
	show := func(it *item) {
		if it != nil && !slices.Contains(shown, it) {
			shown = append(shown, it)
		}
	}
	show(end.changer())
	show(end.last)
	c := p.culprit(ctx, whole, left)
	show(c.call)
	f.Violated(eventsOf(shown), "%s", end.headline(c))
	if c.wrong == nil {
		f.Conclusion = append(p.proof(end), unasked(end.last.call)...)
	}
	if c.call == nil {
		c.says = p.stale(end)
	}
	f.Conclusion = append(f.Conclusion, c.says...)
}

func pointers(items []item) []*item {
	all := make([]*item, len(items))
	for i := range items {
		all[i] = &items[i]
	}
	return all
}

// eventsOf returns the events of the last items.
func eventsOf(items []*item) (events []int) {
	items = slices.Clone(items)
	slices.SortStableFunc(items, func(a, b *item) int { return cmp.Compare(a.by, b.by) })
	if n := len(items) - mostShown; n > 0 {
		items = items[n:]
	}
	for _, it := range items {
		if it.call != nil {
			events = append(events, it.call.Events()...)
		} else {
			events = append(events, it.ends.DiedByEvent, it.ends.ExpiredEvent)
		}
	}
	return events
}

// first returns the calls as they were known at the first moment at which no order explained them
// any more. Calls that had not ended by then have no answers.
func (p *problem) first(violates func([]item) bool) *window {
	slices.SortStableFunc(p.items, func(a, b *item) int { return cmp.Compare(a.from, b.from) })
	all := make([]item, len(p.items))
	var ends []int64
	for i, it := range p.items {
		all[i] = *it
		if _, ended := it.Interval(); ended != linearize.Never {
			ends = append(ends, ended)
		}
	}
	slices.Sort(ends)
	ends = slices.Compact(ends)
	until := func(i int) *window { return linearize.Cut(all, int64(history.Always), ends[i]) }
	return until(sort.Search(len(ends)-1, func(i int) bool { return violates(until(i).Ops) }))
}

// ending is where the longest order ends.
type ending struct {
	order []placed
	state *world // after the order
	last  *item  // the call that cannot follow; nil if there is none
	why   error  // why the call cannot follow
}

// placed is an item in an order, with the state after it.
type placed struct {
	*item
	before, after *world
}

// changed reports whether the item changed the state.
func (o placed) changed() bool { return !equalWorlds(o.before, o.after) }

// headline names the call that is to blame, if it is known, and the answer that shows it.
func (e *ending) headline(c culprit) string {
	if c.wrong != nil {
		return fmt.Sprintf("in the order of the transaction log, %s was wrong: %v", c.call.when(), c.wrong)
	}
	unless := ""
	if c.unless != "" && (c.call != e.last || c.call.call.Outcome == Refused) {
		unless = ", unless " + c.unless
	}
	also := ""
	if c.also != "" && c.call != e.last {
		also = "; " + c.also
	}
	shows := e.last.call
	return fmt.Sprintf("no order of the calls explains the answer that client %d got from %s at %s%s: %v%s%s", shows.Client, shows.Operation, at(shows.Ended), unless, e.why, e.last.excused(), also)
}

// changer returns the item that changed the state last; nil if none did.
func (e *ending) changer() *item {
	for _, o := range slices.Backward(e.order) {
		if o.changed() {
			return o.item
		}
	}
	return nil
}

// stuck returns where the longest order of items ends. If possible, the call that cannot follow is
// among the items in some.
func (p *problem) stuck(ctx context.Context, items, some []*item) (e ending) {
	x, got := linearize.Explain(ctx, p.order(items), p.budget)
	p.blame(got)
	if got.Result != linearize.Illegal {
		return e
	}
	e.state = p.begin()
	for _, o := range x.Order {
		next := o.State.(*world)
		e.order = append(e.order, placed{p.items[p.own(items[o.Operation])], e.state, next})
		e.state = next
	}
	chosen := false
	for _, i := range x.Next {
		it := items[i]
		err := p.impossible(e.state, it)
		own := p.own(it)
		among := slices.Contains(some, p.items[own])
		if it.call != nil && err != nil && (e.last == nil || among && !chosen || among == chosen && it.by < e.last.by) {
			e.last, e.why, chosen = p.items[own], err, among
		}
	}
	return e
}

// own returns the place among the problem's items of the one that it is a copy of.
func (p *problem) own(it *item) int {
	return slices.IndexFunc(p.items, func(o *item) bool { return o.call == it.call && o.ends == it.ends })
}

// impossible returns the reason why an item cannot follow a state. It returns nil if the item can, and
// if the model panicked.
func (p *problem) impossible(state *world, it *item) (why error) {
	defer func() {
		if v := recover(); v != nil {
			p.isWrong("the model panicked in its step for %s: %v%s", it, v, panics.Place())
			why = nil
		}
	}()
	next, why := p.step(state, it)
	if next != nil {
		return fmt.Errorf("%s comes after what its session was told before", it)
	}
	return why
}
