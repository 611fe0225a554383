package checker

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/internal/base/prose"
)

// summarise makes verdicts of a property's findings: one if all keys are valid, otherwise one for
// each of the first few that are not.
func summarise(p *frame.Property, a *evidence.Record, acc *Account, keys []string, findings []frame.Finding) []Verdict {
	if p.Whole != nil {
		keys, findings = append(slices.Clip(keys), ""), append(slices.Clip(findings), p.Whole(a))
	}
	if !p.Stands {
		findings = doubt(a, keys, findings)
	}
	figures, notes := sum(findings)
	if p.Whole != nil {
		figures["keys"]-- // the whole is not a key
	}
	if p.Derive != nil {
		p.Derive(figures)
	}
	base := Verdict{Property: p.Name, Decider: p.Decider, Measured: p.Measure != nil}
	if p.Watched != "" && a.Log == nil && evidence.ZnodesOf(a) != nil {
		base.Decider = p.Watched
	}
	if p.Declared {
		base.Declared, base.Meaning = true, p.Meaning
	}
	if p.Evidence != nil {
		base.Evidence = p.Evidence(a)
	}
	figures, compared := frame.SplitStages(figures)
	bad := worst(base, keys, findings, Violation)
	if len(bad) == 0 {
		bad = grouped(base, keys, findings)
	}
	if len(bad) == 0 {
		base.Result = Valid
		if missing, short := p.Unmet(a, figures, compared, len(acc.strikes()) > 0); missing != "" && !a.Foreign {
			base.Result, base.Reason, base.Unexercised, base.Short = Unknown, missing, true, short
		}
		bad = []Verdict{base}
	}
	bad[0].Figures, bad[0].Compared = figures, compared
	bad[0].Notes = append(bad[0].Notes, notes...)
	if p.Stands {
		return bad
	}
	return excuse(a, bad)
}

// worst makes a verdict for each key with one result.
func worst(base Verdict, keys []string, findings []frame.Finding, r Result) []Verdict {
	var vs []Verdict
	for i, f := range findings {
		if f.Result != r {
			continue
		}
		v := base
		v.Key, v.Result, v.Reason, v.Counterexample, v.Conclusion, v.Znodes, v.Anomalies = keys[i], r, f.Reason, f.Counterexample, f.Conclusion, f.Znodes, f.Anomalies
		vs = append(vs, v)
	}
	return cut(vs, frame.MostKeys, "key")
}

// grouped makes one verdict for all keys that are unknown for the same reason.
func grouped(base Verdict, keys []string, findings []frame.Finding) []Verdict {
	var reasons []string
	of := map[string][]string{}
	for i, f := range findings {
		if f.Result != Unknown {
			continue
		}
		if of[f.Reason] == nil {
			reasons = append(reasons, f.Reason)
		}
		of[f.Reason] = append(of[f.Reason], keys[i])
	}
	var vs []Verdict
	for _, reason := range reasons {
		v := base
		v.Result, v.Reason = Unknown, reason
		switch ks := of[reason]; {
		case len(ks) == 1:
			v.Key = ks[0]
		case len(ks) < len(keys):
			v.Reason = fmt.Sprintf("%s (keys %s)", reason, words.Some(ks))
		}
		vs = append(vs, v)
	}
	return cut(vs, frame.MostKeys, "reason")
}

// cut keeps the first n verdicts. The last one says how many more there were.
func cut(vs []Verdict, n int, of string) []Verdict {
	if len(vs) <= n {
		return vs
	}
	more := len(vs) - n
	vs = vs[:n:n]
	last := &vs[n-1]
	last.Notes = append(slices.Clone(last.Notes), fmt.Sprintf("the same was found for %d more %s", more, strings.TrimPrefix(prose.Count(more, of), words.Number(more)+" ")))
	return vs
}

// sum adds up figures, and joins notes without repeating them.
func sum(findings []frame.Finding) (map[string]float64, []string) {
	figures := map[string]float64{"keys": float64(len(findings))}
	var notes []string
	for _, f := range findings {
		for name, n := range f.Figures {
			if strings.HasPrefix(name, "longest") {
				figures[name] = max(figures[name], n)
			} else {
				figures[name] += n
			}
		}
		for _, n := range f.Notes {
			if !slices.Contains(notes, n) && len(notes) < 10 {
				notes = append(notes, n)
			}
		}
	}
	return figures, notes
}
