package counters

import (
	"math/rand/v2"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
)

// recorded returns a record of steps, each by a client of its own. Failed operations are
// put in between; they do not count.
func recorded(steps []*step, rng *rand.Rand) *history.History {
	b := historytest.New(models.Counter.Name)
	for i, s := range steps {
		end, inv, ret := history.OK, float64(s.inv), float64(s.ret)
		if s.kind >= might {
			end, ret = history.Info, inv+float64(rng.IntN(9))
		}
		count := models.Count{Value: s.value}
		switch {
		case s.kind == reads:
			b.Op(i, models.FRead, "k", inv, ret, end, models.HowRead{Kind: models.ReadFenced}, count)
		case s.kind == might, s.kind == makes && rng.IntN(2) == 0:
			b.Op(i, models.FCAS, "k", inv, ret, end, models.CountSwap{From: s.value - 1, To: s.value}, nil)
		default:
			b.Op(i, models.FAdd, "k", inv, ret, end, models.Addition{Delta: 1}, count)
		}
	}
	b.Op(len(steps), models.FAdd, "k", 0, 1, history.Fail, models.Addition{Delta: 1}, nil)
	return b.History()
}

// A record is legal if some order fits it.
func TestRecordsAgreeWithAllOrders(t *testing.T) {
	var legal, not int
	for i := range checktest.Rounds(t, 8000) {
		rng := rand.New(rand.NewPCG(18, uint64(i)))
		steps := draw(rng)
		h := recorded(steps, rng)
		a := evidence.Read(t.Context(), h, models.Counter, nil)
		fast := linearizable.Decide(t.Context(), a.Keys[0]).Result != frame.Violation
		want := explained(steps, 0, 0)
		if fast != want {
			for _, s := range steps {
				t.Log(s.text)
			}
			t.Fatalf("%d: all orders: %v; linearizable: %v", i, want, fast)
		}
		if want {
			legal++
		} else {
			not++
		}
	}
	t.Logf("%d legal, %d not", legal, not)
}

// Plain reads may be old, but not older than what their session has seen, and may not
// show sums that no client has made.
func TestPlainReads(t *testing.T) {
	plain, one := models.HowRead{Kind: models.ReadPlain}, models.Addition{Delta: 1}
	read := func(b *historytest.Builder, client int, inv, ret float64, value int64, session history.ID) {
		b.Op(client, models.FRead, "k", inv, ret, history.OK, plain, models.Count{Value: value}).Session(session)
	}
	for _, tt := range []struct {
		name string
		of   func(b *historytest.Builder)
		want frame.Result
	}{
		{"old", func(b *historytest.Builder) { read(b, 1, 30, 31, 0, 2) }, ""},
		{"older than before", func(b *historytest.Builder) { read(b, 1, 30, 31, 1, 2); read(b, 1, 40, 41, 0, 2) }, frame.Violation},
		{"older than before, in another session", func(b *historytest.Builder) { read(b, 1, 30, 31, 1, 2); read(b, 1, 40, 41, 0, 3) }, ""},
		{"older than what it added", func(b *historytest.Builder) { read(b, 0, 30, 31, 0, 1) }, frame.Violation},
		{"more than was added", func(b *historytest.Builder) { read(b, 1, 30, 31, 3, 2) }, frame.Violation},
		{"as much as may have been added", func(b *historytest.Builder) { read(b, 1, 30, 31, 2, 2) }, ""},
		{"less than nothing", func(b *historytest.Builder) { read(b, 1, 30, 31, -1, 2) }, frame.Violation},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := historytest.New(models.Counter.Name)
			b.Op(0, models.FAdd, "k", 1, 2, history.OK, one, models.Count{Value: 1}).Session(1)
			b.Op(2, models.FAdd, "k", 5, 6, history.Info, one, nil).Session(4)
			tt.of(b)
			a := evidence.Read(t.Context(), b.History(), models.Counter, nil)
			if got := plainReads.Decide(t.Context(), a.Keys[0]); got.Result != tt.want {
				t.Errorf("%q: %s; want %q", got.Result, got.Reason, tt.want)
			}
		})
	}
}

// A counter that is not only raised by one is not decided, except for how it is read.
func TestOtherChanges(t *testing.T) {
	b := historytest.New(models.Counter.Name)
	b.Op(0, models.FAdd, "k", 1, 2, history.OK, models.Addition{Delta: 5}, models.Count{Value: 5})
	a := evidence.Read(t.Context(), b.History(), models.Counter, nil)
	for _, p := range Counter.Properties {
		if f := p.Decide(t.Context(), a.Keys[0]); p.Name != "fenced-reads" && f.Result != frame.Unknown {
			t.Errorf("%s: %q", p.Name, f.Result)
		}
	}
}
