package locks

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// RWLock is a read-write lock.
var RWLock = frame.Model{
	Object: models.RWLock,
	Properties: []*frame.Property{
		rwExclusion, rwGrants, rwTokens, rwFencing, lost, belief, revocation, rwProgress, frame.OwnZnodes,
		holdsLogged,
	},
	References: []*frame.Reference{rwReference, rwTokensReference},
}

// wrote returns the time until which a hold with a core certainly kept readers out, or evidence.Always
// if it never did. A downgrade counts from its invocation on, even if its outcome is unknown: reading
// is the weaker state, so the earliest possible time is the safe one.
func (h *hold) wrote() time.Duration { return h.Writes(h.x) }

// rwExclusion requires that, while a client held to write, no other client held at all. It
// generalizes exclusion, and a hold ends as there. The writing part of a core lasts from the grant
// to the downgrade.
//
// That holds if and only if no core overlaps the writing part of another, and the window of each
// hold without a core has a free moment: for a reader, outside every writing part; for a writer,
// outside every core. Such holds can have length zero, so they do not exclude each other.
var rwExclusion = &frame.Property{
	Name:     exclusion.Name,
	Meaning:  "while a client held a key for writing, no other client held it",
	Decider:  exclusion.Decider,
	Telling:  exclusion.Telling,
	Evidence: frame.FromSessions,
	Decide: func(_ context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		f.Add(rwFiguresOf(k))
		noteNoSession(&f, k)
		decideReadWrite(&f, k.Name, usable(&f, holdsOf(k)))
		return f
	},
	Exercise: func(a *evidence.Record, figures map[string]float64) string {
		return cmp.Or(rwMet(a, figures), unproven(a, figures))
	},
	Derive: deriveProven,
}

// rwMet describes what is missing for readers and writers to have met each other, or returns "".
func rwMet(a *evidence.Record, figures map[string]float64) string {
	missing := cmp.Or(
		frame.Few(figures["writers_met"], 5, "acquires to write that met a holder"),
		frame.Few(figures["readers_met"], 5, "acquires to read that met a writer"),
		frame.Few(figures["read_together"], 3, "holds to read that met another"),
	)
	if missing != "" {
		return few(a, missing, "a conflict")
	}
	return died(a, figures)
}

// rwFiguresOf returns the figures for the exercise conditions of a read-write lock.
var rwFiguresOf = evidence.OncePerKey(func(k *evidence.Key) map[string]float64 {
	figures := heldFigures(k)
	all, wrote := map[int][]evidence.Span{}, map[int][]evidence.Span{}
	cores := coresOf(holdsOf(k))
	for _, h := range cores {
		all[h.Client] = append(all[h.Client], evidence.Span{From: h.Granted, To: h.x})
		if w := h.wrote(); w > h.Granted {
			wrote[h.Client] = append(wrote[h.Client], evidence.Span{From: h.Granted, To: w})
		}
		if h.Downgraded != nil {
			figures["downgrades"]++
		}
	}
	held, writing := evidence.CountSpans(all), evidence.CountSpans(wrote)
	for _, op := range k.Ops() {
		if op.F != models.FAcquire || op.Outcome() == history.Fail {
			continue
		}
		wait := evidence.Span{From: op.Began(), To: evidence.Ended(op) - 1} // its own hold begins with its return
		switch {
		case !toRead(k, op) && held.Most(wait, 1) > 0:
			frame.TallyCall(figures, k.Record, "writers_met", op)
		case toRead(k, op) && writing.Most(wait, 1) > 0:
			frame.TallyCall(figures, k.Record, "readers_met", op)
		}
	}
	for _, h := range cores {
		if h.Reads && held.At(h.Granted) > 1 {
			frame.Tally(figures, k.Record, "read_together", evidence.Span{From: h.Granted, To: h.x})
		}
	}
	return figures
})

// toRead reports whether an acquire is for reading.
func toRead(k *evidence.Key, op *history.Operation) bool {
	var w models.Wish
	if len(op.Invoke.Value) > 0 {
		k.Decode(op.Invoke, &w)
	}
	return w.Mode == models.ToRead
}

