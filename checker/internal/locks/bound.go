package locks

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/internal/base/heaps"
	"github.com/zklab/zklab/internal/base/prose"
)

// bound requires that at no moment more clients held than there are leases. It generalizes
// exclusion, and a hold ends as there.
//
// That holds if and only if no moment is inside more cores than there are leases, and the window of
// each hold without a core has a moment that is inside fewer cores: such holds can have length
// zero, so they do not exclude each other.
var bound = &frame.Property{
	Name:     "bound",
	Meaning:  "no more clients held a key than it has leases",
	Decider:  "interval sweep",
	Evidence: frame.FromSessions,
	Decide: func(_ context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		f.Add(leaseFiguresOf(k))
		noteNoSession(&f, k)
		if n, told := leasesTold(&f, k); told {
			decideBound(&f, k.Name, n, usable(&f, holdsOf(k)))
		}
		return f
	},
	Exercise: func(a *evidence.Record, figures map[string]float64) string {
		return cmp.Or(met(a, figures), unproven(a, figures))
	},
	Derive: deriveProven,
}

// starting is a hold in the order of the sweep: a hold with a core counts where the core
// begins, and any other hold where its window begins.
type starting struct {
	*hold
	at time.Duration
}

func decideBound(f *frame.Finding, key string, n int, holds []*hold) {
	open := heaps.Heap[*hold]{Less: func(a, b *hold) bool { return a.x < b.x }} // holds with cores
	for _, h := range byStart(holds) {
		for len(open.Items) > 0 && open.Items[0].x <= h.at {
			open.Pop()
		}
		if !h.core() {
			decideSqueezed(f, key, n, h, open.Items)
			continue
		}
		if len(open.Items) >= n {
			overfull(f, key, n, h.hold, open.Items)
		}
		open.Push(h.hold)
	}
}

// byStart puts holds in the order of the sweep. At one moment windows come first: a core
// does not contain the moment at which it begins.
func byStart(holds []*hold) []starting {
	all := make([]starting, 0, len(holds))
	for _, h := range holds {
		at := h.Granted
		if !h.core() {
			at = max(h.Asked, h.x)
		}
		all = append(all, starting{h, at})
	}
	first := func(s starting) int {
		if s.core() {
			return 1
		}
		return 0
	}
	slices.SortFunc(all, func(s, t starting) int {
		return cmp.Or(cmp.Compare(s.at, t.at), cmp.Compare(first(s), first(t)), cmp.Compare(s.x, t.x), cmp.Compare(s.id, t.id))
	})
	return all
}

// overfull reports a grant while all leases were held.
func overfull(f *frame.Finding, key string, n int, h *hold, open []*hold) {
	if f.Again() {
		return
	}
	longest := slices.Clone(open)
	slices.SortFunc(longest, func(x, y *hold) int { return cmp.Or(cmp.Compare(y.x, x.x), cmp.Compare(x.id, y.id)) })
	counterexample := h.shown()
	for _, o := range longest[:n] {
		counterexample = append(counterexample, o.shown()...)
	}
	f.Violated(counterexample, "client %d was granted a lease of %s at %s%s while %s%s",
		h.Client, key, words.At(h.Granted), words.WithToken(h.Token), allHeld(n, longest[:n]), untilAtLeast(longest[n-1]))
}

// allHeld returns text saying that some holds together used all leases.
func allHeld(n int, by []*hold) string {
	if n == 1 {
		return "the only one was held by " + clientsOf(by)
	}
	return "all " + words.Number(n) + " were held by " + clientsOf(by)
}

// clientsOf names the clients that held.
func clientsOf(by []*hold) string {
	clients := make([]int, 0, len(by))
	for _, h := range by {
		clients = append(clients, h.Client)
	}
	slices.Sort(clients)
	clients = slices.Compact(clients)
	return prose.Noun(len(clients), "client") + " " + prose.Numbers(clients)
}

func untilAtLeast(h *hold) string {
	if h.x == evidence.Never {
		return " to the end"
	}
	return " until at least " + words.At(h.x)
}

// decideSqueezed looks for a moment that is left for a hold without a core. No moment is
// inside more than n cores, or that was found before. So every moment of the window is
// inside n cores only if the whole window lies inside the same n.
func decideSqueezed(f *frame.Finding, key string, n int, h starting, open []*hold) {
	to := min(h.Granted, h.e)
	if h.at > to {
		phantom(f, key, h.hold)
		return
	}
	around := slices.DeleteFunc(slices.Clone(open), func(c *hold) bool { return c.Granted >= h.at || c.x <= to })
	if len(around) < n || f.Again() {
		return
	}
	slices.SortFunc(around, func(x, y *hold) int { return cmp.Compare(x.id, y.id) })
	around = around[:n]
	counterexample := slices.Clone(h.Shown)
	for _, c := range around {
		counterexample = append(counterexample, c.shown()...)
		if h.Asked <= c.Granted { // only the life of its session shows that it was not granted before
			counterexample = append(counterexample, h.endEvents...)
		}
		if h.Granted >= c.x { // only the death of its session shows that it was not granted after
			_, released := h.released()
			counterexample = append(append(counterexample, h.death.ByEvent), released...)
		}
	}
	f.Violated(counterexample, "client %d was granted a lease of %s at some moment from %s to %s%s, and all that time %s",
		h.Client, key, words.At(h.at), words.At(to), words.WithToken(h.Token), allHeld(n, around))
}
