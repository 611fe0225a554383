package checker

import (
	"github.com/zklab/zklab/history"
)

// This file finds out from the transaction log when sessions died.
//
// A closeSession at z says that the session was dead once anybody had seen z, and
// that it lived until the last request was sent, whoever's it is, that has a lower
// zxid. If the log is whole from the session's createSession on and has no
// closeSession, it lived until the log, or its stretch without a hole, ends.

// readLog takes in the transactions.
func (a *analysis) readLog(list []history.Txn) {
	if len(list) == 0 || a.foreign && !a.hasSessions {
		return
	}
	for i := range a.h.Events {
		e := &a.h.Events[i]
		a.zxids.look(e, a.sessions[e.Session])
	}
	a.log = a.indexTxns(list)
	for _, s := range a.sessions {
		if s.unanswered != nil {
			a.readUnanswered(s)
		}
	}
	a.zxids.sort()
	for _, s := range a.sessions {
		a.readDeath(s)
	}
}

// readUnanswered asks the log which requests that nobody answered were carried out.
func (a *analysis) readUnanswered(s *session) {
	for _, e := range s.unanswered {
		var v history.Unanswered
		a.decode(e, &v)
		for _, r := range v.Requests {
			entry, ok := a.log.requests[requestID{s.id, r.Xid}]
			if ok && (entry.kind == r.Op || entry.kind == "error") {
				a.zxids.add(entry.zxid, r.Sent, e.Index)
			}
		}
	}
}

// readDeath bounds a session's death by the log.
func (a *analysis) readDeath(s *session) {
	l := a.log.sessions[s.id]
	if l == nil {
		return
	}
	if l.closed != 0 {
		s.closed = l.closed
		if t, event := a.zxids.by(l.closed); t < s.dhi {
			s.dhi, s.dhiEvent = t, event
			a.byLog = true
		}
	}
	if l.created == 0 {
		return
	}
	of, ok := a.log.stretch(l.created)
	if !ok {
		return
	}
	end := of.to + 1
	if l.closed > l.created && l.closed < end {
		end = l.closed
	}
	if t, event := a.zxids.sentBelow(end); t > s.dlo {
		s.dlo, s.proofs = t, append(s.proofs, proof{t, event})
		a.byLog = true
	}
}
