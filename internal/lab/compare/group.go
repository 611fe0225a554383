package compare

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
	"github.com/zklab/zklab/store"
)

// Group holds runs to compare with the runs of other groups; see [Locate].
type Group struct {
	// Name is the argument that named the runs.
	Name   string `json:"name"`
	Recipe string `json:"recipe"`
	// Runs counts the runs with a verdict; Valid, Violation and Unknown count those with each verdict. Errors counts
	// those that could not be run.
	Runs      int `json:"runs"`
	Valid     int `json:"valid"`
	Violation int `json:"violation"`
	Unknown   int `json:"unknown"`
	Errors    int `json:"errors"`
	// Unchecked lists the properties that could not be checked in some runs, in the order of their names.
	Unchecked []sweep.Unchecked `json:"unchecked,omitempty"`
	// ZooKeeper lists the versions of the servers, as far as the runs know them.
	ZooKeeper []string `json:"zookeeper,omitempty"`
	// Samples holds the samples of all runs together.
	Samples samples.Samples `json:"-"`

	took     []sweep.FaultCount // the faults of all runs together
	noEffect []string           // the faults of runs and sweeps in which some faults had no effect
	open     string             // why a run was not decided
	without  sweep.UncheckedRuns
	runs     []*store.Run
	sweeps   [][]string // the paths of each sweep
	facts    []facts    // the facts of each run and sweep
	going    []string   // sweeps that have not finished
	causes   map[string]*found
	figures  map[quantity][]float64 // one figure for each run that has the quantity: seconds, or events per operation
	bySeed   map[int64]figures      // the figures of simulated runs
	unpaired bool                   // some runs are not simulated, are of a sweep, or have the same seed
	gated    []quantity             // quantities that relative gates need and the table does not have
}

// found is a cause and the number of runs that have it.
type found struct {
	sweep.Cause
	runs int
}

// figures has a figure for each quantity of a run: seconds, or events per operation.
type figures map[quantity]float64

// quantity is what one row of the table compares.
type quantity struct {
	metric   *samples.Metric
	part     string
	quantile float64
}

// times returns nil for a ratio.
func (q quantity) times(s *samples.Samples) *measured.Times {
	if s == nil || !q.metric.Timed() {
		return nil
	}
	return q.metric.Times(s, q.part)
}

// count returns how many measured times the quantity is computed from or, for a ratio, how many operations.
func (q quantity) count(s *samples.Samples) (n int) {
	if s != nil && q.metric.Ratio != nil {
		return q.metric.Ratio(s).Operations
	}
	n, _ = q.times(s).Count()
	return n
}

// figure returns the quantity of one run that has it.
func (q quantity) figure(s *samples.Samples) float64 {
	if q.metric.Ratio != nil {
		return max(q.metric.Ratio(s).Value(), leastRatio)
	}
	return seconds(q.times(s).Quantile(q.quantile))
}

// leastRatio replaces smaller ratios, including zero, so that a relative change from them is
// defined.
const leastRatio = 0.01

// perRun returns how many times a run needs for a quantile of its own: 1 for the median, 100 for the
// 99th percentile, so that one time is beyond it.
func perRun(quantile float64) int {
	if quantile <= 0.5 {
		return 1
	}
	return int(math.Ceil(1/(1-quantile) - 1e-9))
}

// compared are the quantiles in the table.
var compared = []float64{0.5, 0.99}

// quantities lists the quantities of the table that samples have.
func quantities(s *samples.Samples) (all []quantity) {
	for i := range samples.Metrics {
		m := &samples.Metrics[i]
		if q := (quantity{metric: m}); m.Ratio != nil && q.count(s) > 0 {
			all = append(all, q)
		}
		if !m.Timed() {
			continue
		}
		for _, part := range m.Parts(s) {
			for _, q := range compared {
				all = append(all, quantity{m, part, q})
			}
		}
	}
	return all
}

// Censored times count as longer than any other. They are represented by a number far beyond all times,
// since infinity could not be interpolated.
const (
	censored = 1e15
	beyond   = 1e12 // figures above this are censored
)

// seconds returns a time as a figure.
func seconds(b measured.Bound) float64 {
	if b.AtLeast {
		return censored
	}
	return max(b.Time, time.Microsecond).Seconds()
}

// bound returns a figure as a time, as the inverse of seconds. longest is the longest time that was
// measured.
func bound(v float64, longest time.Duration) measured.Bound {
	if v >= beyond {
		return measured.Bound{Time: longest, AtLeast: true}
	}
	return measured.Bound{Time: time.Duration(math.Round(v * float64(time.Second)))}
}

// add counts the verdict of a run, and returns its figures.
func (g *Group) add(l *sweep.Line) figures {
	switch l.Verdict {
	case checker.Valid:
		g.Valid++
	case checker.Violation:
		g.Violation++
	case checker.Unknown:
		g.Unknown++
		g.open = cmp.Or(g.open, l.WhyUnknown())
	default:
		g.Errors++
		return nil
	}
	g.Runs++
	g.ZooKeeper = withVersion(g.ZooKeeper, l)
	g.Samples.Merge(l.Samples)
	g.took = sweep.Took(g.took, l.Struck)
	if g.figures == nil {
		g.figures, g.causes, g.without = map[quantity][]float64{}, map[string]*found{}, sweep.UncheckedRuns{}
	}
	g.without.Add(l.Unchecked)
	of := figures{}
	for _, q := range append(quantities(l.Samples), g.gated...) {
		if _, done := of[q]; !done && q.count(l.Samples) >= perRun(q.quantile) {
			of[q] = q.figure(l.Samples)
			g.figures[q] = append(g.figures[q], of[q])
		}
	}
	g.found(l)
	return of
}

// pair keeps the figures of a simulated run for a comparison with the run of the same seed in another group.
func (g *Group) pair(seed int64, of figures) {
	if g.bySeed == nil {
		g.bySeed = map[int64]figures{}
	}
	_, twice := g.bySeed[seed]
	g.unpaired = g.unpaired || twice
	g.bySeed[seed] = of
}

// pairs returns by which factor the quantity is larger in each run of b than in the run of a that has the same seed, in
// rising order; nil if the runs cannot be paired.
func pairs(a, b *Group, q quantity) (factors []float64) {
	if a.unpaired || b.unpaired {
		return nil
	}
	for seed, of := range a.bySeed {
		x, inA := of[q]
		if y, inB := b.bySeed[seed][q]; inA && inB {
			factors = append(factors, y/x)
		}
	}
	slices.Sort(factors)
	return factors
}

// paired reports whether all groups have enough runs of the seeds of the first group.
func paired(groups []*Group, q quantity) bool {
	return !slices.ContainsFunc(groups[1:], func(g *Group) bool { return len(pairs(groups[0], g, q)) < needed })
}

// withVersion adds the version of a run's servers to the others, once.
func withVersion(versions []string, l *sweep.Line) []string {
	if l.ZooKeeper == "" || slices.Contains(versions, l.ZooKeeper) {
		return versions
	}
	return append(versions, l.ZooKeeper)
}

// found counts each cause of a run's violations once.
func (g *Group) found(l *sweep.Line) {
	seen := map[string]bool{}
	for _, p := range l.NotValid {
		if p.Result != checker.Violation || p.Measured {
			continue
		}
		c := sweep.Cause{Property: p.Name, Shape: p.Shape, Faults: p.Faults}
		if seen[c.Key()] {
			continue
		}
		seen[c.Key()] = true
		if g.causes[c.Key()] == nil {
			g.causes[c.Key()] = &found{Cause: c}
		}
		g.causes[c.Key()].runs++
	}
}
