package reports

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/coverage"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/pages"
	"github.com/zklab/zklab/reports/internal/plots"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/stats/samples"
	"github.com/zklab/zklab/store"
)

//go:embed templates/sweep.html.tmpl
var sweepTemplate string

var sweepPage = pages.New("sweep", sweepTemplate, template.FuncMap{
	"rate": pageRate, "met": words.Met, "sign": propertyMark, "property": propertyWords, "shard": shardWords, "absent": absentWords, "leak": leakWords,
})

// sweepPageOf is the data of the template.
type sweepPageOf struct {
	*sweep.Summary
	*pages.Explainer
	Style    template.CSS
	Heading  string
	Sentence string
	Meaning  string          // of the verdict
	Effects  string          // the kinds of faults that took effect
	Found    []pages.Picture // pictures of what was found
	Runs     string
	Rate     string
	Matrix   sweep.Matrix
	Times    []timesSection
	Plots    string // the folder of the plots, relative to the page
	Makers   []material.Setting
	Cost     string
	Shared   []string
	Herd     pages.Picture // without an image if it is not drawn
	Text     string        // the full summary
	folder   string
}

// WriteSweep writes the page of a sweep as one self-contained file, and its plots into a folder
// beside it: sweep-plots for sweep.html. Links to the folders of kept runs are relative to the page.
func WriteSweep(path string, s *sweep.Summary) error {
	folder := strings.TrimSuffix(path, filepath.Ext(path)) + "-plots"
	sections, all := timesOfSweep(&s.Samples)
	herd := plots.HerdOfSweep(s)
	found := []figure.Drawn{{File: "outcomes", Figure: plots.SweepOutcomes(s)}, {File: "causes", Figure: plots.Causes(s)}, plots.Behaviours(s)}
	all = slices.Concat(found, all, []figure.Drawn{herd})
	p := sweepPageOf{
		Summary: s, Style: template.CSS(pages.StyleSheet), Heading: sweepSubject(s), Sentence: sweepSentence(s),
		Runs: words.Plural(s.Runs, "run") + ": " + runsCameTo(s), Rate: rateWords(s), Matrix: s.Matrix(), Times: sections, Plots: filepath.Base(folder), Makers: makersOfSweep(s), folder: filepath.Dir(path),
		Explainer: pages.NewExplainer(), Meaning: sweepMeaning(s), Effects: tookEffect(s),
		Text: SweepSummary(s, "", onerun.Screen{Full: true}),
		Cost: words.Cost(s.Samples.Cost), Shared: words.SharedInSweep(&s.Samples), Herd: pictureOf(herd),
	}
	for _, f := range found {
		if f.Figure != nil {
			p.Found = append(p.Found, pictureOf(f))
		}
	}
	if err := writePage(path, "sweep", sweepPage(), p); err != nil {
		return err
	}
	return writePagePlots(folder, all)
}

// writePage writes a page as one file. what names it in errors.
func writePage(path, what string, page *template.Template, data any) error {
	var b bytes.Buffer
	if err := page.Execute(&b, data); err != nil {
		return fmt.Errorf("write the page of the %s: %w", what, err)
	}
	return store.WriteFile(path, b.Bytes())
}

// writePagePlots also removes plots of an earlier page that are no longer drawn, but nothing else:
// the folder is where the user wanted the page.
func writePagePlots(folder string, all []figure.Drawn) error {
	var figures []figure.Drawn
	var failed []error
	for _, d := range all {
		if d.Figure != nil {
			figures = append(figures, d)
			continue
		}
		svg, png := d.Files()
		for _, name := range []string{svg, png} {
			if err := os.Remove(filepath.Join(folder, name)); !errors.Is(err, fs.ErrNotExist) {
				failed = append(failed, err)
			}
		}
	}
	if len(figures) > 0 {
		failed = append(failed, writePlots(context.Background(), folder, figures)...)
	}
	return pages.Unwritten(failed)
}

// timesOfSweep returns the sections of the page about times that were measured at least once, and
// all plots.
func timesOfSweep(s *samples.Samples) (sections []timesSection, all []figure.Drawn) {
	for _, d := range plots.SweptTimes {
		times := d.Of(s)
		plot := d.Drawn(times)
		all = append(all, plot)
		if len(times) > 0 {
			sections = append(sections, timesSectionOf(d, plot, times))
		}
	}
	phases := figure.Drawn{File: "phases", Title: "Phases of the fail-over"}
	if phases.Figure, phases.Absent = plots.Phases(s); phases.Figure != nil {
		phases.Figure.File, phases.Figure.Title = phases.File, phases.Title
		sections = append(sections, timesSection{Picture: pictureOf(phases)})
	}
	return sections, append(all, phases)
}

// Report returns the link to the report of a kept run, or "" if the run was not kept.
func (p sweepPageOf) Report(x sweep.Example) string {
	if x.Kept == "" {
		return ""
	}
	rel, err := filepath.Rel(p.folder, filepath.Join(x.Kept, "report.html"))
	if err != nil {
		return ""
	}
	return filepath.ToSlash(rel)
}

