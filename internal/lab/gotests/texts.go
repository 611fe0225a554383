package gotests

import (
	"cmp"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/store"
)

// violationText shows the violation of a property with its events, and names the others.
func violationText(o *experiment.Outcome, property string) string {
	var b strings.Builder
	var others []string
	told := map[string]bool{}
	for _, v := range append([]checker.Verdict{violationOf(o, property)}, o.Result.Decisive(checker.Violation)...) {
		switch {
		case told[v.Property]:
			continue
		case len(told) == 0:
			fmt.Fprintf(&b, "%s is violated\n%s", v.Property, onerun.Counterexample(o.History, v, onerun.Screen{}))
			if page := onerun.PageOf(o.Result.Recipe, v.Property); page != "" {
				fmt.Fprintf(&b, "    %s\n", page)
			}
		default:
			others = append(others, v.Property)
		}
		told[v.Property] = true
	}
	if len(others) > 0 {
		fmt.Fprintf(&b, "\n  violated, too: %s\n", strings.Join(others, ", "))
	}
	return b.String()
}

// undecidedText says what was missing.
func undecidedText(r *store.Result) string {
	var b strings.Builder
	for _, a := range checker.Unmet(r.Assumptions) {
		fmt.Fprintf(&b, "\n  %s: %s", a.Name, printable.Text(a.Text, 2000))
	}
	told := map[string]bool{}
	for _, v := range r.Decisive(checker.Unknown) {
		if text := cmp.Or(v.Reason, "not decided"); !told[text] {
			told[text] = true
			fmt.Fprintf(&b, "\n  %s: %s", v.Property, printable.Text(text, 2000))
		}
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "\n  %s", printable.Text(w, 2000))
	}
	return inGo(b.String()) + "\n"
}

// inGo replaces flags of the command line in a text by fields of zklab.Experiment.
func inGo(text string) string {
	return goNames.Replace(repeatFlags.ReplaceAllString(text, "zklab.Sweep with SweepOptions{Seeds: $1}"))
}

var repeatFlags = regexp.MustCompile(`run --repeat (\d+) or sweep --seeds 1\.\.\d+`)

var goNames = strings.NewReplacer(
	"--time-limit", "TimeLimit", "--fault-interval", "interval of Faults", "--op-timeout", "OpTimeout", "--session-timeout", "SessionTimeout",
	"--clients-as process", "PlayProcesses, in simulations, or Command", "--rate", "Rate", "--min-load", "MinLoad",
	"run --repeat or sweep --seeds", "SweepOptions.Seeds of zklab.Sweep", "--faults", "Faults", "--probe", "Probe",
	"--clients", "Clients", "--keys", "Keys", "--nodes", "Ensemble", "--strict", "Strict",
)

func whereText(o *experiment.Outcome) string {
	dir := o.Run.Dir
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return fmt.Sprintf("\n  seed    %d\n  replay  %s\n  run     %s\n  report  %s\n",
		o.Result.Seed, o.Result.Replay, dir, filepath.Join(dir, filepath.Base(o.Run.Report())))
}

// shown returns the violated property to show of a single run. Safety comes before liveness, since a
// stuck client shows less of the cause.
func shown(o *experiment.Outcome) string {
	all := o.Result.Violated()
	for _, name := range all {
		if !checker.Liveness(o.Result.Recipe, name) {
			return name
		}
	}
	return all[0]
}

// violationOf returns a run's violation of a property, or its first violation if it does not violate
// that property.
func violationOf(o *experiment.Outcome, property string) checker.Verdict {
	all := o.Result.Decisive(checker.Violation)
	return all[max(0, slices.IndexFunc(all, func(v checker.Verdict) bool { return v.Property == property }))]
}

// faultless says what a run without faults cannot show.
func faultless(r *store.Result) string {
	if len(r.Stats.Faults) > 0 {
		return ""
	}
	return "; no fault was injected: set Faults, or call zklab.Simulate, which injects all kinds"
}

// gatesText lists the gates that are not kept, one line each.
func gatesText(judged []gates.Result) string {
	var lines []string
	for _, g := range judged {
		if g.Result != gates.Kept {
			lines = append(lines, fmt.Sprintf("gate %s %s: %s", g.Gate, g.Result, inGo(g.Text)))
		}
	}
	return strings.Join(lines, "\n") + "\n"
}
