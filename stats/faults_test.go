package stats

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

// pausedLeader returns a record with one success every 10 ms until the leader is paused
// at 1 s, none until 3.5 s, and a follower's pause at 10 s that no client feels.
func pausedLeader() *builder {
	b := &builder{}
	b.fact(0, history.FHealth, history.Health{Healthy: true, When: "before", Leader: 2, Epoch: 4})
	for t := 100 * ms; t < 900*ms; t += 10 * ms {
		b.op(t, t+5*ms, 0, history.OK, "")
	}
	b.fault(1000*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepInject, Spec: "pause:leader", Servers: []int{2}, Clients: []int{1}})
	b.invoke(1010*ms, 0, "enqueue", "q", nil)
	b.fault(1020*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepVerified, Servers: []int{2}, Clients: []int{1}})
	b.ok(3500*ms, 0, "enqueue", "q", nil) // invoked before the effect was verified: no fail-over
	b.op(3510*ms, 3520*ms, 0, history.OK, "")
	b.fault(3600*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepElected, Servers: []int{3}})
	b.fault(6000*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepHeal, Servers: []int{2}})
	b.fault(6010*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepHealed, Servers: []int{2}})
	b.fault(10000*ms, "pause", history.FaultStep{Fault: 2, Step: history.StepInject, Spec: "pause:one", Servers: []int{1}})
	b.fault(10010*ms, "pause", history.FaultStep{Fault: 2, Step: history.StepVerified, Servers: []int{1}})
	b.op(10020*ms, 10025*ms, 0, history.OK, "")
	b.fault(12000*ms, "pause", history.FaultStep{Fault: 2, Step: history.StepHealed, Servers: []int{1}})
	b.fault(13000*ms, "expire", history.FaultStep{Fault: 3, Step: history.StepSkipped, Spec: "expire:holder", Detail: "nobody holds"})
	b.fact(15000*ms, history.FHealth, history.Health{Healthy: true, When: "after", Leader: 3, Epoch: 5})
	return b
}

func TestFailover(t *testing.T) {
	got := Compute(&pausedLeader().h)
	want := []Fault{
		{
			Number: 1, Kind: "pause", Spec: "pause:leader", Outcome: history.StepVerified, Servers: []int{2}, Clients: []int{1},
			Elected: 3, ElectedAt: 3600 * ms, Injected: 1000 * ms, Verified: 1020 * ms, Healed: 6010 * ms,
			HealBegan: 6000 * ms, Failover: 2500 * ms, FailoverAffected: 2500 * ms, Felt: true,
			Affected: []ClientFailover{{Client: 0, Bound: measured.Bound{Time: 2500 * ms}, Phases: &samples.FailoverPhases{Noticed: 2500 * ms}}}, Traits: history.FaultTraits{Reconnects: true},
		},
		{
			Number: 2, Kind: "pause", Spec: "pause:one", Outcome: history.StepVerified, Servers: []int{1},
			Injected: 10000 * ms, Verified: 10010 * ms, Healed: 12000 * ms,
			Failover: 15 * ms, FailoverAffected: -1, Traits: history.FaultTraits{Reconnects: true},
		},
		{
			Number: 3, Kind: "expire", Spec: "expire:holder", Outcome: history.StepSkipped, Injected: 13000 * ms,
			Failover: -1, FailoverAffected: -1, Warnings: []string{"nobody holds"},
			Traits: history.FaultTraits{Sessions: history.EndAtOnce},
		},
	}
	if d := cmp.Diff(want, got.Faults); d != "" {
		t.Error(d)
	}
	if got.Elections != 1 {
		t.Errorf("elections: %d", got.Elections)
	}
	kinds := []FaultKind{
		{Kind: "expire", Scheduled: 1, Skipped: 1},
		{Kind: "pause", Scheduled: 2, Injected: 2, Verified: 2, Elected: 1, Felt: 1},
	}
	if d := cmp.Diff(kinds, got.FaultKinds); d != "" {
		t.Error(d)
	}
	one := measured.SpreadOf([]measured.Bound{{Time: 2500 * ms}})
	sums := []FailoverSum{
		{Spec: "pause:leader", Kind: "pause", Verified: 1, Felt: 1, All: one, Affected: one},
		{Spec: "pause:one", Kind: "pause", Verified: 1},
	}
	if d := cmp.Diff(sums, got.Failovers); d != "" {
		t.Error(d)
	}
}

