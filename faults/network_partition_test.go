package faults_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/testkit/must"
)

// cuts is a partition as its recorded step describes it.
type cuts map[[2]int]bool

// cutsOf reads "links cut: 1-2, 1>3".
func cutsOf(t testing.TB, detail string) cuts {
	t.Helper()
	c := cuts{}
	for _, word := range strings.Split(strings.TrimPrefix(detail, "links cut: "), ", ") {
		var a, b int
		if n, _ := fmt.Sscanf(word, "%d>%d", &a, &b); n == 2 {
			c[[2]int{a, b}] = true
		} else if n, _ := fmt.Sscanf(word, "%d-%d", &a, &b); n == 2 {
			c[[2]int{a, b}], c[[2]int{b, a}] = true, true
		} else {
			t.Fatalf("links %q", detail)
		}
	}
	return c
}

// hear reports whether two servers hear each other.
func (c cuts) hear(a, b int) bool { return !c[[2]int{a, b}] && !c[[2]int{b, a}] }

// settled returns an error unless the serving servers are those that serve once all have noticed the
// partition: a leader and all servers that hear it, if they are a majority.
func (c cuts) settled(n int, serving []int, leader int) error {
	var with, could []int
	for id := 1; id <= n; id++ {
		sees := 0
		for other := 1; other <= n; other++ {
			if c.hear(id, other) {
				sees++
			}
		}
		if sees > n/2 {
			could = append(could, id)
		}
		if leader != 0 && c.hear(id, leader) {
			with = append(with, id)
		}
	}
	switch {
	case len(could) == 0 && len(serving) == 0:
		return nil
	case !slices.Contains(could, leader):
		return fmt.Errorf("%d leads, %v could", leader, could)
	case !slices.Equal(serving, with):
		return fmt.Errorf("%v serve, %v hear the leader %d", serving, with, leader)
	}
	return nil
}

// Every shape of partition cuts what its name says and is seen from outside; servers that cannot serve
// stop, the others elect a leader if necessary, and serve; the heal leaves nothing.
func TestPartition(t *testing.T) {
	for _, tt := range []struct {
		spec  string
		nodes int
		links int // cut links, each in one direction
		serve int // the number of servers that serve in the end
	}{
		{"partition", 3, 4, 2},
		{"partition", 5, 8, 4},
		{"partition:leader", 2, 2, 0},
		{"partition:one", 4, 6, 3},
		{"partition:followers", 3, 6, 0},
		{"partition:minority", 5, 14, 3},
		{"partition:majority", 5, 18, 0},
		{"partition:all", 3, 6, 0},
		{"partition:client-2", 3, 4, 2},
		{"partition:server-1", 3, 4, 2},
		{"partition:halves", 3, 4, 2},
		{"partition:halves", 5, 12, 3},
		{"partition:halves", 7, 24, 4},
		{"partition:ring", 3, 2, 2},
		{"partition:ring", 4, 4, 3},
		{"partition:ring", 5, 10, 3},
		{"partition:ring", 6, 6, 5},
		{"partition:ring", 7, 14, 5},
		{"partition:bridge", 3, 2, 2},
		{"partition:bridge", 5, 8, 3},
		{"partition:bridge", 7, 18, 4},
		{"partition:mute", 3, 2, 2},
		{"partition:deaf", 3, 2, 2},
		{"partition:mute:node=one", 5, 4, 4},
		{"partition:deaf:node=server-2", 3, 2, 2},
		{"partition:one-way", 3, 2, 2},
	} {
		for seed := range uint64(3) {
			t.Run(fmt.Sprint(tt.spec, " of ", tt.nodes, ", ", seed), func(t *testing.T) {
				onServers(t, embedded.Config{Nodes: tt.nodes}, func(l *lab, em *embedded.Ensemble) {
					l.seed = seed
					e := l.seen(parsed(t, tt.spec))
					cut := cutsOf(t, e.Describe().Detail)
					if len(cut) != tt.links {
						t.Errorf("%d links are cut, want %d", len(cut), tt.links)
					}
					time.Sleep(15 * time.Second) // for all to notice, and to connect again
					serving, leader := l.serving()
					if err := cut.settled(tt.nodes, serving, leader); err != nil {
						t.Error(err)
					}
					if len(serving) != tt.serve {
						t.Errorf("%v serve, want %d servers", serving, tt.serve)
					}
					for _, id := range serving {
						l.writes(id)
					}
					l.healed(e, em.Clean)
					if err := e.Verify(l.t.Context()); err == nil {
						t.Error("it is seen although it is healed")
					}
				})
			})
		}
	}
}

// writes fails the test unless a new session can be opened through a server.
func (l *lab) writes(server int) {
	l.t.Helper()
	c := l.connect(l.t.Context(), 100+server, []string{l.address(server)})
	if _, err := c.Create(fmt.Sprintf("%s/by-%d", l.target.Root, server), nil, 0, open); err != nil {
		l.t.Errorf("a write through server %d: %v", server, err)
	}
	c.Close()
	c.link.Close()
}

func (l *lab) address(server int) string { return l.ensemble.Servers()[server-1].Addr() }

// In a ring, no two servers see the same majority.
func TestRingHasNoTwoAlike(t *testing.T) {
	for _, nodes := range []int{4, 5, 6, 7} {
		onServers(t, embedded.Config{Nodes: nodes}, func(l *lab, em *embedded.Ensemble) {
			e := l.seen(faults.Partition{Shape: faults.Ring})
			cut := cutsOf(t, e.Describe().Detail)
			seen := map[string]int{}
			for a := 1; a <= nodes; a++ {
				var view []int
				for b := 1; b <= nodes; b++ {
					if cut.hear(a, b) {
						view = append(view, b)
					}
				}
				if len(view) <= nodes/2 {
					t.Errorf("server %d sees %v", a, view)
				}
				if other := seen[fmt.Sprint(view)]; other != 0 {
					t.Errorf("servers %d and %d both see %v", other, a, view)
				}
				seen[fmt.Sprint(view)] = a
			}
			l.healed(e, em.Clean)
		})
	}
}

// A partition that cuts nothing is seen to be none.
func TestPartitionWithoutEffect(t *testing.T) {
	onServers(t, embedded.Config{}, func(l *lab, em *embedded.Ensemble) {
		e := l.seen(faults.Partition{})
		if err := em.Heal(l.t.Context()); err != nil { // without the fault's knowledge
			t.Fatal(err)
		}
		if err := l.verify(e); err == nil || !strings.Contains(err.Error(), "was answered") {
			t.Errorf("%v", err)
		}
		l.healed(e, em.Clean)
	})
}

// The fault warns of a partition that is too short for an election.
func TestPartitionTooShort(t *testing.T) {
	e := must.Get(embedded.Config{}.Sketch())(t)
	defer e.Close()
	for _, f := range []faults.Lasting{faults.Partition{}, faults.Partition{Shape: faults.Ring}} {
		if f.Warn(e.Profile(), time.Second) == "" || f.Warn(e.Profile(), 10*time.Second) != "" {
			t.Errorf("%v", f)
		}
	}
}
