package barriers

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// leaving requires that no member gets out while another one certainly is inside throughout its call.
// One member that passed proves that all were present then.
var leaving = &frame.Property{
	Name:     "leave",
	Meaning:  "no member left before all members were ready to leave",
	Decider:  "sweep over presences",
	Evidence: frame.FromSessions,
	Decide: onRound(func(ctx context.Context, f *frame.Finding, r *round) {
		stays := r.stays()
		latest := furthest(stays)
		for _, op := range r.leaves {
			if ctx.Err() != nil {
				return
			}
			if by := blocking(stays, latest, op); by != nil && !f.Again() {
				r.violatedLeave(f, r.Name, op, by)
			}
		}
	}),
	Exercise: fullRounds,
}

// insideSpan is a member that certainly was inside for a time.
type insideSpan struct {
	evidence.Span
	*member
}

// stays returns the members that certainly were inside, ordered by when that began.
func (r *round) stays() []insideSpan {
	var stays []insideSpan
	for _, m := range r.members {
		if s, ok := m.inside(r.passed, r.all); ok {
			stays = append(stays, insideSpan{s, m})
		}
	}
	slices.SortFunc(stays, func(x, y insideSpan) int { return cmp.Compare(x.From, y.From) })
	return stays
}

// latestTwo holds, of the stays up to a place, the one that ends last, and the one that ends
// last among those of other clients; -1 if there is none.
type latestTwo struct{ first, second int }

func furthest(stays []insideSpan) []latestTwo {
	of := make([]latestTwo, len(stays))
	f := latestTwo{-1, -1}
	for i := range stays {
		s := &stays[i]
		switch {
		case f.first < 0 || s.To > stays[f.first].To:
			if f.first >= 0 && stays[f.first].client != s.client {
				f.second = f.first
			}
			f.first = i
		case s.client != stays[f.first].client && (f.second < 0 || s.To > stays[f.second].To):
			f.second = i
		}
		of[i] = f
	}
	return of
}

// blocking returns the fewest members that together certainly were inside throughout a
// leave of another member; nil if at some moment none was.
func blocking(stays []insideSpan, latest []latestTwo, op *history.Operation) []*member {
	// A moment is covered only strictly inside a stay: at its ends the member may be out. Of the stays
	// that cover a moment, the best is the one that ends last.
	var by []*member
	reach := op.Began()
	for {
		i, _ := slices.BinarySearchFunc(stays, reach, func(s insideSpan, t time.Duration) int { return cmp.Compare(s.From, t) })
		if i == 0 {
			return nil
		}
		best := latest[i-1].first
		if stays[best].client == op.Client {
			best = latest[i-1].second
		}
		if best < 0 || stays[best].To <= reach {
			return nil
		}
		by, reach = append(by, stays[best].member), stays[best].To
		if reach > op.Return.Time {
			return by
		}
	}
}

// proves reports whether some of these members were certainly inside only because a
// member that passed proves that all were.
func (r *round) proves(by []*member, op *history.Operation) bool {
	reach := op.Began()
	for _, m := range by {
		own, ok := m.inside(evidence.Never, false)
		if !ok || own.From >= reach {
			return true
		}
		reach = own.To
	}
	return false
}

// passage returns the events that show that all members were present, and when: the events of the
// first member that passed, every member's call, and what first ended a presence.
func (r *round) passage() []int {
	counterexample := evidence.EventsOf(r.opener)
	for _, m := range r.members {
		counterexample = append(counterexample, evidence.EventsOf(m.enter)...)
		if m.possible.To == r.passed {
			counterexample = append(counterexample, m.death.ByEvent)
			if m.leave != nil {
				counterexample = append(counterexample, evidence.EventsOf(m.leave)...)
			}
		}
	}
	return counterexample
}

func (r *round) violatedLeave(f *frame.Finding, key string, op *history.Operation, by []*member) {
	counterexample := evidence.EventsOf(op)
	if r.proves(by, op) {
		counterexample = append(counterexample, r.passage()...)
	}
	for _, m := range by {
		counterexample = append(counterexample, evidence.EventsOf(m.enter)...)
		s, _ := m.inside(r.passed, r.all)
		counterexample = append(counterexample, m.death.ShownAt(s.To)...)
		if m.leave != nil {
			counterexample = append(counterexample, m.leave.Invoke.Index)
		}
	}
	s, _ := by[len(by)-1].inside(r.passed, r.all)
	f.Violated(counterexample, "client %d left %s at %s (asked at %s) while client %d was inside from %s until at least %s",
		op.Client, key, words.At(op.Return.Time), words.At(op.Began()), by[len(by)-1].client, words.At(s.From), words.At(s.To))
}
