package checker

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/linearize"
	"github.com/zklab/zklab/internal/base/prose"
)

// Bounds of the reference model's search. Bounding only time would not do: in a testing/synctest bubble
// time stands still while a search runs.
const (
	referenceShare = 6               // of the budget, for all keys together
	referenceKey   = 2 * time.Second // for one key

	// Tries of a step, or of whether two states are the same: for all keys together, and for one
	// key, which takes seconds.
	referenceTries    = 80e6
	referenceKeyTries = 16e6
)

// searchBudget bounds a reference model's search. It is safe for concurrent use.
type searchBudget struct {
	ctx      context.Context
	until    time.Time
	keyTime  time.Duration // for one key
	memory   int64         // for one search
	tries    atomic.Int64  // left for all keys
	keyTries int64         // for one key
}

func newSearchBudget(ctx context.Context, opts Options) *searchBudget {
	b := &searchBudget{
		ctx:      ctx,
		until:    time.Now().Add(opts.budget() / referenceShare),
		keyTime:  referenceKey,
		memory:   opts.memory() / int64(runtime.GOMAXPROCS(0)),
		keyTries: referenceKeyTries,
	}
	b.tries.Store(referenceTries)
	return b
}

// ruling is a reference model's answer about one key.
type ruling struct {
	decided bool
	legal   bool
}

// decide searches for an order of the key's operations that the model allows.
func decide(r *frame.Reference, b *searchBudget, k *evidence.Key) ruling {
	if r.Applies != nil && !r.Applies(k.Record) {
		return ruling{}
	}
	if r.Given != nil {
		if given := order(r, b, k, r.Given); !given.decided || !given.legal {
			return ruling{}
		}
	}
	return order(r, b, k, r.Operations)
}

// order searches for an order of some of the key's operations.
func order(r *frame.Reference, b *searchBudget, k *evidence.Key, of func(*evidence.Key) ([]porcupine.Operation, bool)) ruling {
	left := min(time.Until(b.until), b.keyTime)
	if left <= 0 || b.ctx.Err() != nil {
		return ruling{}
	}
	ops, ok := of(k)
	if !ok || linearize.Least(len(ops)) > b.memory {
		return ruling{}
	}
	got := linearize.Decide(b.ctx, linearize.Problem{Model: r.Model(k.Record), Operations: ops}, linearize.Budget{
		Time: left, Memory: b.memory, Tries: max(min(b.tries.Load(), b.keyTries), 1), Size: r.Size,
	})
	b.tries.Add(-got.Tried)
	return ruling{decided: got.Result != linearize.Undecided, legal: got.Result == linearize.Legal}
}

// compare compares a ruling with what the fast checks found on one key.
func compare(r *frame.Reference, got ruling, k *evidence.Key, properties []*frame.Property, row []frame.Finding) {
	if !got.decided {
		return
	}
	legal := true
	last := -1
	for _, name := range r.Covers {
		i := slices.IndexFunc(properties, func(p *frame.Property) bool { return p.Name == name })
		if i >= 0 {
			legal = legal && (row[i].Result != Violation || row[i].ByLog)
			last = i
		}
	}
	if last < 0 || legal == got.legal {
		return
	}
	if r.Refines && legal {
		var counterexample []int
		for _, op := range k.Ops() {
			counterexample = append(counterexample, evidence.EventsOf(op)...)
		}
		row[last].Violated(counterexample, "no order of the operations on %s explains them: only porcupine found this, by trying all orders", k.Name)
		return
	}
	for i, p := range properties {
		if slices.Contains(r.Covers, p.Name) {
			row[i] = frame.Finding{
				Result: Unknown, Figures: row[i].Figures, Notes: row[i].Notes, Counterexample: row[i].Counterexample,
				Reason: fmt.Sprintf("the reference model disagrees, so zklab itself has a defect: %s finds %s, porcupine finds %s; %s",
					p.Decider, word(legal), word(got.legal), row[i].Reason),
			}
		}
	}
}

func word(legal bool) string {
	if legal {
		return "nothing wrong"
	}
	return "a violation"
}

// sign notes in a property's verdicts on how many keys the reference model agreed.
func sign(r *frame.Reference, p *frame.Property, vs []Verdict, rulings []ruling) {
	if !slices.Contains(r.Covers, p.Name) {
		return
	}
	n := 0
	for _, got := range rulings {
		if got.decided {
			n++
		}
	}
	if n == 0 {
		return
	}
	for i := range vs {
		vs[i].Decider = fmt.Sprintf("%s; porcupine agrees on %d of %s", p.Decider, n, prose.Count(len(rulings), "key"))
	}
}

// Reference asks porcupine alone, key by key, within the budget. The map has the keys that it
// decided, and whether their operations can be explained. If a model has several reference models, all must
// agree that they can.
func Reference(ctx context.Context, h *history.History, opts Options) map[string]bool {
	ctx, cancel := context.WithTimeout(ctx, opts.budget())
	defer cancel()
	m, _ := modelOf(h.Header, opts) // without one, nothing can be decided
	a := evidence.Read(ctx, h, m.Object, opts.Transactions)
	b := newSearchBudget(ctx, opts)
	b.until = time.Now().Add(opts.budget())
	decided := map[string]bool{}
	for _, k := range a.Keys {
		legal, all := true, true
		for _, r := range m.References {
			if r.Applies != nil && !r.Applies(a) {
				continue
			}
			got := decide(r, b, k)
			all = all && got.decided
			legal = legal && got.legal
		}
		if all {
			decided[k.Name] = legal
		}
	}
	return decided
}
