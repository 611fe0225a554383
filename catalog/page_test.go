package catalog

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/mends"
	"github.com/zklab/zklab/catalog/trial"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/dev/command"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/workloads"
)

var update = flag.Bool("update", false, "write what is made in docs/programs.md, docs/ports.md and docs/track-record.md")

// The pages are made from the entries, the classes and the measured results.
func TestPage(t *testing.T) {
	for page, text := range map[string]string{
		"../docs/programs.md":     lessons(),
		"../docs/ports.md":        ports(t, readMeasured(t)),
		"../docs/track-record.md": writtenPrograms(t),
	} {
		if *update {
			if err := command.WriteInto(page, "catalog", text); err != nil {
				t.Fatal(err)
			}
		}
		is, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		begins, ends := command.Marks("catalog")
		if !strings.Contains(string(is), begins+text+ends) {
			t.Errorf("%s differs from the entries: go test -run TestPage . -update writes it", page)
		}
	}
}

// lessons tells of each kind of mistake, why it is one and how to do without it.
func lessons() string {
	var b strings.Builder
	b.WriteString("\nThe mistakes:\n\n")
	for _, mistake := range entry.Mistakes {
		if n := made(mistake); n > 0 {
			fmt.Fprintf(&b, "- %s: [%s](ports.md#%s)\n", link(mistake.Title), prose.Count(n, "program"), anchor(mistake.Title))
		}
	}
	for _, mistake := range entry.Unjudged {
		fmt.Fprintf(&b, "- %s: in the use of a recipe, not in the recipe\n", link(mistake.Title))
	}
	for _, mistake := range slices.Concat(entry.Mistakes, entry.Unjudged) {
		if made(mistake) == 0 && !slices.Contains(entry.Unjudged, mistake) {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n```go\n%s```\n", mistake.Title, mistake.Lesson, mends.Source(mistake.Do...))
		if mistake.Ready != "" {
			fmt.Fprintf(&b, "\nIn libraries: %s\n", mistake.Ready)
		}
	}
	return b.String() + "\n"
}

// ports tells of each entry, by its kind of mistake.
func ports(t *testing.T, all map[string]measured) string {
	t.Helper()
	var b strings.Builder
	for _, mistake := range entry.Mistakes {
		if made(mistake) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n[How to do without](programs.md#%s).\n\n", mistake.Title, anchor(mistake.Title))
		for _, e := range Entries {
			if e.Wrong != nil && e.Wrong.Mistake == mistake {
				writeEntry(t, &b, e, all[e.Folder], e.Wrong.Fault+", ", e.Wrong.Happens)
			}
		}
	}
	b.WriteString("\n## Without a known mistake\n\n")
	for _, e := range Entries {
		if e.Wrong == nil {
			writeEntry(t, &b, e, all[e.Folder], "", e.Right)
		}
	}
	return b.String() + "\n"
}

// made counts the entries with a mistake.
func made(mistake *entry.Mistake) (n int) {
	for _, e := range Entries {
		if e.Wrong != nil && e.Wrong.Mistake == mistake {
			n++
		}
	}
	return n
}

// link returns a link to a heading of the page.
func link(heading string) string { return fmt.Sprintf("[%s](#%s)", heading, anchor(heading)) }

// writeEntry writes what a recipe does, and how many runs convict it and its originals. fault names the fault that its mistake needs.
func writeEntry(t *testing.T, b *strings.Builder, e entry.Entry, m measured, fault, does string) {
	t.Helper()
	fmt.Fprintf(b, "- **[%s](../catalog/%s/recipe.go)** (%s, %s%s%s): %s\n", e.Program, e.Folder, e.AsIs.Name(), fault, m.AsIs, tallies(t, e), does)
}

// notInAnchors matches what the anchors of headings leave out.
var notInAnchors = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

// anchor returns the anchor of a heading.
func anchor(heading string) string {
	return strings.ReplaceAll(notInAnchors.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}

// measuredOriginal returns what was measured of an original.
func measuredOriginal(t *testing.T, o entry.Original) trial.Verdict {
	t.Helper()
	return trial.Read[trial.Verdict](t, filepath.Join("originals", o.Folder, trial.MeasuredFile))
}

// tallies tells how many runs convicted the originals of an entry.
func tallies(t *testing.T, e entry.Entry) string {
	t.Helper()
	var b strings.Builder
	for _, o := range e.Originals {
		name, _, _ := strings.Cut(o.Code, ",")
		fmt.Fprintf(&b, "; [%s](../catalog/originals/%s): %s", name, o.Folder, measuredOriginal(t, o).AsIs)
	}
	for _, o := range classesOf(e) {
		fmt.Fprintf(&b, "; %s: %s", o.program.Name, measuredClasses(t, o.program).Sum(o.class.Name))
	}
	return b.String()
}

// properties lists violated properties of a workload, the most frequent one first, each with a link to its description:
// to zklab's page, or to that of objects that a file declares.
func properties(w workloads.Workload, in map[string]int) string {
	names := slices.Collect(maps.Keys(in))
	slices.SortFunc(names, func(a, b string) int {
		if in[a] != in[b] {
			return in[b] - in[a]
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		_, page, ok := strings.Cut(onerun.PageOf(w.Name(), name), "/docs/")
		if !ok {
			page = "declared-objects.md"
		}
		names[i] = fmt.Sprintf("[`%s`](%s) in %d", name, page, in[name])
	}
	return strings.Join(names, ", ")
}
