package checker

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/zklab/zklab/history"
)

// referee decides a key by search, with a porcupine model that says in a few
// lines what the object is. It is slow and needs memory, so it is asked within
// bounds and may not answer. The properties that it covers say the same
// together as its model does: a difference is a defect of this package.
type referee struct {
	covers []string
	// applies says whether there is anything to decide. nil: always.
	applies func(*analysis) bool
	// refines says that the fast check is sound but not complete: what only the
	// referee finds wrong is wrong.
	refines bool
	// operations are the key's operations in terms of the model; false if they
	// cannot be told.
	operations func(*analysis, *keyRecord) ([]porcupine.Operation, bool)
	model      func(*analysis) porcupine.Model
	// size is roughly how many bytes a state takes. nil: few.
	size func(state any) int
}

// Bounds of the referee's search. Time alone would not do: in a
// testing/synctest bubble it stands still while a search goes on.
const (
	refereeShare = 6               // of the budget, for all keys together
	refereeKey   = 2 * time.Second // for one key

	// Tries of a step: for all keys together, and for one, which is seconds' work.
	refereeTries    = 80e6
	refereeKeyTries = 16e6
)

// whistle bounds a referee's search. It is safe for concurrent use.
type whistle struct {
	ctx    context.Context
	until  time.Time
	memory int64        // for one search
	tries  atomic.Int64 // that are left
}

func newWhistle(ctx context.Context, opts Options) *whistle {
	w := &whistle{
		ctx:    ctx,
		until:  time.Now().Add(opts.budget() / refereeShare),
		memory: opts.memory() / int64(runtime.GOMAXPROCS(0)),
	}
	w.tries.Store(refereeTries)
	return w
}

// ruling is a referee's answer about one key.
type ruling struct {
	decided bool
	legal   bool
}

// decide searches for an order of the key's operations that the model allows.
func (r *referee) decide(w *whistle, a *analysis, k *keyRecord) ruling {
	left := min(time.Until(w.until), refereeKey)
	if left <= 0 || w.ctx.Err() != nil || r.applies != nil && !r.applies(a) {
		return ruling{}
	}
	ops, ok := r.operations(a, k)
	if !ok || int64(len(ops))*stepCost(len(ops)) > w.memory {
		return ruling{}
	}
	if len(ops) == 0 {
		return ruling{decided: true, legal: true}
	}
	m := r.model(a)
	s := search{ctx: w.ctx, memory: w.memory, tries: min(w.tries.Load(), refereeKeyTries), step: stepCost(len(ops)), size: r.size}
	s.limit(&m)
	res := porcupine.CheckOperationsTimeout(m, ops, left)
	w.tries.Add(-s.tried.Load())
	switch {
	case s.spent.Load() || res == porcupine.Unknown:
		return ruling{}
	default:
		return ruling{decided: true, legal: res == porcupine.Ok}
	}
}

// stepCost is roughly how many bytes porcupine keeps for each step of its
// search: a bit for each operation, and the entry of its cache.
func stepCost(operations int) int64 { return int64(operations)/8 + 150 }

// search bounds one search.
type search struct {
	ctx    context.Context
	memory int64 // bytes
	tries  int64
	step   int64         // bytes of a step that succeeds, and
	size   func(any) int // of the state that it leads to

	spent atomic.Bool // a bound was reached: the result says nothing
	tried atomic.Int64
}

// limit makes a model's steps fail once a bound is reached.
func (s *search) limit(m *porcupine.Model) {
	var used int64 // a search is one goroutine
	inner, plain := m.StepContext, m.Step
	m.StepContext = func(c context.Context, state, input, output any) (bool, any) {
		if s.spent.Load() {
			return false, nil
		}
		if used > s.memory || s.tried.Add(1) > s.tries || s.ctx.Err() != nil {
			s.spent.Store(true)
			return false, nil
		}
		var ok bool
		var next any
		if inner != nil {
			ok, next = inner(c, state, input, output)
		} else {
			ok, next = plain(state, input, output)
		}
		if ok {
			used += s.step
			if s.size != nil {
				used += int64(s.size(next))
			}
		}
		return ok, next
	}
}

// compare sets a ruling against what the fast checks found on one key.
func (r *referee) compare(got ruling, k *keyRecord, properties []*property, row []finding) {
	if !got.decided {
		return
	}
	legal := true
	last := -1
	for i, p := range properties {
		if slices.Contains(r.covers, p.name) {
			legal = legal && (row[i].result != Violation || row[i].byLog)
			last = i
		}
	}
	if last < 0 || legal == got.legal {
		return
	}
	if r.refines && legal {
		var witness []int
		for _, op := range k.ops {
			witness = append(witness, events(op)...)
		}
		row[last].violated(witness, "no order of what happened at %s explains it: only porcupine found this, by trying all", k.key)
		return
	}
	for i, p := range properties {
		if slices.Contains(r.covers, p.name) {
			row[i] = finding{
				result: Unknown, figures: row[i].figures, notes: row[i].notes, witness: row[i].witness,
				reason: fmt.Sprintf("the referee disagrees, so zklab itself has a defect: %s finds %s, porcupine finds %s; %s",
					p.decider, word(legal), word(got.legal), row[i].reason),
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

// sign says in a property's verdicts on how many keys the referee agreed.
func (r *referee) sign(p *property, vs []Verdict, rulings []ruling) {
	if !slices.Contains(r.covers, p.name) {
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
		vs[i].Decider = fmt.Sprintf("%s; porcupine agrees on %d of %s", p.decider, n, count(len(rulings), "key"))
	}
}

// clamp puts a time within what a search needs: before the first event, or
// after the last one.
func (a *analysis) clamp(t time.Duration) int64 { return int64(min(max(t, -1), a.end+1)) }

// Referee asks porcupine alone, key by key, within a budget of time. The map
// holds the keys that it decided: whether their operations can be explained.
// Where a model has several referees, all must agree that they can.
func Referee(ctx context.Context, h *history.History, opts Options) map[string]bool {
	ctx, cancel := context.WithTimeout(ctx, opts.budget())
	defer cancel()
	name := h.Header.Model
	if name == "" {
		name = opts.Model
	}
	a := analyse(ctx, h, name, opts.Transactions)
	w := newWhistle(ctx, opts)
	w.until = time.Now().Add(opts.budget())
	decided := map[string]bool{}
	for _, k := range a.keys {
		legal, all := true, true
		for _, r := range models[name].referees {
			if r.applies != nil && !r.applies(a) {
				continue
			}
			got := r.decide(w, a, k)
			all = all && got.decided
			legal = legal && got.legal
		}
		if all {
			decided[k.key] = legal
		}
	}
	return decided
}
