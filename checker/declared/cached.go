package declared

import (
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/words"
)

// This file is about answers of a cache: a value that a client keeps, and that a watch renews. Such an answer was
// right at some time, and never before the time of an answer that the same cache gave earlier. While its client is
// connected, it is no older than what every right recipe manages (evidence.Bound). A cache lives as long as the
// process of its client.

// keep finds when the answer of a cache can have been right.
func (p *problem) keep(it *item) {
	it.cached, it.from = true, min(it.from, p.freshSince(it.call))
}

// freshSince returns the earliest time at which the answer of a cache may last have been right. The
// cache should have known every earlier change, because its client was connected for longer than
// the bound.
func (p *problem) freshSince(c *Call) time.Duration {
	k, since := p.key.key, evidence.Always
	for _, live := range k.WhileLive(c.Client, evidence.Span{From: evidence.Always, To: c.Began}) {
		if allowed := k.Bound + k.Stalled(live); live.Length() > allowed {
			since = max(since, live.To-allowed)
		}
	}
	return since
}

// afterCached returns a function that gives, for each answer of a cache, the previous answer of the
// same cache; nil if there are none.
func afterCached(items []*item) func(int) []int {
	if !slices.ContainsFunc(items, func(it *item) bool { return it.cached }) {
		return nil
	}
	type cache struct {
		evidence.Life
		operation string
	}
	var calls []int
	for i, it := range items {
		if it.cached {
			calls = append(calls, i)
		}
	}
	slices.SortStableFunc(calls, func(a, b int) int { return items[a].call.number - items[b].call.number })
	last, before := map[cache]int{}, map[int][]int{}
	for _, i := range calls {
		it := items[i]
		of := cache{it.of.key.key.LifeOf(it.call.op), it.call.Operation}
		if j, known := last[of]; known {
			before[i] = []int{j}
		}
		last[of] = i
	}
	return func(i int) []int { return before[i] }
}

// both joins two functions that return what has to come before an item. Either may be nil.
func both(a, b func(int) []int) func(int) []int {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return func(i int) []int { return slices.Concat(a(i), b(i)) }
}

// idle returns a function that reports whether an item changes nothing and only has to explain its
// own answer; nil if there are no such items.
func idle(items []*item) func(int) bool {
	if !slices.ContainsFunc(items, func(it *item) bool { return it.cached }) {
		return nil
	}
	return func(i int) bool { return items[i].cached }
}

// excused describes how outdated the answer of a cache may be. It returns "" for other calls.
func (it *item) excused() string {
	switch {
	case !it.cached:
		return ""
	case it.from == evidence.Always:
		return "; a cache may be behind, but never goes back"
	}
	return fmt.Sprintf("; a cache may be behind, but never goes back, and has to know what was so at %s, since its client was connected for longer than %s",
		at(it.from), words.Lasting(it.of.key.key.Bound))
}
