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

// listing is a part of what zklab list prints.
type listing struct {
	name  string
	print func(w io.Writer, out string) error
	json  func(w io.Writer) error // nil: there is none
}

var listings = []listing{
	{"recipes", func(w io.Writer, _ string) error { return listRecipes(w) }, nil},
	{"subjects", func(w io.Writer, _ string) error { return listSubjects(w) }, printSubjects},
	{"faults", func(w io.Writer, _ string) error { return listFaults(w) }, printFaults},
	{"runs", listRuns, nil},
}

func newList() *cobra.Command {
	var out string
	var asJSON bool
	var names []string
	for _, l := range listings {
		names = append(names, l.name)
	}
	cmd := &cobra.Command{
		Use:   "list [" + strings.Join(names, "|") + "]",
		Short: "List recipes, their subjects, faults with the ensembles that have them, and stored runs",
		Args:  oneOf("listing", names),
		RunE: func(cmd *cobra.Command, args []string) error {
			parts := listings
			if len(args) == 1 {
				i := slices.Index(names, args[0])
				parts = parts[i : i+1]
			}
			w := cmd.OutOrStdout()
			if asJSON {
				if len(args) == 0 || parts[0].json == nil {
					return usageError("--json is for zklab list subjects and zklab list faults")
				}
				return parts[0].json(w)
			}
			for i, part := range parts {
				if i > 0 {
					fmt.Fprintln(w)
				}
				if err := part.print(w, out); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "store", "folder of the stored runs")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the list of subjects or faults as JSON")
	return cmd
}

func table(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 0, 3, ' ', 0) }

func listRecipes(w io.Writer) error {
	t := table(w)
	fmt.Fprintln(t, "RECIPE\tSUBJECTS\tWHAT IT IS")
	for _, r := range workloads.Recipes() {
		fmt.Fprintf(t, "%s\t%s\t%s\n", r, strings.Join(workloads.Short(r), ", "), workloads.About(r))
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
