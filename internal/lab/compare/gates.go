package compare

import (
	"fmt"
	"math"
	"strings"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/stats/gates"
)

// judge judges a gate for a group. baseline is the first group, against which relative gates are
// judged. If named, the result names the group.
func judge(gate gates.Gate, baseline, g *Group, named bool) gates.Result {
	var r gates.Result
	if gate.Relative {
		r = judgeChange(gate, baseline, g)
	} else {
		r = gate.Judge(&g.Samples)
	}
	if named {
		r.Text = g.Name + ": " + r.Text
	}
	return r
}

// judgeChange decides only if the confidence interval of the change lies on one side of the bound.
func judgeChange(gate gates.Gate, baseline, g *Group) gates.Result {
	q := quantity{gate.Metric, gate.Part, gate.Quantile}
	u := unitOf([]*Group{baseline, g}, q)
	a, b := baseline.measurements(q, u), g.measurements(q, u)
	r := gates.Result{Gate: gate.Text, Result: gates.Undecided, Unit: "change", Bound: gate.Below, Samples: min(len(a), len(b))}
	if u == ByTime || r.Samples < needed {
		if u != ByFault {
			r.Samples = min(len(baseline.figures[q]), len(g.figures[q]))
		}
		r.Needed, r.NeededRuns = needed, runsFor(needed, r.Samples, baseline, g)
		r.Text = fmt.Sprintf("%s needs %d runs in each group that measured it often enough, and the smaller one has %d", gate.Title(), needed, r.Samples) + gates.Repeat(r.NeededRuns)
		return r
	}
	low, factor, high := factor(baseline, g, q, u)
	if change := relative(factor); change != nil {
		r.Value = *change
	}
	limit := 1 + gate.Below
	says := fmt.Sprintf("%s changed by %s (%s to %s)", gate.Title(), signed(factor), signed(low), signed(high))
	switch {
	case high < limit:
		r.Result, r.Text = gates.Kept, fmt.Sprintf("%s, below %s", says, signed(limit))
	case low >= limit:
		r.Result, r.Text = gates.Exceeded, fmt.Sprintf("%s, which exceeds %s by %s", says, signed(limit), points(factor-limit))
	default:
		r.Needed = wanted(low, factor, high, limit, max(len(a), len(b)))
		r.Text = fmt.Sprintf("%s, which may be below %s or above", says, signed(limit))
		if r.Needed > 0 {
			r.NeededRuns = runsFor(r.Needed, r.Samples, baseline, g)
			r.Text += fmt.Sprintf("; it needs about %s in each group", prose.Count(r.Needed, string(u))) + gates.Repeat(r.NeededRuns)
		}
	}
	return r
}

// runsFor estimates how many runs each group needs for the needed number of measurements, given that the
// present runs of the group with the fewest have made some measurements; 0 if that is unknown.
func runsFor(needed, some int, groups ...*Group) (runs int) {
	for _, g := range groups {
		runs = max(runs, g.Runs)
	}
	return gates.RunsNeeded(needed, some, runs)
}

// wanted estimates how many measurements would decide a gate: the width of an interval shrinks with
// the square root of their number. It returns 0 if no number seems enough.
func wanted(low, factor, high, limit float64, n int) int {
	const most = 100_000
	width, distance := math.Log(high/factor), math.Log(limit/factor)
	if factor >= limit {
		width, distance = math.Log(factor/low), math.Log(factor/limit)
	}
	more := float64(n) * (width / distance) * (width / distance)
	if !(more < most) {
		return 0
	}
	return int(math.Ceil(max(more, float64(n+1))))
}

func signed(factor float64) string {
	change := relative(factor)
	switch {
	case change == nil && factor > 1:
		return "more than is known"
	case change == nil:
		return "less than is known"
	case *change < 0:
		return "−" + gates.Percent(-*change)
	}
	return "+" + gates.Percent(*change)
}

func points(by float64) string {
	if relative(by) == nil && by > 1 {
		return "more than is known"
	}
	return strings.TrimSuffix(gates.Percent(by), "%") + "points"
}
