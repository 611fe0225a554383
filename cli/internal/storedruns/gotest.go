package storedruns

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/base/program"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// testAlone refuses a run of a recipe that only its test in Go can make, since no name says
// the constructor: zklab's own would run in its place. instead tells what somebody may do; "" is the command
// that runs the test.
func testAlone(run *store.Run, x store.Experiment, instead string) error {
	if !slices.Contains(workloads.Recipes(), x.Recipe) {
		return decidable(run)
	}
	if x.Subject != "" || x.SubjectCommand != "" {
		return nil
	}
	if instead == "" {
		instead = "run that"
		if result, err := run.ReadResult(); err == nil && strings.Contains(result.Replay, "go test") {
			instead = result.Replay
		}
	}
	return usage.Errorf("%s has a recipe that only its Go test can create: %s", run.Path(), instead)
}

// declaredFor returns the declaration of a run's objects, which its experiment or this program has; nil if
// neither has one.
func declaredFor(run *store.Run, recipe string) any {
	if x, err := store.ReadExperiment(run.Experiment()); err == nil && x.Object != "" {
		if declared, err := program.Read(x.Object); err == nil {
			return declared
		}
	}
	own, _ := program.Find(recipe)
	return own.Declared
}

// decidable returns an error if only the program that ran an experiment can decide all of it, because
// that program declares the kind of object, or further properties.
func decidable(run *store.Run) error {
	result, err := run.ReadResult()
	if err != nil {
		return nil // nothing says so
	}
	decided := PropertiesOf(declaredFor(run, result.Recipe))
	i := slices.IndexFunc(result.Verdicts, func(v checker.Verdict) bool { return v.Declared && !slices.Contains(decided, v.Property) })
	if i < 0 {
		return nil
	}
	how := "use that program"
	if strings.Contains(result.Replay, "go test") {
		how = "run " + result.Replay
	} else if name, _, ok := strings.Cut(result.Replay, " "); ok && name != program.Name() {
		how = "use the program " + name
	}
	what := fmt.Sprintf("the program that ran this experiment can decide its property %q", result.Verdicts[i].Property)
	if !slices.Contains(workloads.Recipes(), result.Recipe) {
		what = fmt.Sprintf("the program that declares the objects %q can judge and repeat this run", result.Recipe)
	}
	return usage.UndecidedError{Text: fmt.Sprintf("%s: only %s: %s", run.Path(), what, how)}
}

// PropertiesOf returns the names of the properties that a declaration decides.
func PropertiesOf(declared any) []string {
	if d, ok := declared.(interface{ Properties() []string }); ok {
		return d.Properties()
	}
	return nil
}
