//go:build campaign

package mix

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/dev/command"
	"github.com/zklab/zklab/internal/testkit/cputime"
	"github.com/zklab/zklab/internal/testkit/styles/wrong"
	"github.com/zklab/zklab/workloads"
)

// subject is a recipe with a load.
type subject struct {
	name     string
	workload workloads.Workload
}

// wrongSubjects returns the wrong recipes and the mutants whose names match.
func wrongSubjects(t *testing.T, only *regexp.Regexp) (all []subject) {
	add := func(name string, w workloads.Workload) {
		if only.MatchString(name) {
			all = append(all, subject{name, w})
		}
	}
	for _, r := range wrong.Recipes {
		add(r.Name, r.Wrong)
	}
	for _, recipe := range workloads.Recipes() {
		for _, s := range workloads.Subjects(recipe) {
			if s.Property == "" {
				continue
			}
			w, err := workloads.Named(recipe, s.Name)
			if err != nil {
				t.Fatal(err)
			}
			add(recipe+" "+s.Name, w)
		}
	}
	return all
}

// TestYieldOfDefaultTest measures how much processor time the default test takes to convict each wrong recipe and each
// mutant. It makes the tables of docs/track-record.md. With ZKLAB_YIELD_FIRST a recipe has no other run once it is
// convicted.
func TestYieldOfDefaultTest(t *testing.T) {
	only := regexp.MustCompile(os.Getenv("ZKLAB_YIELD_ONLY"))
	seeds, err := strconv.Atoi(cmp.Or(os.Getenv("ZKLAB_YIELD_SEEDS"), "50"))
	if err != nil {
		t.Fatal(err)
	}
	first := os.Getenv("ZKLAB_YIELD_FIRST") != ""
	var all []yield
	var spent [kindsOfRuns]time.Duration
	for _, s := range wrongSubjects(t, only) {
		y := yield{name: s.name}
		for y.runs < seeds && !y.cut {
			took, convicted := convicts(t, s.workload, y.runs)
			spent[kindOf(y.runs)] += took
			if len(y.found) == 0 {
				y.spent += took
			}
			if convicted {
				y.found, y.cut = append(y.found, y.runs), first
			}
			y.runs++
		}
		fmt.Printf("%s: %d of %d, %s s\n", y.name, len(y.found), y.runs, seconds(y.spent))
		all = append(all, y)
	}
	text := summary(all) + "\n" + byKind(all, spent) + "\n" + table(all)
	if file := os.Getenv("ZKLAB_YIELD_WRITE"); file == "" {
		fmt.Print("\n", text)
	} else if err := command.WriteInto(file, "yield", text); err != nil {
		t.Fatal(err)
	}
}

// convicts makes one run of the default test. It returns the processor time, and whether the run convicts the subject.
func convicts(t *testing.T, w workloads.Workload, run int) (took time.Duration, convicted bool) {
	before := cputime.Used()
	t.Run(fmt.Sprint("seed ", 1+run), func(t *testing.T) {
		x := usual(t, w)
		x.Seed, x.Quick = int64(1+run), true // as in the default test
		o, err := Simulate(t, x)
		convicted = err == nil && o != nil && o.Result.Verdict == checker.Violation
	})
	return cputime.Used() - before, convicted
}
