//go:build real

package kazoo_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/hooks"
	"github.com/zklab/zklab/workloads"
)

// kazoo's Counter adds again when the reply to its setData is lost, which exploring a
// scenario of two clients in real processes finds without being told where to look.
func TestRealExploreFindsTheCounter(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // only a guard
	defer cancel()
	x := zklab.Experiment{
		Workload: workloads.Counter{}, Command: []string{python(t), "adapter.py"}, Ensemble: embedded.Config{},
		Clients: 2, Ops: 4, Keys: 1, Rate: 300, TimeLimit: 20 * time.Second, SessionTimeout: 2 * time.Second, OpTimeout: 3 * time.Second, Seed: 1,
	}
	r, err := hooks.Explore(ctx, x, explore.Config{First: true, Singles: true, Faults: []explore.Choice{{Fault: faults.LoseReply{}}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r)
	if len(r.Findings) != 1 || !slices.Contains(r.Findings[0].Broken, "linearizable") || !strings.Contains(r.Findings[0].String(), "/setData#") {
		t.Errorf("found: %v", r.Findings)
	}
}
