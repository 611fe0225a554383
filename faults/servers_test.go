package faults_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/testkit/must"
)

// Every fault that takes servers away takes as many as it says, is seen from
// outside, leaves the rest to serve if they are a majority, and leaves nothing.
func TestServersAway(t *testing.T) {
	for _, tt := range []struct {
		spec  string
		nodes int
		away  int
	}{
		{"pause", 3, 1},
		{"pause:leader", 1, 1},
		{"pause:minority", 5, 2},
		{"pause:majority", 5, 3},
		{"pause:client-1", 3, 1},
		{"pause:server-2", 3, 1},
		{"pause:followers", 3, 2},
		{"kill", 3, 1},
		{"kill:leader", 1, 1},
		{"kill:one", 5, 1},
		{"kill:minority", 2, 1},
		{"kill:minority", 5, 2},
		{"kill:majority", 5, 3},
		{"kill:followers", 3, 2},
		{"kill:all", 3, 3},
		{"kill:all", 5, 5},
		{"kill:client-0", 3, 1},
		{"kill:server-3", 3, 1},
		{"empty-disk", 3, 1},
		{"empty-disk:one", 5, 1},
		{"empty-disk:minority", 5, 2},
		{"empty-disk:server-2", 3, 1},
		{"unsynced", 3, 1},
		{"unsynced:leader", 1, 1},
		{"unsynced:minority", 5, 2},
		{"unsynced:majority", 5, 3},
		{"unsynced:all", 3, 3},
		{"unsynced:server-2", 3, 1},
		{"restart:leader", 1, 1},
		{"restart", 3, 1},
		{"restart:majority", 5, 3},
		{"restart:all", 3, 3},
	} {
		t.Run(fmt.Sprint(tt.spec, " of ", tt.nodes), func(t *testing.T) {
			onServers(t, embedded.Config{Nodes: tt.nodes}, func(l *lab, em *embedded.Ensemble) {
				_, leader := l.serving()
				e := l.seen(parsed(t, tt.spec))
				step := e.Describe()
				if len(step.Servers) != tt.away {
					t.Errorf("servers %v, want %d", step.Servers, tt.away)
				}
				l.meant(tt.spec, step.Servers, leader)
				for _, c := range step.Clients {
					if !slices.Contains(step.Servers, c%tt.nodes+1) {
						t.Errorf("client %d is on server %d, not on %v", c, c%tt.nodes+1, step.Servers)
					}
				}
				for _, id := range step.Servers {
					l.away(em, id, strings.HasPrefix(tt.spec, "pause"))
				}
				l.majorityServes(e)
				l.healed(e, em.Clean)
				if err := e.Verify(l.t.Context()); err == nil {
					t.Error("it is seen although it is healed")
				}
			})
		})
	}
}

// meant checks that a fault took the servers that its word means.
func (l *lab) meant(spec string, servers []int, leader int) {
	l.t.Helper()
	_, word, _ := strings.Cut(spec, ":")
	want := map[string][]int{
		"": {leader}, "leader": {leader}, "followers": l.ids(leader), "all": l.ids(),
		"client-0": {1}, "client-1": {2}, "server-2": {2}, "server-3": {3},
	}
	if w, ok := want[word]; ok && !slices.Equal(servers, w) {
		l.t.Errorf("servers %v, want %v", servers, w)
	}
}

// away checks that a server is not there: paused, it accepts and says nothing; down,
// it refuses.
func (l *lab) away(em *embedded.Ensemble, id int, paused bool) {
	l.t.Helper()
	conn, err := em.Dial("tcp", em.Server(id).Addr(), time.Second)
	if err == nil {
		conn.Close()
	}
	if paused != (err == nil) || !paused && !errors.Is(err, syscall.ECONNREFUSED) {
		l.t.Errorf("server %d: a connection gave %v", id, err)
	}
}

