package stats

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/stats/samples"
)

func TestPhasesOfAFailover(t *testing.T) {
	lost := func(at time.Duration) connection { return connection{at: at, lost: true} }
	made := func(at, paused time.Duration) connection { return connection{at: at, paused: paused} }
	const injected, verified, success = 1000 * ms, 1100 * ms, 2000 * ms
	for name, c := range map[string]struct {
		all  []connection
		want samples.FailoverPhases
	}{
		"it kept its connection":              {nil, samples.FailoverPhases{Noticed: 900 * ms}},
		"other connections":                   {[]connection{lost(900 * ms), made(950*ms, 10*ms), lost(2100 * ms)}, samples.FailoverPhases{Noticed: 900 * ms}},
		"one new connection":                  {[]connection{lost(1200 * ms), made(1900*ms, 600*ms)}, samples.FailoverPhases{Noticed: 100 * ms, Paused: 600 * ms, Connecting: 100 * ms, Serving: 100 * ms}},
		"the first one did not last":          {[]connection{lost(1200 * ms), made(1300*ms, 50*ms), lost(1400 * ms), made(1900*ms, 400*ms)}, samples.FailoverPhases{Noticed: 100 * ms, Paused: 450 * ms, Connecting: 250 * ms, Serving: 100 * ms}},
		"lost before the effect was verified": {[]connection{lost(1050 * ms), made(1600*ms, 0)}, samples.FailoverPhases{Connecting: 500 * ms, Serving: 400 * ms}},
		"a pause that began before":           {[]connection{lost(1050 * ms), made(1150*ms, 100*ms)}, samples.FailoverPhases{Paused: 50 * ms, Serving: 850 * ms}},
	} {
		if d := cmp.Diff(c.want, phasesOf(c.all, effect{injected, verified}, success)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// Whatever happens to connections, no phase is negative, and the phases add up to the fail-over.
func TestPhasesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) time.Duration { return time.Duration(rapid.IntRange(0, 50).Draw(t, name)) * ms }
		var all []connection
		at := time.Duration(0)
		for range rapid.IntRange(0, 6).Draw(t, "events") {
			at += draw("gap")
			all = append(all, connection{at: at, lost: rapid.Bool().Draw(t, "lost"), paused: draw("paused")})
		}
		injected := draw("injected")
		verified := injected + draw("verified")
		took := draw("took")
		p := phasesOf(all, effect{injected, verified}, verified+took)
		if min(p.Noticed, p.Paused, p.Connecting, p.Serving) < 0 || p.Noticed+p.Paused+p.Connecting+p.Serving != took {
			t.Errorf("%v of %v", p, took)
		}
	})
}

// The phases of a record, and when a leader was elected, are in the samples.
func TestPhasesOfARecord(t *testing.T) {
	b := &builder{}
	b.op(100*ms, 110*ms, 0, history.OK, "")
	b.fault(1000*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepInject, Spec: "pause:leader", Servers: []int{2}, Clients: []int{0}})
	b.fault(1020*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepVerified, Servers: []int{2}, Clients: []int{0}})
	b.session(1420*ms, 0, history.FDisconnected, "", 7, nil)
	b.fault(1720*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepElected, Servers: []int{3}})
	b.session(2520*ms, 0, history.FConnected, "", 7, history.Connected{Server: "a", Paused: 1000 * ms})
	b.op(2530*ms, 2620*ms, 0, history.OK, "")
	b.fault(6000*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepHeal, Servers: []int{2}, Clients: []int{0}})
	b.fault(6010*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepHealed, Servers: []int{2}, Clients: []int{0}})
	s := Compute(&b.h).Samples.Faults["pause:leader"]
	if s == nil || s.Phases == nil {
		t.Fatalf("no phases: %+v", s)
	}
	if d := cmp.Diff(samples.FailoverPhases{Noticed: 400 * ms, Paused: 1000 * ms, Connecting: 100 * ms, Serving: 100 * ms}, s.Phases.Mean()); d != "" {
		t.Error(d)
	}
	if e := s.Phases.Elected.Quantile(0.5); e.Time != 700*ms {
		t.Errorf("elected after %v", e)
	}
}
