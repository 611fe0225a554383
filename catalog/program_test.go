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
	"github.com/zklab/zklab/internal/base/prose"
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

// writtenPrograms writes what was measured of programs behind adapters.
func writtenPrograms(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "\nEach figure counts runs that violate a property, of %d seeds. Each run is `zklab run KIND --subject-command COMMAND --faults FAULTS "+
		"--seed N %s`, in real time.\n", trial.SeedsOfClass, trial.ClassFlags)
	for _, p := range Programs {
		writeProgram(t, &b, p)
	}
	return b.String()
}

func writeProgram(t *testing.T, b *strings.Builder, p entry.Program) {
	t.Helper()
	all := measuredClasses(t, p)
	fmt.Fprintf(b, "\n### %s\n\nThe command of [its adapter](../%s) is `%s`.\n\n", p.Name, p.Adapter, p.Command)
	fmt.Fprintf(b, "| class | kind | %s | violated in runs |\n|---|---|%s---|\n", strings.Join(trial.FaultsOfClass, " | "), strings.Repeat("---|", len(trial.FaultsOfClass)))
	var right []string
	for _, c := range p.Classes {
		sum := all.Sum(c.Name)
		if sum.Violated == 0 {
			right = append(right, c.Name)
			continue
		}
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
			fmt.Fprintf(b, " %d |", all[c.Name][faults].Violated)
		}
		fmt.Fprintf(b, " %s |\n", properties(w, sum.Properties))
	}
	b.WriteString("\n")
	for _, c := range p.Classes {
		for _, m := range c.Mistakes {
			fmt.Fprintf(b, "- %s violates %s: %s\n", c.Name, strings.Join(m.Breaks, ", "), m.Why)
		}
	}
	if len(right) > 0 {
		fmt.Fprintf(b, "- No run violated a property of %s.\n", prose.List(right, "and"))
	}
}
