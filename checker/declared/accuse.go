package declared

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// mostShrinking is the number of tries for making one counterexample smaller.
const mostShrinking = 2_000_000

// mostShown is the number of calls that a counterexample shows.
const mostShown = 12

func at(t time.Duration) string { return words.At(t) }

// accuse says why there is no order: up to where the calls can be explained, and why the next one
// cannot. Its counterexample is the calls whose answers contradict each other, and what led to the state at
// which the order ends.
func (p *problem) accuse(ctx context.Context, f *frame.Finding) {
	items, left := p.items, int64(mostShrinking)
	try := func(of []*item, orders bool) found {
		if left <= 0 || p.wrong.Load() != nil {
			return found{}
		}
		got := p.search(ctx, of, left, orders)
		left -= got.tried
		return got
	}
	if first := p.first(try); first != nil {
		items = first
	}
	longest := try(items, true).longest
	last, state, why := p.stuck(items, longest)
	shown := p.needed(items, try)
	if last == nil {
		f.Violated(p.eventsOf(shown), "no order of the calls of %s explains their answers", p.key.Name)
		return
	}
	for _, it := range []*item{p.changer(longest), last} {
		if it != nil && !slices.ContainsFunc(shown, it.same) {
			shown = append(shown, it)
		}
	}
	n := 0
	for _, op := range longest {
		if op.Input.(*item).call != nil {
			n++
		}
	}
	f.Violated(p.eventsOf(shown), "no order of the calls explains the answer that client %d got from %s at %s: %v", last.call.Client, last.call.Operation, at(last.call.Ended), why)
	f.Conclusion = fmt.Sprintf("The longest order that explains the answers has %s and leads to the state %s; then %v.", calls(n), state, why)
}

// changer returns the last item of an order that changed the state; nil if none did.
func (p *problem) changer(order []porcupine.Operation) (last *item) {
	state := p.begin()
	for _, op := range order {
		it := op.Input.(*item)
		next, _ := p.step(state, it)
		if next == nil {
			break
		}
		if !equalWorlds(state, next) {
			last = it
		}
		state = next
	}
	return last
}

// same reports whether two items are of the same call, or of the end of the same session.
func (it *item) same(other *item) bool {
	if it.call == nil || other.call == nil {
		return it.ends == other.ends && it.call == other.call
	}
	return it.call.op == other.call.op
}

func calls(n int) string {
	if n == 1 {
		return "1 call"
	}
	return fmt.Sprintf("%d calls", n)
}

// eventsOf returns the events of the last items.
func (p *problem) eventsOf(items []*item) (events []int) {
	items = slices.Clone(items)
	slices.SortStableFunc(items, func(a, b *item) int { return int(min(max(a.by-b.by, -1), 1)) })
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

// until returns what was known at a time: of calls that had not ended, the answer was not.
func (p *problem) until(t time.Duration) (known []*item) {
	for _, it := range p.items {
		switch {
		case it.from > t:
		case it.call != nil && it.by > t && it.call.Outcome != Unheard:
			if p.Steps[it.call.Operation].Reads {
				continue
			}
			open := *it
			call := *it.call
			call.Outcome = Unheard
			open.call, open.by = &call, history.Never
			known = append(known, &open)
		default:
			known = append(known, it)
		}
	}
	return known
}

// first returns what was known when no order explained it any more, or nil if that was not found.
func (p *problem) first(try func([]*item, bool) found) (known []*item) {
	var ends []time.Duration
	for _, it := range p.items {
		if it.by != history.Never {
			ends = append(ends, it.by)
		}
	}
	slices.Sort(ends)
	ends = slices.Compact(ends)
	lo, hi := 0, len(ends)-1
	for lo < hi {
		middle := (lo + hi) / 2
		of := p.until(ends[middle])
		got := try(of, false)
		switch {
		case !got.decided:
			return known
		case got.legal:
			lo = middle + 1
		default:
			hi, known = middle, of
		}
	}
	return known
}

// stuck returns the call at which an order ends, the state then, and why the call cannot follow.
func (p *problem) stuck(items []*item, longest []porcupine.Operation) (last *item, state *world, why error) {
	state = p.begin()
	done := map[*item]bool{}
	for _, op := range longest {
		it := op.Input.(*item)
		next, _ := p.step(state, it)
		if next == nil {
			break
		}
		state, done[it] = next, true
	}
	due := history.Never
	for _, it := range items {
		if !done[it] {
			due = min(due, it.by)
		}
	}
	for _, it := range items {
		if done[it] || it.call == nil || it.from > due {
			continue
		}
		next, err := p.step(state, it)
		if next == nil && err != nil && (last == nil || it.by < last.by) {
			last, why = it, err
		}
	}
	return last, state, why
}

// needed returns the calls whose answers are needed for the contradiction: without the answer of any of
// them, an order explains the others. All calls took place all the same.
func (p *problem) needed(items []*item, try func([]*item, bool) found) (needed []*item) {
	var answered []int
	items = slices.Clone(items)
	for i, it := range items {
		if it.call != nil && it.call.Outcome != Unheard {
			answered = append(answered, i)
		}
	}
	for size := max(len(answered)/2, 1); ; size /= 2 {
		for i := 0; i < len(answered); {
			part := answered[i:min(i+size, len(answered))]
			less := slices.Clone(items)
			for _, j := range part {
				call := *items[j].call
				call.relaxed = true
				relaxed := *items[j]
				relaxed.call = &call
				less[j] = &relaxed
			}
			if got := try(less, false); got.decided && !got.legal {
				items = less
				answered = slices.Delete(answered, i, i+len(part))
			} else {
				i += len(part)
			}
		}
		if size <= 1 {
			break
		}
	}
	for _, i := range answered {
		needed = append(needed, items[i])
	}
	return needed
}
