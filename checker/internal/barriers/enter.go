package barriers

import (
	"context"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// entering requires that no member gets in before enough members may have been present at one moment of
// its call. Counting calls is not enough: that would also count dead members, and those whose calls
// timed out.
var entering = &frame.Property{
	Name:     "enter",
	Meaning:  "no member entered before all members had arrived",
	Decider:  "sweep over presences",
	Evidence: frame.FromSessions,
	Decide: onRound(func(ctx context.Context, f *frame.Finding, r *round) {
		present := r.presence()
		for _, m := range r.members {
			if m.enter.Outcome() != history.OK || ctx.Err() != nil {
				continue
			}
			call := evidence.Span{From: m.enter.Began(), To: min(m.enter.Return.Time, m.death.By)}
			if most := present.Most(call, r.Params.Parties); most < r.Params.Parties && !f.Again() {
				f.Violated(r.around(call, m), "client %d entered %s at %s with at most %d of %d members present at any moment since it asked at %s",
					m.client, r.Name, words.At(m.enter.Return.Time), most, r.Params.Parties, words.At(m.enter.Began()))
			}
		}
	}),
	Exercise: fullRounds,
}

// around returns the events of the member, and the events of the others before its call was over:
// those that began their presence, and those that had ended it by then.
func (r *round) around(call evidence.Span, of *member) []int {
	counterexample := append(evidence.EventsOf(of.enter), of.death.ByEvent)
	for _, m := range r.members {
		if m == of || m.possible.From > call.To {
			continue
		}
		counterexample = append(counterexample, evidence.EventsOf(m.enter)...)
		if m.possible.To >= call.To {
			continue
		}
		if m.leave != nil {
			counterexample = append(counterexample, evidence.EventsOf(m.leave)...)
		}
		counterexample = append(counterexample, m.death.ByEvent)
	}
	return counterexample
}

// participant is what counts as one member. A client that tries again in the same
// session must not count twice, but in another session it may: a deposed leader can
// tell a client that its session expired while the znode of its last try lives on, so
// that the others see two members.
type participant struct {
	client  int
	session history.ID
	call    int // distinguishes calls whose session is not certain
}

// participant returns the participant of the round's i-th member.
func (m *member) participant(i int) participant {
	switch len(m.death.Owners) {
	case 0:
		return participant{client: m.client}
	case 1:
		return participant{client: m.client, session: m.death.Owners[0].ID}
	}
	return participant{client: m.client, call: i + 1}
}

// presence counts, at each moment, the participants that may be present.
func (r *round) presence() evidence.SpanCount {
	of := map[participant][]evidence.Span{}
	for i, m := range r.members {
		if m.possible.From <= m.possible.To {
			s := m.participant(i)
			of[s] = append(of[s], m.possible)
		}
	}
	return evidence.CountSpans(of)
}
