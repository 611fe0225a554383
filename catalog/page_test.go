package catalog

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/internal/dev/command"
	"github.com/zklab/zklab/reports"
)

var update = flag.Bool("update", false, "write docs/programs.md")

const page = "../docs/programs.md"

// The page is made from the entries and from what was measured.
func TestPage(t *testing.T) {
	text := written(readMeasured(t))
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

func written(all map[string]measured) string {
	var b strings.Builder
	writeOverview(&b, all)
	for _, mistake := range entry.Mistakes {
		first := true
		for _, e := range Entries {
			if e.Wrong == nil || e.Wrong.Mistake != mistake {
				continue
			}
			if first {
				fmt.Fprintf(&b, "\n## %s\n\n%s\n", mistake.Title, mistake.Lesson)
				first = false
			}
			writeWrong(&b, e, all[e.Folder])
		}
	}
	b.WriteString("\n## Right ones\n\nNo run convicted these. How they do it is as instructive as the mistakes.\n")
	for _, e := range Entries {
		if e.Wrong == nil {
			writeRight(&b, e, all[e.Folder])
		}
	}
	return b.String() + "\n"
}

// writeOverview writes a line for each entry, in the order of the page.
func writeOverview(b *strings.Builder, all map[string]measured) {
	b.WriteString("\n| a recipe written after | its mistake | runs that convict it |\n|---|---|---|\n")
	for _, mistake := range append(entry.Mistakes[:len(entry.Mistakes):len(entry.Mistakes)], nil) {
		for _, e := range Entries {
			does := "none: it is right"
			if e.Wrong != nil {
				does = strings.ToLower(e.Wrong.Mistake.Title[:1]) + e.Wrong.Mistake.Title[1:]
			}
			if e.Wrong == nil && mistake == nil || e.Wrong != nil && e.Wrong.Mistake == mistake {
				fmt.Fprintf(b, "| [%s](#%s) | %s | %s |\n", e.Program, anchor(e.Program), does, all[e.Folder].AsIs)
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

func writeWrong(b *strings.Builder, e entry.Entry, m measured) {
	fmt.Fprintf(b, "\n### %s\n\n%s\n\n", e.Program, e.Wrong.Happens)
	fmt.Fprintf(b, "- Convicted by the default test: %s", m.AsIs)
	if m.AsIs.Violated > 0 {
		fmt.Fprintf(b, " runs (%s)", properties(e.AsIs.Name(), m.AsIs.Properties))
	}
	fmt.Fprintf(b, ".\n- What it takes: %s.\n", e.Wrong.Fault)
	fmt.Fprintf(b, "- What mends it: %s %s\n", e.Wrong.Mend, mended(e, m.Mended))
	writeSource(b, e)
}

func writeRight(b *strings.Builder, e entry.Entry, m measured) {
	fmt.Fprintf(b, "\n### %s\n\n%s\n\n- Convicted by the default test: %s.\n", e.Program, e.Right, m.AsIs)
	writeSource(b, e)
}

func writeSource(b *strings.Builder, e entry.Entry) {
	fmt.Fprintf(b, "- What the program promises: %s", e.Promises)
	if e.NotPromised != "" {
		fmt.Fprintf(b, " Not judged: %s", e.NotPromised)
	}
	fmt.Fprintf(b, "\n- What [the recipe](../catalog/%s/recipe.go) leaves out or does otherwise: %s\n", e.Folder, e.LeftOut)
	fmt.Fprintf(b, "- The source: %s; %s.\n", e.File, e.Version)
}

// properties lists violated properties of a model, the most frequent one first, each with a link to its description.
func properties(model string, in map[string]int) string {
	var names []string
	for name := range in {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if in[a] != in[b] {
			return in[b] - in[a]
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		text := "`" + name + "`"
		if _, page, ok := strings.Cut(reports.PageOf(model, name), "/docs/"); ok { // zklab declares it, not the recipe
			text = fmt.Sprintf("[%s](%s)", text, page)
		}
		names[i] = fmt.Sprintf("%s in %d", text, in[name])
	}
	return strings.Join(names, ", ")
}

func mended(e entry.Entry, m *tally) string {
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

// String tells how many runs were violated.
func (c tally) String() string {
	if c.Runs == 0 {
		return "not measured yet"
	}
	return fmt.Sprintf("%d of %d", c.Violated, c.Runs)
}