func TestFailoverOfTheAffectedClients(t *testing.T) {
	var b builder
	b.fault(1000*ms, "expire", history.FaultStep{Fault: 1, Step: history.StepInject, Spec: "expire:any", Clients: []int{1, 2}, Sessions: []history.ID{11, 12}})
	b.fault(1005*ms, "expire", history.FaultStep{
		Fault: 1, Step: history.StepVerified, Clients: []int{1, 2}, Sessions: []history.ID{11, 12}, Holding: []string{"holding", "idle"},
	})
	b.op(1010*ms, 1020*ms, 0, history.OK, "")
	b.op(1030*ms, 1040*ms, 1, history.Info, "session-expired")
	b.session(1500*ms, 2, history.FConnected, "", 11, history.Connected{}) // another client's dead session: not a new one
	b.session(1600*ms, 1, history.FConnected, "", 21, history.Connected{})
	b.session(1700*ms, 2, history.FConnected, "", 22, history.Connected{})
	b.op(1700*ms, 1805*ms, 2, history.OK, "")
	b.op(1900*ms, 2000*ms, 1, history.OK, "")
	got := Compute(&b.h)
	f := got.Faults[0]
	if f.Failover != 15*ms || f.FailoverAffected != 800*ms || !f.Felt {
		t.Errorf("fault: %+v", f)
	}
	if k := got.FaultKinds[0]; k.Holding != 1 || k.Idle != 1 || k.Waiting != 0 {
		t.Errorf("kind: %+v", k)
	}
	affected := &measured.Spread{Count: 2, Best: measured.Bound{Time: 800 * ms}, Median: measured.Bound{Time: 897500 * time.Microsecond}, Worst: measured.Bound{Time: 995 * ms}}
	if d := cmp.Diff(affected, got.Failovers[0].Affected); d != "" {
		t.Error(d)
	}
	want := []Window{{Span: Span{From: 1000 * ms, Until: 1700 * ms}, Fault: 1, Kind: "expire", Spec: "expire:any", Verified: true}}
	if d := cmp.Diff(want, Windows(&b.h)); d != "" {
		t.Error(d)
	}
}

func TestWhatDoesNotCountAsFailover(t *testing.T) {
	tests := []struct {
		name  string
		f     string
		arg   any
		value any
		want  time.Duration
	}{
		{"write to the guarded resource", models.FWrite, models.Grant{Token: 1}, models.Written{Accepted: true}, -1},
		{"confirm", models.FConfirm, nil, models.Held{Held: true}, -1},
		{"await", models.FAwait, nil, nil, -1},
		{"who leads", models.FLeader, nil, models.Leader{Client: 1}, -1},
		{"dequeue of nothing", models.FDequeue, nil, nil, -1},
		{"release of what was lost", models.FRelease, models.Held{}, nil, -1},
		{"dequeue of an item", models.FDequeue, nil, models.Item{Item: "a"}, 30 * ms},
		{"release", models.FRelease, models.Held{Held: true}, nil, 30 * ms},
		{"acquire", models.FAcquire, nil, models.Grant{Token: 2}, 30 * ms},
		{"enter", models.FEnter, nil, nil, 30 * ms},
		{"leave", models.FLeave, nil, nil, 30 * ms},
		{"raise", models.FRaise, nil, nil, 30 * ms},
		{"lift", models.FLift, nil, nil, 30 * ms},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b builder
			b.fault(1000*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepInject, Spec: "pause:leader"})
			b.fault(1000*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepVerified})
			b.invoke(1010*ms, 0, tt.f, "k", tt.arg)
			b.ok(1030*ms, 0, tt.f, "k", tt.value)
			if got := Compute(&b.h).Faults[0].Failover; got != tt.want {
				t.Errorf("fail-over %v, want %v", got, tt.want)
			}
		})
	}
}

