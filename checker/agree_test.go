package checker

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// tally counts what a comparison saw.
type tally struct {
	valid, invalid, undecided, missed, unknown int
}

// agreement compares the fast check of a model with its reference model on generated
// histories. If exact is set, they must agree both ways. Otherwise the reference model
// must also flag whatever the fast check flags.
func agreement(t *testing.T, model string, referenceAt int, exact bool, generate func(*rand.Rand, checktest.Kind) *history.History) {
	t.Helper()
	loggedAgreement(t, model, referenceAt, exact, func(rng *rand.Rand, how checktest.Kind) (*history.History, []history.Txn) {
		return generate(rng, how), nil
	})
}

// loggedAgreement is like agreement, with the transactions of each history.
func loggedAgreement(t *testing.T, model string, referenceAt int, exact bool, generate func(*rand.Rand, checktest.Kind) (*history.History, []history.Txn)) {
	t.Helper()
	m := models[model]
	r := m.References[referenceAt]
	w := newSearchBudget(context.Background(), Options{})
	w.until, w.keyTime, w.memory = time.Now().Add(time.Hour), time.Hour, 4<<20 // whatever the machine
	var got tally
	for i := range checktest.Rounds(t, 2000) {
		rng := rand.New(rand.NewPCG(1, uint64(i)))
		how := checktest.Kind(i % 3)
		h, txns := generate(rng, how)
		h = stretched(h, rng)
		a := evidence.Read(t.Context(), h, models[model].Object, txns)
		if len(a.Damages()) > 0 {
			t.Fatalf("history %d: %v", i, a.Damages())
		}
		for _, k := range a.Keys {
			fast, reason, unknown := verdictOf(t.Context(), k, m.Properties, r.Covers)
			if unknown {
				got.unknown++
				continue
			}
			if how == checktest.Constructed && !fast {
				t.Fatalf("history %d is valid by construction, yet: %s\n%s%s", i, reason, checktest.Dump(h), checktest.DumpLog(txns))
			}
			ruling := decide(r, w, k)
			switch {
			case !ruling.decided:
				got.undecided++
				continue
			case how == checktest.Constructed && !ruling.legal:
				t.Fatalf("history %d is valid by construction, yet the reference model finds it illegal\n%s", i, checktest.Dump(h))
			case fast && !ruling.legal && !exact:
				got.missed++
			case fast != ruling.legal:
				t.Fatalf("history %d: fast says %v, the reference model says %v (%s)\n%s%s", i, fast, ruling.legal, reason, checktest.Dump(h), checktest.DumpLog(txns))
			}
			if ruling.legal {
				got.valid++
			} else {
				got.invalid++
			}
		}
	}
	t.Logf("%+v", got)
	all := got.valid + got.invalid
	if got.undecided+got.unknown > all/10 {
		t.Errorf("too many were not decided: %+v", got)
	}
	if min(got.valid, got.invalid) < all/5 {
		t.Errorf("the share of one verdict is too small to show anything: %+v", got)
	}
	if got.missed > all/10 {
		t.Errorf("the fast check missed too many: %+v", got)
	}
}

// stretched moves the times of a history to extremes, in some of the calls: to
// nanoseconds, to years, and to long after the beginning. The order of events stays the
// same.
func stretched(h *history.History, rng *rand.Rand) *history.History {
	unit := []time.Duration{1, checktest.Unit, checktest.Unit, time.Hour}[rng.IntN(4)]
	shift := []time.Duration{0, 0, 1, 1 << 62}[rng.IntN(4)]
	at := func(t time.Duration) time.Duration { return t/checktest.Unit*unit + shift }
	for i := range h.Events {
		e := &h.Events[i]
		if e.F == history.FBegin {
			continue
		}
		if e.Time = at(e.Time); e.Alive != 0 { // 0: none is known
			e.Alive = at(e.Alive)
		}
	}
	return h
}

// verdictOf returns the verdict of the covered fast checks on a key.
func verdictOf(ctx context.Context, k *evidence.Key, properties []*frame.Property, covers []string) (legal bool, reason string, unknown bool) {
	legal = true
	for _, p := range properties {
		for _, c := range covers {
			if p.Name != c {
				continue
			}
			f := p.Decide(ctx, k)
			if f.Result == Violation && legal {
				legal, reason = false, p.Name+": "+f.Reason
			}
			if f.Result == Unknown && p.Name != "loss" {
				unknown = true
			}
		}
	}
	return legal, reason, unknown
}

func TestHoldsAgreeWithReference(t *testing.T) {
	t.Parallel()
	agreement(t, objects.Lock.Name, 0, true, checktest.GenerateHolds)
}

func TestTokensAgreeWithReference(t *testing.T) {
	t.Parallel()
	agreement(t, objects.Election.Name, 1, true, checktest.GenerateHolds)
}

func TestQueueAgreesWithReference(t *testing.T) {
	t.Parallel()
	agreement(t, objects.Queue.Name, 0, true, checktest.GenerateQueue)
}

func TestBarrierAgreesWithReference(t *testing.T) {
	t.Parallel()
	agreement(t, objects.Barrier.Name, 0, true, checktest.GenerateBarrier)
}

// On keys with one round, in which zxids tell what a session has seen and one coordinator
// raises and lifts once, as in a run, the fast check and the reference model agree.
func TestBarrierOfOneRoundAgreesWithReference(t *testing.T) {
	t.Parallel()
	agreement(t, objects.Barrier.Name, 0, true, func(rng *rand.Rand, how checktest.Kind) *history.History {
		return checktest.GenerateBarriers(rng, how, 1, 2)
	})
}

// With several rounds and coordinators, the fast check does not consider which was first,
// so a violation that only the reference model finds also counts.
func TestBarrierOfManyIsSound(t *testing.T) {
	t.Parallel()
	agreement(t, objects.Barrier.Name, 0, false, func(rng *rand.Rand, how checktest.Kind) *history.History {
		return checktest.GenerateBarriers(rng, how, 1+rng.IntN(2), 2+rng.IntN(4))
	})
}

// The fast check of a double barrier looks at one presence at a time: it does not
// consider which of several clients died, or which of too many clients were the
// members. So a violation that only the reference model finds also counts.
func TestDoubleBarrierIsSound(t *testing.T) {
	t.Parallel()
	agreement(t, objects.DoubleBarrier.Name, 1, false, func(rng *rand.Rand, how checktest.Kind) *history.History {
		return checktest.GenerateRound(rng, how, true, true)
	})
}

func TestDoubleBarrierIsExactWithoutDeaths(t *testing.T) {
	t.Parallel()
	agreement(t, objects.DoubleBarrier.Name, 1, true, func(rng *rand.Rand, how checktest.Kind) *history.History {
		return checktest.GenerateRound(rng, how, false, false)
	})
}
