package zklab

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/store"
)

// SeedVariable is the environment variable that sets the seed of every [Test]. A failure says how
// to set it to repeat the run.
const SeedVariable = "ZKLAB_SEED"

// Test runs an experiment as a test. Every field except Workload is optional.
//
// The test fails when the run violates a property, and shows the events that prove it. It also
// fails when a property was not decided, and says what was missing; AllowUnknown lets such a test
// pass. A failure names the seed and the command that repeats the run: the variable ZKLAB_SEED
// takes precedence over Experiment.Seed. If the experiment cannot be run, Test calls t.Fatalf.
// Otherwise it returns the outcome.
//
// If the test fails, the run's folder (history, report, plots) is kept in a temporary folder that
// the failure names. If the test passes, it is removed. The three newest folders of each test are
// kept; zklab clean removes all of them. A run is always kept if Out is set, or if "go test
// -artifacts" is given.
//
// In a bubble of [testing/synctest], the run takes place in virtual time, in which a minute takes a
// moment:
//
//	synctest.Test(t, func(t *testing.T) { zklab.Test(t, experiment) })
//
// That requires an ensemble in the same bubble, as the default is, and a recipe that waits only for
// channels, timers and its connection. The recipe must not wait for a mutex whose holder is itself
// waiting, nor open connections that bypass subjects.Client.Dial. If Faults name faults.Freeze or
// faults.Crash, the bubble plays clients as processes (see [Experiment.PlayProcesses]). The bubble
// waits for the goroutines that a killed process leaves behind, so a loop that retries for ever
// keeps it from ending.
func Test(t testing.TB, x Experiment) *Outcome {
	t.Helper()
	x, err := x.forTest(t.Name())
	if err != nil {
		t.Fatalf("zklab: %v", err)
	}
	made, err := x.place(t)
	if err != nil {
		t.Fatalf("zklab: %v", err)
	}
	x.brief = made != nil
	outcome, err := x.Run(t.Context())
	if err != nil {
		t.Fatalf("zklab: the experiment could not be run: %v", errors.Join(err, discard(made)))
	}
	r := outcome.Result
	switch {
	case r.Verdict == checker.Violation:
		keep(t, made)
		t.Errorf("zklab: %s%s", violationText(outcome), whereText(outcome))
		return outcome
	case !x.decided(r):
		keep(t, made)
		t.Errorf("zklab: nothing was violated, but not everything was decided\n%s%s", undecidedText(r), whereText(outcome))
		return outcome
	case !x.keepsGates(r.Gates):
		keep(t, made)
		t.Errorf("zklab: %s%s", gatesText(r.Gates), whereText(outcome))
		return outcome
	case r.Verdict != checker.Valid:
		t.Logf("zklab: not everything was decided\n%s", undecidedText(r))
	}
	var l looked
	l.add(r)
	t.Logf("zklab: %s, seed %d, %s%s\n%s", r.Verdict, r.Seed, prose.Count(r.Stats.Operations, "operation"), faultless(r), goNames.Replace(l.text(r.Recipe)))
	if err := discard(made); err != nil {
		t.Errorf("zklab: %v", err)
	}
	return outcome
}

// faultless says what a run without faults has not shown.
func faultless(r *store.Result) string {
	if len(r.Stats.Faults) > 0 {
		return ""
	}
	return "; no fault was injected: set Faults, or call zklab.Simulate, which injects all kinds"
}

// passes reports whether a test with this result passes.
func (x Experiment) passes(r *store.Result) bool { return x.decided(r) && x.keepsGates(r.Gates) }

// keepsGates reports whether no gate fails a test.
func (x Experiment) keepsGates(gates []stats.GateResult) bool {
	return !slices.ContainsFunc(gates, func(g stats.GateResult) bool {
		return g.Result == stats.Exceeded || g.Result == stats.Undecided && !x.AllowUnknown
	})
}

