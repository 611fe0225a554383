package checker

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/zklab/zklab/history"
)

// rounds is how many histories a generated test looks at: ZKLAB_HISTORIES says
// how many thousands.
func rounds(t *testing.T) int {
	n := 15
	if s := os.Getenv("ZKLAB_HISTORIES"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatalf("ZKLAB_HISTORIES: %v", err)
		}
	}
	if testing.Short() {
		n = 3
	}
	return n * 1000
}

// kind is how a history was generated.
type kind int

const (
	constructed kind = iota // it happened to a right object: it must never be flagged
	mutated                 // the same with one thing changed
	random
)

// tally counts what a comparison saw.
type tally struct {
	valid, invalid, undecided, missed, unknown int
}

// agreement compares the fast check of a model with its referee on generated
// histories. exact: they must agree both ways; else what the fast check flags
// the referee must flag, too.
func agreement(t *testing.T, model string, refereeAt int, exact bool, generate func(*rand.Rand, kind) *history.History) {
	t.Helper()
	m := models[model]
	r := m.referees[refereeAt]
	w := newWhistle(context.Background(), Options{Budget: time.Hour, Memory: 8 << 20})
	var got tally
	for i := range rounds(t) {
		rng := rand.New(rand.NewPCG(1, uint64(i)))
		how := kind(i % 3)
		h := generate(rng, how)
		a := analyse(t.Context(), h, model, nil)
		if len(a.damage) > 0 {
			t.Fatalf("history %d: %v", i, a.damage)
		}
		for _, k := range a.keys {
			fast, reason, unknown := verdictOf(t.Context(), a, k, m.properties, r.covers)
			if unknown {
				got.unknown++
				continue
			}
			if how == constructed && !fast {
				t.Fatalf("history %d is valid by construction, yet: %s\n%s", i, reason, dump(h))
			}
			ruling := r.decide(w, a, k)
			switch {
			case !ruling.decided:
				got.undecided++
				continue
			case how == constructed && !ruling.legal:
				t.Fatalf("history %d is valid by construction, yet the referee finds it illegal\n%s", i, dump(h))
			case fast && !ruling.legal && !exact:
				got.missed++
			case fast != ruling.legal:
				t.Fatalf("history %d: fast says %v, referee says %v (%s)\n%s", i, fast, ruling.legal, reason, dump(h))
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

// verdictOf is what the covered fast checks say of a key.
func verdictOf(ctx context.Context, a *analysis, k *keyRecord, properties []*property, covers []string) (legal bool, reason string, unknown bool) {
	legal = true
	for _, p := range properties {
		for _, c := range covers {
			if p.name != c {
				continue
			}
			f := p.decide(ctx, a, k)
			if f.result == Violation && legal {
				legal, reason = false, p.name+": "+f.reason
			}
			if f.result == Unknown && p.name != "loss" {
				unknown = true
			}
		}
	}
	return legal, reason, unknown
}

func TestHoldsAgreeWithReferee(t *testing.T) {
	t.Parallel()
	agreement(t, history.ModelLock, 0, true, generateHolds)
}

func TestTokensAgreeWithReferee(t *testing.T) {
	t.Parallel()
	agreement(t, history.ModelElection, 1, true, generateHolds)
}

func TestQueueAgreesWithReferee(t *testing.T) {
	t.Parallel()
	agreement(t, history.ModelQueue, 0, true, generateQueue)
}

func TestBarrierAgreesWithReferee(t *testing.T) {
	t.Parallel()
	agreement(t, history.ModelBarrier, 0, true, generateBarrier)
}

// The fast check of a double barrier looks at one presence at a time: which of
// several clients died, or which of too many were the members, it cannot weigh.
// What only the referee finds is a violation, too.
func TestDoubleBarrierIsSound(t *testing.T) {
	t.Parallel()
	agreement(t, history.ModelDoubleBarrier, 1, false, func(rng *rand.Rand, how kind) *history.History {
		return generateRound(rng, how, true, true)
	})
}

func TestDoubleBarrierIsExactWithoutDeaths(t *testing.T) {
	t.Parallel()
	agreement(t, history.ModelDoubleBarrier, 1, true, func(rng *rand.Rand, how kind) *history.History {
		return generateRound(rng, how, false, false)
	})
}
