package reports

import (
	_ "embed"
	"fmt"
	"html/template"
	"path/filepath"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/looks"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/pages"
	"github.com/zklab/zklab/reports/internal/plots"
	"github.com/zklab/zklab/reports/internal/sheet"
	"github.com/zklab/zklab/reports/internal/verdicts"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/reports/onerun"
)

//go:embed templates/explore.html.tmpl
var exploreTemplate string

var explorePage = pages.New("explore", exploreTemplate, nil)

// Exploration describes what an exploration tried and found. It has data only, so that this package
// does not depend on the code that runs an exploration.
type Exploration struct {
	Recipe, Subject string
	Verdict         checker.Result
	// Why says what is missing for a valid verdict.
	Why []string
	// Tried says in sentences, without full stops, what was tried and what came of it.
	Tried []string
	// Properties are decided over all runs together. Their figures kept, open and broken count runs.
	Properties []checker.Verdict
	// Unchecked are the properties that could not be checked in some of the Runs.
	Unchecked []sweep.Unchecked
	Runs      int
	Kinds     []ExploredKind
	Nowhere   []string // kinds of faults for which the scenario has no message
	Causes    []ExploredCause
	Command   string // explores it again
	Zklab     string // see zklab.Version
}

// ExploredKind counts the single faults of a kind.
type ExploredKind struct {
	Kind               string
	Tried, Took, Broke int
}

// ExploredCause describes the findings that have one cause in common.
type ExploredCause struct {
	Property, Shape, Where string
	Runs                   int
	Sorts                  []string // sorts of faults that have the cause, most frequent first
	Command                string   // repeats the first finding
}

// exploreData is the data of the template.
type exploreData struct {
	Exploration
	*pages.Explainer
	Style    template.CSS
	Heading  string
	Sentence string
	Meaning  string
	Plots    []pages.Picture
	Folder   string // of the plots, relative to the page
	Makers   []material.Setting
	Text     string // the full summary
}

// WriteExploration writes the page of an exploration as one self-contained file, and its plots into a
// folder beside it: explore-plots for explore.html.
func WriteExploration(path string, e Exploration) error {
	folder := strings.TrimSuffix(path, filepath.Ext(path)) + "-plots"
	e.Causes = slices.Clone(e.Causes)
	slices.SortStableFunc(e.Causes, func(a, b ExploredCause) int { return b.Runs - a.Runs })
	d := exploreData{
		Exploration: e, Explainer: pages.NewExplainer(), Style: template.CSS(pages.StyleSheet), Heading: models.Named(e.Recipe).Subject(),
		Sentence: e.sentence(), Meaning: e.meaning(), Folder: filepath.Base(folder), Makers: material.Makers("", "explored by", e.Zklab),
	}
	d.Text = ExplorationSummary(e, "", onerun.Screen{Full: true})
	if e.Subject != "" {
		d.Heading += " (" + e.Subject + ")"
	}
	plots := []figure.Drawn{{File: "kinds", Figure: exploredKindsFigure(e)}, {File: "properties", Figure: exploredPropertiesFigure(e)}}
	for _, p := range plots {
		if p.Figure != nil {
			d.Plots = append(d.Plots, pictureOf(p))
		}
	}
	if err := writePage(path, "exploration", explorePage(), d); err != nil {
		return err
	}
	return writePagePlots(folder, plots)
}

// ExplorationSummary describes an exploration in text, which fits a screen unless screen.Full is set. page is the path of
// its page, or "" if there is none.
func ExplorationSummary(e Exploration, page string, screen onerun.Screen) string {
	t := &sheet.Sheet{Screen: screen, Rest: sheet.RestOn("the page", page != "")}
	t.Head(e.Verdict, e.sentence())
	t.Gap()
	exploredProperties(t, e)
	t.Part(sheet.Rests, 20)
	t.List("undecided", e.Why, len(e.Why), "")
	t.Gap()
	t.Part(sheet.Rests, 6)
	t.List("tried", e.Tried, len(e.Tried), "")
	t.Part(sheet.Page, 0)
	if len(e.Nowhere) > 0 {
		t.Line("", "no message of this scenario is one for "+prose.List(e.Nowhere, "or"))
	}
	for i, c := range e.Causes {
		exploredCause(t, c, i)
	}
	t.Gap()
	t.Part(sheet.Always, 0)
	if page != "" {
		t.Copied("page", page)
	}
	t.Part(sheet.Page, 0)
	t.Makers(material.Makers("", "explored by", e.Zklab))
	return t.String()
}

