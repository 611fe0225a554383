package barriers

import (
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// member is one client's stay in a round.
type member struct {
	client int
	enter  *history.Operation
	leave  *history.Operation   // the first that did not fail; nil: none
	leaves []*history.Operation // all that did not fail
	asked  []*history.Operation // all leaves
	death  evidence.Death
	exited time.Duration // when its client's process ended
	exit   int           // the event that shows it

	possible evidence.Span // it may have been present
}

// inside returns the span in which the member certainly was present, given that a member had passed at
// the time passed. The bool is false if no such span is certain.
//
// A member that passed is in until it asks to leave. A member whose call ended without an answer
// may have withdrawn at any time before that end.
func (m *member) inside(passed time.Duration, all bool) (evidence.Span, bool) {
	var s evidence.Span
	switch m.enter.Outcome() {
	case history.OK:
		s.From = m.enter.Return.Time
		if all {
			s.From = min(s.From, passed)
		}
	case history.Info:
		if !all || m.enter.Return != nil {
			return s, false
		}
		s.From = passed
	default:
		return s, false
	}
	s.To = m.death.From
	if m.leave != nil {
		s.To = min(s.To, m.leave.Began())
	}
	return s, s.From <= s.To
}

// round holds what happened on one key.
type round struct {
	*evidence.Key
	members []*member
	leaves  []*history.Operation // that returned ok
	opener  *history.Operation   // the first enter that succeeded
	passed  time.Duration        // by when a member had passed; never if none is known to have passed
	// all means that only as many members ever came as a round needs, so that a member that passed
	// proves that all were present.
	all bool
}

// roundOf reads the history of a key as that of a round.
var roundOf = evidence.OncePerKey(readRound)

func readRound(k *evidence.Key) *round {
	r := &round{Key: k, passed: evidence.Never}
	newest := map[int]*member{}
	clients := map[int]bool{}
	for _, op := range k.Ops() {
		switch op.F {
		case models.FEnter:
			m := &member{client: op.Client, enter: op, death: k.DeathOf(op)}
			m.exited, m.exit = k.ExitAfter(op.Client, op.Began())
			r.members = append(r.members, m)
			newest[op.Client] = m
			clients[op.Client] = true
			if op.Outcome() == history.OK && op.Return.Time < r.passed {
				r.passed, r.opener = op.Return.Time, op
			}
		case models.FLeave:
			m := newest[op.Client]
			if m != nil {
				m.asked = append(m.asked, op)
			}
			if op.Outcome() == history.Fail {
				continue
			}
			if op.Outcome() == history.OK {
				r.leaves = append(r.leaves, op)
			}
			if m != nil {
				m.leaves = append(m.leaves, op)
				m.leave = m.leaves[0]
			}
		}
	}
	r.diedBefore()
	for _, m := range r.members {
		m.possible = evidence.Span{From: m.enter.Began(), To: m.gone()}
	}
	// True if there are as many calls as members, none of them a second try.
	r.all = len(r.members) == k.Params.Parties && len(clients) == len(r.members)
	if r.all && r.opener != nil {
		for _, m := range r.members { // they were there together before the first had gone
			r.passed = min(r.passed, m.possible.To)
		}
	}
	return r
}

// diedBefore uses the beginnings of calls: whatever a call's session had seen when the call began
// had happened before, so a member that was dead in that state was not present during the call.
func (r *round) diedBefore() {
	invoked := map[int]bool{}
	for _, m := range r.members {
		invoked[m.enter.Invoke.Index] = true
	}
	for _, m := range r.members {
		if d := &m.death; invoked[d.ByEvent] {
			d.By = max(d.From, d.By-1)
		}
	}
}

// gone returns when the member certainly was no longer present.
func (m *member) gone() time.Duration {
	end := m.death.By
	if m.enter.Outcome() == history.Fail {
		end = min(end, m.enter.Return.Time)
	}
	for _, l := range m.leaves {
		end = min(end, evidence.EffectiveBy(l))
	}
	return end
}

// crashed reports whether the member's session ended while it was in, or on its way in or out.
func (m *member) crashed() bool {
	end := m.exited
	if s := m.death.OverAtLast(); s != nil {
		end = min(end, s.Expired)
	}
	end = min(end, m.death.By)
	out := evidence.Never
	if m.leave != nil {
		out = evidence.Ended(m.leave)
	}
	return end != evidence.Never && m.enter.Began() < end && end < out && !(m.enter.Outcome() == history.Fail && m.enter.Return.Time < end)
}
