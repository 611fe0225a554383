package locks

import (
	"context"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/internal/base/heaps"
)

// fair requires that leases were granted in the order of their tickets: no contender overtook
// another. Contenders get their tickets in the order in which they come.
//
// In the order of the tickets, each hold can begin as soon as the holds before it allow: not before
// the last of them was asked for, and not while n of them certainly lasted. As with the tokens of a
// lock, the order in which acquires returned does not matter. A ticket that may belong to an
// earlier call, which was given up, does not show when the hold was granted.
var fair = &frame.Property{
	Name:     "fair",
	Meaning:  "leases were granted first come, first served",
	Decider:  "greedy in the order of tickets",
	Evidence: frame.FromSessions,
	Applies:  gives,
	Wants:    wantsToken,
	Decide: func(_ context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		f.Add(leaseFiguresOf(k))
		if n, told := leasesTold(&f, k); told {
			decideFair(&f, k.Name, n, usable(&f, holdsOf(k)))
		}
		return f
	},
	Exercise: met,
}

func decideFair(f *frame.Finding, key string, n int, all []*hold) {
	var last, asked *hold                                                       // the previous hold, and the one asked for last
	open := heaps.Heap[*hold]{Less: func(a, b *hold) bool { return a.x < b.x }} // the n holds that last longest
	dated := slices.DeleteFunc(granted(all), (*hold).cameBefore)
	for _, h := range byToken(f, dated, "ticket") {
		if last != nil && last.Token == h.Token {
			f.Violated(append(slices.Clone(last.Shown), h.Shown...), "clients %d and %d were granted leases of %s at %s and %s with the same ticket %s",
				last.Client, h.Client, key, words.At(last.Granted), words.At(h.Granted), h.Token)
		}
		last = h
		if h.Asked > h.e {
			phantom(f, key, h)
			continue
		}
		switch latest := min(h.Granted, h.e); {
		case asked != nil && asked.Asked > latest:
			f.Violated(append(h.ended(), asked.Shown...), "client %d was granted a lease of %s by %s%s, before client %d, which has the lower ticket %s, asked for one at %s",
				h.Client, key, words.At(latest), words.WithToken(h.Token), asked.Client, asked.Token, words.At(asked.Asked))
		case len(open.Items) == n && open.Items[0].x > latest:
			overtaken(f, key, h, latest, open.Items)
		}
		if asked == nil || h.Asked > asked.Asked {
			asked = h
		}
		if open.Push(h); len(open.Items) > n {
			open.Pop()
		}
	}
}

// ended returns the events that show when the hold was granted, and when it was over.
func (h *hold) ended() []int {
	counterexample := slices.Clone(h.Shown)
	if h.e < h.Granted {
		_, released := h.released()
		counterexample = append(append(counterexample, h.death.ByEvent), released...)
	}
	return counterexample
}

// overtaken reports a hold that was granted while holders of lower tickets were
// entitled to all leases.
func overtaken(f *frame.Finding, key string, h *hold, latest time.Duration, by []*hold) {
	if f.Again() {
		return
	}
	counterexample, first := h.ended(), "comes before it by a lower ticket, and held the only lease"
	for _, o := range by {
		counterexample = append(counterexample, o.shown()...)
	}
	if len(by) > 1 {
		first = "come before it by lower tickets, and held all " + words.Number(len(by))
	}
	f.Violated(counterexample, "client %d was granted a lease of %s by %s%s, but %s %s%s",
		h.Client, key, words.At(latest), words.WithToken(h.Token), clientsOf(by), first, untilAtLeast(by[0]))
}