// What servers acknowledged outlives a loss of power of all of them, and something was lost: what they had written and
// not forced to disk.
func TestUnsyncedLosesNothingAcknowledged(t *testing.T) {
	losses := regexp.MustCompile(`server \d lost (\d+) of (\d+)`)
	var unforced, lost int
	for seed := range uint64(5) {
		onServers(t, embedded.Config{}, func(l *lab, em *embedded.Ensemble) {
			l.seed = seed
			writing, stop := context.WithCancel(l.t.Context())
			var acked []string
			var done sync.WaitGroup
			done.Go(func() {
				for writing.Err() == nil {
					if path, err := l.clients[0].Create(l.folder()+"/s-", nil, zk.FlagSequence, open); err == nil {
						acked = append(acked, path)
					}
					time.Sleep(time.Millisecond)
				}
			})
			time.Sleep(100 * time.Millisecond)
			e := l.seen(parsed(t, "unsynced:all"))
			l.healed(e, em.Clean)
			stop()
			done.Wait()
			all := losses.FindAllStringSubmatch(e.Describe().Detail, -1)
			if len(all) != 3 || len(acked) == 0 {
				t.Errorf("%d writes were acknowledged; %s", len(acked), e.Describe().Detail)
			}
			for _, one := range all {
				gone, _ := strconv.Atoi(one[1])
				written, _ := strconv.Atoi(one[2])
				unforced, lost = unforced+written, lost+gone
			}
			for _, path := range acked {
				if is, _, err := l.target.Admin.Exists(path); err != nil || !is {
					t.Errorf("%s was acknowledged: %t, %v", path, is, err)
				}
			}
		})
	}
	if lost == 0 || lost >= unforced {
		t.Errorf("lost are %d of %d transactions that were not forced", lost, unforced)
	}
}

// A disk is emptied only when the other servers have everything: one that does not answer may lack what only
// the killed server holds.
func TestEmptyDiskWaitsForOthers(t *testing.T) {
	onServers(t, embedded.Config{Nodes: 5}, func(l *lab, em *embedded.Ensemble) {
		l.create(l.folder()+"/kept", 0)
		must.Do(t, em.Server(4).Pause(t.Context()))
		if _, err := l.inject(parsed(t, "empty-disk:server-2")); !errors.Is(err, faults.ErrNoTarget) || !strings.Contains(err.Error(), "server 4") {
			t.Errorf("%v, want no target because of server 4", err)
		}
		if empty, err := em.Server(2).DiskEmpty(t.Context()); err != nil || empty {
			t.Errorf("empty %v, %v", empty, err)
		}
		must.Do(t, em.Server(4).Resume(t.Context()))
		l.allServe("after a fault that found no target")
		l.clean()
	})
}

// Too few servers, or servers that are too many, make the fault unavailable: it would lose what was acknowledged.
func TestEmptyDiskKeepsAMajority(t *testing.T) {
	for _, tt := range []struct {
		spec             string
		nodes, observers int
		want             string
	}{
		{"empty-disk", 1, 0, "needs three voters"},
		{"empty-disk:one", 2, 1, "needs three voters"},
		{"empty-disk:majority", 3, 0, "would lose"},
		{"empty-disk:followers", 3, 0, "would lose"},
		{"empty-disk:all", 5, 0, "would lose"},
		{"empty-disk:observer", 3, 0, "no server is an observer"},
		{"empty-disk:observer", 1, 1, ""},
		{"empty-disk:minority", 3, 0, ""},
	} {
		e, err := embedded.Config{Nodes: tt.nodes, Observers: tt.observers}.Sketch()
		if err != nil {
			t.Fatal(err)
		}
		err = parsed(t, tt.spec).Available(faults.Setting{Ensemble: e})
		if tt.want == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s of %d+%d: %v, want %q", tt.spec, tt.nodes, tt.observers, err, tt.want)
		}
		e.Close()
	}
}

