package explain

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/history/models"
)

// stays draws the periods in which clients held, were inside, or had a barrier up, if a step begins
// them. An object that a program declares has no state of its own, but its clients may still hold it.
func (t *narrator) stays(r *Reader) {
	m := t.model()
	var inside []*holds.Stay
	if m.State == models.Entered || m.State == models.Raised || m.State == models.Value {
		inside = r.record().Stays(m)
	}
	for i := range t.s.Steps {
		st := &t.s.Steps[i]
		if st.Fate != history.OK || st.op == nil || !st.does.Begins && !st.does.Affirms {
			continue
		}
		stay := Stay{Row: st.Row, From: st.To, Name: m.Stay, key: st.key, parts: st.parts, beside: st.beside}
		if !m.Held() {
			t.inside(inside, st, &stay)
		} else {
			h := holdOf(r.record().Key(st.key), st)
			if h == nil || st.does.Affirms && t.staying(st) {
				continue
			}
			if st.id != 0 {
				stay.Name += " " + st.id.String()
			}
			t.held(h, &stay)
		}
		stay.To = max(stay.To, stay.From)
		t.s.Hold(stay)
	}
}

// staying reports whether a known stay of the step's client covers the step.
func (t *narrator) staying(st *Step) bool {
	return slices.ContainsFunc(t.s.stays, func(s Stay) bool {
		return s.Row == st.Row && s.key == st.key && s.From <= st.From && s.To >= st.From
	})
}

// holdOf returns the hold that a grant begins, or that a confirm is about, or nil.
func holdOf(all []*holds.Hold, st *Step) *holds.Hold {
	var last *holds.Hold
	for _, h := range all {
		switch {
		case h.Grant == st.op:
			return h
		case h.Client == st.Row && h.Granted <= st.To && st.held:
			last = h
		}
	}
	return last
}

// inside finds the time until which a client was inside, or a barrier was up.
func (t *narrator) inside(all []*holds.Stay, begin *Step, stay *Stay) {
	stay.To = Never
	for _, s := range all {
		switch {
		case s.Begin != begin.op:
		case s.End != nil:
			stay.To = s.End.Began()
		case t.model().State == models.Entered || t.model().State == models.Value: // its session kept its place
			if alive, known := t.lived[begin.op.Return.Session]; known && alive > s.From {
				stay.To, stay.AtLeast = alive, true
			}
		}
	}
}

// held finds the time until which a hold lasted, according to its client and as far as its session
// was seen alive. What its client believed does not depend on the session.
func (t *narrator) held(h *holds.Hold, stay *Stay) {
	switch t.s.Telling {
	case BelievedHeld:
		stay.To, stay.AtLeast = h.Believed, h.Ended == holds.Open || h.Believed != h.Until
		return
	case ClaimedHeld:
		stay.To, stay.AtLeast = claimed(h)
		return
	}
	sure := t.shown(h)
	foreign := t.h.Header.Version == 0
	switch {
	case sure != Never && (sure > h.Granted || h.Ended == holds.ByLoss):
		stay.To, stay.AtLeast = sure, h.Ended != holds.ByRelease || sure != h.Until
	case sure == Never && (foreign || h.Ended == holds.Open):
		stay.To, stay.uncertain = Never, !foreign
	default:
		stay.To, stay.uncertain = h.Until, true
	}
}

// shown returns the time until which the steps show a hold, or Never if they show no end.
func (t *narrator) shown(h *holds.Hold) time.Duration {
	sure := h.Sure
	if h.Ended == holds.ByRelease && !slices.ContainsFunc(t.s.Steps, func(st Step) bool { return st.op == h.Release }) {
		sure = Never
	}
	alive, known := t.lived[h.Grant.Return.Session]
	switch {
	case known:
		return min(sure, alive)
	case sure == Never && h.Confirmed != nil:
		return h.Confirmed.Began()
	}
	return sure
}

// claimed returns the time until which a client claimed to hold, whatever happened to its session.
func claimed(h *holds.Hold) (to time.Duration, atLeast bool) {
	to = h.Granted
	for ; ; h = h.Next {
		switch {
		case h.Confirmed != nil:
			to = max(to, h.Confirmed.Began())
		case h.Claimed:
			to = max(to, h.Grant.Began())
		}
		if h.Ended != holds.ByExpiry {
			break
		}
	}
	if h.Ended == holds.ByRelease {
		return h.Until, false
	}
	return to, true
}