// byGrants sorts cores in the order of the sweep. Among cores that begin at the same moment, those
// that end at once, or stop writing at once, come first: no moment is inside them.
func byGrants(holds []*hold) []*hold {
	cores := coresOf(holds)
	reads := func(h *hold) int {
		if h.Reads {
			return 1
		}
		return 0
	}
	slices.SortFunc(cores, func(x, y *hold) int {
		return cmp.Or(
			cmp.Compare(x.Granted, y.Granted), cmp.Compare(max(x.Granted, x.wrote()), max(y.Granted, y.wrote())),
			cmp.Compare(reads(x), reads(y)), cmp.Compare(x.x, y.x), cmp.Compare(x.id, y.id),
		)
	})
	return cores
}

func decideReadWrite(f *frame.Finding, key string, holds []*hold) {
	cores := byGrants(holds)
	var longest, writer *hold // the core that lasts furthest, and the one that writes furthest, so far
	for _, h := range cores {
		switch {
		case !h.Reads && longest != nil && h.Granted < longest.x:
			besides(f, key, h, longest)
		case writer != nil && h.Granted < writer.wrote():
			besides(f, key, h, writer)
		}
		if longest == nil || h.x > longest.x {
			longest = h
		}
		if writer == nil || h.wrote() > writer.wrote() {
			writer = h
		}
	}
	written := stretches(cores, (*hold).wrote)
	taken := stretches(cores, func(h *hold) time.Duration { return h.x })
	for _, h := range holds {
		switch {
		case h.core():
		case h.Reads:
			decideBetween(f, key, h, written)
		default:
			decideBetween(f, key, h, taken)
		}
	}
}

// besides reports a grant during another client's hold, where one of the two held to
// write.
func besides(f *frame.Finding, key string, h, other *hold) {
	if f.Again() {
		return
	}
	counterexample := append(other.shown(), h.shown()...)
	until := other.certain()
	if w := other.wrote(); h.Reads && w < other.x {
		until = "from " + words.At(other.Granted) + " until at least " + words.At(w)
	}
	f.Violated(counterexample, "client %d was granted %s to %s at %s%s while client %d held it to %s %s%s",
		h.Client, key, h.mode(), words.At(h.Granted), words.WithToken(h.Token), other.Client, other.modeAt(h.Granted), until, words.WithToken(other.Token))
}

func (h *hold) mode() string { return h.modeAt(evidence.Always) }

// modeAt returns "read" or "write", the mode of the hold at a time.
func (h *hold) modeAt(t time.Duration) string {
	if h.Reads || h.Downgraded != nil && h.Downgraded.Began() <= t {
		return "read"
	}
	return "write"
}

// covered is a stretch of time in which every moment is inside one of its cores. cores is in
// the order in which they begin.
type covered struct {
	evidence.Span
	cores []*hold
}

// stretches joins cores that overlap, up to the ends that end returns. Where one core ends
// as the next begins, there is a free moment between them.
func stretches(cores []*hold, end func(*hold) time.Duration) []covered {
	var all []covered
	for _, h := range cores {
		to := end(h)
		if to <= h.Granted {
			continue
		}
		if n := len(all); n > 0 && h.Granted < all[n-1].To {
			last := &all[n-1]
			if to > last.To {
				last.To, last.cores = to, append(last.cores, h) // a core inside another one adds nothing
			}
			continue
		}
		all = append(all, covered{evidence.Span{From: h.Granted, To: to}, []*hold{h}})
	}
	return all
}

// decideBetween looks for a free moment for a hold without a core.
func decideBetween(f *frame.Finding, key string, h *hold, taken []covered) {
	from, to := max(h.Asked, h.x), min(h.Granted, h.e)
	if from > to {
		phantom(f, key, h)
		return
	}
	i, _ := slices.BinarySearchFunc(taken, from, func(c covered, t time.Duration) int { return cmp.Compare(c.From, t) })
	if i == 0 || taken[i-1].From >= from || to >= taken[i-1].To || f.Again() {
		return
	}
	counterexample := append(slices.Clone(h.Shown), h.endEvents...)
	_, released := h.released()
	counterexample = append(append(counterexample, h.death.ByEvent), released...)
	var by []*hold
	for _, c := range taken[i-1].cores {
		if c.Granted <= to && c.x >= from {
			by = append(by, c)
			counterexample = append(counterexample, c.shown()...)
		}
	}
	f.Violated(counterexample, "client %d was granted %s to %s at some moment from %s to %s%s, and all that time it was held by %s",
		h.Client, key, h.mode(), words.At(from), words.At(to), words.WithToken(h.Token), clientsOf(by))
}
