package checker

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zklab/zklab/history"
)

// property is one promise of a model, decided key by key.
type property struct {
	name     string
	decider  string
	evidence func(*analysis) string
	measured bool
	// applies says whether the property is there at all: fencing is not for a
	// subject that gives no tokens. nil: always.
	applies func(*analysis) bool
	decide  func(context.Context, *analysis, *keyRecord) finding
	// whole decides what belongs to no key. nil: nothing does.
	whole func(*analysis) finding
	// exercise says what did not happen that had to for a violation to be
	// possible, from the figures of all keys; "": it was exercised. nil: always.
	exercise func(*analysis, map[string]float64) string
	// derive adds figures that follow from the sums. nil: none.
	derive func(map[string]float64)
}

// finding is what a decider says about one key. The zero value is valid.
type finding struct {
	result  Result // "" is valid
	reason  string
	witness []int
	notes   []string
	// byLog says that the violation rests on the transaction log, of which the
	// referee knows nothing.
	byLog bool
	// figures are summed over keys; those called longest… are maxima.
	figures map[string]float64
}

// count adds to a figure.
func (f *finding) count(name string, n float64) {
	if f.figures == nil {
		f.figures = map[string]float64{}
	}
	f.figures[name] += n
}

// add counts what was counted once for several findings.
func (f *finding) add(figures map[string]float64) {
	for name, n := range figures {
		f.count(name, n)
	}
}

// violated makes the finding a violation, unless it is one: the first stands.
func (f *finding) violated(witness []int, format string, args ...any) {
	f.count("violations", 1)
	if f.result != Violation {
		f.result, f.witness, f.reason = Violation, indices(witness...), fmt.Sprintf(format, args...)
	}
}

// again counts a violation beside one that was found already, and says so: then its
// witness, which may be long, need not be put together.
func (f *finding) again() bool {
	if f.result != Violation {
		return false
	}
	f.count("violations", 1)
	return true
}

// unknown makes the finding unknown, unless it already is that or worse.
func (f *finding) unknown(format string, args ...any) {
	if f.result == "" {
		f.result, f.reason = Unknown, fmt.Sprintf(format, args...)
	}
}

// overdue is violated or unknown, as [analysis.overdue] judged.
func (f *finding) overdue(r Result, witness []int, format string, args ...any) {
	switch r {
	case Violation:
		f.violated(witness, format, args...)
	case Unknown:
		f.unknown("%s, but the harness itself was held up then", fmt.Sprintf(format, args...))
	}
}

func (f *finding) note(format string, args ...any) {
	f.notes = append(f.notes, fmt.Sprintf(format, args...))
}

// mostKeys is how many violating or unknown keys get a verdict of their own.
const mostKeys = 5

// summarise makes verdicts of a property's findings: one when all keys are
// valid, else one for each of the first few that are not.
func (p *property) summarise(a *analysis, keys []string, findings []finding) []Verdict {
	if p.whole != nil {
		keys, findings = append(slices.Clip(keys), ""), append(slices.Clip(findings), p.whole(a))
	}
	figures, notes := sum(findings)
	if p.whole != nil {
		figures["keys"]-- // the whole is none
	}
	if p.derive != nil {
		p.derive(figures)
	}
	base := Verdict{Property: p.name, Decider: p.decider, Measured: p.measured}
	if p.evidence != nil {
		base.Evidence = p.evidence(a)
	}
	bad := p.worst(base, keys, findings, Violation)
	if len(bad) == 0 {
		bad = p.grouped(base, keys, findings)
	}
	if len(bad) == 0 {
		base.Result = Valid
		if p.exercise != nil && !a.foreign {
			if missing := p.exercise(a, figures); missing != "" {
				base.Result, base.Reason = Unknown, missing
			}
		}
		bad = []Verdict{base}
	}
	bad[0].Figures = figures
	bad[0].Notes = append(bad[0].Notes, notes...)
	return bad
}

// worst gives the keys with one result a verdict each.
func (p *property) worst(base Verdict, keys []string, findings []finding, r Result) []Verdict {
	var vs []Verdict
	for i, f := range findings {
		if f.result != r {
			continue
		}
		v := base
		v.Key, v.Result, v.Reason, v.Witness = keys[i], r, f.reason, f.witness
		vs = append(vs, v)
	}
	return cut(vs, mostKeys, "key")
}

