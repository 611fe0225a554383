package compare

import (
	"cmp"
	"slices"

	"golang.org/x/perf/benchmath"

	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

// Comparison describes what groups of runs have in common and how they differ. Changes are relative to
// the first group.
type Comparison struct {
	// Warnings say what limits the comparison: too few measurements, groups that were run
	// differently.
	Warnings []string `json:"warnings"`
	Groups   []*Group `json:"groups"`
	// Differences are the settings in which groups differ.
	Differences []Difference `json:"differences"`
	// Tests is the number of tests in Rows, for which p-values are adjusted.
	Tests    int       `json:"tests"`
	Rows     []Row     `json:"rows"`
	Findings []Finding `json:"findings"`
	// Gates holds the results of the given gates: one for each gate and each group but the first.
	Gates []gates.Result `json:"gates,omitempty"`
}

// Row compares one quantity across all groups.
type Row struct {
	// Name is the quantity, written as in gates: acquire.p99, failover(kill:leader).median.
	Name  string `json:"name"`
	Unit  Unit   `json:"unit"`
	Cells []Cell `json:"cells"` // one for each group

	of quantity
}

// Cell is a quantity of one group.
type Cell struct {
	N int `json:"n"` // in the row's unit
	// Value is the median of the runs' figures, or the quantile of all times; zero if N is 0 or the row has a
	// ratio.
	Value measured.Bound `json:"value"`
	// Interval is the confidence interval of 95 % of Value; nil if there are too few measurements.
	Interval *measured.Interval `json:"interval,omitempty"`
	// Ratio is the value of a row of events per operation; nil for times, and without measurements.
	Ratio *Ratio `json:"ratio,omitempty"`
	// Change is the change relative to the first group; nil if there is no test.
	Change *Change `json:"change,omitempty"`
}

// Ratio is the median of the runs' events per operation, with its confidence interval of 95 %; Low and
// High are nil if there are too few runs for one.
type Ratio struct {
	Value float64  `json:"value"`
	Low   *float64 `json:"low,omitempty"`
	High  *float64 `json:"high,omitempty"`
}

// Change is a difference between two groups.
type Change struct {
	// By is the estimated relative change, such as 0.1 for 10 % more, and Low and High its confidence
	// interval of 95 %; each nil if it depends on how long censored times are.
	By   *float64 `json:"by,omitempty"`
	Low  *float64 `json:"low,omitempty"`
	High *float64 `json:"high,omitempty"`
	// P is the p-value of the test of Mann and Whitney or, of runs of equal seeds, of the sign test, adjusted for the number
	// of tests.
	P float64 `json:"p"`
	// Found means that there is evidence of a difference: P is below [Alpha].
	Found bool `json:"found"`
}

// Finding is a cause of violations.
type Finding struct {
	sweep.Cause
	State State `json:"state"`
	Runs  []int `json:"runs"` // number of runs that have it, for each group
}

// State compares a finding with the first group.
type State string

// The states of a finding.
const (
	New   State = "new"   // in no run of the first group
	Known State = "known" // in the first group and in another one
	Gone  State = "gone"  // only in the first group
)

// Compare compares groups, of which there must be two or more, and judges gates.
func Compare(groups []*Group, gates []gates.Gate) *Comparison {
	c := &Comparison{Groups: groups, Warnings: []string{}, Differences: differences(groups), Rows: rowsOf(groups), Findings: findings(groups)}
	var ps []*float64
	for _, r := range c.Rows {
		for _, cell := range r.Cells {
			if cell.Change != nil {
				ps = append(ps, &cell.Change.P)
			}
		}
	}
	c.Tests = len(ps)
	holm(ps)
	for _, r := range c.Rows {
		for _, cell := range r.Cells {
			if cell.Change != nil {
				cell.Change.Found = cell.Change.P < Alpha
			}
		}
	}
	c.warn()
	for _, g := range gates {
		for _, group := range groups[1:] {
			c.Gates = append(c.Gates, judge(g, groups[0], group, len(groups) > 2))
		}
	}
	return c
}

// rowsOf compares all quantities, without adjusting p-values.
func rowsOf(groups []*Group) (rows []Row) {
	var all samples.Samples
	for _, g := range groups {
		all.Merge(&g.Samples)
	}
	for _, q := range quantities(&all) {
		if r, ok := rowOf(groups, q); ok {
			rows = append(rows, r)
		}
	}
	return rows
}

// rowOf compares a quantity. ok is false if too few times were measured for its quantile.
func rowOf(groups []*Group, q quantity) (r Row, ok bool) {
	r = Row{Name: q.metric.Title(q.part) + gates.QuantileName(q.quantile), Unit: unitOf(groups, q), of: q}
	for i, g := range groups {
		cell := g.cell(q, r.Unit)
		ok = ok || q.count(&g.Samples) >= perRun(q.quantile)
		if i > 0 && r.Unit != ByTime && cell.N >= needed && r.Cells[0].N >= needed {
			cell.Change = changeOf(groups[0], g, q, r.Unit)
		}
		r.Cells = append(r.Cells, cell)
	}
	return r, ok
}

// cell computes a quantity of a group.
func (g *Group) cell(q quantity, u Unit) Cell {
	t := q.times(&g.Samples)
	if u == ByFault || u == ByTime {
		n, _ := t.Count()
		c := Cell{N: n, Value: t.Quantile(q.quantile)}
		if i, ok := t.QuantileInterval(q.quantile); ok {
			c.Interval = &i
		}
		return c
	}
	values := g.measurements(q, u)
	c := Cell{N: len(values)}
	if len(values) == 0 {
		return c
	}
	s := benchmath.AssumeNothing.Summary(sample(values), confidence)
	if q.metric.Ratio != nil {
		c.Ratio = &Ratio{Value: s.Center}
		if len(values) >= needed {
			c.Ratio.Low, c.Ratio.High = &s.Lo, &s.Hi
		}
		return c
	}
	longest := g.longest(q)
	c.Value = bound(s.Center, longest)
	if len(values) >= needed {
		c.Interval = &measured.Interval{Low: bound(s.Lo, longest), High: bound(s.Hi, longest)}
	}
	return c
}

func changeOf(a, b *Group, q quantity, u Unit) *Change {
	low, by, high := factor(a, b, q, u)
	c := &Change{By: relative(by), Low: relative(low), High: relative(high)}
	if u == BySeed {
		c.P = signP(pairs(a, b, q))
	} else {
		c.P = pValue(a.measurements(q, u), b.measurements(q, u))
	}
	return c
}

// relative returns a factor as a relative change; nil if it comes from a censored time.
func relative(factor float64) *float64 {
	const most = 1e6 // measured times never differ by such a factor
	if !(factor < most) || factor < 1/most {
		return nil
	}
	change := factor - 1
	return &change
}

// findings compares the causes of violations, the new ones first.
func findings(groups []*Group) []Finding {
	all := map[string]*Finding{}
	for i, g := range groups {
		for key, f := range g.causes {
			if all[key] == nil {
				all[key] = &Finding{Cause: f.Cause, Runs: make([]int, len(groups))}
			}
			all[key].Runs[i] = f.runs
		}
	}
	out := []Finding{}
	for _, f := range all {
		switch {
		case f.Runs[0] == 0:
			f.State = New
		case slices.Max(f.Runs[1:]) == 0:
			f.State = Gone
		default:
			f.State = Known
		}
		out = append(out, *f)
	}
	order := []State{New, Known, Gone}
	slices.SortFunc(out, func(a, b Finding) int {
		return cmp.Or(slices.Index(order, a.State)-slices.Index(order, b.State), slices.Compare(b.Runs, a.Runs), cmp.Compare(a.Key(), b.Key()))
	})
	return out
}