// On a register writes and compare-and-sets count; those that lost do not show that a
// client felt a fault.
func TestRegistersFailover(t *testing.T) {
	tests := []struct {
		f       string
		outcome history.Type
		code    string
		want    time.Duration
		felt    bool
	}{
		{models.FWrite, history.OK, "", 30 * ms, false},
		{models.FCAS, history.OK, "", 30 * ms, false},
		{models.FRead, history.OK, "", -1, false},
		{models.FCAS, history.Fail, models.CodeConflict, -1, false},
		{models.FCAS, history.Fail, models.CodeMismatch, -1, false},
		{models.FCAS, history.Fail, "no-server", -1, true},
		{models.FWrite, history.Info, "connection-loss", -1, true},
	}
	for _, tt := range tests {
		t.Run(tt.f+" "+string(tt.outcome)+" "+tt.code, func(t *testing.T) {
			var b builder
			b.h.Header.Model = models.Register.Name
			b.fault(1000*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepInject, Spec: "pause:leader"})
			b.fault(1000*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepVerified})
			b.invoke(1010*ms, 0, tt.f, "k", nil)
			e := history.Event{Time: 1030 * ms, Type: tt.outcome, F: tt.f, Key: "k"}
			if tt.code != "" {
				e.Error = &history.Error{Code: tt.code}
			}
			b.add(e)
			if got := Compute(&b.h).Faults[0]; got.Failover != tt.want || got.Felt != tt.felt {
				t.Errorf("fail-over %v, want %v; felt %v, want %v", got.Failover, tt.want, got.Felt, tt.felt)
			}
		})
	}
}

// Of the operations on the store itself, those that write count.
func TestSessionsFailover(t *testing.T) {
	for f, want := range map[string]time.Duration{
		models.FPipeline: 30 * ms, models.FTogether: 30 * ms, models.FFencedRead: 30 * ms,
		models.FReads: -1, models.FWatch: -1, models.FSyncRead: -1,
	} {
		var b builder
		b.h.Header.Model = models.Session.Name
		b.fault(1000*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepInject, Spec: "pause:leader"})
		b.fault(1000*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepVerified})
		b.invoke(1010*ms, 0, f, "k", nil)
		b.ok(1030*ms, 0, f, "k", nil)
		if got := Compute(&b.h).Faults[0].Failover; got != want {
			t.Errorf("%s: fail-over %v, want %v", f, got, want)
		}
	}
}

func TestFelt(t *testing.T) {
	tests := []struct {
		name    string
		outcome history.Type
		code    string
		length  time.Duration
		at      time.Duration
		want    bool
	}{
		{"as always", history.OK, "", 10 * ms, 5100 * ms, false},
		{"slow", history.OK, "", 25 * ms, 5100 * ms, true},
		{"slow, but over before the fault", history.OK, "", 25 * ms, 4000 * ms, false},
		{"slow, and reaching into the fault", history.OK, "", 25 * ms, 4990 * ms, true},
		{"failed", history.Fail, "connection-loss", 10 * ms, 5100 * ms, true},
		{"unknown", history.Info, "timeout", 10 * ms, 5100 * ms, true},
		{"failed as before the faults", history.Fail, "busy", 10 * ms, 5100 * ms, false},
		{"failed after the heal", history.Fail, "connection-loss", 10 * ms, 7100 * ms, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b builder
			for at := 0 * ms; at < 3000*ms; at += 20 * ms {
				b.op(at, at+10*ms, 0, history.OK, "")
			}
			b.op(3000*ms, 3005*ms, 0, history.Fail, "busy")
			b.op(tt.at, tt.at+tt.length, 1, tt.outcome, tt.code)
			b.fault(5000*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepInject})
			b.fault(5000*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepVerified})
			b.fault(7000*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepHealed})
			slices.SortStableFunc(b.h.Events, func(a, b history.Event) int { return int(a.Time - b.Time) })
			s := Compute(&b.h)
			if got := s.Faults[0].Felt; got != tt.want {
				t.Errorf("felt %v, want %v", got, tt.want)
			}
			over, known := s.FeltOver[b.h.Events[0].F]
			if before := tt.at < 5000*ms; !known || !before && over.Round(ms) != 20*ms {
				t.Errorf("felt from %v on", s.FeltOver)
			}
		})
	}
}

