package holds_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/history/models"
)

const ms = time.Millisecond

// builder writes histories of one key; session 0xa is of client 0, and so on.
type builder struct{ *historytest.Builder }

func newBuilder() builder { return builder{historytest.New(models.Lock.Name)} }

func (b builder) op(client int, f string, from, to float64, outcome history.Type, arg, result any) {
	b.Op(client, f, "k", from, to, outcome, arg, result).Session(history.ID(0xa + client))
}

// grant gives the key to the client at that millisecond, which is the token.
func (b builder) grant(client int, at float64) {
	b.op(client, models.FAcquire, at-1, at, history.OK, nil, models.Grant{Token: history.ID(at)})
}

func (b builder) release(client int, from, to float64, outcome history.Type, held any) {
	b.op(client, models.FRelease, from, to, outcome, held, nil)
}

func (b builder) confirm(client int, from, to float64, held models.Held) {
	b.op(client, models.FConfirm, from, to, history.OK, nil, held)
}

func (b builder) fact(at float64, client int, f string, value any) {
	key := ""
	if f == history.FLost {
		key = "k"
	}
	b.Session(at, client, history.ID(0xa+client), f, key, value)
}

// seen is the part of a hold that figures and drawings show.
type seen struct {
	Client                int
	From, Until, Believed time.Duration
	Token                 history.ID
	Ended                 holds.End
}

func read(b builder) []seen {
	var all []seen
	for _, h := range holds.Of(b.History()).All() {
		all = append(all, seen{h.Client, h.Granted, h.Until, h.Believed, h.Token, h.Ended})
	}
	return all
}

var held = models.Held{Held: true}

