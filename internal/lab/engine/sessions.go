package engine

import (
	"fmt"
	"sync"

	"github.com/zklab/zklab/history"
)

// sessions knows every session that the run itself has: those that clients' links carry, and the
// harness's own. The record names them all, so that the check of the run notices any other session that
// its clients opened. If the ensemble reports its transactions, the run notices such a session at once.
type sessions struct {
	mu       sync.Mutex
	known    map[history.ID]bool
	early    []history.ID // the harness's own sessions from before there was a record
	record   *record
	root     string
	unlinked history.ID // the first unknown session
}

// ofClient records a session event of a client's link.
func (s *sessions) ofClient(e history.Event) {
	if e.F == history.FConnected {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.known[e.Session] = true
	}
}

// ofHarness records a session event of the link of the harness's own connection.
func (s *sessions) ofHarness(e history.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.F != history.FConnected || s.known[e.Session] {
		return
	}
	s.known[e.Session] = true
	if s.record == nil {
		s.early = append(s.early, e.Session)
		return
	}
	s.name(e.Session)
}

func (s *sessions) name(id history.ID) {
	s.record.fact(history.FHarness, history.Harness{Session: id})
}

// begin starts to record the harness's sessions, including earlier ones. The objects of the run are
// below root.
func (s *sessions) begin(r *record, root string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record, s.root = r, root
	for _, id := range s.early {
		s.name(id)
	}
}

// lookThrough looks for unknown sessions in transactions. It returns a warning about the first one.
func (s *sessions) lookThrough(txns []history.Txn) (warning string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range txns {
		t := &txns[i]
		if s.unlinked == 0 && t.Session != 0 && !s.known[t.Session] && t.Below(s.root) {
			s.unlinked = t.Session
			warning = fmt.Sprintf("session %s writes below %s but did not come through a client's link: a client bypasses its link, so nothing will be decided", t.Session, s.root)
		}
	}
	return warning
}
