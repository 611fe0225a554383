package gotests

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/coverage"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/pace"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/stats/samples"
	"github.com/zklab/zklab/workloads"
)

// simulations sums up the runs of some seeds.
type simulations struct {
	seeds         int    // number of seeds to try
	left          int    // number of seeds that were not begun
	why           string // why they were not begun
	pace          *pace.Pace
	alike         sweep.Alike
	runs, decided int
	violated      int
	wrong         []string // the seeds of the violated runs
	skipped       int      // excluded by the pattern of go test -run
	properties    map[string]violatedIn
	undecided     *experiment.Outcome // the first one
	open          []string            // why each undecided run was not decided
	operations    int
	looked        looked
	gates         []string
	samples       samples.Samples
	struck        struck
	met           coverage.Tally
	asked         *sweep.Asked // the faults that the test asked for
	took          []sweep.FaultCount
	unheld
	costs
}

// violatedIn is the number of runs that violated a property, the smallest of them, and the next larger ones.
type violatedIn struct {
	runs     int
	smallest *experiment.Outcome
	others   []*experiment.Outcome
}

// mostOthers is the number of runs that can be shown instead of the smallest one, if that cannot be shrunk.
const mostOthers = 2

// add counts one more run.
func (in *violatedIn) add(o *experiment.Outcome) {
	larger := func(a, b *experiment.Outcome) int { return len(a.History.Events) - len(b.History.Events) }
	all := append(in.others, o)
	if in.runs++; in.runs > 1 {
		all = append([]*experiment.Outcome{in.smallest}, all...)
	}
	slices.SortStableFunc(all, larger)
	in.smallest, in.others = all[0], all[1:min(len(all), 1+mostOthers)]
}

func (s *simulations) add(o *experiment.Outcome) {
	s.runs++
	s.operations += o.Result.Stats.Operations
	s.looked.add(o.Result)
	s.samples.Merge(o.Result.Stats.Samples)
	s.alike.Add(sweep.CausesOf(o.Result, o.History))
	s.struck.add(o)
	s.met.Add(coverage.Hashes(coverage.Of(o.History)))
	s.took = sweep.Took(s.took, sweep.StruckBy(o.Result))
	switch o.Result.Verdict {
	case checker.Valid:
		s.decided++
	case checker.Violation:
		s.decided++
		s.violated++
		s.wrong = append(s.wrong, fmt.Sprint(o.Result.Seed))
		s.countViolated(o)
	default:
		if s.undecided == nil {
			s.undecided = o
		}
		why, _, _ := strings.Cut(strings.TrimSpace(undecidedText(o.Result)), "\n")
		s.open = append(s.open, fmt.Sprintf("seed %d: %s", o.Result.Seed, why))
	}
}

// countViolated counts each violated property of a run once.
func (s *simulations) countViolated(o *experiment.Outcome) {
	if s.properties == nil {
		s.properties = map[string]violatedIn{}
	}
	for _, name := range o.Result.Violated() {
		in := s.properties[name]
		in.add(o)
		s.properties[name] = in
	}
}

// told returns the violated property to show, and the smallest run that violates it. It chooses among the
// properties that are violated at least a third as often as the most frequent one, since a rare violation may
// have another cause. Of these it takes the first in the object's order, safety before liveness, since a
// stuck client shows less of the cause.
func (s *simulations) told() (property string, smallest *experiment.Outcome) {
	most := 0
	for _, in := range s.properties {
		most = max(most, in.runs)
	}
	for _, live := range []bool{false, true} {
		for _, name := range s.looked.names {
			in, violated := s.properties[name]
			if violated && 3*in.runs >= most && checker.Liveness(in.smallest.Result.Recipe, name) == live {
				return name, in.smallest
			}
		}
	}
	return "", nil
}