// A slow start of the load does not hide an outage. An operation that is as slow as some operations
// always are is not taken for an outage.
func TestUsualLatency(t *testing.T) {
	for _, c := range []struct {
		name  string
		usual func(at time.Duration) time.Duration // how long operations take before the fault
		took  time.Duration                        // how long an operation takes during the fault
		want  bool
	}{
		{"an outage after a slow start", func(at time.Duration) time.Duration {
			if at < 1900*ms {
				return 1500 * ms
			}
			return 10 * ms
		}, 1200 * ms, true},
		{"a slow start alone", func(at time.Duration) time.Duration {
			if at < 1900*ms {
				return 1500 * ms
			}
			return 10 * ms
		}, 15 * ms, false},
		{"as slow as one of fifty", func(at time.Duration) time.Duration {
			if at/(20*ms)%50 == 49 {
				return 300 * ms
			}
			return 10 * ms
		}, 500 * ms, false},
		{"slower than any", func(at time.Duration) time.Duration {
			if at/(20*ms)%50 == 49 {
				return 300 * ms
			}
			return 10 * ms
		}, 700 * ms, true},
		{"operations only at the beginning", func(at time.Duration) time.Duration {
			if at > 1000*ms {
				return 0
			}
			return 10 * ms
		}, 30 * ms, true},
	} {
		var b builder
		for at := 0 * ms; at < 4500*ms; at += 20 * ms {
			if took := c.usual(at); took > 0 {
				b.op(at, at+took, int(at/(20*ms)), history.OK, "")
			}
		}
		b.op(5100*ms, 5100*ms+c.took, 1000, history.OK, "")
		for _, step := range []string{history.StepInject, history.StepVerified} {
			b.fault(5000*ms, "pause", history.FaultStep{Fault: 1, Step: step})
		}
		b.fault(7000*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepHealed})
		slices.SortStableFunc(b.h.Events, func(a, b history.Event) int { return int(a.Time - b.Time) })
		if s := Compute(&b.h); s.Faults[0].Felt != c.want {
			t.Errorf("%s: felt %v, over %v", c.name, s.Faults[0].Felt, s.FeltOver)
		}
	}
}

// TestBacklogHidesNoFault has a baseline that had to wait for its turn in the
// harness: seconds from the intended start, but milliseconds of work.
func TestBacklogHidesNoFault(t *testing.T) {
	var b builder
	for at := 3000 * ms; at < 4000*ms; at += 20 * ms {
		b.op(at, at+10*ms, 0, history.OK, "")
		b.h.Events[len(b.h.Events)-2].Intended = at - 2900*ms
	}
	b.fault(5000*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepInject})
	b.fault(5000*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepVerified})
	b.op(5010*ms, 7500*ms, 0, history.OK, "")
	if f := Compute(&b.h).Faults[0]; !f.Felt || f.Failover != 2500*ms {
		t.Errorf("felt %v, fail-over %v", f.Felt, f.Failover)
	}
}

