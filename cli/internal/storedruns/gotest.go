package storedruns

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
)

// testAlone returns an error for a run that only its Go test can repeat, since no name identifies the
// constructor: zklab's own recipe would run in its place. instead says what the user can do; if it is "",
// the error names the command that runs the test.
func testAlone(known specimens.Catalog, run *store.Run, x store.Experiment, instead string) error {
	if !slices.Contains(known.Recipes(), x.Recipe) {
		return decidable(known, run)
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

// declaredFor returns the declaration of a run's objects from its experiment or from this program; nil if
// neither has one.
func declaredFor(known specimens.Catalog, run *store.Run, recipe string) models.Declared {
	x, _ := store.ReadExperiment(run.Experiment()) // without an experiment, the program has the declaration
	return object.Declaration(history.Header{Model: recipe, Object: x.Object}, known.Declared)
}

// decidable returns an error if only the program that ran an experiment can decide all its properties,
// because that program declares the kind of object, or further properties.
func decidable(known specimens.Catalog, run *store.Run) error {
	result, err := run.ReadResult()
	if err != nil {
		return nil // without a result, nothing else is known
	}
	var decided []string
	if own := declaredFor(known, run, result.Recipe); own != nil {
		decided = own.Properties()
	}
	i := slices.IndexFunc(result.Verdicts, func(v checker.Verdict) bool { return v.Declared && !slices.Contains(decided, v.Property) })
	if i < 0 {
		return nil
	}
	how := "use that program"
	if strings.Contains(result.Replay, "go test") {
		how = "run " + result.Replay
	} else if name, _, ok := strings.Cut(result.Replay, " "); ok && name != known.Program() {
		how = "use the program " + name
	}
	what := fmt.Sprintf("the program that ran this experiment can decide its property %q", result.Verdicts[i].Property)
	if !slices.Contains(known.Recipes(), result.Recipe) {
		what = fmt.Sprintf("the program that declares the objects %q can judge and repeat this run", result.Recipe)
	}
	return usage.UndecidedError{Text: fmt.Sprintf("%s: only %s: %s", run.Path(), what, how)}
}