// Replay returns the command that repeats a run.
func (p sweepPageOf) Replay(x sweep.Example) string { return replayWords(p.Summary, x) }

// Never returns the set of the kinds of faults that never took effect.
func (p sweepPageOf) Never() map[string]bool {
	never := map[string]bool{}
	for _, kind := range p.Summary.Never() {
		never[kind] = true
	}
	return never
}

// Quiet describes how frequent violations can be at most; "" if some were found.
func (p sweepPageOf) Quiet() string {
	if p.Violation > 0 {
		return ""
	}
	return coverage.Quiet(p.Decided())
}

// sweepMeaning says in a sentence what the verdict means.
func sweepMeaning(s *sweep.Summary) string {
	switch s.Verdict {
	case checker.Violation:
		return "A violation is final. Each cause below comes with its smallest run, and with the command that repeats it."
	case checker.Valid:
		return "Enough happened that a violation would have shown itself. That is no proof: other seeds or settings may still find one."
	}
	return "That is not valid: too little happened, or too little is known, to say so."
}

// tookEffect lists the kinds of faults that took effect.
func tookEffect(s *sweep.Summary) string {
	var kinds []string
	for _, f := range s.Faults {
		if f.Verified > 0 {
			kinds = append(kinds, f.Kind)
		}
	}
	if len(kinds) == 0 {
		return "No fault took effect"
	}
	return words.Plural(len(kinds), "kind") + " of faults took effect: " + prose.List(kinds, "and")
}

// Limits of what the page shows at once.
const (
	findingsOnPage = 10 // the others are folded away
	shardsOnPage   = 100
)

// pageRate does not let a line end before a percent sign.
func pageRate(f sweep.Finding) string {
	return strings.ReplaceAll(words.FindingRate(f), " %", "\u00a0%")
}

// FirstFindings returns the findings that the page shows at once.
func (p sweepPageOf) FirstFindings() []sweep.Finding {
	return p.Findings[:min(findingsOnPage, len(p.Findings))]
}

// OtherFindings returns the remaining findings.
func (p sweepPageOf) OtherFindings() []sweep.Finding { return p.Findings[len(p.FirstFindings()):] }

// hole is an operation with the kinds of faults that it never met.
type hole struct{ Operation, Kinds string }

// Holes lists the operations with holes in words, since a wide table does not show all of them at
// once.
func (p sweepPageOf) Holes() (out []hole) {
	for _, row := range p.Matrix.Rows {
		if never := row.Never(); row.Step == "" && len(never) > 0 {
			out = append(out, hole{row.Operation, prose.List(never, "or")})
		}
	}
	return out
}

// ToldShards returns all shards if there are few, or otherwise those that lack seeds.
func (p sweepPageOf) ToldShards() []sweep.ShardState {
	if len(p.Shards) <= shardsOnPage {
		return p.Shards
	}
	var lacking []sweep.ShardState
	for _, h := range p.Shards {
		if h.Done < h.Seeds && len(lacking) < shardsOnPage {
			lacking = append(lacking, h)
		}
	}
	return lacking
}

// OtherShards counts the shards that have run all their seeds. It returns "" if the page lists
// every shard.
func (p sweepPageOf) OtherShards() string {
	more, whole := len(p.Shards)-len(p.ToldShards()), 0
	for _, h := range p.Shards {
		if h.Done >= h.Seeds {
			whole++
		}
	}
	if more == 0 {
		return ""
	}
	return fmt.Sprintf("%s of %s have run all their seeds.", prose.Grouped(whole), words.Plural(len(p.Shards), "shard"))
}

// timeRow is a row of a table of times.
type timeRow struct {
	Name             string
	N, Longer        int
	Median, Interval string
	Tail             []string
	Worst            string
}

func timeRows(d plots.Distribution, all []figure.Sampled) []timeRow {
	var rows []timeRow
	for _, s := range all {
		r := timeRow{Name: s.Name, Median: words.Bound(s.Times.Quantile(0.5)), Interval: d.IntervalOf(s), Worst: words.Bound(s.Worst())}
		r.N, r.Longer = s.Times.Count()
		for _, q := range d.Tail {
			r.Tail = append(r.Tail, plots.QuantileOf(s, q.Q))
		}
		rows = append(rows, r)
	}
	return rows
}

// timesSection is a part of a sweep's page: times in a figure and a table.
type timesSection struct {
	pages.Picture
	One         string // what was measured, in the singular
	Heads       []string
	Interval    bool
	Rows, Other []timeRow // Other are folded away
}

// timeRowsOnPage is the number of rows that the page of a sweep shows at once.
const timeRowsOnPage = 12

func timesSectionOf(d plots.Distribution, drawn figure.Drawn, all []figure.Sampled) timesSection {
	s := timesSection{Picture: pictureOf(drawn), One: d.One, Interval: d.Interval, Rows: timeRows(d, all)}
	for _, q := range d.Tail {
		s.Heads = append(s.Heads, q.Name)
	}
	n := min(timeRowsOnPage, len(s.Rows))
	s.Rows, s.Other = s.Rows[:n], s.Rows[n:]
	return s
}
