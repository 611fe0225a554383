package zklab_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// Servers that acknowledge before they force to disk (forceSync=no) lose nothing when they are killed, and lose what
// they acknowledged when they lose their power.
func TestHastyServersAreConvicted(t *testing.T) {
	for _, tt := range []struct {
		hasty bool
		fault faults.Fault
		want  checker.Result
	}{
		{false, faults.Unsynced{Nodes: faults.All}, checker.Valid},
		{true, faults.Kill{Nodes: faults.All}, checker.Valid},
		{true, faults.Unsynced{Nodes: faults.All}, checker.Violation},
	} {
		for name, found := range map[string]string{"register": "durable", "queue": "loss"} {
			t.Run(fmt.Sprintf("%s, hasty %t, %s", name, tt.hasty, tt.fault.Spec()), func(t *testing.T) {
				w := must.Get(specimens.Named(name, workloads.Own))(t)
				o := simulate(t, zklab.Experiment{
					Workload: w, Subject: workloads.Own, Ensemble: embedded.Config{InMemory: true, Hasty: tt.hasty},
					TimeLimit: 12 * time.Second, Seed: 1, Faults: plan.Every(5*time.Second, tt.fault),
				})
				convicted := slices.Contains(o.Result.Violated(), found)
				if o.Result.Verdict != tt.want || convicted != (tt.want == checker.Violation) {
					t.Errorf("%s, violated are %q, want %s of %s", o.Result.Verdict, o.Result.Violated(), tt.want, found)
				}
			})
		}
	}
}

// Servers that expire sessions by their wall clock are convicted when it jumps. Neither kills of the leader nor its
// pauses show it, and right servers stand the same jumps.
func TestWallExpiryIsConvicted(t *testing.T) {
	for _, tt := range []struct {
		wrong bool
		fault faults.Fault
		want  bool
	}{
		{false, faults.WallClock{By: time.Hour}, false},
		{false, faults.WallClock{By: -time.Hour}, false},
		{true, faults.Kill{}, false},
		{true, faults.Unsynced{}, false},
		{true, faults.Pause{}, false},
		{true, faults.WallClock{By: time.Hour}, true},
		{true, faults.WallClock{Nodes: faults.All, By: time.Minute}, true},
	} {
		t.Run(fmt.Sprintf("wrong %t, %s", tt.wrong, tt.fault.Spec()), func(t *testing.T) {
			w := must.Get(specimens.Named("session", workloads.Own))(t)
			o := simulate(t, zklab.Experiment{
				Workload: w, Subject: workloads.Own, Ensemble: embedded.Config{InMemory: true, WallExpiry: tt.wrong},
				TimeLimit: 30 * time.Second, Seed: 1, Faults: plan.Every(7*time.Second, tt.fault),
			})
			violated := o.Result.Violated()
			if tt.want != slices.Contains(violated, "expiry") || !tt.want && o.Result.Verdict == checker.Violation {
				t.Errorf("%s, violated are %q", o.Result.Verdict, violated)
			}
		})
	}
}
