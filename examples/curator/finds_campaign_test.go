//go:build real && campaign

package curator_test

import (
	"os"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/testkit/programs"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/workloads"
)

// unmended skips the test unless Curator is version 5.4.0 of Debian 12, which has the bugs.
func unmended(t *testing.T) {
	t.Helper()
	programs.Require(t, programs.Curator)
	if _, err := os.Stat("/usr/share/java/curator-recipes-5.4.0.jar"); err != nil {
		t.Skipf("this Curator is another one: %v", err)
	}
}

// A member of Curator's DistributedDoubleBarrier whose enter has timed out leaves its znode behind
// (CURATOR-318): the znode is counted for members that enter later, and a member that leaves waits for
// it for ever. This needs no fault.
func TestFindsThatTheTimedOutStillCount(t *testing.T) {
	unmended(t)
	t.Parallel()
	for _, tt := range []struct {
		property  string
		command   []string
		opTimeout time.Duration
		seeds     []int64
	}{
		{"progress", java(t), 2 * time.Second, []int64{2, 3, 4, 2, 3, 4, 2, 3, 4}},
		// The mistake in enter needs a member that is later than the others' patience and their next
		// attempt, which these seeds have in their first rounds. A leaving member is stuck for as long
		// as an operation may take: the shorter that is, the more rounds there are.
		{"enter", java(t, "-Dpatience=100"), 500 * time.Millisecond, []int64{2, 3, 5, 6, 7, 9, 2, 3, 5}},
	} {
		t.Run(tt.property, func(t *testing.T) {
			t.Parallel()
			runtest.Finds(t, zklab.Experiment{
				Ensemble: embedded.Config{}, Workload: workloads.DoubleBarrier{Late: time.Second}, Command: tt.command, Clients: 5, TimeLimit: 15 * time.Second,
				SessionTimeout: 2 * time.Second, OpTimeout: tt.opTimeout,
			}, tt.property, tt.seeds...)
		})
	}
}

// A LeaderLatch of Curator that comes back with a new session takes the znode of its previous session
// for its own, and continues to lead when that znode is gone (CURATOR-696). The slow links make terms
// long enough. The bug needs runs of half a minute; on a busy machine seven of ten find it.
func TestFindsTwoLeaders(t *testing.T) {
	unmended(t)
	outages, err := plan.Parse("kill:majority@3s+2s/4s,slow-link:all:by=30ms@2s+30s", 0)
	if err != nil {
		t.Fatal(err)
	}
	runtest.Finds(t, zklab.Experiment{
		Ensemble: embedded.Config{}, Workload: workloads.Election{}, Command: java(t), Faults: outages, Clients: 5, Keys: 1,
		TimeLimit: 25 * time.Second, SessionTimeout: time.Second, OpTimeout: 10 * time.Second,
	}, "exclusion", 1, 2, 3, 4, 5)
}

// Bugs of Curator that need one fault or none, and the property that each violates. The figures of docs/track-record.md
// are of the same runs.
func TestFindsBugs(t *testing.T) {
	unmended(t)
	for _, tt := range []struct {
		name     string
		workload workloads.Workload
		flag     string
		faults   string
		property string
	}{
		// After the reply to a set was lost it is repeated, finds its own version, and says that it set nothing.
		{"SharedCount", workloads.Counter{}, "-Dcounter=shared", "lose-reply:setData/3s", "linearizable"},
		// After the reply to a create was lost it is repeated, and makes another znode.
		{"DistributedQueue", workloads.Queue{}, "-Dqueue=distributed", "lose-reply:create/3s", "integrity"},
		// Whether the list of items is still good is known only when the next one has come.
		{"DistributedPriorityQueue", workloads.PriorityQueue{}, "", "", "priority"},
		// After each reconnection, an instance's znode is deleted and created anew.
		{"ServiceDiscovery", workloads.Discovery{}, "", "cut/3s", "fresh"},
		// Its close does not wait until the znode is gone, on purpose (CURATOR-297).
		{"GroupMember", workloads.Membership{}, "-Dmembership=group", "cut/3s", "log"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			faults, err := plan.Parse(tt.faults, 0)
			if err != nil {
				t.Fatal(err)
			}
			var flags []string
			if tt.flag != "" {
				flags = append(flags, tt.flag)
			}
			runtest.Finds(t, zklab.Experiment{
				Ensemble: embedded.Config{}, Workload: tt.workload, Command: java(t, flags...), Faults: faults, TimeLimit: 10 * time.Second,
			}, tt.property, 1, 2, 3, 4, 5)
		})
	}
}
