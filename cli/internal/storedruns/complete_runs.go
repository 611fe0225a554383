package storedruns

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/lab/catalog"
	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/store"
)

// mostDescribed bounds the results that completion reads, which are files of some hundred
// kilobytes: the Tab key must answer at once.
const mostDescribed = 40

// storedRun completes the PATH of a command: latest and the runs in the folder of its --out,
// newest first. If none of them begins with the text, the shell completes files.
func storedRun(cmd *cobra.Command, _ []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
	const directive = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	root := cmd.Flag("out").Value.String()
	runs, err := store.Find(root)
	if err != nil || len(runs) == 0 {
		return usage.Files(cmd, nil, toComplete)
	}
	var values []cobra.Completion
	if strings.HasPrefix(store.Latest, toComplete) {
		values = append(values, cobra.CompletionWithDesc(store.Latest, "the newest run"))
	}
	for _, run := range runs {
		name, err := filepath.Rel(root, run.Dir)
		if err != nil || !strings.HasPrefix(filepath.ToSlash(name), toComplete) {
			continue
		}
		value := filepath.ToSlash(name)
		if len(values) < mostDescribed {
			value = cobra.CompletionWithDesc(value, cameTo(run))
		}
		values = append(values, value)
	}
	return usage.OrFiles(values, directive)
}

// storedRecipes completes the recipes that have runs or sweeps in the store.
func storedRecipes(cmd *cobra.Command, _ []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return usage.Beginning(toComplete, recipesIn(cmd.Flag("out").Value.String()))
}

// recipesIn lists the recipes of which a store has runs, sweeps or explorations.
func recipesIn(root string) (recipes []cobra.Completion) {
	for _, pattern := range []string{"*/*", "sweeps/*/*", explore.StoredIn + "/*/*"} {
		paths, _ := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		for _, path := range paths {
			if recipe := filepath.Base(filepath.Dir(path)); recipe != sweep.StoreFolder && recipe != explore.StoredIn && !slices.Contains(recipes, recipe) {
				recipes = append(recipes, recipe)
			}
		}
	}
	slices.Sort(recipes)
	return recipes
}

// cameTo describes the outcome of a run in a few words.
func cameTo(run *store.Run) string {
	result, err := run.ReadResult()
	if err != nil {
		return string(catalog.Unfinished)
	}
	words := string(catalog.Of(result.Verdict))
	if violated := result.Violated(); len(violated) > 0 {
		words += " of " + strings.Join(violated, ", ")
	}
	return words + "; " + result.Subject
}

// violatedProperty completes the properties that were violated in the run that is the first
// argument.
func violatedProperty(cmd *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	run, err := store.Open(cmd.Flag("out").Value.String(), args[0])
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	result, err := run.ReadResult()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return usage.Beginning(toComplete, result.Violated())
}
