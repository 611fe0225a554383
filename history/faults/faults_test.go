package faults_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/faults"
)

// told returns a record of faults: each pair of arguments is a kind and a step, and the
// pairs are one second apart.
func told(steps ...any) *history.History {
	h := new(history.History)
	for i := 0; i < len(steps); i += 2 {
		h.Events = append(h.Events, history.Event{Index: i / 2, Time: time.Duration(i/2+1) * time.Second, Process: history.Nemesis, Type: history.Info, F: steps[i].(string), Value: history.Value(steps[i+1])})
	}
	return h
}

// Steps with the same number are put together, and an event that is no fault is left
// out, even if it has the fields of a fault.
func TestOf(t *testing.T) {
	list := faults.Of(told(
		history.FPhase, history.FaultStep{Fault: 9, Step: history.StepVerified},
		"surveyed", history.FaultStep{Fault: 9, Step: history.StepVerified},
		"pause", history.FaultStep{Fault: 2, Step: history.StepInject},
		"pause", history.FaultStep{Fault: 2, Step: history.StepVerified, Spec: "pause:leader", Servers: []int{1}, Clients: []int{4}, Holding: []string{"holding"}, Detail: "stopped"},
		"expire", history.FaultStep{Fault: 1, Step: history.StepInject},
		"pause", history.FaultStep{Fault: 2, Step: history.StepElected, Servers: []int{3}},
		"expire", history.FaultStep{Fault: 1, Step: history.StepSkipped, Detail: "no client held"},
		"pause", history.FaultStep{Fault: 2, Step: history.StepHeal},
		"pause", history.FaultStep{Fault: 2, Step: history.StepHealed},
		"kill", history.FaultStep{Step: history.StepVerified}, // without a number
	))
	want := []*faults.Fault{
		{
			Number: 2, Kind: "pause", Spec: "pause:leader", Servers: []int{1}, Clients: []int{4}, Holding: []string{"holding"}, Elected: 3, ElectedAt: 6 * time.Second,
			From: 3 * time.Second, Injected: 3 * time.Second, Took: true, Outcome: "verified", Verified: 4 * time.Second,
			HealBegan: 8 * time.Second, Healed: 9 * time.Second, Over: 9 * time.Second, Detail: "stopped",
		},
		{
			Number: 1, Kind: "expire", From: 5 * time.Second, Injected: 5 * time.Second, Outcome: "skipped", Over: 7 * time.Second,
			Warnings: []string{"no client held"}, WhyNot: "skipped no client held",
		},
	}
	if diff := cmp.Diff(want, list.All, cmpopts.IgnoreFields(faults.Fault{}, "Traits"), cmpopts.IgnoreUnexported(faults.Fault{})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]faults.Election{{At: 6 * time.Second, Server: 3}}, list.Elections); diff != "" {
		t.Error(diff)
	}
	if list.First() != 3*time.Second || list.Over() != 9*time.Second || list.Named(1) != list.All[1] || list.Named(3) != nil {
		t.Errorf("first %s, over %s", list.First(), list.Over())
	}
	if !list.All[0].OnServers() || !list.All[0].HitHolder() || list.All[1].OnServers() {
		t.Error("whom they hit")
	}
}

// Without faults there is no first one, and a fault that was not undone has no end.
func TestOfNone(t *testing.T) {
	none := faults.Of(new(history.History))
	if none.First() != history.Never || none.Over() >= 0 || none.Named(1) != nil {
		t.Errorf("first %s, over %s", none.First(), none.Over())
	}
	open := faults.Of(told("pause", history.FaultStep{Fault: 1, Step: history.StepVerified}))
	if open.Over() != history.Never || open.First() != history.Never {
		t.Errorf("first %s, over %s", open.First(), open.Over())
	}
}
