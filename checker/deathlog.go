package checker

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// This file finds out from the transaction log when sessions died.
//
// A closeSession at z says that the session was dead once anybody had seen z, and
// that it lived until the last request was sent, whoever's it is, that has a lower
// zxid. If the log is whole from the session's createSession on and has no
// closeSession, it lived until the log, or its stretch without a hole, ends.
//
// More a hold does not need: an acquire that was not answered is none, and a
// release that was not answered counts from its invocation, whatever came of it.

// readsLog are the models whose objects live on znodes that the log can tell of.
var readsLog = []string{history.ModelLock, history.ModelElection, history.ModelQueue, history.ModelBarrier, history.ModelDoubleBarrier}

// readLog takes in the transactions.
func (a *analysis) readLog(list []history.Txn) {
	if len(list) == 0 || !a.hasSessions || !slices.Contains(readsLog, a.model) {
		return
	}
	for i := range a.h.Events {
		e := &a.h.Events[i]
		a.zxids.look(e, a.sessions[e.Session])
	}
	asked := a.unanswered()
	a.log = a.indexTxns(list, ids(asked))
	for _, r := range asked {
		entry, ok := a.log.requests[r.id]
		// A client may number its requests anew on each connection: what may have been
		// committed before this one was sent may be another one.
		if ok && entry.zxid > a.zxids.floorAt(r.sent) && (entry.kind == r.op || entry.kind == "error") {
			a.zxids.add(entry.zxid, r.sent, r.event)
		}
	}
	a.zxids.sort()
	for _, s := range a.sessions {
		a.readDeath(s)
	}
}

// unanswered is a request that nobody answered: the log knows whether it was
// carried out.
type unanswered struct {
	id    requestID
	op    string
	sent  time.Duration
	event int // that tells of it
}

// unanswered are all of them, those of a session in order of sending.
func (a *analysis) unanswered() (all []unanswered) {
	for _, s := range a.oldestFirst() {
		for _, e := range s.unanswered {
			var v history.Unanswered
			a.decode(e, &v)
			for _, r := range v.Requests {
				all = append(all, unanswered{requestID{s.id, r.Xid}, r.Op, r.Sent, e.Index})
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
