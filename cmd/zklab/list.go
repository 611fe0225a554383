package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

func newList() *cobra.Command {
	var out string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [recipes|faults|runs]",
		Short: "List recipes with their subjects, faults with the ensembles that have them, and stored runs",
		Args:  cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{
			"recipes", "faults", "runs",
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if asJSON && !slices.Equal(args, []string{"faults"}) {
				return usageError("--json is for zklab list faults")
			}
			if asJSON {
				return printFaults(cmd.OutOrStdout())
			}
			parts := []func(io.Writer) error{listRecipes, listFaults, func(w io.Writer) error { return listRuns(w, out) }}
			if len(args) == 1 {
				i := map[string]int{"recipes": 0, "faults": 1, "runs": 2}[args[0]]
				parts = parts[i : i+1]
			}
			w := cmd.OutOrStdout()
			for i, part := range parts {
				if i > 0 {
					fmt.Fprintln(w)
				}
				if err := part(w); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "store", "folder of the stored runs")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the list of faults as JSON")
	return cmd
}

func table(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 0, 3, ' ', 0) }

func listRecipes(w io.Writer) error {
	t := table(w)
	fmt.Fprintln(t, "RECIPE\tSUBJECTS\tWHAT IT IS")
	for _, r := range workloads.Recipes() {
		fmt.Fprintf(t, "%s\t%s\t%s\n", r, strings.Join(workloads.Subjects(r), ", "), workloads.About(r))
	}
	return t.Flush()
}

func listRuns(w io.Writer, root string) error {
	runs, err := store.List(root)
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		fmt.Fprintf(w, "no runs in %s\n", root)
		return nil
	}
	t := table(w)
	fmt.Fprintln(t, "RUN\tRECIPE\tSUBJECT\tVERDICT\tOPERATIONS")
	for _, s := range runs {
		verdict, subject, operations := "unfinished", "", ""
		if s.Result != nil {
			verdict, subject, operations = string(s.Result.Verdict), s.Result.Subject, fmt.Sprint(s.Result.Stats.Operations)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", s.Run.Path(), s.Recipe, subject, verdict, operations)
	}
	return t.Flush()
}
