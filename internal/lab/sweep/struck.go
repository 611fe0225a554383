package sweep

import (
	"slices"

	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/store"
)

// Struck sums up what faults did to a run.
type Struck struct {
	// Faults counts the faults of each kind whose time came, and how many of them took effect.
	Faults map[string][2]int `json:"faults,omitempty"`
	// NoEffect has, for each kind whose time came but which took no effect, the reason for one of
	// its faults.
	NoEffect map[string]string `json:"no_effect,omitempty"`
	// Unanswered lists the kinds that took effect and after whose first fault clients called operations of the load,
	// or waited in them, but none succeeded. Uncalled lists the kinds after whose first fault clients neither called
	// any nor waited.
	Unanswered []string `json:"unanswered,omitempty"`
	Uncalled   []string `json:"uncalled,omitempty"`
}

// After counts the run for a kind of faults. answered is 1 if an operation of the load succeeded after the first
// fault; unanswered is 1 if clients called operations, or waited in them, and none succeeded. Both are 0 if no fault
// of the kind took effect, or if clients did nothing more.
func (s *Struck) After(kind string) (answered, unanswered int) {
	switch {
	case s.Faults[kind][1] == 0 || slices.Contains(s.Uncalled, kind):
		return 0, 0
	case slices.Contains(s.Unanswered, kind):
		return 0, 1
	}
	return 1, 0
}

// FaultCount is how often faults of a kind took effect.
type FaultCount struct {
	Kind      string `json:"kind"`
	Runs      int    `json:"runs"`      // runs in which the time of such a fault came
	Effective int    `json:"effective"` // those of Runs in which such a fault took effect
	// Answered counts those of Effective in which an operation of the load succeeded after the first fault, and
	// Unanswered those in which clients called operations, or waited in them, but none succeeded.
	Answered   int    `json:"answered"`
	Unanswered int    `json:"unanswered,omitempty"`
	Scheduled  int    `json:"scheduled"`         // faults whose time came
	Verified   int    `json:"verified"`          // faults that took effect
	WhyNot     string `json:"why_not,omitempty"` // why a fault had no effect, if no fault of the kind had any in some run
}

// add counts the faults of a run. The reason that it keeps does not depend on the order of runs.
func (f *FaultCount) add(run *Struck) {
	if whyNot := run.NoEffect[f.Kind]; whyNot != "" && (f.WhyNot == "" || whyNot < f.WhyNot) {
		f.WhyNot = whyNot
	}
	n := run.Faults[f.Kind]
	f.Runs++
	f.Scheduled += n[0]
	f.Verified += n[1]
	if n[1] > 0 {
		f.Effective++
	}
	answered, unanswered := run.After(f.Kind)
	f.Answered, f.Unanswered = f.Answered+answered, f.Unanswered+unanswered
}

// unanswered reports whether clients called operations after the faults took effect, but none succeeded in any run.
func (f *FaultCount) unanswered() bool { return f.Unanswered > 0 && f.Answered == 0 }

// Took adds the faults of a run to the counts of their kinds.
func Took(counts []FaultCount, run Struck) []FaultCount {
	for kind := range run.Faults {
		i := slices.IndexFunc(counts, func(f FaultCount) bool { return f.Kind == kind })
		if i < 0 {
			i, counts = len(counts), append(counts, FaultCount{Kind: kind})
		}
		counts[i].add(&run)
	}
	return counts
}

// StruckBy returns what faults did to a run.
func StruckBy(result *store.Result) Struck {
	s := Struck{Unanswered: result.Unanswered, Uncalled: result.Uncalled}
	for _, k := range result.Stats.FaultKinds {
		if s.Faults == nil {
			s.Faults = map[string][2]int{}
		}
		s.Faults[k.Kind] = [2]int{k.Scheduled, k.Verified}
		if why := whyNot(result, k); why != "" {
			if s.NoEffect == nil {
				s.NoEffect = map[string]string{}
			}
			s.NoEffect[k.Kind] = why
		}
	}
	return s
}

// whyNot says why a fault of a kind had no effect, if no fault of the kind had any.
func whyNot(result *store.Result, k stats.FaultKind) string {
	for _, f := range result.Stats.Faults {
		if k.Verified == 0 && f.Kind == k.Kind && len(f.Warnings) > 0 {
			return printable.Text(f.Warnings[0], mostReason)
		}
	}
	return ""
}

// mostReason bounds the part of a reason or an error that is kept, in characters.
const mostReason = 160
