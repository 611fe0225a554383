package stats

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/history/models"
)

// This file finds the clients that lost something without any operation of theirs showing it: a
// hold, or their place in a group. A member calls no operation while it is in a group, so none can
// fail.

// deprived reports whether the fault ended the session or the process of a client that held
// something, or that was inside a barrier or a group.
func (f *Fault) deprived() bool {
	for i, did := range f.Holding {
		switch {
		case did != "holding":
		case f.endsSessions(), f.Traits.Crashes:
			return true
		case i < len(f.Sessions) && slices.ContainsFunc(f.Outlasted, func(o Outlasted) bool { return o.Ended && o.Session == f.Sessions[i] }):
			return true
		}
	}
	return false
}

// loss is the end of a hold, or of a stay inside, that the client did not ask for.
type loss struct {
	// The client knew of it at told. It certainly still had what it lost at had.
	had, told time.Duration
	session   history.ID // the session that ended; 0 if the loss was no end of a session
}

type losses struct {
	all     []loss
	timeout time.Duration // of sessions
}

// lossesOf returns the losses of a history.
func lossesOf(h *history.History, record *holds.Record) losses {
	of := losses{timeout: h.Header.Params.SessionTimeout}
	add := func(had, told time.Duration, session history.ID) { of.all = append(of.all, loss{had, told, session}) }
	for _, e := range h.Facts() {
		if e.Process == history.SessionProcess && e.F == history.FLost {
			add(e.Time, e.Time, 0)
		}
	}
	told := toldOf(h)
	expired := func(session history.ID, from, until time.Duration) {
		if s := told[session]; s.expired > from && s.expired <= until {
			add(max(from, s.alive), s.expired, session)
		}
	}
	for _, hold := range record.All() {
		expired(hold.Grant.Return.Session, hold.Granted, hold.Until)
		if hold.Ended == holds.ByExit {
			add(hold.Until, hold.Until, 0)
		}
	}
	m := models.Of(h)
	if m.State != models.Entered {
		return of
	}
	for _, stay := range record.Stays(m) {
		expired(stay.Begin.Return.Session, stay.From, stay.Until)
		if stay.End == nil && !stay.Open {
			add(stay.Until, stay.Until, 0)
		}
	}
	return of
}

// during reports whether a client lost something within the span, or was told soon after the span of
// the end of a session that no fault ended by force. A client that was cut off is told when it
// reaches a server again.
func (l *losses) during(s Span, forced map[history.ID]bool) bool {
	return slices.ContainsFunc(l.all, func(one loss) bool {
		if one.told < s.From {
			return false
		}
		return one.told <= s.Until || one.session != 0 && !forced[one.session] && one.had <= s.Until && one.told <= s.Until+l.timeout
	})
}
