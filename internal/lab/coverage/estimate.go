package coverage

import (
	"fmt"
	"math"

	"github.com/zklab/zklab/internal/base/prose"
)

// Tally counts in how many runs each behaviour was met. The zero value has no runs. Tallies of different runs can be merged.
type Tally struct {
	runs int
	in   map[uint32]int
}

// Add counts the behaviours of one run, as [Hashes] returns them.
func (t *Tally) Add(behaviours []uint32) {
	if t.in == nil {
		t.in = map[uint32]int{}
	}
	t.runs++
	for _, b := range behaviours {
		t.in[b]++
	}
}

// Estimate tells what some runs met, and what more of the same kind would meet.
type Estimate struct {
	Runs  int `json:"runs"`
	Met   int `json:"met"`   // behaviours
	Once  int `json:"once"`  // behaviours that only one run met
	Twice int `json:"twice"` // behaviours that exactly two runs met
	Next  int `json:"next"`  // runs
	// New is the expected number of behaviours that the next runs meet and that these runs did not. Low and High
	// bound it with 95 %.
	New  float64 `json:"new"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Estimate returns the estimate for a number of further runs.
func (t *Tally) Estimate(next int) Estimate {
	e := Estimate{Runs: t.runs, Met: len(t.in), Next: next}
	for _, n := range t.in {
		switch n {
		case 1:
			e.Once++
		case 2:
			e.Twice++
		}
	}
	once, twice := float64(e.Once), float64(e.Twice)
	e.New = extrapolated(t.runs, once, twice, next)
	// Sums of rare events vary by their square root. Behaviours of one run come together, which makes the counts vary
	// more: overdispersed is a measured factor for that.
	byOnce := extrapolated(t.runs, once+1, twice, next) - e.New
	byTwice := extrapolated(t.runs, once, twice+1, next) - e.New
	variance := overdispersed * (byOnce*byOnce*once + byTwice*byTwice*twice + e.New)
	reach := normal * math.Sqrt(variance)
	e.Low, e.High = max(0, e.New-reach), e.New+reach
	return e
}

const (
	normal        = 1.959963984540054 // quantile of the normal distribution at 0.975
	overdispersed = 2
)

// extrapolated returns how many new species the next samples have (Colwell et al., "Models and estimators linking
// individual-based and sample-based rarefaction, extrapolation and comparison of assemblages", 2012, equation 18), where
// the number of unseen ones is Chao2's, corrected for bias (Chao, 1987).
func extrapolated(runs int, once, twice float64, next int) float64 {
	if runs == 0 || once == 0 {
		return 0
	}
	n := float64(runs)
	unseen := (n - 1) / n * once * (once - 1) / (2 * (twice + 1))
	if unseen == 0 {
		return once / n * float64(next) / (float64(next) + 1) // one behaviour was met once
	}
	return unseen * (1 - math.Pow(1-once/(n*unseen+once), float64(next)))
}

// String returns the estimate as a line for people.
func (e Estimate) String() string {
	return fmt.Sprintf("behaviours: %d met in %s, %d of them in one run only; the next %d would show about %.0f new ones (%.0f to %.0f, with 95 %%)",
		e.Met, prose.Count(e.Runs, "run"), e.Once, e.Next, e.New, math.Floor(e.Low), math.Ceil(e.High))
}

// Quiet says how rare violations are, with 95 %, if none of a number of runs has one: the rule of three (Hanley
// and Lippman-Hand, 1983), exactly. It returns "" for too few runs to say so.
func Quiet(runs int) string {
	often := int(1 / (1 - math.Pow(0.05, 1/float64(runs))))
	if runs == 0 || often < 2 {
		return ""
	}
	return fmt.Sprintf("no violation in %d runs: fewer than 1 run in %d has one, with 95 %%", runs, often)
}
