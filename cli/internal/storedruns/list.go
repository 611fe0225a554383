package storedruns

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/lab/catalog"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
)

// subjectsListed is the listing that a recipe can follow.
const subjectsListed = "subjects"

// listing is a part of what zklab list prints. out is the folder of the stored runs, from which a
// choice selects.
type listing struct {
	name, about string
	print, json func(w io.Writer, out string, runs catalog.Choice) error
}

// listingsOf returns the listings of zklab list for a program that knows some recipes.
func listingsOf(known specimens.Catalog) []listing {
	ofRecipes := func(list func(io.Writer, specimens.Catalog) error) func(io.Writer, string, catalog.Choice) error {
		return ofProgram(func(w io.Writer) error { return list(w, known) })
	}
	return []listing{
		{"recipes", "the recipes with their subjects", ofRecipes(listRecipes), ofRecipes(printRecipes)},
		{
			subjectsListed, "the subjects of each recipe, including mutants, or of one recipe",
			ofSubjects(listSubjects, known), ofSubjects(printSubjects, known),
		},
		{"faults", "the faults, and which ensembles support them", ofProgram(listFaults), ofProgram(printFaults)},
		{"runs", "the stored runs and sweeps, newest first", listRuns, printRuns},
	}
}

// ofSubjects adapts a listing of the subjects of all recipes, or of the chosen one.
func ofSubjects(list func(io.Writer, []specimens.Specimen) error, known specimens.Catalog) func(io.Writer, string, catalog.Choice) error {
	return func(w io.Writer, _ string, c catalog.Choice) error { return list(w, namedSubjects(known, c.Recipe)) }
}

// ofProgram adapts a listing that depends only on the program, not on a store.
func ofProgram(list func(io.Writer) error) func(io.Writer, string, catalog.Choice) error {
	return func(w io.Writer, _ string, _ catalog.Choice) error { return list(w) }
}

// lister holds what the command line of zklab list asks for.
type lister struct {
	listings            []listing
	out, since, verdict string
	runs                catalog.Choice
	asJSON              bool
}

// names returns the names of the listings.
func (l *lister) names() (names []string) {
	for _, one := range l.listings {
		names = append(names, one.name)
	}
	return names
}

func newList(known specimens.Catalog) *cobra.Command {
	l := lister{listings: listingsOf(known)}
	cmd := &cobra.Command{
		Use:   "list [" + strings.Join(l.names(), "|") + "]" + " [RECIPE]",
		Short: "List recipes, subjects, faults and the ensembles that support them, and stored runs",
		Long: "List prints what there is to run and to inject, and the stored runs and sweeps, newest first. Of\n" +
			"these, --recipe, --verdict and --since choose some.",
		Example: "  zklab list faults\n" +
			"  zklab list subjects lock\n" +
			"  zklab list runs --recipe lock --verdict violation --since 7d",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 || args[0] != subjectsListed {
				return usage.OneOf("listing", l.names())(cmd, args)
			}
			return usage.OneOf("recipe", known.Recipes())(cmd, args[1:])
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) (values []cobra.Completion, _ cobra.ShellCompDirective) {
			switch {
			case len(args) == 0:
				for _, one := range l.listings {
					values = append(values, cobra.CompletionWithDesc(one.name, one.about))
				}
			case len(args) == 1 && args[0] == subjectsListed:
				values = known.Recipes()
			}
			return values, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: l.run,
	}
	cmd.Flags().StringVar(&l.out, "out", "store", "folder of the stored runs")
	cmd.Flags().BoolVar(&l.asJSON, "json", false, "print one list as JSON (docs/results.md describes the list of runs)")
	cmd.Flags().StringVar(&l.runs.Recipe, "recipe", "", "list only runs and sweeps of this recipe")
	cmd.Flags().StringVar(&l.verdict, "verdict", "", "list only those with this verdict: "+strings.Join(statesListed, ", "))
	cmd.Flags().StringVar(&l.since, "since", "", "list only those that began in this time, such as 24h or 7d, or since this day or time, such as 2026-01-31 or 2026-01-31T12:00:00Z")
	usage.CompletesFiles(cmd, "out")
	usage.Completes(cmd, "recipe", storedRecipes)
	usage.Completes(cmd, "verdict", usage.ChoiceOf(statesListed...))
	return cmd
}

// run prints the listings that the arguments name, or all.
func (l *lister) run(cmd *cobra.Command, args []string) error {
	if cmd.Flags().Changed("out") {
		if err := store.Exists(l.out); err != nil {
			return err
		}
	}
	if err := chooseRuns(&l.runs, cmd, args, l.verdict, l.since); err != nil {
		return err
	}
	if len(args) == 2 {
		l.runs.Recipe = args[1]
	}
	w, parts := cmd.OutOrStdout(), l.listings
	if len(args) > 0 {
		i := slices.Index(l.names(), args[0])
		parts = parts[i : i+1]
	}
	switch {
	case !l.asJSON:
		return printed(w, parts, l.out, l.runs)
	case len(args) == 0:
		return usage.Errorf("--json prints one list: name it, as in zklab list runs --json; lists are %s", strings.Join(l.names(), ", "))
	}
	return parts[0].json(w, l.out, l.runs)
}

// printed prints listings with an empty line between them.
func printed(w io.Writer, parts []listing, out string, runs catalog.Choice) error {
	for i, part := range parts {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := part.print(w, out, runs); err != nil {
			return err
		}
	}
	return nil
}

// chooseRuns fills in a choice from the flags of zklab list.
func chooseRuns(c *catalog.Choice, cmd *cobra.Command, args []string, verdict, since string) (err error) {
	for _, flag := range []string{"recipe", "verdict", "since"} {
		if cmd.Flags().Changed(flag) && !slices.Equal(args, []string{"runs"}) {
			return usage.Errorf("--%s chooses among stored runs: use it with zklab list runs", flag)
		}
	}
	if c.State, err = stateNamed(verdict); err != nil || since == "" {
		return err
	}
	c.Since, err = parseSince(since, time.Now())
	return err
}

func table(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 0, 3, ' ', 0) }

func listRecipes(w io.Writer, known specimens.Catalog) error {
	t := table(w)
	fmt.Fprintln(t, "RECIPE\tSUBJECTS\tWHAT IT IS")
	for _, r := range known.Recipes() {
		fmt.Fprintf(t, "%s\t%s\t%s\n", r, strings.Join(known.Short(r), ", "), known.About(r))
	}
	return t.Flush()
}

// listedRecipe is the JSON of a recipe. zklab list subjects prints the same subjects.
type listedRecipe struct {
	Name     string   `json:"name"`
	About    string   `json:"about"`
	Subjects []string `json:"subjects"`
}

func printRecipes(w io.Writer, known specimens.Catalog) error {
	var all []listedRecipe
	for _, r := range known.Recipes() {
		l := listedRecipe{Name: r, About: known.About(r)}
		for _, s := range known.Subjects(r) {
			l.Subjects = append(l.Subjects, s.Name)
		}
		all = append(all, l)
	}
	return terminal.PrintJSON(w, all)
}
