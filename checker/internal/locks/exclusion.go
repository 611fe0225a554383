package locks

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/explain"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/prose"
)

// holdProperties lists the properties of every object that one client holds at a time.
var holdProperties = []*frame.Property{exclusion, grants, tokens, fencing, lost, belief, holdProgress, frame.OwnZnodes, holdsLogged}

// Lock is a lock that one client holds at a time.
var Lock = frame.Model{
	Object:     models.Lock,
	Properties: holdProperties,
	References: []*frame.Reference{exclusionReference, tokensReference},
}

// Election is an election: a leader holds, and others are told who leads.
var Election = frame.Model{
	Object:     models.Election,
	Properties: append(slices.Clone(holdProperties), whoLeads, states),
	References: []*frame.Reference{exclusionReference, tokensReference},
}

// exclusion requires that at no moment two clients held, where a hold ends when its
// release begins or when its session dies on the server, whichever comes first.
//
// There must be moments a in [Asked,Granted] and c in [x,e] for each hold such that all
// [a,c] are disjoint. That is so if and only if the cores [Granted,x] do not overlap,
// and each hold without a core (its session may have died before the grant was known)
// has a moment left in its window that is not inside a core: a core is part of every
// choice, and a hold without one can be of length zero.
var exclusion = &frame.Property{
	Name:     "exclusion",
	Meaning:  "no two clients held the same key at the same time",
	Decider:  "interval sweep",
	Telling:  explain.HeldTwice,
	Evidence: frame.FromSessions,
	Decide: func(_ context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		f.Add(figuresOf(k))
		noteNoSession(&f, k)
		noteDeadReleases(&f, holdsOf(k))
		decideExclusion(&f, k.Name, usable(&f, holdsOf(k)))
		return f
	},
	Exercise: func(a *evidence.Record, figures map[string]float64) string {
		if missing := contention(a, figures); missing != "" {
			return missing
		}
		return unproven(a, figures)
	},
	Derive: deriveProven,
}

// deriveProven adds the share of the time in which clients held that is proven.
func deriveProven(figures map[string]float64) {
	if held := figures["held_seconds"]; held > 0 {
		figures["proven_share"] = min(1, figures["core_seconds"]/held)
	} else {
		figures["proven_share"] = 1
	}
}

// unproven explains that too little of the time of holds is proven, and why.
func unproven(a *evidence.Record, figures map[string]float64) string {
	share := figures["proven_share"]
	if share >= 0.5 {
		return ""
	}
	text := fmt.Sprintf("only %.0f %% of the time in which clients held is proven by their sessions, of 50 %% wanted", 100*share)
	if why := uncertain(a); why != "" {
		text += ": " + why
	}
	return text
}

// noteNoSession notes what follows if no session is known.
func noteNoSession(f *frame.Finding, k *evidence.Key) {
	if k.Foreign && !k.AnySession() {
		f.Note("no session is known: holds end at releases only, so a hold that outlived its session looks like a violation")
	}
}

// noteDeadReleases counts the releases that succeeded although the client had been told before
// that the session of the hold was over: the caller believes that it held until then. That is no
// violation, since a lock need not report the loss at the release.
func noteDeadReleases(f *frame.Finding, all []*hold) {
	n := 0
	for _, h := range all {
		if s := h.death.OverAtLast(); s != nil && h.Released != nil && s.Expired < h.Released.Began() {
			n++
		}
	}
	if n > 0 {
		f.Count("released_dead", float64(n))
		f.Note("some releases succeeded although the client had learned before that its session, and with it the hold, was over: the subject does not know that another client may have held the lock meanwhile")
	}
}

// contention describes what is missing for exclusive holds to have been exercised, or returns "".
func contention(a *evidence.Record, figures map[string]float64) string {
	const wanted = 10
	if n := figures["contended"]; n < wanted {
		return few(a, fmt.Sprintf("only %s met a holder, of %d wanted", prose.Count(int(n), "acquire"), wanted), "two holders at once")
	}
	return died(a, figures)
}

// died returns text saying that no hold ended by the death of its session although faults were to
// cause that. It returns "" otherwise.
func died(a *evidence.Record, figures map[string]float64) string {
	if a.ExpectsDeaths() && figures["ended_by_death"] == 0 {
		return frame.Because("sessions of holders were to end, but no hold ended by the death of its session", frame.MoreDeaths)
	}
	return ""
}