// often says how many runs violated each property, and names a seed for each property that the
// run to show does not violate.
func (s *simulations) often() string {
	var texts []string
	_, smallest := s.told()
	for _, name := range slices.Sorted(maps.Keys(s.properties)) {
		in := s.properties[name]
		text := fmt.Sprintf("%s in %d", name, in.runs)
		if !slices.Contains(smallest.Result.Violated(), name) {
			text += fmt.Sprintf(", smallest with ZKLAB_SEED=%d", in.smallest.Result.Seed)
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "; ")
}

// howMany says how many simulations had a violation.
func (s *simulations) howMany() string {
	return fmt.Sprintf("%d of %s %s violated", s.violated, prose.Count(s.runs, "simulation"), prose.Were(s.violated))
}

// mostWrong is the number of seeds that notShrunk names.
const mostWrong = 10

// notShrunk names the violated runs other than the one that is shown, in one line; "" if there are none.
func (s *simulations) notShrunk(shown *experiment.Outcome) string {
	seeds := slices.DeleteFunc(slices.Clone(s.wrong), func(seed string) bool { return seed == fmt.Sprint(shown.Result.Seed) })
	if len(seeds) == 0 {
		return ""
	}
	more := ""
	if n := len(seeds) - mostWrong; n > 0 {
		seeds, more = seeds[:mostWrong], fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("\n  not shrunk: the violated runs of the other %s %s%s\n", prose.Noun(len(seeds), "seed"), strings.Join(seeds, ", "), more)
}

// tell fails the test, or logs what passed.
func (s *simulations) tell(t *testing.T, x experiment.Experiment) {
	t.Helper()
	s.tellUnheld(t, x, s.runs)
	s.tellCut(t, x)
	if s.left > 0 {
		t.Logf("zklab: %s", s.notBegun())
	}
	switch {
	case s.runs == 0 && len(s.cut) > 0: // tellCut reports it
	case s.runs == 0:
		t.Logf("zklab: no simulation ran to its end%s", s.andLeft())
	case s.violated > 0:
		property, first, note := s.repeating(t)
		o, small, err := s.shrunk(t, first, property)
		keepFailed(t, x, o)
		t.Errorf("zklab: %s (%s)%s; %s%s%s", s.howMany(), s.often(), s.andLeft(), smallestText(o, property, small, err), note, s.notShrunk(o))
	case s.decided == 0 && !x.AllowUnknown:
		keepFailed(t, x, s.undecided)
		t.Errorf("zklab: nothing was violated, but no simulation was decided in all that it must be%s\n%s%s", s.andLeft(), undecidedText(s.undecided.Result), whereText(s.undecided))
	case mostOpen*len(s.open) >= s.runs && !x.AllowUnknown:
		keepFailed(t, x, s.undecided)
		t.Errorf("zklab: nothing was violated, but %d of %d simulations were undecided, which is too many%s\n%s%s", len(s.open), s.runs, s.andLeft(), s.whyOpen(), whereText(s.undecided))
	case s.unseen() != "" && !x.AllowUnknown:
		t.Errorf("zklab: nothing was violated, but %s%s", s.unseen(), s.andLeft())
	default:
		t.Logf("zklab: %s, %d valid, %d not decided, %s%s\n%s%s", prose.Count(s.runs, "simulation"), s.decided, s.runs-s.decided, prose.Count(s.operations, "operation"), s.andLeft(), s.whyOpen(), lines(inGo(s.looked.text(x.Workload.Name())), s.struck.text(), s.sure()))
	}
	s.judgeGates(t, x)
	if s.left > 0 && !t.Failed() {
		s.pace.SayAside(s.notBegun())
	}
}

// lines joins the texts that are not empty, one line each.
func lines(texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(text string) bool { return text == "" }), "\n")
}

// sure says how much the runs tried, and how rare violations are at most; "" for a single run.
func (s *simulations) sure() string {
	if s.runs < 2 {
		return ""
	}
	return s.met.Estimate(usualSeeds).String() + "\n" + coverage.Quiet(s.runs)
}

// unseen names the requested faults that took effect in no run, or after which no client got an answer. It returns ""
// if there are none.
func (s *simulations) unseen() string { return inGo(s.asked.Unseen(s.took)) }

// judgeGates judges the samples of all runs. It reports nothing if a run violated a property.
func (s *simulations) judgeGates(t *testing.T, x experiment.Experiment) {
	t.Helper()
	if gates, err := gates.JudgeAll(s.gates, workloads.ModelOf(x.Workload), &s.samples); err != nil {
		t.Errorf("zklab: %v", err)
	} else if s.violated == 0 && !x.KeepsGates(gates) {
		t.Errorf("zklab: %s", gatesText(gates))
	}
}

// notBegun says how many seeds were not begun, and why.
func (s *simulations) notBegun() string {
	return fmt.Sprintf("%s not begun, since %s", seedsWere(s.left), join(s.why, s.dear(s.pace.Passed())))
}

// andLeft ends a sentence about the simulations with the number of seeds that were not begun; "" if all were.
func (s *simulations) andLeft() string {
	if s.left == 0 {
		return ""
	}
	return fmt.Sprintf(", and %d of %d seeds %s not begun", s.left, s.seeds, prose.Were(s.left))
}

// mostOpen is a share, as one in so many: if this share of the simulations is undecided, the test
// fails.
const mostOpen = 3

// whyOpen says why the first undecided simulations were not decided, one line each.
func (s *simulations) whyOpen() string {
	const most = 3
	var b strings.Builder
	for _, why := range s.open[:min(most, len(s.open))] {
		fmt.Fprintf(&b, "not decided: %s\n", why)
	}
	if more := len(s.open) - most; more > 0 {
		fmt.Fprintf(&b, "and %d others\n", more)
	}
	return b.String()
}
