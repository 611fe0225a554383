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
	"github.com/zklab/zklab/internal/dev/command"
	"github.com/zklab/zklab/internal/testkit/tally"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/workloads"
)

var update = flag.Bool("update", false, "write docs/programs.md")

const page = "../docs/programs.md"

// The page is made from the entries and the measured results.
func TestPage(t *testing.T) {
	text := written(t, readMeasured(t))
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
		t.Error("the page differs from the entries: go test -run TestPage . -update writes it")
	}
}

func written(t *testing.T, all map[string]measured) string {
	var b strings.Builder
	writeMistakes(&b)
	writeOverview(t, &b, all)
	for _, mistake := range entry.Mistakes {
		first := true
		for _, e := range Entries {
			if e.Wrong == nil || e.Wrong.Mistake != mistake {
				continue
			}
			if first {
				writeLesson(&b, mistake)
				first = false
			}
			writeWrong(t, &b, e, all[e.Folder])
		}
	}
	for _, mistake := range entry.Unjudged {
		writeLesson(&b, mistake)
	}
	b.WriteString("\n## Recipes without a known mistake\n\nNo run convicted these. How they do it is as instructive as the mistakes.\n")
	for _, e := range Entries {
		if e.Wrong == nil {
			writeRight(t, &b, e, all[e.Folder])
		}
	}
	writePrograms(t, &b)
	return b.String() + "\n"
}

// writeMistakes lists the kinds of mistakes, in the order of the page.
func writeMistakes(b *strings.Builder) {
	b.WriteString("\nThe mistakes:\n\n")
	for _, mistake := range entry.Mistakes {
		if n := made(mistake); n == 1 {
			fmt.Fprintf(b, "- %s: 1 recipe\n", link(mistake.Title))
		} else if n > 1 {
			fmt.Fprintf(b, "- %s: %d recipes\n", link(mistake.Title), n)
		}
	}
	for _, mistake := range entry.Unjudged {
		fmt.Fprintf(b, "- %s: in the use of a recipe, not in the recipe\n", link(mistake.Title))
	}
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

// writeLesson writes why something is a mistake, and code without it.
func writeLesson(b *strings.Builder, mistake *entry.Mistake) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n\nDo this:\n\n```go\n%s```\n", mistake.Title, mistake.Lesson, mends.Source(mistake.Do...))
	if mistake.Ready != "" {
		fmt.Fprintf(b, "\nIn libraries: %s\n", mistake.Ready)
	}
}

// writeOverview writes a line for each entry, in the order of the page.
func writeOverview(t *testing.T, b *strings.Builder, all map[string]measured) {
	b.WriteString("\n| a recipe written after | kind | its mistake | runs that convict it | of the original itself |\n|---|---|---|---|---|\n")
	for _, mistake := range append(entry.Mistakes[:len(entry.Mistakes):len(entry.Mistakes)], nil) {
		for _, e := range Entries {
			does := "none found"
			if e.Wrong != nil {
				title := e.Wrong.Mistake.Title
				does = fmt.Sprintf("[%s](#%s)", strings.ToLower(title[:1])+title[1:], anchor(title))
			}
			if e.Wrong == nil && mistake == nil || e.Wrong != nil && e.Wrong.Mistake == mistake {
				fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", link(e.Program), e.AsIs.Name(), does, all[e.Folder].AsIs, tallies(t, e))
			}
		}
	}
}

// notInAnchors matches what the anchors of headings leave out.
var notInAnchors = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

