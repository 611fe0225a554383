package engine

import (
	"fmt"
	"sync"

	"github.com/zklab/zklab/history"
)

// sessions knows every session that the run itself has: those that clients' links
// carry, and the harness's own. The record names them all, so that one that somebody
// opened around them is noticed: when the run is decided, and, where the ensemble
// hands over what it commits, at once.
type sessions struct {
	mu       sync.Mutex
	known    map[history.ID]bool
	early    []history.ID // the harness's own from before there was a record
	record   *record
	root     string
	unlinked history.ID // the first that is not known
}

// ofClient takes in what a client's link says.
func (s *sessions) ofClient(e history.Event) {
	if e.F == history.FConnected {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.known[e.Session] = true
	}
}

// ofHarness takes in what the link of the harness's own connection says.
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

// begin names the harness's sessions, from before and from now on, in the record of a
// run whose objects are below root.
func (s *sessions) begin(r *record, root string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record, s.root = r, root
	for _, id := range s.early {
		s.name(id)
	}
}

// lookThrough looks for sessions of others among what was committed. It gives a
// warning of the first.
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
