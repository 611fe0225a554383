package catalog

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/trial"
)

// original is a class of a program.
type original struct {
	program entry.Program
	class   entry.Class
}

// classesOf returns the classes after which an entry was written.
func classesOf(e entry.Entry) (all []original) {
	for _, p := range Programs {
		for _, c := range p.Classes {
			if c.Port == e.Folder {
				all = append(all, original{p, c})
			}
		}
	}
	return all
}

func measuredClasses(t *testing.T, p entry.Program) trial.Classes {
	t.Helper()
	return trial.Read[trial.Classes](t, filepath.Join("originals", p.Folder, trial.MeasuredFile))
}

// testMeasuredClasses tests that the declarations explain what was measured, and that classes get the verdicts of their
// ports.
func testMeasuredClasses(t *testing.T, p entry.Program) {
	t.Helper()
	all := measuredClasses(t, p)
	if len(all) != len(p.Classes) {
		t.Errorf("%s: %d classes were measured, and %d declared", p.Name, len(all), len(p.Classes))
	}
	for _, c := range p.Classes {
		for _, why := range all.Unlike(c) {
			t.Errorf("%s: %s: %s", p.Name, c.Name, why)
		}
		if i := slices.IndexFunc(Entries, func(e entry.Entry) bool { return e.Folder == c.Port }); i >= 0 {
			sum := all.Sum(c.Name)
			if port := Entries[i]; port.Wrong != nil != trial.Breaks(port, slices.Collect(maps.Keys(sum.Properties))) {
				t.Errorf("%s: %s does not get the verdict of its port", p.Name, c.Name)
			}
		} else if c.Port != "" {
			t.Errorf("%s: %s: no entry %s", p.Name, c.Name, c.Port)
		}
	}
}

// writePrograms writes what was measured of programs behind adapters.
func writePrograms(t *testing.T, b *strings.Builder) {
	t.Helper()
	fmt.Fprintf(b, "\n## Programs behind adapters\n\nThese are no ports. zklab runs the classes of a program as they are installed, in real time, "+
		"behind an [adapter](adapters.md) that is written in the program's language. A column counts the runs with its faults that convict a "+
		"class, of the seeds 1 to %d. Some runs were not decided, because the first fault came too soon. "+
		"Runs in real time are not repeatable. Each run is `zklab run` with the kind of the class, `--subject-command`, "+
		"`--faults`, `--seed` and `%s`.\n", trial.SeedsOfClass, trial.ClassFlags)
	for _, p := range Programs {
		writeProgram(t, b, p)
	}
}

func writeProgram(t *testing.T, b *strings.Builder, p entry.Program) {
	t.Helper()
	all := measuredClasses(t, p)
	fmt.Fprintf(b, "\n### %s\n\nIts adapter is [%s](../%s), and the command is `%s`.", p.Name, p.Adapter, p.Adapter, p.Command)
	if strings.Contains(p.Command, "ARGUMENTS") {
		b.WriteString(" ARGUMENTS stands for the arguments of the class, if it has any.")
	}
	b.WriteString("\n\n")
	fmt.Fprintf(b, "| class | kind | %s | violated in runs |\n|---|---|%s---|\n", strings.Join(trial.FaultsOfClass, " | "), strings.Repeat("---|", len(trial.FaultsOfClass)))
	for _, c := range p.Classes {
		w := trial.WorkloadOf(t, "..", c)
		name, kind := c.Name, w.Name()
		if c.Arguments != "" {
			name += " (`" + c.Arguments + "`)"
		}
		if c.Object != "" {
			kind = fmt.Sprintf("`--object` [%s](../%s)", c.Object, c.Object)
		}
		fmt.Fprintf(b, "| %s | %s |", name, kind)
		for _, faults := range trial.FaultsOfClass {
			tally := all[c.Name][faults]
			fmt.Fprintf(b, " %s", tally)
			if tally.Undecided > 0 {
				fmt.Fprintf(b, ", %d undecided", tally.Undecided)
			}
			b.WriteString(" |")
		}
		violated := "none"
		if sum := all.Sum(c.Name); sum.Violated > 0 {
			violated = properties(w, "", sum.Properties)
		}
		fmt.Fprintf(b, " %s |\n", violated)
	}
	b.WriteString("\n")
	for _, c := range p.Classes {
		for _, m := range c.Mistakes {
			fmt.Fprintf(b, "- %s violates %s: %s\n", c.Name, strings.Join(m.Breaks, ", "), m.Why)
		}
	}
}