// exploredProperties names the properties that were kept, and tells in how many runs each one was.
func exploredProperties(t *sheet.Sheet, e Exploration) {
	var kept []string
	for _, v := range e.Properties {
		if v.Result == checker.Valid {
			kept = append(kept, words.Label(v.Property, 40))
		}
	}
	t.Part(sheet.Rests, 3)
	if len(kept) > 0 {
		t.Line("kept", prose.List(kept, "and"))
	}
	t.Part(sheet.Page, 0)
	for _, v := range e.Properties {
		fmt.Fprintf(t, "  %s %-16s kept in %s\n", t.Screen.Paint(v.Result, verdicts.Mark(v.Result)), words.Label(v.Property, 40), exploreData{}.Kept(v))
		for _, note := range v.Notes {
			t.Line("", note)
		}
	}
}

// causesInSummary is the number of causes that a screen shows.
const causesInSummary = 3

// exploredCause describes a cause, with the command that shows it again and the sorts of faults that have it.
func exploredCause(t *sheet.Sheet, c ExploredCause, i int) {
	rank := sheet.Always
	if i >= causesInSummary {
		rank = sheet.Page
	}
	t.Gap()
	t.Part(rank, 4)
	for k, line := range sheet.Wrap(fmt.Sprintf("%s, in %s, by %s: %s", words.Label(c.Property, 40), words.Plural(c.Runs, "run"), c.Where, words.Label(c.Shape, 600)), sheet.Width-4) {
		fmt.Fprintf(t, "  %s %s\n", map[bool]string{true: t.Screen.Paint(checker.Violation, verdicts.Mark(checker.Violation)), false: " "}[k == 0], line)
	}
	t.Part(rank, 0)
	if c.Command != "" {
		t.Copied("replay", c.Command)
	}
	t.Part(sheet.Page, 0)
	t.List("faults", c.Sorts, len(c.Sorts), "")
}

// sentence returns the verdict as a sentence.
func (e Exploration) sentence() string {
	what := models.Named(e.Recipe).Subject()
	switch e.Verdict {
	case checker.Violation:
		return what + " broke its promise"
	case checker.Valid:
		return what + " kept every promise, whichever single fault hit whichever message" + onerun.Unchecked(e.Unchecked, e.Runs)
	}
	return "nothing was violated, but not enough was tried to call it valid"
}

// meaning says in a sentence what the verdict means.
func (e Exploration) meaning() string {
	switch e.Verdict {
	case checker.Violation:
		return "A violation is final. Each cause below comes with the command that shows it again."
	case checker.Valid:
		return "That is a statement about this scenario, which is small: other scenarios, and faults at the same time, may still break one."
	}
	return "It says below what is missing."
}

// First returns the causes that the page shows at once, and Others the remaining ones.
func (d exploreData) First() []ExploredCause { return d.Causes[:min(findingsOnPage, len(d.Causes))] }

// Others returns the causes that are folded away.
func (d exploreData) Others() []ExploredCause { return d.Causes[len(d.First()):] }

// Kept returns in how many runs a property was kept, of those to which it applied.
func (exploreData) Kept(v checker.Verdict) string {
	kept := int(v.Figures["kept"])
	return prose.Grouped(kept) + " of " + words.Plural(kept+int(v.Figures["open"]+v.Figures["broken"]), "run")
}

// exploredKindsFigure shows the outcomes of the runs with a single fault, by the kind
// of fault.
func exploredKindsFigure(e Exploration) *figure.Figure {
	var bars []plots.OutcomeBar
	for _, k := range e.Kinds {
		bars = append(bars, plots.OutcomeBar{Name: k.Kind, Parts: []plots.Outcome{
			{Name: "broke a promise", Colour: looks.Vermillion, N: k.Broke}, {Name: "took effect, and broke none", Colour: looks.Green, N: max(0, k.Took-k.Broke)}, {Name: "without effect", Colour: looks.Pale, N: max(0, k.Tried-max(k.Took, k.Broke))},
		}})
	}
	f := plots.OutcomesFigure(bars, "single faults")
	if f != nil {
		f.File, f.Title = "kinds", "What came of each kind of fault"
	}
	return f
}

// exploredPropertiesFigure shows in how many runs each property was kept.
func exploredPropertiesFigure(e Exploration) *figure.Figure {
	var bars []plots.OutcomeBar
	for _, v := range e.Properties {
		bars = append(bars, plots.OutcomeBar{Name: v.Property, Parts: []plots.Outcome{
			{Name: "broken", Colour: looks.Vermillion, N: int(v.Figures["broken"])}, {Name: "left open", Colour: looks.Orange, N: int(v.Figures["open"])}, {Name: "kept", Colour: looks.Green, N: int(v.Figures["kept"])},
		}})
	}
	f := plots.OutcomesFigure(bars, "runs")
	if f != nil {
		f.File, f.Title = "properties", "In how many runs each property was kept"
	}
	return f
}
