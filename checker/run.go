package checker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/leftovers"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/base/panics"
)

// NoModel is the property of the only verdict about a history whose model this program does not know.
const NoModel = "model"

// OtherObjects is the property of the only verdict about a history of objects that this program declares
// in another way.
const OtherObjects = "objects"

// Run decides every property of the history's model, several keys at a time. It is safe for
// concurrent use. It returns soon after ctx ends or the budget is used up, with unknown for
// everything that it did not decide.
func Run(ctx context.Context, h *history.History, opts Options) Report {
	ctx, cancel := context.WithTimeout(ctx, opts.budget())
	defer cancel()
	m, err := modelOf(h.Header, opts)
	if err != nil && len(opts.Extra) == 0 {
		return overall(unjudged(err), opts)
	}
	if len(opts.Extra) > 0 {
		h = h.Unpacked()
	}
	a := opts.read(ctx, h, m)
	a.Memory, a.SearchTime, a.Quick = opts.memory(), opts.SearchTime, opts.Quick
	if ctx.Err() != nil {
		return overall(Report{Cost: Cost{Cut: true}, Verdicts: []Verdict{{Property: "budget", Result: Unknown, Reason: budgetSpent}}}, opts)
	}
	var costs meter
	acc := accountOf(a)
	verdicts := decideProperties(ctx, a, acc, m, opts, &costs)
	r := Report{Account: acc, Assumptions: assumptions(a, acc), NotAvailable: append(unlogged(a, m.Properties), unoffered(a, m.Properties)...)}
	r.Unanswered, r.Uncalled = acc.without()
	left, why := leftovers.Of(ctx, a)
	if r.Leftovers = left; why != "" {
		r.NotAvailable = append(r.NotAvailable, NotAvailable{"figure", "leftovers", why})
	}
	verdicts = append(verdicts, contradictions(a)...)
	verdicts = append(verdicts, askExtras(ctx, h, opts, &costs)...)
	r.Cost = Cost{Took: costs.took, Cut: ctx.Err() != nil}
	acc.addProperties(verdicts, r.NotAvailable)
	verdicts = requireMet(a, r.Assumptions, verdicts, opts)
	if h.Packed() && slices.ContainsFunc(verdicts, func(v Verdict) bool { return v.Result == Violation }) {
		h = h.Unpacked() // what explains a violation may lie anywhere
		a = opts.read(ctx, h, m)
	}
	r.Verdicts = addStories(h, a, verdicts)
	return overall(r, opts)
}

// unjudged returns the report on a history whose model err did not find.
func unjudged(err error) Report {
	property := NoModel
	if errors.As(err, new(otherObjects)) {
		property = OtherObjects
	}
	return Report{Verdicts: []Verdict{{Property: property, Result: Unknown, Reason: err.Error()}}}
}

// decideProperties decides all properties that apply to a record, holds them against the model's references, and adds the time of
// each to costs.
func decideProperties(ctx context.Context, a *evidence.Record, acc *Account, m frame.Model, opts Options, costs *meter) (verdicts []Verdict) {
	var properties []*frame.Property
	for _, p := range m.Properties {
		if p.Applies == nil || p.Applies(a) {
			properties = append(properties, p)
		}
	}
	findings := make([][]frame.Finding, len(a.Keys))
	rulings := make([][]ruling, len(a.Keys))
	budget := newSearchBudget(ctx, opts)
	began := time.Now()
	decideKeys(ctx, a, func(i int, k *evidence.Key) {
		row := make([]frame.Finding, len(properties))
		for j, p := range properties {
			from := time.Now()
			row[j] = decideOn(ctx, p, k)
			costs.add(p.Name, time.Since(from))
		}
		if !opts.NoReference {
			for _, r := range m.References {
				got := decide(r, budget, k)
				compare(r, got, k, properties, row)
				rulings[i] = append(rulings[i], got)
			}
		}
		findings[i] = row
		k.Forget()
	})
	costs.within(time.Since(began))
	for j, p := range properties {
		vs := summarise(p, a, acc, keyNames(a), column(findings, j))
		for i, r := range m.References {
			sign(r, p, vs, nth(rulings, i))
		}
		verdicts = append(verdicts, vs...)
	}
	return verdicts
}

