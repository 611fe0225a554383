package evidence

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// This file finds from the transaction log when sessions died.
//
// A closeSession at z proves that the session was dead once any client had seen z, and that it lived
// until the last request with a lower zxid was sent, by any client. If the log is whole from the
// session's createSession on and has no closeSession, the session lived until the log, or its
// stretch without a hole, ends.
//
// A hold does not need more: an unanswered acquire is not a hold, and an unanswered release counts
// from its invocation, whatever its outcome.

// readLog reads the transactions.
func (a *Record) readLog() {
	if len(a.Transactions) == 0 || !a.AnySession() || !a.Object.OnZnodes {
		return
	}
	for e := range a.History.All() {
		a.Zxids.look(e, a.Session(e.Session))
		for _, u := range e.Used {
			a.Zxids.pair(e, a.Session(u.Session), u.Alive, u.Seen, uint64(max(u.Seen, 0)))
		}
	}
	asked := a.unanswered()
	a.Log = indexTxns(a.Transactions, ids(asked), a.Zxids.seen)
	for _, r := range asked {
		entry, ok := a.Log.requests[r.id]
		// A client may start to number its requests from 0 on each connection, so what may have been
		// committed before this request was sent may be another one.
		if ok && entry.zxid > a.Zxids.FloorAt(r.sent) && (entry.kind == r.op || entry.kind == "error") {
			a.Zxids.add(entry.zxid, r.sent, r.event)
		}
	}
	a.Zxids.sort()
	for _, s := range a.ByID {
		a.readDeath(s)
	}
}

// unanswered is a request without an answer: the log knows whether it was carried out.
type unanswered struct {
	id    requestID
	op    string
	sent  time.Duration
	event int // the event that shows it
}

// unanswered returns all unanswered requests, those of a session in order of sending.
func (a *Record) unanswered() (all []unanswered) {
	for _, s := range a.OldestFirst() {
		for _, e := range s.unanswered {
			var v history.Unanswered
			a.Decode(e, &v)
			for _, r := range v.Requests {
				all = append(all, unanswered{requestID{s.ID, r.Xid}, r.Op, r.Sent, e.Index})
			}
		}
	}
	return all
}

func ids(all []unanswered) map[requestID]bool {
	of := make(map[requestID]bool, len(all))
	for _, r := range all {
		of[r.id] = true
	}
	return of
}

// readDeath bounds a session's death by the log.
func (a *Record) readDeath(s *Session) {
	l := a.Log.Sessions[s.ID]
	if l == nil {
		return
	}
	if l.Closed != 0 {
		s.ClosedInLog = l.Closed
		if t, event := a.Zxids.CommittedBy(l.Closed); t < s.DiedBy {
			s.DiedBy, s.DiedByEvent = t, event
			a.ByLog = true
		}
	}
	if l.Created == 0 {
		return
	}
	of, ok := a.Log.Stretch(l.Created)
	if !ok {
		return
	}
	end := of.To + 1
	if l.Closed > l.Created && l.Closed < end {
		end = l.Closed
	}
	t, event := a.Zxids.SentBelow(end)
	if end == l.Closed { // else it may have gone on for long
		if ended, by := a.endedFrom(s); ended > t && ended <= s.DiedBy { // else it ended in another way
			t, event = ended, by
		}
	}
	if t > s.DiedFrom {
		s.DiedFrom, s.proofs = t, append(s.proofs, proof{t, event})
		a.ByLog = true
	}
}

// readClosing reads from an event when the client or a fault asked for the session's end, and which
// timeout a server granted.
func (a *Record) readClosing(e *history.Event, s *Session) {
	switch e.F {
	case history.FConnected:
		var v history.Connected
		a.Decode(e, &v)
		if v.Timeout > 0 && (s.timeout == 0 || v.Timeout < s.timeout) {
			s.timeout = v.Timeout
		}
	case history.FDead:
		var v history.Dead
		a.Decode(e, &v)
		if v.Sent == 0 {
			v.Sent = Always
		}
		s.closedFrom(v.Sent, e)
	case history.FUnanswered:
		var v history.Unanswered
		a.Decode(e, &v)
		for _, r := range v.Requests {
			if r.Op == "closeSession" {
				s.closedFrom(r.Sent, e)
			}
		}
	}
}

// closedFrom notes when a closeSession was sent.
func (s *Session) closedFrom(sent time.Duration, e *history.Event) {
	if sent < s.closing {
		s.closing, s.closingEvent = sent, e.Index
	}
}

// endedFrom returns the earliest time at which the log's end of a session can have been committed,
// according to what can have ended it: a closeSession, a fault, or the servers, which wait for the
// timeout from the last request that the leader got ("Programmer's Guide, ZooKeeper Sessions"). It
// returns Always if that is not known. The event is the one that shows the closeSession, or else the
// first one of the session.
func (a *Record) endedFrom(s *Session) (from time.Duration, event int) {
	if s.timeout == 0 || s.Client < 0 {
		return Always, -1
	}
	from = s.closing
	for _, f := range a.Faults.All {
		if f.Traits.Sessions == history.EndAtOnce && (slices.Contains(f.Clients, s.Client) || slices.Contains(f.Sessions, s.ID)) && f.Over > s.Answered {
			from = min(from, f.From)
		}
	}
	from = min(from, s.Answered+s.timeout-a.Params.Tick) // a tick, since clocks are rounded to ticks
	if from == s.closing {
		return from, s.closingEvent
	}
	return from, s.First
}
