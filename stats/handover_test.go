package stats

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats/measured"
)

// held returns a record in which client 0 holds k from 1 s on, with client 1 in line from 1.5 s
// on, unless client 0 is alone.
func held(model string, alone bool) *builder {
	b := &builder{}
	b.h.Header.Model = model
	b.invoke(900*ms, 0, models.FAcquire, "k", nil)
	b.ok(1000*ms, 0, models.FAcquire, "k", models.Grant{Token: 1})
	if !alone {
		b.invoke(1500*ms, 1, models.FAcquire, "k", nil)
	}
	return b
}

func (b *builder) grant(at time.Duration) *builder {
	return b.ok(at, 1, models.FAcquire, "k", models.Grant{Token: 2})
}

// hit adds a fault on client 0, with its injection and its verification.
func (b *builder) hit(kind string, inject, verified time.Duration) {
	step := history.FaultStep{Fault: 1, Step: history.StepInject, Spec: kind + ":holder", Clients: []int{0}}
	b.fault(inject, kind, step)
	step.Step = history.StepVerified
	b.fault(verified, kind, step)
}

func (b *builder) heal(at time.Duration, kind string) {
	for _, step := range []string{history.StepHeal, history.StepHealed} {
		b.fault(at, kind, history.FaultStep{Fault: 1, Step: step})
	}
}

func (b *builder) lose(at time.Duration) {
	b.session(at, 0, history.FLost, "k", 0xa, history.LostHold{Token: 1})
}

func TestHandOver(t *testing.T) {
	over := func(from, took time.Duration) []HandOver {
		return []HandOver{{Key: "k", Client: 0, From: from, Bound: measured.Bound{Time: took}}}
	}
	tests := []struct {
		name  string
		alone bool
		write func(b *builder)
		want  []HandOver       // the hand-overs that the fault caused
		other *measured.Spread // the hand-overs that no fault caused
	}{
		{"released", false, func(b *builder) {
			b.invoke(2000*ms, 0, models.FRelease, "k", models.Held{Held: true, Token: 1})
			b.ok(2010*ms, 0, models.FRelease, "k", nil)
			b.grant(2030 * ms)
		}, nil, measured.SpreadOf([]measured.Bound{{Time: 30 * ms}})},
		{"released, and nobody waited then", true, func(b *builder) {
			b.invoke(2000*ms, 0, models.FRelease, "k", models.Held{Held: true, Token: 1})
			b.ok(2010*ms, 0, models.FRelease, "k", nil)
			b.invoke(5000*ms, 1, models.FAcquire, "k", nil)
			b.grant(5005 * ms)
		}, nil, measured.SpreadOf([]measured.Bound{{Time: 5 * ms}})},
		{"released, and nobody ever waited", true, func(b *builder) {
			b.invoke(2000*ms, 0, models.FRelease, "k", models.Held{Held: true, Token: 1})
			b.ok(2010*ms, 0, models.FRelease, "k", nil)
		}, nil, nil},
		{"released, and never granted again", false, func(b *builder) {
			b.invoke(2000*ms, 0, models.FRelease, "k", models.Held{Held: true, Token: 1})
			b.ok(2010*ms, 0, models.FRelease, "k", nil)
		}, nil, measured.SpreadOf([]measured.Bound{{Time: 18000 * ms, AtLeast: true}})},
		{"crashed", false, func(b *builder) {
			b.hit("crash", 2000*ms, 2005*ms)
			b.session(2005*ms, 0, history.FExited, "", 0xa, history.Exited{By: history.ByCrash})
			b.heal(4000*ms, "crash") // a new process does not give the key back
			b.grant(6485 * ms)
		}, over(2005*ms, 4480*ms), nil},
		{"its session ended by force", false, func(b *builder) {
			b.hit("expire", 2000*ms, 2005*ms)
			b.heal(2005*ms, "expire")
			b.lose(2006 * ms)
			b.grant(2015 * ms)
		}, over(2005*ms, 10*ms), nil},
		{"granted before the end of the session was seen", false, func(b *builder) {
			b.hit("expire", 2000*ms, 2005*ms)
			b.heal(2005*ms, "expire")
			b.grant(2004 * ms)
			b.lose(2006 * ms)
		}, over(2000*ms, 4*ms), nil},
		{"frozen for longer than its session", false, func(b *builder) {
			b.hit("freeze", 2000*ms, 2100*ms)
			b.grant(6500 * ms)
			b.heal(8000*ms, "freeze")
			b.lose(8000 * ms)
		}, over(2000*ms, 4500*ms), nil},
		{"frozen for less", false, func(b *builder) {
			b.hit("freeze", 2000*ms, 2100*ms)
			b.heal(3000*ms, "freeze")
			b.invoke(3001*ms, 0, models.FRelease, "k", models.Held{Held: true, Token: 1})
			b.ok(3002*ms, 0, models.FRelease, "k", nil)
			b.grant(3003 * ms)
		}, nil, measured.SpreadOf([]measured.Bound{{Time: 2 * ms}})},
		{"never granted again", false, func(b *builder) {
			b.hit("crash", 2000*ms, 2005*ms)
			b.session(2005*ms, 0, history.FExited, "", 0xa, history.Exited{By: history.ByCrash})
		}, []HandOver{{"k", 0, 2005 * ms, measured.Bound{Time: 17995 * ms, AtLeast: true}}}, nil},
		{"granted when a partition was healed", false, func(b *builder) {
			b.hit("partition", 2000*ms, 2010*ms)
			b.lose(6000 * ms)
			b.heal(7000*ms, "partition")
			b.grant(7005 * ms)
		}, []HandOver{{"k", 0, 6000 * ms, measured.Bound{Time: 1000 * ms, AtLeast: true}}}, nil},
		{"released while no server was left", false, func(b *builder) {
			for _, step := range []string{history.StepInject, history.StepVerified} {
				b.fault(1900*ms, "kill", history.FaultStep{Fault: 1, Step: step, Spec: "kill:all", Servers: []int{1, 2, 3}})
			}
			b.invoke(2000*ms, 0, models.FRelease, "k", models.Held{Held: true, Token: 1})
			b.heal(7000*ms, "kill")
			b.ok(7010*ms, 0, models.FRelease, "k", nil)
			b.grant(7030 * ms)
		}, nil, nil},
		{"granted while it was held, and no fault explains it", false, func(b *builder) {
			b.grant(2000 * ms)
			b.invoke(2010*ms, 0, models.FRelease, "k", models.Held{Held: true, Token: 1})
			b.ok(2020*ms, 0, models.FRelease, "k", nil)
		}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := held(models.Lock.Name, tt.alone)
			tt.write(b)
			b.fact(20000*ms, history.FEnd, nil)
			s := Compute(&b.h)
			var got []HandOver
			for _, f := range s.Faults {
				got = append(got, f.HandOvers...)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(tt.other, s.HandOver); d != "" {
				t.Error(d)
			}
		})
	}
}

// Several clients may have a lease at a time, and none of them waits for the end of
// another client's lease.
func TestNoHandOverOfWhatIsShared(t *testing.T) {
	b := held("semaphore", false)
	b.invoke(2000*ms, 0, models.FRelease, "k", models.Held{Held: true, Token: 1})
	b.ok(2010*ms, 0, models.FRelease, "k", nil)
	b.grant(2030 * ms)
	if got := Compute(&b.h).HandOver; got != nil {
		t.Errorf("%+v", got)
	}
}
