package witness

import (
	"time"

	"github.com/zklab/zklab/history"
)

// pairs are the operations that begin a stay, with those that end it.
var pairs = map[string]struct{ end, name string }{
	history.FAcquire: {history.FRelease, "held"},
	history.FConfirm: {history.FRelease, "held"},
	history.FRaise:   {history.FLift, "up"},
	history.FEnter:   {history.FLeave, "inside"},
}

// stays finds out from when to when clients held, were inside, or had a barrier
// up, as far as the steps show it.
func (t *teller) stays() {
	switch t.model() {
	case history.ModelLock, history.ModelElection, history.ModelBarrier, history.ModelDoubleBarrier, "":
	default:
		return
	}
	for i := range t.s.Steps {
		st := &t.s.Steps[i]
		p, ok := pairs[st.f]
		if !ok || st.Fate != history.OK || st.f == history.FConfirm && (!st.held || t.staying(st)) {
			continue
		}
		stay := Stay{Row: st.Row, From: st.To, Name: p.name, key: st.key}
		if st.f == history.FAcquire || st.f == history.FConfirm {
			if t.model() == history.ModelElection {
				stay.Name = "led"
			}
			if st.id != 0 {
				stay.Name += " " + st.id.String()
			}
		}
		stay.To, stay.AtLeast = t.stayed(t.s.Steps[i+1:], st, p.end)
		if end, ok := t.ends[st.returned]; ok && stay.To == Never {
			stay.To, stay.beyond = end, true
		}
		stay.uncertain = !t.certain(&stay)
		t.s.Hold(stay)
	}
}

// staying says that a stay of the step's client is known that reaches over it.
func (t *teller) staying(st *Step) bool {
	for _, s := range t.s.stays {
		if s.Row == st.Row && s.key == st.key && s.From <= st.From && s.To >= st.From {
			return true
		}
	}
	return false
}

// stayed is until when a stay lasted that begins with a step, as the later steps
// tell it.
func (t *teller) stayed(later []Step, begin *Step, end string) (to time.Duration, atLeast bool) {
	believed := t.s.Property == "belief"
	proven, proof := begin.To, false
	for i := range later {
		st := &later[i]
		if st.Row != begin.Row || st.key != begin.key && st.proof == 0 && !st.Death {
			continue
		}
		if st.proof > proven && !believed {
			proven, proof = st.proof, true
		}
		switch {
		case st.f == end && st.key == begin.key && (st.held || end != history.FRelease):
			return st.From, false
		case st.f == history.FLost && believed:
			return st.At, false
		case st.f == history.FLost, st.f == history.FRelease && st.key == begin.key:
			return proven, true // it may have been over before that was known
		case st.f == history.FConfirm && st.held && believed:
			proven, proof = max(proven, st.To), true
		case st.f == history.FConfirm && st.held:
			proven, proof = max(proven, st.From), true
		case st.f == begin.f && st.Fate == history.OK && st.key == begin.key && st.f != history.FConfirm:
			return max(proven, st.From), true // its end is not among the steps
		case believed && st.f == history.FExited:
			return st.At, false
		case !believed && st.f == history.FExited, !believed && st.f == history.FDead && (begin.session == 0 || begin.session == st.id):
			return proven, true // its session was over by then, nobody knows since when
		}
	}
	if proof || believed {
		return proven, true
	}
	return Never, false
}

// certain says that a stay certainly lasted until its end, or, where no session
// is known, that nothing ended it.
func (t *teller) certain(s *Stay) bool {
	return !s.beyond && (s.To != Never || t.h.Header.Version == 0)
}
