package checker

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
)

// Pool decides properties over many runs of one small scenario. In each run too little may happen
// for a valid verdict; what happened in all of them together can be enough. A violation in one run
// is a violation of the pool. A Pool is not safe for concurrent use.
type Pool struct {
	model  frame.Model
	idle   *evidence.Record // of a run in which nothing happened: the figures show what did
	strict bool
	runs   int
	of     map[string]*pooled
}

// pooled is the sum of the verdicts about one property.
type pooled struct {
	kept, broken int
	open         map[string]int // by reason: in how many runs it was left open
	figures      map[string]*big.Float
}

// exact is the number of bits with which figures are added. It is enough to make the sum of very
// many figures exact, even if the smallest is a nanosecond in seconds. So the sum does not depend
// on the order.
const exact = 512

// PoolState holds what a pool knows of its runs, to be stored.
type PoolState struct {
	Runs int                    `json:"runs"`
	Of   map[string]PooledState `json:"of"` // by property
}

// PooledState is the sum of the verdicts about one property.
type PooledState struct {
	Kept   int            `json:"kept"`
	Broken int            `json:"broken,omitempty"`
	Open   map[string]int `json:"open,omitempty"` // by the reason
	// Figures are hexadecimal, so that nothing of them is lost.
	Figures map[string]string `json:"figures,omitempty"`
}

// State returns what the pool knows of its runs. It shares nothing with the pool.
func (p *Pool) State() PoolState {
	s := PoolState{Runs: p.runs, Of: map[string]PooledState{}}
	for name, one := range p.of {
		figures := map[string]string{}
		for name, sum := range one.figures {
			figures[name] = sum.Text('p', 0)
		}
		s.Of[name] = PooledState{one.kept, one.broken, maps.Clone(one.open), figures}
	}
	return s
}

// AddState adds the runs of another pool of the same scenario. The result does not depend on which runs
// are in which pool. It returns an error if s is not a pool's state; some of it may have been added by
// then.
func (p *Pool) AddState(s PoolState) error {
	p.runs += s.Runs
	for property, more := range s.Of {
		one := p.about(property)
		one.kept += more.Kept
		one.broken += more.Broken
		for reason, n := range more.Open {
			one.open[reason] += n
		}
		for name, text := range more.Figures {
			n, _, err := big.ParseFloat(text, 0, exact, big.ToNearestEven)
			if err != nil {
				return fmt.Errorf("%s of %s: %w", name, property, err)
			}
			one.addFigure(name, n)
		}
	}
	return nil
}

// NewPool returns the pool of runs whose histories begin with this header. expects lists the kinds
// of faults that some of the runs should have (history.Params.Expects): each kind must have taken
// effect in some run, but need not in every run.
func NewPool(of history.Header, expects []string, opts Options) *Pool {
	of.Params.Expects = expects
	m, _ := modelOf(of, opts) // without one, there are no properties
	idle := evidence.Read(context.Background(), &history.History{Header: of}, m.Object, nil)
	return &Pool{model: m, idle: idle, strict: opts.Strict, of: map[string]*pooled{}}
}

// Add adds the verdicts about a run.
func (p *Pool) Add(verdicts []Verdict) {
	p.runs++
	for i := 0; i < len(verdicts); {
		n := 1
		for i+n < len(verdicts) && verdicts[i+n].Property == verdicts[i].Property {
			n++
		}
		p.add(verdicts[i : i+n])
		i += n
	}
}

// add adds the verdicts on one property of a run.
func (p *Pool) add(vs []Verdict) {
	one := p.about(vs[0].Property)
	worst := slices.MaxFunc(vs, func(a, b Verdict) int { return a.Result.Compare(b.Result) })
	switch {
	case worst.Result == Violation:
		one.broken++
	case worst.Result == Valid || worst.Unexercised:
		one.kept++
	default:
		one.open[worst.Reason]++
	}
	one.addFigures(vs[0].Figures)
	for _, c := range vs[0].Compared {
		one.addFigures(c.Figures())
	}
}

// about returns the sum for a property.
func (p *Pool) about(property string) *pooled {
	one := p.of[property]
	if one == nil {
		one = &pooled{open: map[string]int{}, figures: map[string]*big.Float{}}
		p.of[property] = one
	}
	return one
}

// addFigures adds the figures of one more run, as those of keys are added.
func (one *pooled) addFigures(more map[string]float64) {
	for name, n := range more {
		one.addFigure(name, big.NewFloat(n))
	}
}

func (one *pooled) addFigure(name string, n *big.Float) {
	sum := one.figures[name]
	switch {
	case sum == nil:
		one.figures[name] = new(big.Float).SetPrec(exact).Set(n)
	case !strings.HasPrefix(name, "longest"):
		sum.Add(sum, n)
	case n.Cmp(sum) > 0:
		sum.Set(n)
	}
}

// sums returns the figures.
func (one *pooled) sums() map[string]float64 {
	all := map[string]float64{}
	for name, sum := range one.figures {
		all[name], _ = sum.Float64()
	}
	return all
}

// Runs returns how many runs were added.
func (p *Pool) Runs() int { return p.runs }

// Verdicts returns one verdict for each property that had any: only for those that count, or for
// all in a strict check. Their figures cover all runs; "kept", "open" and "broken" tell in
// how many runs the property was so.
func (p *Pool) Verdicts() (all []Verdict) {
	for _, property := range p.model.Properties {
		if one := p.of[property.Name]; one != nil && (p.strict || property.Measure == nil) {
			all = append(all, p.verdict(property, one))
		}
	}
	return all
}

func (p *Pool) verdict(property *frame.Property, one *pooled) Verdict {
	v := Verdict{Property: property.Name, Decider: property.Decider, Result: Valid, Figures: one.sums()}
	if property.Derive != nil {
		property.Derive(v.Figures)
	}
	open, why := one.left()
	v.Figures["kept"], v.Figures["open"], v.Figures["broken"] = float64(one.kept), float64(open), float64(one.broken)
	v.Figures, v.Compared = frame.SplitStages(v.Figures)
	missing, _ := property.Unmet(p.idle, v.Figures, v.Compared, len(p.idle.Params.Expects) > 0)
	switch {
	case one.broken > 0:
		v.Result, v.Reason = Violation, "it was violated in "+prose.Count(one.broken, "run")
	case one.kept == 0:
		v.Result, v.Reason = Unknown, why
	case missing != "":
		v.Result, v.Reason = Unknown, missing
	}
	if open > 0 && v.Reason != why {
		v.Notes = []string{fmt.Sprintf("left open in %s, such as: %s", prose.Count(open, "run"), why)}
	}
	return v
}

// left returns in how many runs the property was left open, and the most frequent reason.
func (one *pooled) left() (n int, why string) {
	for _, reason := range slices.Sorted(maps.Keys(one.open)) {
		n += one.open[reason]
		why = cmp.Or(why, reason)
		if one.open[reason] > one.open[why] {
			why = reason
		}
	}
	return n, why
}
