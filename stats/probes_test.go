package stats

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/stats/measured"
)

// Probes write every 100 ms. From the fault at 1 s on, their writes fail or wait until their
// server serves again, which server 2 does only after the heal at 3 s.
func TestOutages(t *testing.T) {
	b := &builder{}
	b.fault(1000*ms, "kill", history.FaultStep{Fault: 1, Step: history.StepInject, Spec: "kill:leader", Servers: []int{2}})
	b.fault(1010*ms, "kill", history.FaultStep{Fault: 1, Step: history.StepVerified, Spec: "kill:leader", Servers: []int{2}})
	b.fault(3000*ms, "kill", history.FaultStep{Fault: 1, Step: history.StepHeal, Spec: "kill:leader", Servers: []int{2}})
	b.fault(3100*ms, "kill", history.FaultStep{Fault: 1, Step: history.StepHealed, Spec: "kill:leader", Servers: []int{2}})
	probe := func(server int, back time.Duration) {
		p := history.Probe{Server: server, From: 50 * ms, Every: 100 * ms}
		for due := p.From; due < 5000*ms; due += p.Every {
			took := int64(1000)
			switch {
			case due > 1000*ms && due < back && due < 1500*ms: // it failed because the connection broke
				took = -(10 * ms).Microseconds()
			case due > 1000*ms && due < back:
				took = (back - due).Microseconds()
			}
			p.Took = append(p.Took, took)
		}
		b.fact(5000*ms, history.FProbe, p)
	}
	probe(2, 3500*ms)
	probe(0, 1750*ms)
	probe(1, 1250*ms)
	got := Compute(&b.h)
	want := []Outage{
		{Server: 0, Bound: measured.Bound{Time: 750 * ms}},
		{Server: 1, Bound: measured.Bound{Time: 251 * ms}}, // the write that was due at 1.25 s
		{Server: 2, Bound: measured.Bound{Time: 2000 * ms, AtLeast: true}},
	}
	if diff := cmp.Diff(want, got.Faults[0].Outages); diff != "" {
		t.Error(diff)
	}
	s := got.Samples.Faults["kill:leader"]
	for name, c := range map[string]struct {
		times *measured.Times
		want  measured.Bound
	}{
		"all servers": {s.Outages, want[0].Bound}, "best": {s.OutagesBest, want[1].Bound}, "worst": {s.OutagesWorst, want[2].Bound},
	} {
		if b := c.times.Quantile(0.5); b != c.want {
			t.Errorf("%s: %v, want %v", name, b, c.want)
		}
	}
	if p := got.Samples.Probe; p.OK+p.Info != 50 || p.Info != 5 {
		t.Errorf("%d ok and %d unknown writes of the probe that uses all servers", p.OK, p.Info)
	}
	if s := got.Failovers[0]; s.OutageWorst == nil || s.OutageWorst.Censored != 1 || s.Outage.Median.Time != 750*ms {
		t.Errorf("the summary is %+v", s)
	}
}

// A fault that disturbs no probe has no gaps longer than usual.
func TestNoOutage(t *testing.T) {
	b := &builder{}
	b.fault(1000*ms, "reset", history.FaultStep{Fault: 1, Step: history.StepInject, Spec: "reset", Clients: []int{1}})
	b.fault(1001*ms, "reset", history.FaultStep{Fault: 1, Step: history.StepVerified, Spec: "reset", Clients: []int{1}})
	b.fault(1002*ms, "reset", history.FaultStep{Fault: 1, Step: history.StepHealed, Spec: "reset", Clients: []int{1}})
	p := history.Probe{From: 50 * ms, Every: 100 * ms}
	for range 30 {
		p.Took = append(p.Took, 1000)
	}
	b.fact(3100*ms, history.FProbe, p)
	got := Compute(&b.h).Faults[0].Outages
	if diff := cmp.Diff([]Outage{{Bound: measured.Bound{Time: 51 * ms}}}, got); diff != "" {
		t.Error(diff)
	}
}
