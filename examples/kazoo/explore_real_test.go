//go:build real

package kazoo_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/workloads"
)

// kazoo's Counter adds again when the reply to its setData is lost. Exploring a scenario of two clients
// in real processes finds this without being told where to look.
func TestRealExploreFindsTheCounter(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // only in case the exploration hangs
	defer cancel()
	x := experiment.Experiment{Config: engine.Config{
		Workload: workloads.Counter{}, Command: []string{python(t), "adapter.py"}, Ensemble: embedded.Config{}, Seed: 1,
		Settings: settings.Settings{Clients: 2, Ops: 4, Keys: 1, Rate: 300, TimeLimit: 20 * time.Second, SessionTimeout: 2 * time.Second, OpTimeout: 3 * time.Second},
	}}
	c := explore.Config{First: true, Singles: true, Faults: []explore.Choice{{Fault: faults.LoseReply{}}}}
	r, err := explore.Experiment(ctx, x, c, explore.WayOf(x))
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r)
	if len(r.Findings) != 1 || !slices.Contains(r.Findings[0].Broken, "linearizable") || !strings.Contains(r.Findings[0].String(), "/setData#") {
		t.Errorf("found: %v", r.Findings)
	}
}
