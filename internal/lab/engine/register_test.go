package engine_test

import (
	"testing"
	"time"

	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// The store keeps its promises whatever happens to servers, links and sessions.
func TestRegistersUnderAllFaultsInVirtualTime(t *testing.T) {
	x := must.Get(plan.Parse("all", 2*time.Second))(t)
	valid(t, virtually(t, engine.Config{
		Workload: workloads.Register{New: subjects.NewRegister}, Settings: settings.Settings{TimeLimit: time.Minute}, Seed: 1, Faults: x,
	}))
}