func decideExclusion(f *frame.Finding, key string, holds []*hold) {
	cores := byPart(coresOf(holds))
	for _, part := range slices.Sorted(maps.Keys(cores)) {
		decideCores(f, nameOf(key, part), cores[part])
	}
	for _, h := range holds {
		if !h.core() {
			decideFloating(f, key, h, cores)
		}
	}
}

// decideCores looks for two cores that overlap.
func decideCores(f *frame.Finding, name string, cores []*hold) {
	slices.SortFunc(cores, func(x, y *hold) int { return cmp.Or(cmp.Compare(x.Granted, y.Granted), cmp.Compare(x.x, y.x)) })
	var longest *hold // the core that reaches furthest so far
	for _, h := range cores {
		if longest != nil && h.Granted < longest.x {
			f.Violated(append(longest.shown(), h.shown()...), "client %d %s at %s%s while client %d held it %s%s",
				h.Client, h.got(name), words.At(h.Granted), words.WithToken(h.Token), longest.Client, longest.certain(), words.WithToken(longest.Token))
		}
		if longest == nil || h.x > longest.x {
			longest = h
		}
	}
}

// got describes how the client came to hold something: by a grant, or by the answer of a confirm.
func (h *hold) got(name string) string {
	if h.Grant.F == models.FConfirm {
		return "got the answer that it holds " + name
	}
	return "was granted " + name
}

// decideFloating looks for a moment for a hold without a core: one moment for all of its parts,
// since the hold can have length zero. It begins with the first moment of the window. While the
// moment lies inside a core, it moves on to the end of that core.
func decideFloating(f *frame.Finding, key string, h *hold, cores map[string][]*hold) {
	from, to := max(h.Asked, h.x), min(h.Granted, h.e)
	if from > to {
		phantom(f, key, h)
		return
	}
	var around []*hold
	for t := from; t <= to; t = around[len(around)-1].x {
		c := coreAround(h, cores, t)
		if c == nil {
			return
		}
		around = append(around, c)
	}
	squeezed(f, key, h, evidence.Span{From: from, To: to}, around)
}

// coreAround returns the core in which a moment lies, among those that exclude a hold. If there
// are several, it returns the one that ends last.
func coreAround(h *hold, cores map[string][]*hold, t time.Duration) *hold {
	var furthest *hold
	for _, part := range h.held() {
		// Cores that do not overlap are also in order of their ends.
		of := cores[part]
		i, _ := slices.BinarySearchFunc(of, t, func(c *hold, t time.Duration) int { return cmp.Compare(c.Granted, t) })
		if i > 0 && of[i-1].Granted < t && t < of[i-1].x && (furthest == nil || of[i-1].x > furthest.x) {
			furthest = of[i-1]
		}
	}
	return furthest
}

// squeezed reports a hold that can only have been granted during other clients' holds.
func squeezed(f *frame.Finding, key string, h *hold, window evidence.Span, around []*hold) {
	var by []string
	counterexample := slices.Clone(h.Shown)
	for _, c := range around {
		counterexample = append(counterexample, c.shown()...)
		by = append(by, fmt.Sprintf("client %d held %s %s%s", c.Client, h.inWay(c), c.certain(), words.WithToken(c.Token)))
	}
	if h.Asked <= around[0].Granted { // only the life of its session shows that it was not granted before
		counterexample = append(counterexample, h.endEvents...)
	}
	if h.Granted >= around[len(around)-1].x { // only the death of its session shows that it was not granted after
		counterexample = append(counterexample, h.death.ByEvent)
		_, released := h.released()
		counterexample = append(counterexample, released...)
	}
	f.Violated(counterexample,
		"client %d %s at some moment from %s to %s%s, all of it while %s",
		h.Client, h.got(h.of(key)), words.At(window.From), words.At(window.To), words.WithToken(h.Token), prose.List(by, "and"))
}

// phantom reports a grant in a session that was dead before the call.
func phantom(f *frame.Finding, key string, h *hold) {
	f.Violated(append(slices.Clone(h.Shown), h.death.ByEvent), "client %d was granted %s at %s%s on a session that was dead by %s%s, before it asked at %s",
		h.Client, h.of(key), words.At(h.Granted), words.WithToken(h.Token), words.At(h.e), h.death.Newest.ClosedAt(), words.At(h.Asked))
}
