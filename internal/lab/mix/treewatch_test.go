package mix

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/styles/wrong"
	"github.com/zklab/zklab/specimens"
)

// What a tree watch says of the changes of a run is what the servers' transactions say. ZKLAB_TREE_WATCH is the number of seeds of each
// recipe, 1 by default.
func TestTreeWatchAgreesWithLog(t *testing.T) {
	seeds := must.Get(strconv.ParseInt(cmp.Or(os.Getenv("ZKLAB_TREE_WATCH"), "1"), 10, 64))(t)
	runs, used := 0, 0
	for i, recipe := range specimens.Recipes() {
		t.Run(recipe, func(t *testing.T) {
			for seed := range seeds {
				x := own(t, recipe, 1+int64(i)%kindsOfRuns+seed)
				x.TreeWatch = engine.Always
				o := simulated(t, x)
				w, told := treeWatchOf(t, o)
				t.Logf("seed %d: %s", x.Seed, told)
				if diff := gocmp.Diff(inLog(o, w), w.Changes); diff != "" {
					t.Errorf("seed %d (-log +tree watch)\n%s", x.Seed, diff)
				}
				if runs++; len(w.Changes) > 0 {
					used++
				}
				if names := violatedWithoutLog(t, o); len(names) > 0 {
					t.Errorf("seed %d, without the log: %v violated", x.Seed, names)
				}
			}
		})
	}
	if used < runs/3 {
		t.Errorf("only %d of %d runs are told of", used, runs)
	}
}

// Without a log, the tree watch convicts recipes whose clients delete the znodes of others.
func TestTreeWatchConvicts(t *testing.T) {
	for _, r := range wrong.Recipes {
		if r.Property != "own-znodes" {
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			for seed := range int64(20) {
				x := usual(t, r.Workload)
				x.Seed, x.TreeWatch = 1+seed, engine.Always
				if slices.Contains(violatedWithoutLog(t, simulated(t, x)), r.Property) {
					return
				}
			}
			t.Errorf("%s is not violated with any seed", r.Property)
		})
	}
}

// violatedWithoutLog returns the properties that a run violates as far as its record shows.
func violatedWithoutLog(t *testing.T, o *experiment.Outcome) (names []string) {
	t.Helper()
	for _, v := range checker.Run(t.Context(), unlogged(o.History), checker.Options{Quick: true}).Verdicts {
		if v.Result == checker.Violation && !v.Measured {
			names = append(names, v.Property)
		}
	}
	return names
}

// treeWatchOf returns what the tree watch of a run said, and how much that is.
func treeWatchOf(t *testing.T, o *experiment.Outcome) (w history.TreeWatch, told string) {
	t.Helper()
	w = must.Get(historytest.ToldBy(o.History))(t)
	authors := 0
	for _, c := range w.Changes {
		if c.Session != 0 {
			authors++
		}
	}
	all := historytest.TreeWatch(o.Unkept.Txns, o.History.Header.Params.Root).Changes
	return w, fmt.Sprintf("%d stretches with %d changes, %d with an author, of %d in the log. %s", len(w.Stretches), len(w.Changes), authors, len(all), w.Why)
}

// inLog returns what the log says in place of a tree watch.
func inLog(o *experiment.Outcome, w history.TreeWatch) []history.TreeChange {
	return historytest.InPlaceOf(w, o.Unkept.Txns, o.History.Header.Params.Root)
}
