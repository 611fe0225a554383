package evidence

import (
	"slices"
	"sort"

	"github.com/zklab/zklab/history"
)

// This file determines how old an answer may be. A server may lag, but shows a session nothing older
// than what the session's client has been told. A server with which a session began has carried out the
// transaction that created the session. The next server of the session need not have.

// Oldest is a state of the servers: a client was shown nothing older.
type Oldest struct {
	Zxid uint64 // 0: not known
	In   *Session
	// Began means that the state follows from when the session began, and not from what its client was told.
	Began bool
}

// OldestShown returns the oldest state that the last of some calls can have been answered with. One
// process made the calls for one key, one after the other, and any of them may have read what the last
// one returned. So of all sessions that the process can have used, the one that may show the oldest
// state counts. A state that had been replaced before the first call is too old, even if it was read in
// an earlier session.
func (a *Record) OldestShown(calls []*history.Operation) (oldest Oldest) {
	first, last := calls[0], calls[len(calls)-1]
	for _, s := range a.inUseDuring(calls) {
		o := a.oldestIn(s, first, last)
		if o.Zxid == 0 {
			return Oldest{}
		}
		if oldest.In == nil || o.Zxid < oldest.Zxid {
			oldest = o
		}
	}
	return oldest
}

// inUseDuring returns the sessions in which any of some calls can have sent requests.
func (a *Record) inUseDuring(calls []*history.Operation) (of []*Session) {
	for _, op := range calls {
		for _, s := range a.InUse(op) {
			if !slices.Contains(of, s) {
				of = append(of, s)
			}
		}
	}
	return of
}

// oldestIn returns the oldest state that a session showed from the first to the last of some calls.
func (a *Record) oldestIn(s *Session, first, last *history.Operation) Oldest {
	before := s.First <= first.Invoke.Index
	if before {
		if told := s.toldIn(last, a.seenWhen(s, first)); told > 0 {
			return Oldest{told, s, false}
		}
	}
	if s.connectsBefore(last.Return) != 1 {
		return Oldest{}
	}
	made := a.madeAt(s)
	if !before { // a state that was current when the first call began is not too old
		made = min(made, a.Zxids.Floor(first.Began()))
	}
	return Oldest{made, s, true}
}

// connectsBefore returns how often a session was connected before an event.
func (s *Session) connectsBefore(e *history.Event) int { return sort.SearchInts(s.connects, e.Index) }

// seenWhen returns the highest zxid that the link had seen in a session when an operation was called; 0 if
// none.
func (a *Record) seenWhen(s *Session, op *history.Operation) uint64 {
	if s.ID == op.Invoke.Session {
		return uint64(max(op.Invoke.Seen, 0))
	}
	return a.seenIn(s, op.Invoke.Index)
}
