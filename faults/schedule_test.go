package faults_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/faults"
)

func plan(seed uint64, limit time.Duration, fs ...faults.Fault) []faults.Step {
	return faults.Every(10*time.Second, fs...).Plan(limit, rand.New(rand.NewPCG(seed, 0)))
}

func specs(steps []faults.Step) []string {
	var s []string
	for _, step := range steps {
		s = append(s, step.At.String()+" "+step.Fault.Spec())
	}
	return s
}

func TestPlanFollowsFromTheSeed(t *testing.T) {
	both := []faults.Fault{faults.Pause{}, faults.Expire{}}
	seen := map[string]bool{}
	for seed := range uint64(20) {
		a, b := specs(plan(seed, 5*time.Minute, both...)), specs(plan(seed, 5*time.Minute, both...))
		if diff := cmp.Diff(a, b); diff != "" {
			t.Fatalf("seed %d gave two plans: %s", seed, diff)
		}
		text := ""
		for _, s := range a {
			text += s + "\n"
		}
		seen[text] = true
	}
	if len(seen) < 10 {
		t.Errorf("20 seeds gave only %d different plans", len(seen))
	}
}

// Each kind comes before any comes twice, the first pause is the leader's, and
// no fault begins at the limit or later.
func TestPlanTakesTurns(t *testing.T) {
	for seed := range uint64(50) {
		steps := plan(seed, time.Minute, faults.Pause{}, faults.Expire{})
		if len(steps) != 5 {
			t.Fatalf("seed %d: %d steps in a minute, want 5: %v", seed, len(steps), specs(steps))
		}
		if steps[0].Fault.Kind() == steps[1].Fault.Kind() {
			t.Errorf("seed %d: %v", seed, specs(steps))
		}
		for _, s := range steps {
			if s.Fault.Kind() == "pause" {
				if s.Fault.Spec() != "pause:leader" {
					t.Errorf("seed %d: the first pause is %s", seed, s.Fault.Spec())
				}
				break
			}
		}
		if s := steps[0]; s.At != 10*time.Second || s.For != 5*time.Second {
			t.Errorf("seed %d: first step at %s for %s", seed, s.At, s.For)
		}
	}
}

// At least half of the expiries are for sessions that hold or wait.
func TestPlanExpiresHoldersAndWaiters(t *testing.T) {
	counts := map[string]int{}
	for _, s := range plan(1, 10*time.Minute, faults.Expire{}) {
		counts[s.Fault.Spec()]++
	}
	if busy := counts["expire:holder"] + counts["expire:waiter"]; busy < 2*counts["expire:any"] || counts["expire:holder"] == 0 || counts["expire:waiter"] == 0 {
		t.Errorf("expiries: %v", counts)
	}
}

func TestPlanWithoutRoom(t *testing.T) {
	if steps := plan(1, 10*time.Second, faults.Pause{}); len(steps) != 0 {
		t.Errorf("a limit that ends where the first fault begins has %v", specs(steps))
	}
	if steps := plan(1, time.Hour); len(steps) != 0 {
		t.Errorf("no faults gave %v", specs(steps))
	}
}