// anchor returns the anchor of a heading.
func anchor(heading string) string {
	return strings.ReplaceAll(notInAnchors.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}

func writeWrong(t *testing.T, b *strings.Builder, e entry.Entry, m measured) {
	fmt.Fprintf(b, "\n### %s\n\n%s\n\n", e.Program, e.Wrong.Happens)
	fmt.Fprintf(b, "- Convicted by the default test: %s", m.AsIs)
	if m.AsIs.Violated > 0 {
		fmt.Fprintf(b, " runs (%s)", properties(e.AsIs, e.Folder, m.AsIs.Properties))
	}
	b.WriteString(".\n")
	writeOriginals(t, b, e)
	fmt.Fprintf(b, "- What it takes: %s.\n", e.Wrong.Fault)
	fmt.Fprintf(b, "- What mends it: %s %s\n", e.Wrong.Mend, mended(e, m.Mended))
	writeSource(b, e)
}

func writeRight(t *testing.T, b *strings.Builder, e entry.Entry, m measured) {
	fmt.Fprintf(b, "\n### %s\n\n%s\n\n- Convicted by the default test: %s.\n", e.Program, e.Right, m.AsIs)
	writeOriginals(t, b, e)
	writeSource(b, e)
}

// measuredOriginal returns what was measured of an original.
func measuredOriginal(t *testing.T, o entry.Original) trial.Verdict {
	t.Helper()
	return trial.Read[trial.Verdict](t, filepath.Join("originals", o.Folder, trial.MeasuredFile))
}

// tallies tells how many runs convicted the originals of an entry.
func tallies(t *testing.T, e entry.Entry) string {
	t.Helper()
	var all []string
	for _, o := range e.Originals {
		name, _, _ := strings.Cut(o.Code, ",")
		all = append(all, fmt.Sprintf("%s: %s", name, measuredOriginal(t, o).AsIs))
	}
	for _, o := range classesOf(e) {
		all = append(all, fmt.Sprintf("%s: %s", o.program.Name, measuredClasses(t, o.program).Sum(o.class.Name)))
	}
	return strings.Join(all, "; ")
}

func writeOriginals(t *testing.T, b *strings.Builder, e entry.Entry) {
	t.Helper()
	for _, o := range e.Originals {
		m := measuredOriginal(t, o)
		fmt.Fprintf(b, "- The original itself, %s ([its test](../catalog/originals/%s)): ", o.Code, o.Folder)
		if m.First > 0 {
			fmt.Fprintf(b, "convicted in %s runs (%s), first with seed %d.", m.AsIs, properties(e.AsIs, e.Folder, m.AsIs.Properties), m.First)
		} else {
			fmt.Fprintf(b, "convicted in %s runs.", m.AsIs)
		}
		if o.Apart != "" {
			b.WriteString(" " + o.Apart)
		}
		b.WriteString("\n")
	}
	for _, o := range classesOf(e) {
		sum := measuredClasses(t, o.program).Sum(o.class.Name)
		fmt.Fprintf(b, "- The original itself, %s of %s, in real time: convicted in %s runs", o.class.Name, link(o.program.Name), sum)
		if sum.Violated > 0 {
			fmt.Fprintf(b, " (%s)", properties(e.AsIs, e.Folder, sum.Properties))
		}
		b.WriteString(".\n")
	}
}

func writeSource(b *strings.Builder, e entry.Entry) {
	fmt.Fprintf(b, "- What the program promises: %s", e.Promises)
	if e.NotPromised != "" {
		fmt.Fprintf(b, " Not judged: %s", e.NotPromised)
	}
	fmt.Fprintf(b, "\n- What [the recipe](../catalog/%s/recipe.go) leaves out or does otherwise: %s\n", e.Folder, e.LeftOut)
	fmt.Fprintf(b, "- The source: %s; %s.\n", e.File, e.Version)
}

// properties lists violated properties of a workload, the most frequent one first, each with a link to its description:
// to zklab's page, or to the recipe in the folder that declares it.
func properties(w workloads.Workload, folder string, in map[string]int) string {
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
			page = "../catalog/" + folder + "/recipe.go"
			if folder == "" { // a file declares the kind
				page = "adapters.md#objects-that-zklab-does-not-know"
			}
		}
		names[i] = fmt.Sprintf("[`%s`](%s) in %d", name, page, in[name])
	}
	return strings.Join(names, ", ")
}

func mended(e entry.Entry, m *tally.Tally) string {
	switch {
	case e.Wrong.Mended == nil:
		return "No mended recipe is valid yet."
	case m == nil:
		return "How it does with 200 seeds was not measured yet."
	}
	text := fmt.Sprintf("Tried: none of %d runs convicts the mended recipe", m.Runs)
	if m.Undecided > 0 {
		text += fmt.Sprintf(" (in %d of them not every property could be decided)", m.Undecided)
	}
	return text + "."
}