// gatesText lists the gates that are not kept, one line each.
func gatesText(gates []stats.GateResult) string {
	var lines []string
	for _, g := range gates {
		if g.Result != stats.Kept {
			lines = append(lines, fmt.Sprintf("gate %s %s: %s", g.Gate, g.Result, g.Text))
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// decided reports whether enough is decided, and nothing violated, for a test to pass.
func (x Experiment) decided(r *store.Result) bool {
	return r.Verdict == checker.Valid || r.Verdict == checker.Unknown && x.AllowUnknown
}

// forTest sets the seed and the command that repeats the test.
func (x Experiment) forTest(name string) (Experiment, error) {
	seed, err := namedSeed()
	if err != nil {
		return x, err
	}
	x.Seed = cmp.Or(seed, x.Seed)
	if x.Seed == 0 {
		x.Seed = drawSeed()
	}
	if x.Replay == "" {
		x.Replay = replayTest(x.Seed, name)
	}
	return x, nil
}

// namedSeed returns the value of the environment variable, or 0 if it is not set.
func namedSeed() (int64, error) {
	text := os.Getenv(SeedVariable)
	if text == "" {
		return 0, nil
	}
	seed, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, usage("%s is %q, which is not a number", SeedVariable, text)
	}
	return seed, nil
}

// replayTest returns the command that repeats a test with a seed, from anywhere in its module.
func replayTest(seed int64, name string) string {
	return strings.TrimSpace(fmt.Sprintf("%s=%d go test -run '%s' %s", SeedVariable, seed, pattern(name), testedPackage()))
}

// testedPackage returns the import path of the package under test, or "" if this is not a test
// binary, or one of single files.
func testedPackage() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	path, is := strings.CutSuffix(info.Path, ".test")
	if !is || path == "command-line-arguments" {
		return ""
	}
	return path
}

// pattern returns the argument of "go test -run" that selects one test.
func pattern(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}

// place chooses where the run is kept. made is a temporary folder made for this run, or nil if the
// run is to stay.
func (x *Experiment) place(t testing.TB) (made *store.Scratch, err error) {
	switch f := flag.Lookup("test.artifacts"); {
	case x.Out != "":
	case f != nil && f.Value.String() == "true":
		x.Out = t.ArtifactDir()
	default:
		made, err = store.NewScratch(fileName(t.Name()), scratchOwner(t))
		if err == nil {
			x.Out = made.Dir
		}
	}
	return made, err
}

// scratchOwner identifies the test: go test runs each package in its own folder.
func scratchOwner(t testing.TB) string {
	folder, err := os.Getwd()
	if err != nil {
		folder = os.Args[0]
	}
	return folder + "\n" + t.Name() + "\n"
}

func discard(made *store.Scratch) error {
	if made == nil {
		return nil
	}
	return made.Discard()
}

// keep keeps the run of a failed test, and removes older runs of the same test.
func keep(t testing.TB, made *store.Scratch) {
	t.Helper()
	if made == nil {
		return
	}
	t.Cleanup(made.Release) // until then, the test may write more files beside the run
	if err := made.Prune(scratchOwner(t)); err != nil {
		t.Logf("zklab: older runs of this test could not be removed: %v", err)
	}
}

// fileName turns a test's name into one that every file system accepts.
func fileName(name string) string {
	const most = 60
	return regexp.MustCompile(`[^A-Za-z0-9_.-]+`).ReplaceAllString(name[:min(len(name), most)], "-")
}

// violationText shows the first violation with its events, and names the others.
func violationText(o *Outcome) string {
	var b strings.Builder
	var others []string
	shown := map[string]bool{}
	for _, v := range append([]checker.Verdict{o.shown()}, o.Result.Decisive(checker.Violation)...) {
		switch {
		case shown[v.Property]:
			continue
		case len(shown) == 0:
			fmt.Fprintf(&b, "%s is violated\n%s", v.Property, reports.Counterexample(o.History, v, reports.Screen{}))
			if page := reports.PageOf(o.Result.Recipe, v.Property); page != "" {
				fmt.Fprintf(&b, "    %s\n", page)
			}
		default:
			others = append(others, v.Property)
		}
		shown[v.Property] = true
	}
	if len(others) > 0 {
		fmt.Fprintf(&b, "\n  violated, too: %s\n", strings.Join(others, ", "))
	}
	return b.String()
}

// undecidedText says what was missing.
func undecidedText(r *store.Result) string {
	var b strings.Builder
	for _, a := range r.Assumptions {
		if !a.Met {
			fmt.Fprintf(&b, "\n  %s: %s", a.Name, printable.Text(a.Text, 2000))
		}
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
	return goNames.Replace(b.String()) + "\n"
}

// goNames replaces flags of the command line in texts by fields of [Experiment].
var goNames = strings.NewReplacer(
	"--time-limit", "TimeLimit", "--fault-interval", "interval of Faults", "--op-timeout", "OpTimeout", "--session-timeout", "SessionTimeout",
	"--clients-as process", "PlayProcesses, in simulations, or Command", "--rate", "Rate", "--min-load", "MinLoad",
	"--clients", "Clients", "--keys", "Keys", "--nodes", "Ensemble", "--strict", "Strict",
)

func whereText(o *Outcome) string {
	dir := o.Run.Dir
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return fmt.Sprintf("\n  seed    %d\n  replay  %s\n  run     %s\n  report  %s\n",
		o.Result.Seed, o.Result.Replay, dir, filepath.Join(dir, filepath.Base(o.Run.Report())))
}
