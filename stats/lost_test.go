package stats

import (
	"testing"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// A client that is a member and asks for nothing is affected all the same if its membership goes.
func TestLostMembershipIsFelt(t *testing.T) {
	const session = history.ID(11)
	fault := func(b *builder, kind, spec, did string, healed time.Duration) {
		step := history.FaultStep{Fault: 1, Spec: spec, Clients: []int{0}, Sessions: []history.ID{session}}
		if did != "" {
			step.Holding = []string{did}
		}
		for _, at := range []struct {
			t    time.Duration
			step string
		}{{1000 * ms, history.StepInject}, {1010 * ms, history.StepVerified}, {healed, history.StepHealed}} {
			step.Step = at.step
			b.fault(at.t, kind, step)
		}
	}
	expired := func(b *builder, at time.Duration) { b.session(at, 0, history.FExpired, "", session, nil) }
	for _, c := range []struct {
		name string
		run  func(b *builder)
		want bool
	}{
		{"nothing else happens", func(b *builder) { fault(b, "kill", "kill:leader", "", 3000*ms) }, false},
		{"its session has ended when it comes back", func(b *builder) { fault(b, "kill", "kill:majority", "", 3000*ms); expired(b, 3500*ms) }, true},
		{"its session ends long after", func(b *builder) { fault(b, "kill", "kill:majority", "", 3000*ms); expired(b, 9000*ms) }, false},
		{"its session had ended before", func(b *builder) { expired(b, 900*ms); fault(b, "kill", "kill:majority", "", 3000*ms) }, false},
		{"its session is ended, and it is never told", func(b *builder) { fault(b, "expire", "expire:holder", "holding", 1020*ms) }, true},
		{"the session of an idle client is ended", func(b *builder) { fault(b, "expire", "expire:any", "idle", 1020*ms) }, false},
		{"its process is killed", func(b *builder) { fault(b, "crash", "crash:holder", "holding", 1300*ms) }, true},
	} {
		b := &builder{}
		b.h.Header = history.Header{Version: history.Version, Model: models.Membership.Name, Params: history.Params{Servers: 3, SessionTimeout: 2 * time.Second}}
		b.session(90*ms, 0, history.FConnected, "", session, history.Connected{Timeout: 2 * time.Second})
		b.invoke(100*ms, 0, models.FJoin, "g", nil)
		b.ok(110*ms, 0, models.FJoin, "g", nil)
		b.h.Events[len(b.h.Events)-1].Session = session
		c.run(b)
		b.fact(20*time.Second, history.FEnd, nil)
		if got := Compute(&b.h).Faults[0].Felt; got != c.want {
			t.Errorf("%s: felt %v, want %v", c.name, got, c.want)
		}
	}
}
