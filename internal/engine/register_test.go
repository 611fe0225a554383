package engine_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/engine"
	"github.com/zklab/zklab/internal/runtest"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// The store keeps its promises whatever happens to servers, links and sessions.
func TestRegistersUnderAllFaultsInVirtualTime(t *testing.T) {
	x, err := plan.Parse("all", 8*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	seeds := int64(2)
	if n, err := strconv.Atoi(os.Getenv("ZKLAB_SEEDS")); err == nil {
		seeds = int64(n)
	} else if testing.Short() {
		t.Skip("minutes, if only virtual ones")
	}
	for seed := int64(1); seed <= seeds; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			runtest.Valid(t, func() *zklab.Outcome {
				return virtually(t, engine.Config{
					Workload: workloads.Register{New: subjects.NewRegister}, TimeLimit: 4 * time.Minute, Seed: seed, Faults: x,
				})
			})
		})
	}
}
