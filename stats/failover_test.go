package stats

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

// lasting adds a fault that is seen to take effect at 1 s and begins to be healed at 6
// s.
func (b *builder) lasting(kind, spec string, then func()) {
	b.h.Header.Params.Servers = 3
	step := history.FaultStep{Fault: 1, Step: history.StepInject, Spec: spec, Clients: []int{0, 1, 2}}
	if kind == "pause" || kind == "kill" {
		step.Servers = map[string][]int{"all": {1, 2, 3}, "two": {1, 2}}[spec[5:]]
		if step.Servers == nil {
			step.Servers = []int{1}
		}
	}
	b.fault(900*ms, kind, step)
	step.Step = history.StepVerified
	b.fault(1000*ms, kind, step)
	then()
	step.Step = history.StepHeal
	b.fault(6000*ms, kind, step)
	step.Step = history.StepHealed
	b.fault(6050*ms, kind, step)
}

// A success that comes only while the fault is being healed is no fail-over, but the
// client is not dropped from the figures.
func TestFailoverIsCensoredAtTheHeal(t *testing.T) {
	failed := func(b *builder) { b.op(1500*ms, 2000*ms, 0, history.Info, "connection-loss") }
	tests := []struct {
		name       string
		kind, spec string
		write      func(b *builder)
		later      bool // there is a success after the heal
		want       Fault
	}{
		{"success before the heal", "kill", "kill:leader", func(b *builder) { b.op(1500*ms, 2000*ms, 0, history.OK, "") }, true, Fault{Failover: 1000 * ms}},
		{"none", "kill", "kill:leader", failed, true, Fault{Failover: -1, FailoverAtLeast: 5000 * ms}},
		{"nobody tried", "kill", "kill:leader", func(*builder) {}, true, Fault{Failover: -1}},
		{"waited since before", "kill", "kill:leader", func(b *builder) {
			b.h.Events = append([]history.Event{{Time: 500 * ms, Type: history.Invoke, F: models.FEnqueue, Key: "q"}}, b.h.Events...)
		}, true, Fault{Failover: -1, FailoverAtLeast: 5000 * ms}},
		{"of those with nothing left to serve", "kill", "kill:all", failed, true, Fault{Failover: -1, NoMajority: true}},
		{"of two of three servers", "kill", "kill:two", failed, true, Fault{Failover: -1, NoMajority: true}},
		{"the network is not the servers", "partition", "partition:majority", failed, true, Fault{Failover: -1, FailoverAtLeast: 5000 * ms}},
		{"nothing lasts of an expiry", "expire", "expire:any", failed, true, Fault{Failover: 6000 * ms}},
		{"nothing at all after an expiry", "expire", "expire:any", failed, false, Fault{Failover: -1, FailoverAtLeast: 9000 * ms}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b builder
			b.lasting(tt.kind, tt.spec, func() { tt.write(&b) })
			if tt.later {
				b.op(6500*ms, 7000*ms, 0, history.OK, "")
			}
			b.fact(10000*ms, history.FEnd, nil)
			f := Compute(&b.h).Faults[0]
			got := Fault{Failover: f.Failover, FailoverAtLeast: f.FailoverAtLeast, NoMajority: f.NoMajority}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// The fail-over of a fault that takes servers down in turn is the longest of those of the turns. When all had their
// turn, the heal has nothing to undo, and a success after it counts.
func TestFailoverOfTurns(t *testing.T) {
	turns := []history.FaultTurn{{Server: 2, From: 990 * ms, At: 1000 * ms}, {Server: 3, From: 2980 * ms, At: 3000 * ms}, {Server: 1, From: 4950 * ms, At: 5000 * ms}}
	phases := func(p samples.FailoverPhases) *samples.FailoverPhases { return &p }
	for _, tt := range []struct {
		name     string
		turns    []history.FaultTurn
		want     time.Duration
		affected ClientFailover
	}{
		{"of the last one", turns, 1500 * ms, ClientFailover{Bound: measured.Bound{Time: 1500 * ms}, Phases: phases(samples.FailoverPhases{Noticed: 100 * ms, Connecting: 700 * ms, Serving: 700 * ms})}},
		{"of one in the middle", turns[:2], 300 * ms, ClientFailover{Bound: measured.Bound{Time: 300 * ms}, Phases: phases(samples.FailoverPhases{Noticed: 300 * ms})}},
		{"older records", nil, 20 * ms, ClientFailover{Bound: measured.Bound{Time: 20 * ms}, Phases: phases(samples.FailoverPhases{Noticed: 20 * ms})}},
	} {
		var b builder
		connection := func(at time.Duration, f string) {
			b.h.Events = append(b.h.Events, history.Event{Time: at, Process: history.SessionProcess, Type: history.Info, F: f, Session: 1})
		}
		b.h.Header.Params.Servers = 3
		step := history.FaultStep{Fault: 1, Step: history.StepInject, Spec: "rolling", Servers: []int{2, 3, 1}, Clients: []int{0}}
		b.fault(900*ms, "rolling", step)
		step.Step = history.StepVerified
		if tt.turns != nil {
			step.Turns = tt.turns[:1]
		}
		b.fault(1001*ms, "rolling", step)
		b.op(1011*ms, 1021*ms, 0, history.OK, "")
		b.op(3100*ms, 3300*ms, 0, history.OK, "")
		connection(5100*ms, history.FDisconnected)
		step.Step, step.Turns = history.StepHeal, tt.turns
		b.fault(5050*ms, "rolling", step)
		step.Step = history.StepHealed
		b.fault(5060*ms, "rolling", step)
		connection(5800*ms, history.FConnected)
		b.op(5900*ms, 6500*ms, 0, history.OK, "")
		b.fact(10000*ms, history.FEnd, nil)
		f := Compute(&b.h).Faults[0]
		if f.Failover != tt.want || f.FailoverAtLeast != 0 {
			t.Errorf("%s: %v, at least %v", tt.name, f.Failover, f.FailoverAtLeast)
		}
		if d := cmp.Diff([]ClientFailover{tt.affected}, f.Affected); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
}

// Each affected client is measured, so one that is stuck shows beside the others. A client
// that wants nothing is not measured, and nothing is expected of a process that is frozen.
func TestEachAffectedClientCounts(t *testing.T) {
	for kind, want := range map[string][]ClientFailover{
		"cut-off": {
			{Client: 0, Bound: measured.Bound{Time: 20 * ms}, Phases: &samples.FailoverPhases{Noticed: 20 * ms}},
			{Client: 1, Bound: measured.Bound{Time: 5000 * ms, AtLeast: true}},
		},
		"freeze": nil,
	} {
		var b builder
		b.lasting(kind, kind+":any", func() {
			b.op(1010*ms, 1020*ms, 0, history.OK, "")
			b.op(1030*ms, 3000*ms, 1, history.Info, "timeout")
		})
		b.op(6100*ms, 6200*ms, 1, history.OK, "")
		b.op(6300*ms, 6400*ms, 2, history.OK, "")
		s := Compute(&b.h)
		if d := cmp.Diff(want, s.Faults[0].Affected); d != "" {
			t.Errorf("%s: %s", kind, d)
		}
		if all := s.Failovers[0].All; all == nil || all.Worst != (measured.Bound{Time: 20 * ms}) {
			t.Errorf("%s: over all clients %+v", kind, all)
		}
	}
}

func TestFailoversAreSummedByTarget(t *testing.T) {
	faults := []Fault{
		{Kind: "kill", Spec: "kill:leader", Outcome: history.StepVerified, Felt: true, Failover: 1000 * ms},
		{Kind: "kill", Spec: "kill:minority", Outcome: history.StepVerified, Felt: true, Failover: 7 * ms},
		{Kind: "kill", Spec: "kill:minority", Outcome: history.StepVerified, Felt: true, Failover: -1, FailoverAtLeast: 5000 * ms},
		{Kind: "kill", Spec: "kill:minority@3s", Outcome: history.StepVerified, Failover: 2 * ms}, // no client felt it
		{Kind: "kill", Spec: "kill:all", Outcome: history.StepVerified, Felt: true, NoMajority: true, Failover: -1},
		{Kind: "kill", Spec: "kill:one", Outcome: history.StepSkipped, Failover: -1},
	}
	want := []FailoverSum{
		{Spec: "kill:all", Kind: "kill", Verified: 1, Felt: 1, NoMajority: 1},
		{Spec: "kill:leader", Kind: "kill", Verified: 1, Felt: 1, All: measured.SpreadOf([]measured.Bound{{Time: 1000 * ms}})},
		{Spec: "kill:minority", Kind: "kill", Verified: 3, Felt: 2, All: measured.SpreadOf([]measured.Bound{{Time: 7 * ms}, {Time: 5000 * ms, AtLeast: true}})},
	}
	if d := cmp.Diff(want, failovers(consequencesOf(faults))); d != "" {
		t.Error(d)
	}
}

func TestSpread(t *testing.T) {
	at := func(d time.Duration) measured.Bound { return measured.Bound{Time: d} }
	atLeast := func(d time.Duration) measured.Bound { return measured.Bound{Time: d, AtLeast: true} }
	tests := []struct {
		name string
		of   []measured.Bound
		want *measured.Spread
	}{
		{"nothing", nil, nil},
		{"measured", []measured.Bound{at(3), at(1), at(5), at(2)}, &measured.Spread{Count: 4, Censored: 0, Best: at(1), Median: at(2), Worst: at(5)}},
		{"one above the median", []measured.Bound{at(3), at(1), atLeast(4)}, &measured.Spread{Count: 3, Censored: 1, Best: at(1), Median: at(3), Worst: atLeast(4)}},
		{"one that may be above", []measured.Bound{at(3), at(5), atLeast(1)}, &measured.Spread{Count: 3, Censored: 1, Best: atLeast(1), Median: atLeast(3), Worst: atLeast(5)}},
		{"half", []measured.Bound{at(2), atLeast(10)}, &measured.Spread{Count: 2, Censored: 1, Best: at(2), Median: atLeast(6), Worst: atLeast(10)}},
		{"all", []measured.Bound{atLeast(10), atLeast(10)}, &measured.Spread{Count: 2, Censored: 2, Best: atLeast(10), Median: atLeast(10), Worst: atLeast(10)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, measured.SpreadOf(tt.of)); d != "" {
				t.Error(d)
			}
		})
	}
}
