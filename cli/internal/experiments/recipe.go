package experiments

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// recipeArgument completes the RECIPE of a command.
func recipeArgument(catalog specimens.Catalog) cobra.CompletionFunc {
	var names []cobra.Completion
	for _, r := range catalog.Recipes() {
		names = append(names, cobra.CompletionWithDesc(r, catalog.About(r)))
	}
	return usage.FirstArgument(usage.Choice(names...))
}

// subjectOf completes the subjects of the recipe that is the first argument, and of all
// recipes if there is none yet.
func subjectOf(catalog specimens.Catalog) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		recipes := catalog.Recipes()
		if len(args) > 0 {
			recipes = args[:1]
		}
		return usage.Beginning(toComplete, subjectsOf(catalog, recipes...))
	}
}

// subjectsOf returns the names of the subjects of some recipes, each once.
func subjectsOf(catalog specimens.Catalog, recipes ...string) (values []cobra.Completion) {
	var names []string
	add := func(name, about string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
			values = append(values, cobra.CompletionWithDesc(name, about))
		}
	}
	for _, r := range recipes {
		for _, s := range catalog.Subjects(r) {
			if s.Property != "" {
				add(specimens.Broken, "the first mutant of the recipe")
			}
			add(s.Name, s.About)
		}
	}
	return values
}

// firstSubject returns the subject of a recipe that is tested by default.
func firstSubject(catalog specimens.Catalog, recipe string) string {
	if subjects := catalog.Subjects(recipe); len(subjects) > 0 {
		return subjects[0].Name
	}
	return workloads.Own // the caller will return an error about the recipe
}

// FaultExpression completes the last word of --faults.
func FaultExpression(_ *cobra.Command, _ []string, toComplete string) (values []cobra.Completion, _ cobra.ShellCompDirective) {
	for _, c := range plan.Complete(toComplete) {
		values = append(values, cobra.CompletionWithDesc(c.Text, c.About))
	}
	return values, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
