package stats

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
)

// A freeze counts as one that outlasted a session if it was longer than what the servers granted,
// and as one that ended it if the client learned of the expiry afterwards and no other fault caused
// it.
func TestOutlasted(t *testing.T) {
	const session = history.ID(11)
	outlasted := func(ended bool) []Outlasted {
		return []Outlasted{{Client: 1, Session: session, Timeout: 4 * time.Second, Ended: ended}}
	}
	for name, c := range map[string]struct {
		kind    string
		lasts   time.Duration
		told    time.Duration // when the client learned that the session expired; 0: never
		expires bool          // the session is also expired by force
		skipped bool
		want    []Outlasted
	}{
		"shorter":                {kind: "freeze", lasts: 4 * time.Second, told: 9 * time.Second},
		"longer":                 {kind: "freeze", lasts: 4001 * ms, told: 9 * time.Second, want: outlasted(true)},
		"longer, and it lives":   {kind: "freeze", lasts: 5 * time.Second, want: outlasted(false)},
		"expired before":         {kind: "freeze", lasts: 5 * time.Second, told: 500 * ms, want: outlasted(false)},
		"expired by force":       {kind: "freeze", lasts: 5 * time.Second, told: 9 * time.Second, expires: true, want: outlasted(false)},
		"until the record ends":  {kind: "freeze", told: 9 * time.Second, want: outlasted(true)},
		"without effect":         {kind: "freeze", lasts: 5 * time.Second, told: 9 * time.Second, skipped: true},
		"not about sessions":     {kind: "slow-link", lasts: 5 * time.Second, told: 9 * time.Second},
		"which ends it at once ": {kind: "expire", lasts: 5 * time.Second, told: 9 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			var b builder
			b.h.Header.Params.SessionTimeout = 2 * time.Second // the requested time-out
			b.session(0, 1, history.FConnected, "", session, history.Connected{Timeout: 4 * time.Second})
			if c.told > 0 && c.told < time.Second {
				b.session(c.told, 1, history.FExpired, "", session, history.Expired{})
			}
			step := func(at time.Duration, kind string, number int, name string) {
				b.fault(at, kind, history.FaultStep{Fault: number, Step: name, Clients: []int{1}, Sessions: []history.ID{session}})
			}
			step(time.Second, c.kind, 1, history.StepInject)
			if !c.skipped {
				step(1100*ms, c.kind, 1, history.StepVerified)
			}
			if c.lasts > 0 {
				step(time.Second+c.lasts, c.kind, 1, history.StepHeal)
				step(time.Second+c.lasts+50*ms, c.kind, 1, history.StepHealed)
			}
			if c.expires {
				step(8*time.Second, "expire", 2, history.StepInject)
				step(8*time.Second, "expire", 2, history.StepVerified)
			}
			if c.told > time.Second {
				b.session(c.told, 1, history.FExpired, "", session, history.Expired{})
			}
			b.fact(10*time.Second, history.FEnd, nil)
			s := Compute(&b.h)
			if d := cmp.Diff(c.want, s.Faults[0].Outlasted); d != "" {
				t.Error(d)
			}
			for _, k := range s.FaultKinds {
				if k.Kind != c.kind {
					continue
				}
				if ended := len(c.want) > 0 && c.want[0].Ended; k.Outlasted != len(c.want) || (k.EndedSession == 1) != ended {
					t.Errorf("%+v", k)
				}
			}
		})
	}
}
