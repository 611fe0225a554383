//go:build campaign

package mix

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/dev/command"
	"github.com/zklab/zklab/internal/testkit/cputime"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/styles/wrong"
	"github.com/zklab/zklab/specimens"
)

// wrongSubjects returns the wrong recipes, and then the mutants.
func wrongSubjects() []specimens.Specimen {
	all := slices.Clone(wrong.Recipes)
	for _, s := range specimens.All() {
		if s.Property != "" {
			s.Name = s.Recipe + " " + s.Name
			all = append(all, s)
		}
	}
	return all
}

// chosen returns the specimens whose names match what a variable of the environment says.
func chosen(t *testing.T, all []specimens.Specimen, variable string) []specimens.Specimen {
	t.Helper()
	only := must.Get(regexp.Compile(os.Getenv(variable)))(t)
	return slices.DeleteFunc(all, func(s specimens.Specimen) bool { return !only.MatchString(s.Name) })
}

// TestYieldOfDefaultTest measures how much processor time the default test takes to convict each wrong recipe and each
// mutant. It writes the summary into docs/track-record.md, and the table into docs/yield.csv. With ZKLAB_YIELD_FIRST a recipe has no other run once it is
// convicted.
func TestYieldOfDefaultTest(t *testing.T) {
	seeds := must.Get(strconv.Atoi(cmp.Or(os.Getenv("ZKLAB_YIELD_SEEDS"), "50")))(t)
	first := os.Getenv("ZKLAB_YIELD_FIRST") != ""
	var all []yield
	var spent [kindsOfRuns]time.Duration
	for _, s := range chosen(t, wrongSubjects(), "ZKLAB_YIELD_ONLY") {
		y := yield{name: s.Name}
		x := usual(t, s.Workload)
		x.Quick = true // as in the default test
		before := cputime.Used()
		for _, o := range Seeds(t, x, int64(seeds)) {
			now := cputime.Used()
			spent[kindOf(y.runs)] += now - before
			if len(y.found) == 0 {
				y.spent += now - before
			}
			if before = now; o != nil && o.Result.Verdict == checker.Violation {
				y.found, y.cut = append(y.found, y.runs), first
			}
			if y.runs++; y.cut {
				break
			}
		}
		fmt.Printf("%s: %d of %d, %s s\n", y.name, len(y.found), y.runs, seconds(y.spent))
		all = append(all, y)
	}
	fmt.Println()
	must.Do(t, command.Publish(os.Getenv("ZKLAB_YIELD_WRITE"), "yield", summary(all)+"\n"+byKind(all, spent), table(all)))
}