func TestLostHoldIsFelt(t *testing.T) {
	for _, at := range []time.Duration{1100 * ms, 3000 * ms} {
		var b builder
		b.fault(1000*ms, "expire", history.FaultStep{Fault: 1, Step: history.StepInject, Clients: []int{1}, Sessions: []history.ID{11}})
		b.fault(1005*ms, "expire", history.FaultStep{Fault: 1, Step: history.StepVerified, Clients: []int{1}, Sessions: []history.ID{11}})
		if at < 1300*ms {
			b.session(at, 1, history.FLost, "k", 11, history.LostHold{})
		}
		b.session(1300*ms, 1, history.FConnected, "", 21, history.Connected{})
		if at > 1300*ms {
			b.session(at, 1, history.FLost, "k", 11, history.LostHold{})
		}
		if got, want := Compute(&b.h).Faults[0].Felt, at < 1300*ms; got != want {
			t.Errorf("hold lost at %v: felt %v, want %v", at, got, want)
		}
	}
}

func TestWindowsLastToTheEndWhenNothingWasHealed(t *testing.T) {
	var b builder
	b.fault(1000*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepInject})
	b.fault(1010*ms, "pause", history.FaultStep{Fault: 1, Step: history.StepVerified})
	b.fault(2000*ms, "pause", history.FaultStep{Fault: 2, Step: history.StepInject})
	b.fault(2010*ms, "pause", history.FaultStep{Fault: 2, Step: history.StepFailed, Detail: "no such server"})
	b.fault(3000*ms, "pause", history.FaultStep{Fault: 3, Step: history.StepSkipped})
	b.op(4000*ms, 5000*ms, 0, history.OK, "")
	want := []Window{
		{Span: Span{From: 1000 * ms, Until: 5000 * ms}, Fault: 1, Kind: "pause", Verified: true},
		{Span: Span{From: 2000 * ms, Until: 2000 * ms}, Fault: 2, Kind: "pause"},
	}
	if d := cmp.Diff(want, Windows(&b.h)); d != "" {
		t.Error(d)
	}
}

func TestElections(t *testing.T) {
	health := func(epoch int64) history.Health { return history.Health{Healthy: true, Epoch: epoch} }
	tests := []struct {
		name          string
		before, after int64
		told          int
		want          int
	}{
		{"none", 3, 3, 0, 0},
		{"told once by each of two faults", 3, 4, 2, 1},
		{"nobody told, but the epoch rose", 3, 6, 0, 1},
		{"told, epoch skipped one", 3, 6, 2, 2},
		{"epoch unknown", 0, 0, 2, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b builder
			b.fact(0, history.FHealth, health(tt.before))
			for i := range tt.told {
				b.fault(time.Second, "pause", history.FaultStep{Fault: i + 1, Step: history.StepElected, Servers: []int{1}})
			}
			b.fact(2*time.Second, history.FHealth, health(tt.after))
			if got := Compute(&b.h).Elections; got != tt.want {
				t.Errorf("%d elections, want %d", got, tt.want)
			}
		})
	}
}

// The window of a fault of an unknown kind follows from the traits in its record: a
// kind that ends sessions lasts until its clients have other sessions.
func TestWindowOfAnUnknownKind(t *testing.T) {
	for _, test := range []struct {
		traits history.FaultTraits
		until  time.Duration
	}{
		{history.FaultTraits{Sessions: history.EndAtOnce}, 1700 * ms},
		{history.FaultTraits{Sessions: history.EndIfOutlasted}, 1200 * ms},
		{history.FaultTraits{}, 1200 * ms},
	} {
		var b builder
		for at, step := range map[time.Duration]string{1000 * ms: history.StepInject, 1005 * ms: history.StepVerified, 1200 * ms: history.StepHealed} {
			v := history.FaultStep{Fault: 1, Step: step, Clients: []int{1}, Sessions: []history.ID{11}}
			if step == history.StepInject {
				v.Traits = test.traits
			}
			b.fault(at, "hammer", v)
		}
		b.session(1700*ms, 1, history.FConnected, "", 21, history.Connected{})
		slices.SortStableFunc(b.h.Events, func(x, y history.Event) int { return int(x.Time - y.Time) })
		if w := Windows(&b.h); len(w) != 1 || w[0].Until != test.until {
			t.Errorf("%+v: %+v", test.traits, w)
		}
	}
}