// askExtras runs the user's own checks, and adds the time of each to costs.
func askExtras(ctx context.Context, h *history.History, opts Options, costs *meter) (verdicts []Verdict) {
	for _, c := range opts.Extra {
		if own, is := c.(Porcupine); is && own.Memory == 0 {
			own.Memory = opts.memory()
			c = own
		}
		from := time.Now()
		verdicts = append(verdicts, askExtra(ctx, c, h)...)
		costs.add(c.Name(), time.Since(from))
	}
	return verdicts
}

// askExtra runs one of the user's own checks, which may panic, take longer than it has, and give
// incomplete verdicts.
func askExtra(ctx context.Context, c Check, h *history.History) (vs []Verdict) {
	undecided := func(format string, args ...any) []Verdict {
		return []Verdict{{Property: c.Name(), Declared: true, Result: Unknown, Reason: fmt.Sprintf(format, args...)}}
	}
	vs, err := await.Within(ctx, func() (vs []Verdict, err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("the check panicked: %v%s", p, panics.Place())
			}
		}()
		return slices.Clone(c.Check(ctx, h)), nil
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return undecided("%s", budgetSpent)
	case err != nil:
		return undecided("%v", err)
	case len(vs) == 0:
		return undecided("the check gave no verdict")
	}
	for i := range vs {
		v := &vs[i]
		v.Property, v.Declared = cmp.Or(v.Property, c.Name()), true
		if !slices.Contains([]Result{Valid, Violation, Unknown}, v.Result) {
			v.Reason, v.Result = fmt.Sprintf("the check gave the result %q: expected %s, %s or %s", v.Result, Valid, Violation, Unknown), Unknown
		}
		v.Counterexample = slices.DeleteFunc(slices.Clone(v.Counterexample), func(e int) bool { return e < 0 || e >= len(h.Events) })
	}
	return vs
}

// decideKeys calls decide for each key, several at a time, until ctx ends.
func decideKeys(ctx context.Context, a *evidence.Record, decide func(int, *evidence.Key)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(a.Keys)) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(a.Keys) {
					return
				}
				decide(i, a.Keys[i])
			}
		})
	}
	wg.Wait()
}

// nth returns one reference model's ruling on each key; none if it was not asked.
func nth(rulings [][]ruling, i int) []ruling {
	of := make([]ruling, len(rulings))
	for k, row := range rulings {
		if i < len(row) {
			of[k] = row[i]
		}
	}
	return of
}

// decideOn decides one key, or returns unknown if the budget is used up.
func decideOn(ctx context.Context, p *frame.Property, k *evidence.Key) frame.Finding {
	if ctx.Err() != nil {
		return frame.Finding{Result: Unknown, Reason: budgetSpent}
	}
	f := p.Decide(ctx, k)
	if ctx.Err() != nil && f.Result == "" {
		f.Result, f.Reason = Unknown, budgetSpent
	}
	return f
}

const budgetSpent = evidence.BudgetSpent

// keyNames returns the keys' names.
func keyNames(a *evidence.Record) []string {
	names := make([]string, len(a.Keys))
	for i, k := range a.Keys {
		names[i] = k.Name
	}
	return names
}

// column returns what one property found for each key.
func column(findings [][]frame.Finding, i int) []frame.Finding {
	col := make([]frame.Finding, len(findings))
	for k, row := range findings {
		if i < len(row) {
			col[k] = row[i]
		} else { // the budget ended before this key
			col[k] = frame.Finding{Result: Unknown, Reason: budgetSpent}
		}
	}
	return col
}
