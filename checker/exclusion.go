package checker

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// holdProperties are those of a lock; electionProperties add what only
// elections promise.
var holdProperties = []*property{exclusion, grants, tokens, fencing, lost, belief, holdProgress, logAgrees}

var electionProperties = append(slices.Clone(holdProperties), whoLeads, states)

// exclusion says that at no moment two clients held, where a hold ends when its
// release begins or when its session dies on the server, whichever comes first.
//
// There must be moments a in [ai,ao] and c in [x,e] for each hold such that all
// [a,c] are disjoint. That is so exactly if the cores [ao,x] do not overlap, and
// each hold without a core (its session may have died before the grant was
// known) has a moment left in its window that is not inside a core: a core is
// part of every choice, and a hold without one can be of length zero.
var exclusion = &property{
	name:     "exclusion",
	decider:  "interval sweep",
	evidence: sessionEvidence,
	decide: func(_ context.Context, a *analysis, k *keyRecord) finding {
		var f finding
		f.add(k.holdFigures(a))
		if a.foreign && !a.hasSessions {
			f.note("no session is known: holds end at releases only, so a hold that outlived its session looks like a violation")
		}
		decideExclusion(&f, k.key, usable(&f, k.holds(a)))
		return f
	},
	exercise: func(a *analysis, figures map[string]float64) string {
		if missing := contention(a, figures); missing != "" {
			return missing
		}
		if share := figures["proven_share"]; share < 0.5 {
			return fmt.Sprintf("only %.0f %% of the time in which clients held is proven by their sessions, of 50 %% wanted", 100*share)
		}
		return ""
	},
	derive: func(figures map[string]float64) {
		if held := figures["held_seconds"]; held > 0 {
			figures["proven_share"] = min(1, figures["core_seconds"]/held)
		} else {
			figures["proven_share"] = 1
		}
	},
}

// contention says what is missing for exclusive holds to have been exercised.
func contention(a *analysis, figures map[string]float64) string {
	const wanted = 10
	if n := figures["contended"]; n < wanted {
		return fmt.Sprintf("only %s met a holder, of %d wanted: too little contention for two holders at once to be possible", count(int(n), "acquire"), wanted)
	}
	if a.deaths() && figures["ended_by_death"] == 0 {
		return "sessions of holders were to end, but no hold ended by the death of its session"
	}
	return ""
}

// sessionEvidence is S where the links saw sessions, else R; with L if the log
// says more of their deaths than the links do.
func sessionEvidence(a *analysis) string {
	switch {
	case a.byLog:
		return "S, L"
	case a.hasSessions:
		return "S"
	}
	return "R"
}

func realTime(*analysis) string { return "R" }

func decideExclusion(f *finding, key string, holds []*hold) {
	var cores []*hold
	for _, h := range holds {
		if h.core() {
			cores = append(cores, h)
		}
	}
	slices.SortFunc(cores, func(x, y *hold) int { return cmp.Or(cmp.Compare(x.ao, y.ao), cmp.Compare(x.x, y.x)) })
	var longest *hold // the core that reaches furthest so far
	for _, h := range cores {
		if longest != nil && h.ao < longest.x {
			f.violated(append(longest.shown(), h.shown()...), "client %d was granted %s at %s%s while client %d held it %s%s",
				h.client, key, at(h.ao), withToken(h.token), longest.client, longest.certain(), withToken(longest.token))
		}
		if longest == nil || h.x > longest.x {
			longest = h
		}
	}
	for _, h := range holds {
		if !h.core() {
			decideFloating(f, key, h, cores)
		}
	}
}

// decideFloating looks for a moment that is left for a hold without a core.
func decideFloating(f *finding, key string, h *hold, cores []*hold) {
	from, to := max(h.ai, h.x), min(h.ao, h.e)
	if from > to {
		f.phantom(key, h)
		return
	}
	// Cores that do not overlap are in order of their ends, too.
	i, _ := slices.BinarySearchFunc(cores, from, func(c *hold, t time.Duration) int { return cmp.Compare(c.ao, t) })
	if i > 0 && cores[i-1].ao < from && to < cores[i-1].x {
		c := cores[i-1]
		witness := append(c.shown(), h.opened...)
		if h.ai <= c.ao { // only its session's life shows that it was not granted before
			witness = append(witness, h.endEvents...)
		}
		if h.ao >= c.x { // only its session's death, that it was not after
			witness = append(witness, h.death.hiEvent)
			witness = append(witness, h.releasedEvents...)
		}
		f.violated(witness,
			"client %d was granted %s at some moment from %s to %s%s, all of it while client %d held it %s%s",
			h.client, key, at(from), at(to), withToken(h.token), c.client, c.certain(), withToken(c.token))
	}
}

// phantom reports a grant on a session that was dead before the call.
func (f *finding) phantom(key string, h *hold) {
	f.violated(append(slices.Clone(h.opened), h.death.hiEvent), "client %d was granted %s at %s%s on a session that was dead by %s%s, before it asked at %s",
		h.client, key, at(h.ao), withToken(h.token), at(h.e), h.death.newest.closedAt(), at(h.ai))
}