// A rolling restart ends by itself, stops a server only when all serve, and the
// leader last.
func TestRolling(t *testing.T) {
	for _, nodes := range []int{1, 3, 5} {
		onServers(t, embedded.Config{Nodes: nodes}, func(l *lab, em *embedded.Ensemble) {
			h := &hooked{Ensemble: em, hook: func(what string) error {
				if up, _ := l.serving(); len(up) < nodes {
					t.Errorf("%s while only %v serve", what, up)
				}
				return nil
			}}
			l.target.Ensemble = h
			_, leader := l.serving()
			began := time.Now()
			e := l.seen(faults.Rolling{})
			<-e.(faults.Ending).Ended()
			took := time.Since(began)
			if len(h.calls) != nodes || h.calls[nodes-1] != fmt.Sprint("stop ", leader) {
				t.Errorf("%v, %d led", h.calls, leader)
			}
			if least := l.target.Lasts / time.Duration(nodes) * time.Duration(nodes-1); took < least || took > least+time.Second {
				t.Errorf("it took %v of %v", took, l.target.Lasts)
			}
			l.healed(e, em.Clean)
			step := e.Describe()
			if !strings.HasSuffix(step.Detail, fmt.Sprintf("of %d servers in turn", nodes)) {
				t.Error(step.Detail)
			}
			if len(step.Turns) != nodes || step.Turns[nodes-1].Server != leader {
				t.Errorf("turns %v, %d led", step.Turns, leader)
			}
			var last time.Duration
			for _, turn := range step.Turns {
				if turn.From < last || turn.At < turn.From || l.target.Now() < turn.At {
					t.Errorf("turns %v", step.Turns)
				}
				last = turn.At
			}
		})
	}
}

// A rolling restart that is healed before its end ends with the present turn.
func TestRollingCutShort(t *testing.T) {
	onServers(t, embedded.Config{}, func(l *lab, em *embedded.Ensemble) {
		e := l.seen(faults.Rolling{})
		time.Sleep(l.target.Lasts / 2)
		l.healed(e, em.Clean)
		if detail := e.Describe().Detail; !strings.Contains(detail, " and ") || !strings.HasSuffix(detail, "of 3 servers in turn") || strings.Contains(detail, ",") {
			t.Error(detail)
		}
		time.Sleep(l.target.Lasts)
		l.allServe("afterwards")
	})
}

// Servers that vote are meant, and not observers, unless they are named.
func TestObservers(t *testing.T) {
	onServers(t, embedded.Config{Nodes: 3, Observers: 2}, func(l *lab, em *embedded.Ensemble) {
		for range 10 {
			for spec, n := range map[string]int{"kill:one": 1, "kill:majority": 2, "kill:followers": 2, "kill:observer": 1, "pause:observer": 1, "restart:observer": 1} {
				e := l.seen(parsed(t, spec))
				if servers := e.Describe().Servers; len(servers) != n || (slices.Max(servers) > 3) != strings.HasSuffix(spec, ":observer") {
					t.Errorf("%s took %v", spec, servers)
				}
				l.healed(e, em.Clean)
			}
		}
		on := 0 // where client 4 is by now
		l.awaits("client 4 is connected", func() bool { on = l.on(4); return on != 0 })
		for spec, want := range map[string][]int{"kill:server-4": {4}, "kill:all": {1, 2, 3, 4, 5}, "kill:client-4": {on}} {
			if spec == "kill:client-4" && l.on(4) != on {
				continue // the fault before it has moved it
			}
			e := l.seen(parsed(t, spec))
			if servers := e.Describe().Servers; !slices.Equal(servers, want) {
				t.Errorf("%s took %v", spec, servers)
			}
			l.healed(e, em.Clean)
		}
	})
}

// on is the server that a client is connected to, 0 for none.
func (l *lab) on(client int) int {
	for _, s := range l.ensemble.Servers() {
		if session, ok := l.clients[client].link.Session(); ok && session.Connected && session.Server == s.Addr() {
			return s.ID()
		}
	}
	return 0
}

// A fault prefers servers that no other one has, and has no target where it needs
// one that is taken.
func TestClaimedServers(t *testing.T) {
	onServers(t, embedded.Config{Nodes: 5}, func(l *lab, em *embedded.Ensemble) {
		for range 20 {
			first := l.seen(parsed(t, "kill:minority"))
			second := l.seen(parsed(t, "pause:one"))
			if slices.Contains(first.Describe().Servers, second.Describe().Servers[0]) {
				t.Errorf("both took %v", second.Describe().Servers)
			}
			for _, spec := range []string{"pause:all", "kill:majority", "kill:followers", "rolling", fmt.Sprint("kill:server-", second.Describe().Servers[0])} {
				if _, err := l.inject(parsed(t, spec)); !errors.Is(err, faults.ErrNoTarget) {
					t.Errorf("%s beside others: %v", spec, err)
				}
			}
			if err := errors.Join(second.Heal(l.t.Context()), first.Heal(l.t.Context())); err != nil {
				t.Error(err)
			}
			l.whole(em.Clean)
		}
	})
}