func TestEnds(t *testing.T) {
	tests := []struct {
		name  string
		write func(b builder)
		want  seen
	}{
		{"released", func(b builder) {
			b.release(0, 50, 60, history.OK, held)
		}, seen{Until: 50 * ms, Believed: 50 * ms, Ended: holds.ByRelease}},
		{"release unknown", func(b builder) {
			b.release(0, 50, 60, history.Info, held)
		}, seen{Until: 50 * ms, Believed: 50 * ms, Ended: holds.ByRelease}},
		{"release that says nothing", func(b builder) {
			b.release(0, 50, 60, history.OK, nil)
		}, seen{Until: 50 * ms, Believed: 50 * ms, Ended: holds.ByRelease}},
		{"failed release ends nothing", func(b builder) {
			b.release(0, 50, 60, history.Fail, held)
			b.release(0, 70, 80, history.OK, held)
		}, seen{Until: 70 * ms, Believed: 70 * ms, Ended: holds.ByRelease}},
		{"told that it was lost", func(b builder) {
			b.fact(40, 0, history.FLost, history.LostHold{Token: 10})
			b.release(0, 50, 60, history.OK, models.Held{})
		}, seen{Until: 40 * ms, Believed: 40 * ms, Ended: holds.ByLoss}},
		{"news of an older hold", func(b builder) {
			b.fact(40, 0, history.FLost, history.LostHold{Token: 9})
			b.release(0, 50, 60, history.OK, held)
		}, seen{Until: 50 * ms, Believed: 50 * ms, Ended: holds.ByRelease}},
		{"lost at release, believed up to the last confirm", func(b builder) {
			b.confirm(0, 20, 21, held)
			b.release(0, 50, 60, history.OK, models.Held{})
		}, seen{Until: 50 * ms, Believed: 21 * ms, Ended: holds.ByLoss}},
		{"confirm says no", func(b builder) {
			b.confirm(0, 20, 21, models.Held{})
		}, seen{Until: 21 * ms, Believed: 10 * ms, Ended: holds.ByLoss}},
		{"the process ended", func(b builder) {
			b.fact(40, 0, history.FExited, history.Exited{By: history.ByCrash})
			b.Fact(100, history.FPhase, "", nil)
		}, seen{Until: 40 * ms, Believed: 40 * ms, Ended: holds.ByExit}},
		{"another's process ended", func(b builder) {
			b.fact(40, 1, history.FExited, history.Exited{By: history.ByCrash})
			b.release(0, 50, 60, history.OK, held)
		}, seen{Until: 50 * ms, Believed: 50 * ms, Ended: holds.ByRelease}},
		{"never ended", func(b builder) {
			b.confirm(0, 30, 31, held)
			b.Fact(100, history.FPhase, "", nil)
		}, seen{Until: 100 * ms, Believed: 31 * ms, Ended: holds.Open}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBuilder()
			b.grant(0, 10)
			tt.write(b)
			tt.want.From, tt.want.Token = 10*ms, 10
			if d := cmp.Diff([]seen{tt.want}, read(b)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestNextHold(t *testing.T) {
	tests := []struct {
		name  string
		write func(b builder)
		want  []seen
	}{
		{"a yes with another token", func(b builder) {
			b.fact(20, 0, history.FLost, history.LostHold{Token: 10})
			b.confirm(0, 30, 31, models.Held{Held: true, Token: 30})
			b.release(0, 40, 41, history.OK, held)
		}, []seen{
			{0, 10 * ms, 20 * ms, 20 * ms, 10, holds.ByLoss},
			{0, 31 * ms, 40 * ms, 40 * ms, 30, holds.ByRelease},
		}},
		{"a yes that was asked for before the loss was told", func(b builder) {
			b.op(0, models.FConfirm, 19, 21, history.OK, nil, models.Held{Held: true, Token: 10})
			b.fact(20, 0, history.FLost, history.LostHold{Token: 10})
		}, []seen{{0, 10 * ms, 20 * ms, 20 * ms, 10, holds.ByLoss}}},
		{"granted again without a release", func(b builder) {
			b.grant(0, 30)
			b.release(0, 40, 41, history.OK, held)
		}, []seen{
			{0, 10 * ms, 29 * ms, 10 * ms, 10, holds.ByNext},
			{0, 30 * ms, 40 * ms, 40 * ms, 30, holds.ByRelease},
		}},
		{"granted again after a crash", func(b builder) {
			b.fact(20, 0, history.FExited, history.Exited{By: history.ByCrash})
			b.grant(0, 30)
			b.release(0, 40, 41, history.OK, held)
		}, []seen{
			{0, 10 * ms, 20 * ms, 20 * ms, 10, holds.ByExit},
			{0, 30 * ms, 40 * ms, 40 * ms, 30, holds.ByRelease},
		}},
		{"a leader that leads again after a crash", func(b builder) {
			b.fact(20, 0, history.FExited, history.Exited{By: history.ByCrash})
			b.confirm(0, 30, 31, models.Held{Held: true, Token: 30})
			b.release(0, 40, 41, history.OK, held)
		}, []seen{
			{0, 10 * ms, 20 * ms, 20 * ms, 10, holds.ByExit},
			{0, 31 * ms, 40 * ms, 40 * ms, 30, holds.ByRelease},
		}},
		{"a yes long after the session was gone", func(b builder) {
			b.fact(20, 0, history.FExpired, nil)
			b.confirm(0, 900, 901, models.Held{Held: true, Token: 10}) // its client need not know yet
			b.confirm(0, 1100, 1101, models.Held{Held: true, Token: 10})
			b.release(0, 1200, 1201, history.OK, held)
		}, []seen{
			{0, 10 * ms, 1101 * ms, 901 * ms, 10, holds.ByExpiry},
			{0, 1101 * ms, 1200 * ms, 1200 * ms, 10, holds.ByRelease},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBuilder()
			b.grant(0, 10)
			tt.write(b)
			if d := cmp.Diff(tt.want, read(b)); d != "" {
				t.Error(d)
			}
		})
	}
}

// A hold whose client lives in another process lasts for certain only up to the last answer
// that confirmed it.
func TestSure(t *testing.T) {
	for remote, want := range map[bool]time.Duration{false: 50 * ms, true: 20 * ms} {
		b := newBuilder()
		b.Fact(1, history.FOffers, "", history.Offers{TellsLost: true, Remote: remote})
		b.grant(0, 10)
		b.confirm(0, 20, 21, held)
		b.release(0, 50, 60, history.OK, held)
		h := holds.Of(b.History()).Key("k")[0]
		if h.Sure != want || h.Believed != 50*ms {
			t.Errorf("remote %v: sure until %v, want %v; believed until %v", remote, h.Sure, want, h.Believed)
		}
	}
}

func TestOverlaps(t *testing.T) {
	b := newBuilder()
	b.grant(0, 10)
	b.grant(1, 20) // client 1 believes at the same time
	b.release(0, 30, 31, history.OK, held)
	b.release(1, 40, 41, history.OK, held)
	b.grant(2, 50)
	b.fact(55, 2, history.FExited, nil) // client 2 is gone before the next hold
	b.grant(1, 60)
	b.release(1, 70, 71, history.OK, held)
	b.grant(2, 80)
	type pair struct {
		From, Until   time.Duration
		First, Second int
	}
	var got []pair
	for _, o := range holds.Overlaps(holds.Of(b.History()).All()) {
		got = append(got, pair{o.From, o.Until, o.First.Client, o.Second.Client})
	}
	if d := cmp.Diff([]pair{{20 * ms, 30 * ms, 0, 1}}, got); d != "" {
		t.Error(d)
	}
}
