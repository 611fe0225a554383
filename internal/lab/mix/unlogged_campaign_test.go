//go:build campaign

package mix

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/dev/command"
	"github.com/zklab/zklab/internal/dev/jsonlines"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/styles"
	"github.com/zklab/zklab/internal/testkit/styles/wrong"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// rightSubjects returns zklab's own recipes, those of package styles, and the wrong ones without their mistakes.
func rightSubjects() (all []specimens.Specimen) {
	for _, s := range specimens.All() {
		if s.Name == workloads.Own {
			s.Name = s.Recipe + " " + s.Name
			all = append(all, s)
		}
	}
	all = append(all, styles.Recipes...)
	for _, s := range wrong.Recipes {
		if s.Mended != nil {
			all = append(all, specimens.Specimen{Name: s.Name + ", made right", Workload: s.Mended})
		}
	}
	return all
}

// TestWorthWithoutLog makes runs of the default test with wrong and with right recipes, and decides each of them twice: with
// the transactions of its servers, and without, as on an external ensemble. It writes the sums into docs/external.md, and the properties into docs/unlogged.csv. What
// it has measured it adds to the file ZKLAB_UNLOGGED_KEPT, so that it goes on where it ended. With ZKLAB_UNLOGGED_WATCH the runs
// have a tree watch.
func TestWorthWithoutLog(t *testing.T) {
	seeds := must.Get(strconv.Atoi(cmp.Or(os.Getenv("ZKLAB_UNLOGGED_SEEDS"), "20")))(t)
	kept := keptWorths(t, os.Getenv("ZKLAB_UNLOGGED_KEPT"), seeds)
	for _, s := range chosen(t, wrongSubjects(), "ZKLAB_UNLOGGED_ONLY") {
		kept.measure(t, s, false)
	}
	for _, s := range chosen(t, rightSubjects(), "ZKLAB_UNLOGGED_ONLY") {
		kept.measure(t, s, true)
	}
	fmt.Println()
	must.Do(t, command.Publish(os.Getenv("ZKLAB_UNLOGGED_WRITE"), "unlogged", worthSummary(kept.all), worthByProperty(kept.all)))
}

// worths are measured values, which a file keeps.
type worths struct {
	file  string // "": none
	seeds int
	all   []worth
}

func keptWorths(t *testing.T, file string, seeds int) *worths {
	t.Helper()
	all := must.Get(jsonlines.Read[worth](file))(t)
	return &worths{file, seeds, slices.DeleteFunc(all, func(one worth) bool { return one.Runs != seeds })}
}

// measure makes the runs of a subject, unless they are known.
func (w *worths) measure(t *testing.T, s specimens.Specimen, right bool) {
	t.Helper()
	if slices.ContainsFunc(w.all, func(known worth) bool { return known.Name == s.Name && known.Right == right }) {
		return
	}
	one := worth{Name: s.Name, Right: right, Runs: w.seeds}
	x := usual(t, s.Workload)
	x.Quick = true // as in the default test
	if os.Getenv("ZKLAB_UNLOGGED_WATCH") != "" {
		x.TreeWatch = engine.Always
	}
	for seed, o := range Seeds(t, x, int64(w.seeds)) {
		if o == nil {
			continue
		}
		one.With.Count(o.Result.Verdict, o.Result.Violated())
		verdict, violated := withoutLog(t, x, o)
		one.Without.Count(verdict, violated)
		if right && len(violated) > 0 {
			fmt.Printf("%s seed %d is accused: %v with the log, %v without\n", s.Name, seed, o.Result.Violated(), violated)
		}
	}
	fmt.Printf("%s: %d of %d with the log, %d without\n", one.Name, one.With.Violated, one.Runs, one.Without.Violated)
	w.all = append(w.all, one)
	if w.file == "" {
		return
	}
	must.Do(t, jsonlines.Add(w.file, one))
}

// withoutLog decides a run without its transactions.
func withoutLog(t *testing.T, x experiment.Experiment, o *experiment.Outcome) (checker.Result, []string) {
	t.Helper()
	report := checker.Run(t.Context(), unlogged(o.History), checker.Options{Quick: true, Extra: x.Checks})
	var violated []string
	for _, v := range report.Verdicts {
		if v.Result == checker.Violation && !v.Measured {
			violated = append(violated, v.Property)
		}
	}
	return report.Verdict, violated
}
