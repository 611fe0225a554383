package zab

import (
	"slices"
	"testing"
	"time"
)

// drawMembers draws members that a leader may propose: a majority of the voters has its log, and no other change is
// under way.
func (s *sim) drawMembers(leader *Node) *Members {
	if s.plan.changes == 0 || s.rnd.IntN(s.plan.changes) > 0 || leader.NextZxid() == 0 {
		return nil
	}
	if _, next := leader.members(); next != nil {
		return nil
	}
	m := &Members{}
	for _, id := range s.ids {
		switch s.rnd.IntN(4) {
		case 0: // no member
		case 1:
			m.Observers = append(m.Observers, id)
		default:
			m.Voters = append(m.Voters, id)
		}
	}
	synced := leader.Synced()
	if len(m.Voters) == 0 || !m.quorate(func(id int) bool { return slices.Contains(synced, id) }) {
		return nil
	}
	return m
}

// changing is a run in which members change.
func changing(seed uint64) *sim {
	s := newSim(seed, nil)
	s.plan.changes = []int{3, 20, 100}[seed%3]
	return s
}

// Nothing is lost or doubled, and all serve in the end, while members come and go among all other faults.
func TestSimulationOfMembers(t *testing.T) {
	var sum coverage
	for seed := range uint64(seeds) {
		s := changing(seed)
		if err := s.play(); err != nil {
			replay(t, changing(seed))
			t.Fatalf("seed %d: %v", seed, err)
		}
		sum.add(s.used)
	}
	t.Logf("%+v", sum)
	if sum.Changes < seeds || sum.Snaps == 0 || sum.Truncs == 0 {
		t.Error("the simulation does not reach what it is for")
	}
}

// become lets the leader propose new voters; the other servers are no members.
func (s *sim) become(leader int, voters ...int) {
	s.node(leader).Propose(func(zxid int64) any {
		s.proposals++
		return changed{s.proposals, &Members{Voters: voters, Version: zxid}}
	})
}

func (s *sim) committed(id int) func() bool {
	return func() bool { return s.servers[id-1].app.state.count == s.proposals }
}

// What a server acknowledges that was removed counts no longer, though it goes on to follow.
func TestRemovedServerDoesNotCount(t *testing.T) {
	s := serving(t, 3, 0)
	s.become(3, 2, 3)
	s.until(t, 20*time.Millisecond, "all have the change", s.committed(1))
	if got := s.node(1).Role(); got != Following {
		t.Errorf("the removed server is %v", got)
	}
	s.put(3, 1)
	s.until(t, 20*time.Millisecond, "the removed server has what came later", s.committed(1))
	s.servers[1].pause()
	s.put(3, 1)
	s.run(s.now.Add(tick))
	if before := s.proposals - 1; s.servers[2].app.state.count != before {
		t.Errorf("the leader committed %d of %d with the removed server alone", s.servers[2].app.state.count, s.proposals)
	}
	s.servers[1].resume()
	s.until(t, 20*time.Millisecond, "all have everything", s.committed(1))
	s.become(3, 1, 2, 3)
	s.until(t, 20*time.Millisecond, "it is back", s.committed(1))
	s.servers[1].pause()
	s.put(3, 1)
	s.until(t, 20*time.Millisecond, "it counts again", s.committed(3))
}

// A leader that is removed commits that, steps down, and follows one of the others.
func TestRemovedLeaderStepsDown(t *testing.T) {
	s := serving(t, 3, 0)
	s.become(3, 1, 2)
	s.until(t, 2*tick, "the next leader", func() bool { return s.node(2).Role() == Leading && s.allServe() })
	if got := s.node(3).Role(); got != Following || s.node(3).Leader() != 2 {
		t.Errorf("the leader before is %v under %d", got, s.node(3).Leader())
	}
	s.put(2, 1)
	s.until(t, 20*time.Millisecond, "all have everything", s.committed(3))
	s.isolate(1)
	s.until(t, 10*tick, "no quorum without server 1", func() bool { return s.node(2).Role() == Looking && s.node(3).Role() == Looking })
	s.heal()
	s.until(t, 30*tick, "all serve", s.allServe)
	if s.node(3).Role() == Leading {
		t.Error("a server leads that is no voter")
	}
}

// While a change is under way, it needs a majority of the old voters and one of the new.
func TestChangeNeedsBothMajorities(t *testing.T) {
	for name, test := range map[string]struct {
		voters []int
		paused []int
	}{
		"of the old": {[]int{4, 5}, []int{1, 2, 3}},
		"of the new": {[]int{1, 2, 5}, []int{1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serving(t, 5, 0)
			for _, id := range test.paused {
				s.servers[id-1].pause()
			}
			before := len(s.global)
			s.become(5, test.voters...)
			s.run(s.now.Add(tick))
			if len(s.global) != before {
				t.Error("the change is committed")
			}
			for _, id := range test.paused {
				s.servers[id-1].resume()
			}
			s.until(t, 20*tick, "all serve", s.allServe)
		})
	}
}

// An observer that becomes a voter is needed for the change itself: so it gets the entries before they are committed.
func TestObserverBecomesVoter(t *testing.T) {
	s := serving(t, 1, 1)
	s.become(1, 1, 2)
	s.until(t, 5*tick, "it follows", s.role(2, Following))
	s.servers[1].pause()
	s.put(1, 1)
	s.run(s.now.Add(tick))
	if s.servers[0].app.state.count == s.proposals {
		t.Error("the leader commits without the new voter")
	}
}

// A server that was away while members changed joins those that make a majority now, and would make none before.
func TestServerThatWasAwayLearnsOfTheMembers(t *testing.T) {
	s := serving(t, 5, 0)
	s.servers[0].crash()
	s.become(5, 1, 4, 5)
	s.until(t, 20*time.Millisecond, "the change", s.committed(4))
	for _, id := range []int{2, 3, 5} {
		s.servers[id-1].crash()
	}
	s.servers[0].start()
	s.until(t, 30*tick, "two of the three voters serve", func() bool {
		return s.node(4).Role() == Leading && s.node(1).Role() == Following
	})
	s.put(4, 1)
	s.until(t, 20*time.Millisecond, "they commit", s.committed(1))
}