// grouped gives keys that are unknown for the same reason one verdict together.
func (p *property) grouped(base Verdict, keys []string, findings []finding) []Verdict {
	var reasons []string
	of := map[string][]string{}
	for i, f := range findings {
		if f.result != Unknown {
			continue
		}
		if of[f.reason] == nil {
			reasons = append(reasons, f.reason)
		}
		of[f.reason] = append(of[f.reason], keys[i])
	}
	var vs []Verdict
	for _, reason := range reasons {
		v := base
		v.Result, v.Reason = Unknown, reason
		switch ks := of[reason]; {
		case len(ks) == 1:
			v.Key = ks[0]
		case len(ks) < len(keys):
			v.Reason = fmt.Sprintf("%s (keys %s)", reason, some(ks))
		}
		vs = append(vs, v)
	}
	return cut(vs, mostKeys, "reason")
}

// cut keeps the first n verdicts and says in the last how many there were more.
func cut(vs []Verdict, n int, of string) []Verdict {
	if len(vs) <= n {
		return vs
	}
	more := len(vs) - n
	vs = vs[:n:n]
	last := &vs[n-1]
	last.Notes = append(slices.Clone(last.Notes), fmt.Sprintf("the same was found for %d more %s", more, strings.TrimPrefix(count(more, of), itoa(more)+" ")))
	return vs
}

// sum adds up figures, and joins notes without repeating them.
func sum(findings []finding) (map[string]float64, []string) {
	figures := map[string]float64{"keys": float64(len(findings))}
	var notes []string
	for _, f := range findings {
		for name, n := range f.figures {
			if strings.HasPrefix(name, "longest") {
				figures[name] = max(figures[name], n)
			} else {
				figures[name] += n
			}
		}
		for _, n := range f.notes {
			if !slices.Contains(notes, n) && len(notes) < 10 {
				notes = append(notes, n)
			}
		}
	}
	return figures, notes
}

// check is a property as a [Check] of its own.
type check struct {
	property *property
	model    string
	opts     Options
}

// Name is the property's name.
func (c check) Name() string { return c.property.name }

// Check decides the property. Its verdicts are those that [Run] gives, except
// that the referee is not asked.
func (c check) Check(ctx context.Context, h *history.History) []Verdict {
	ctx, cancel := context.WithTimeout(ctx, c.opts.budget())
	defer cancel()
	a := analyse(ctx, h, c.model, c.opts.Transactions)
	if ctx.Err() != nil {
		return []Verdict{{Property: c.property.name, Result: Unknown, Reason: budgetSpent}}
	}
	if c.property.applies != nil && !c.property.applies(a) {
		return nil
	}
	findings := make([][]finding, len(a.keys))
	decideKeys(ctx, a, func(i int, k *keyRecord) {
		findings[i] = []finding{c.property.on(ctx, a, k)}
	})
	vs := c.property.summarise(a, a.names(), column(findings, 0))
	return tell(h, gate(a, a.assumptions(), vs, c.opts))
}

// on decides one key, or says that the budget is used up.
func (p *property) on(ctx context.Context, a *analysis, k *keyRecord) finding {
	if ctx.Err() != nil {
		return finding{result: Unknown, reason: budgetSpent}
	}
	f := p.decide(ctx, a, k)
	if ctx.Err() != nil && f.result == "" {
		f.result, f.reason = Unknown, budgetSpent
	}
	return f
}

const budgetSpent = "the budget for checking was used up before this could be decided"

// names are the keys' names.
func (a *analysis) names() []string {
	names := make([]string, len(a.keys))
	for i, k := range a.keys {
		names[i] = k.key
	}
	return names
}

// column is what one property found for each key.
func column(findings [][]finding, i int) []finding {
	col := make([]finding, len(findings))
	for k, row := range findings {
		if i < len(row) {
			col[k] = row[i]
		} else { // the budget ended before this key
			col[k] = finding{result: Unknown, reason: budgetSpent}
		}
	}
	return col
}

// sorted are a map's keys in order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
