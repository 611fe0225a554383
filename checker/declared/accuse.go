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
	"github.com/zklab/zklab/internal/base/prose"
)

// mostShrinking is the number of tries for making one counterexample smaller.
const mostShrinking = 2_000_000

// mostShown is the number of calls that a counterexample shows.
const mostShown = 12

// window is the part of the items that a counterexample is sought in.
type window = linearize.Window[item, *item]

// accuse says why there is no order: up to where the calls can be explained, and why the next one
// cannot. Its counterexample is the calls whose answers contradict each other, and what led to the state at
// which the order ends.
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
	known := pointers(w.Ops)
	var shown []*item
	if !p.key.key.Quick {
		for _, i := range w.Shrink(violates, stop) {
			shown = append(shown, p.items[i])
		}
	}
	last, changer, did, state, why := p.stuck(ctx, known, shown)
	if last == nil {
		f.Violated(eventsOf(shown), "no order of the calls of %s explains their answers", p.key.Name)
		return
	}
	for _, it := range []*item{changer, last} {
		if it != nil && !slices.Contains(shown, it) {
			shown = append(shown, it)
		}
	}
	f.Violated(eventsOf(shown), "no order of the calls explains the answer that client %d got from %s at %s: %v", last.call.Client, last.call.Operation, at(last.call.Ended), why)
	f.Conclusion = fmt.Sprintf("The longest order that explains the answers has %s and leads to the state %s; then %v.", prose.Count(did, "call"), state, why)
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

// first returns what was known when no order explained it any more: of calls that had not ended then, the
// answers do not count.
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

// stuck returns the call at which the longest order of items ends, the item of the order that changed the state
// last, how many calls the order has, the state then, and why the call cannot follow: if possible, one of
// some calls.
func (p *problem) stuck(ctx context.Context, items, some []*item) (last, changer *item, did int, state *world, why error) {
	x, got := linearize.Explain(ctx, p.order(items), p.budget)
	p.blame(got)
	if got.Result != linearize.Illegal {
		return nil, nil, 0, nil, nil
	}
	state = p.begin()
	for _, placed := range x.Order {
		it := items[placed.Operation]
		if it.call != nil {
			did++
		}
		if after := placed.State.(*world); !equalWorlds(state, after) {
			state, changer = after, p.items[p.own(it)]
		}
	}
	state = x.State.(*world)
	chosen := false
	for _, i := range x.Next {
		it := items[i]
		err := p.impossible(state, it)
		own := p.own(it)
		among := slices.Contains(some, p.items[own])
		if it.call != nil && err != nil && (last == nil || among && !chosen || among == chosen && it.by < last.by) {
			last, why, chosen = p.items[own], err, among
		}
	}
	return last, changer, did, state, why
}

// own returns the place of the item of which another one is a copy.
func (p *problem) own(it *item) int {
	return slices.IndexFunc(p.items, func(o *item) bool { return o.call == it.call && o.ends == it.ends })
}

// impossible says why an item cannot follow on a state.
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
