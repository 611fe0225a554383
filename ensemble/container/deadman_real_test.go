//go:build real

package container_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/moby/moby/api/types/container"

	zklab "github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
)

// The harness is killed while servers are cut off from each other: the cuts are removed at once,
// although the servers run, and clean removes the rest: paused containers, disks, and what is left of
// helpers. Another ensemble is not affected.
func TestRealKilledHarnessHealsTheNetwork(t *testing.T) {
	dockertest.Cleans(t)
	neighbour := dockertest.Ensemble(t, 3)
	leavesNothing(t)
	ctx := t.Context()
	engine := must.Get(zklab.OpenEngine(ctx))(t)
	defer engine.Close()
	rules := func(pid int) (all string, servers []container.Summary) {
		servers, err := zklab.ServersOf(ctx, engine, pid)
		if err != nil || len(servers) != 2 {
			t.Fatalf("%d servers, %v", len(servers), err)
		}
		for _, s := range servers {
			shown, err := zklab.NetworkAt(ctx, engine, s.ID)
			if err != nil {
				t.Error(err)
			}
			all += shown
		}
		return all, servers
	}

	pid := killedChild(t, "harms", func(t *testing.T, c runningChild) {
		c.awaitStarted(t)
		if all, _ := rules(c.pid); strings.Count(all, "-j DROP") != 2 {
			t.Errorf("nothing is cut while the harness lives:\n%s", all)
		}
		if seen := look(t, neighbour).rules(); seen != "" {
			t.Errorf("another ensemble's cuts are here:\n%s", seen)
		}
		wantHealthy(t, neighbour)
	})
	await(t, "the harness is dead, and its cuts are there", func() bool {
		all, servers := rules(pid)
		for _, s := range servers {
			if s.State != container.StateRunning && s.State != container.StatePaused {
				t.Fatalf("a server is %s: nothing can be seen at it", s.State)
			}
		}
		return !strings.Contains(all, "ZKLAB")
	})

	removed, _, err := zklab.Clean(ctx, true)
	if err != nil || !slices.ContainsFunc(removed, mentions(pid)) {
		t.Errorf("removed %q, %v", removed, err)
	}
	if left, err := zklab.Owned(ctx, strconv.Itoa(pid)); err != nil || len(left) > 0 {
		t.Errorf("still there: %v, %v", left, err)
	}
}