// A heal that comes again does not undo what another fault did since.
func TestHealAgainLater(t *testing.T) {
	for _, spec := range []string{"pause:all", "kill:all", "restart:all", "rolling", "partition:all", "lossy", "slow-network", "slow-disk:all", "unsynced:all", "wall-clock:all"} {
		onServers(t, embedded.Config{}, func(l *lab, em *embedded.Ensemble) {
			first := l.seen(parsed(t, spec))
			l.healed(first, em.Clean)
			l.allServe("after the first")
			second := l.seen(parsed(t, spec))
			if err := first.Heal(l.t.Context()); err != nil {
				t.Error(err)
			}
			if spec != "rolling" && em.Clean() == nil {
				t.Errorf("%s: the second one was healed by the first one", spec)
			}
			l.healed(second, em.Clean)
		})
	}
}

// While another fault keeps a majority away, a server that was started again is
// healed although it cannot serve yet.
func TestHealBesideAnotherFault(t *testing.T) {
	onServers(t, embedded.Config{}, func(l *lab, em *embedded.Ensemble) {
		killed := l.seen(parsed(t, "kill:one"))
		others := l.ids(killed.Describe().Servers...)
		paused := l.seen(parsed(t, fmt.Sprint("pause:server-", others[0])))
		if err := killed.Heal(l.t.Context()); err != nil {
			t.Error(err)
		}
		if got, _ := l.serving(); len(got) > 2 {
			t.Errorf("%v serve", got)
		}
		l.healed(paused, em.Clean)
	})
}

// A node specification that means nothing here is told before the run, in a line.
func TestNodesThatAreNot(t *testing.T) {
	e := must.Get(embedded.Config{}.Sketch())(t)
	defer e.Close()
	alone := must.Get(embedded.Config{Nodes: 1}.Sketch())(t)
	defer alone.Close()
	for _, tt := range []struct {
		fault faults.Fault
		e     ensemble.Ensemble
		part  string
	}{
		{faults.Kill{Nodes: faults.Numbered(4)}, e, "there is no server 4: the ensemble has 3"},
		{faults.Pause{Nodes: "leadr"}, e, `"leadr"`},
		{faults.Pause{Nodes: "server-0"}, e, `"server-0"`},
		{faults.Pause{Nodes: "server-02"}, e, `"server-02"`},
		{faults.Partition{Nodes: "client-x"}, e, `"client-x"`},
		{faults.Partition{Shape: "star"}, e, `"star"`},
		{faults.Partition{Shape: faults.Ring}, alone, "takes 3 servers, the ensemble has 1"},
		{faults.Partition{}, alone, "takes 2 servers, the ensemble has 1"},
		{faults.Restart{Nodes: faults.Followers}, alone, "no followers"},
		{faults.Kill{Nodes: faults.Observer}, e, "no server is an observer: take followers"},
		{faults.Lossy{Share: 100}, e, "1 to 99"},
		{faults.Lossy{}, alone, "no links"},
		{faults.SlowNetwork{By: time.Hour}, e, "from 1ms"},
		{faults.SlowDisk{Nodes: faults.Leader}, e, "affect no client"},
		{faults.FullDisk{}, e, "cannot fill servers"},
		{faults.Reconfig{}, e, "refuse reconfig"},
	} {
		err := tt.fault.Available(faults.Setting{Ensemble: tt.e})
		if err == nil || !strings.Contains(err.Error(), tt.part) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", tt.fault.Spec(), err, tt.part)
		}
	}
	onServers(t, embedded.Config{}, func(l *lab, em *embedded.Ensemble) {
		if _, err := l.inject(faults.Kill{Nodes: faults.ServerOf(9)}); !errors.Is(err, faults.ErrNoTarget) {
			t.Errorf("the server of a client that is not: %v", err)
		}
	})
}
