package storedruns

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/specimens"
)

// namedSubjects returns the subjects of a recipe, or of each one if it is "".
func namedSubjects(known specimens.Catalog, recipe string) (all []specimens.Specimen) {
	for _, r := range known.Recipes() {
		if recipe == "" || r == recipe {
			all = append(all, known.Subjects(r)...)
		}
	}
	return all
}

func printSubjects(w io.Writer, all []specimens.Specimen) error { return terminal.PrintJSON(w, all) }

// listSubjects prints subjects and, for those that are wrong on purpose, which
// property finds the defect under which faults.
func listSubjects(w io.Writer, all []specimens.Specimen) error {
	const gap, screen = 1, 100
	t := tabwriter.NewWriter(w, 0, 0, gap, ' ', 0) // narrower gaps than in other tables, since the names are long
	fmt.Fprintln(t, "RECIPE\tSUBJECT\tFOUND BY\tWHAT IT IS")
	var recipe, subject, property int // the longest of each
	for _, s := range all {
		recipe, subject, property = max(recipe, len(s.Recipe)), max(subject, len(s.Name)), max(property, len(s.Property))
	}
	width := screen - recipe - subject - property - 3*gap
	for _, s := range all {
		about := wrapped(s.About, width)
		if s.Faults != "" {
			about = append(about, wrapped("--faults "+strings.ReplaceAll(s.Faults, ",", ", "), width)...)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", s.Recipe, s.Name, s.Property, about[0])
		for _, more := range about[1:] {
			fmt.Fprintf(t, "\t\t\t%s\n", more)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	hanging(w, "", "broken alone stands for the first broken subject of its recipe. Most defects show within ten seconds, when clients compete or under the --faults named above.")
	return nil
}
