package locks

import (
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/heaps"
)

// Semaphore is a semaphore with history.Params.Leases leases. A client has one lease at
// a time.
var Semaphore = frame.Model{
	Object:     models.Semaphore,
	Properties: []*frame.Property{bound, leaseGrants, fair, lost, holdProgress, frame.OwnZnodes, holdsLogged},
	References: []*frame.Reference{boundReference, fairReference},
}

// leasesTold returns how many leases there are; without it the finding is unknown.
func leasesTold(f *frame.Finding, k *evidence.Key) (n int, told bool) {
	n = k.Params.Leases
	if n < 1 {
		f.Unknown("the record does not say how many leases %s has", k.Name)
	}
	return n, n >= 1
}

// met describes what is missing for the bound to have been exercised, or returns "".
func met(a *evidence.Record, figures map[string]float64) string {
	if missing := frame.Few(figures["met_full"], 10, "acquires that met all leases held"); missing != "" {
		return few(a, missing, "a lease too many")
	}
	return died(a, figures)
}

// leaseFiguresOf returns the figures for the exercise conditions of a semaphore.
var leaseFiguresOf = evidence.OncePerKey(func(k *evidence.Key) map[string]float64 {
	figures := heldFigures(k)
	of := map[int][]evidence.Span{}
	for _, h := range holdsOf(k) {
		if h.core() {
			of[h.Client] = append(of[h.Client], evidence.Span{From: h.Granted, To: h.x})
		}
	}
	held, n := evidence.CountSpans(of), max(1, k.Params.Leases)
	for _, op := range k.Ops() {
		if op.F != models.FAcquire || op.Outcome() == history.Fail {
			continue
		}
		// The acquire's own hold begins when it returns.
		if held.Most(evidence.Span{From: op.Began(), To: evidence.Ended(op) - 1}, n) >= n {
			frame.TallyCall(figures, k.Record, "met_full", op)
		}
	}
	return figures
})

// crowded returns the union of the spans in which at least n of the given spans
// overlap.
func crowded(all []evidence.Span, n int) []evidence.Span {
	slices.SortFunc(all, func(x, y evidence.Span) int { return int(min(1, max(-1, x.From-y.From))) })
	ends := heaps.Heap[time.Duration]{Less: func(a, b time.Duration) bool { return a < b }}
	var of []evidence.Span
	for _, s := range all {
		ends.Push(s.To)
		for len(ends.Items) > n { // the n spans that last longest
			ends.Pop()
		}
		if first := ends.Items[0]; len(ends.Items) == n && first > s.From {
			of = append(of, evidence.Span{From: s.From, To: first})
		}
	}
	return evidence.Union(of)
}

// leaseGrants is the property grants for leases: no client was granted a lease while as many other
// clients as there are leases stood before it in line.
var leaseGrants = grantsBy(decideGrants(func(k *evidence.Key) int { return k.Params.Leases }))
