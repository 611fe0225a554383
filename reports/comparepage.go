package reports

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"math"
	"os"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"github.com/zklab/zklab/internal/lab/compare"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/store"
)

//go:embed templates/compare.html.tmpl
var compareTemplate string

var comparePage = template.Must(template.New("compare").Funcs(template.FuncMap{
	"letter": compare.Letter, "group": groupWords, "figure": cellWords, "finding": findingWords, "gateClass": gateClass,
	"change": func(c compare.Cell) []string { change, p := changeWords(c); return []string{change, p} },
}).Parse(compareTemplate))

// gateClass returns the style of what a gate came to.
func gateClass(s stats.GateState) string {
	return map[stats.GateState]string{stats.Kept: "valid", stats.Exceeded: "violation", stats.Undecided: "unknown"}[s]
}

// comparePageOf is the data of the template.
type comparePageOf struct {
	*compare.Comparison
	Style  template.CSS
	Legend string
	Plots  []picture
}

// WriteComparison writes the page of a comparison as one self-contained file, and beside it each plot
// as SVG and PNG, whose names begin with that of the page. It makes the folder if it does not exist.
func WriteComparison(path string, c *compare.Comparison) error {
	figures := compareFigures(c)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write the page of the comparison: %w", err)
	}
	stem := strings.TrimSuffix(path, filepath.Ext(path))
	var failed []error
	for _, f := range figures {
		name := stem + "-" + f.file
		f.file = filepath.Base(name)
		png, err := f.png(pngDPI)
		if err == nil {
			err = store.WriteFile(name+".png", png)
		}
		failed = append(failed, err, store.WriteFile(name+".svg", f.svg()))
	}
	page, err := comparisonPage(c, figures)
	if err != nil {
		return err
	}
	return unwritten(append(failed, store.WriteFile(path, page)))
}

// ComparisonPage returns the page of a comparison, which is self-contained.
func ComparisonPage(c *compare.Comparison) ([]byte, error) {
	return comparisonPage(c, compareFigures(c))
}

func comparisonPage(c *compare.Comparison, figures []*figure) ([]byte, error) {
	p := comparePageOf{Comparison: c, Style: template.CSS(styleSheet), Legend: compareLegend(c)}
	for _, f := range figures {
		p.Plots = append(p.Plots, pictureOf(drawn{file: f.file, title: f.title, figure: f}))
	}
	var b bytes.Buffer
	if err := comparePage.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("write the page of the comparison: %w", err)
	}
	return b.Bytes(), nil
}

// compareFigures draws the distributions of each metric, one panel for each of its parts.
func compareFigures(c *compare.Comparison) (figures []*figure) {
	var all stats.Samples
	for _, g := range c.Groups {
		all.Merge(&g.Samples)
	}
	for i := range stats.Metrics {
		m := &stats.Metrics[i]
		if !m.Timed() {
			continue
		}
		if f := overlay(c, m, m.Parts(&all)); len(f.panels) > 0 {
			figures = append(figures, f)
		}
	}
	return figures
}

// mostOverlays limits the panels of a figure.
const mostOverlays = 12

// overlay draws one metric of all groups.
func overlay(c *compare.Comparison, m *stats.Metric, parts []string) *figure {
	f := &figure{
		file: m.Name, title: capital(hyphenated(m.Name)) + ": share of times up to each length", xLabel: "time (log scale)", xTicks: durationTicks{},
		note: capital(m.About) + ". A line that ends below 1 does so where the remaining times are lower bounds (Kaplan and Meier).",
		alt:  "Distributions of the " + hyphenated(m.Name) + ", one panel for each " + m.Split + ", one line for each group.",
	}
	for i, g := range c.Groups {
		f.legend = append(f.legend, legendEntry{name: compare.Letter(i) + " " + label(g.Name, 60), colour: styleOf(i).colour, dashes: styleOf(i).dashes, shape: asLine})
	}
	var drawn []string
	lo, hi := math.Inf(1), least
	for _, part := range parts {
		var sum stats.Times
		for _, g := range c.Groups {
			sum.Merge(m.Times(&g.Samples, part))
		}
		if n, _ := sum.Count(); n == 0 || len(drawn) == mostOverlays {
			continue
		}
		drawn = append(drawn, part)
		for b := range sum.All() {
			lo, hi = min(lo, logSeconds(b.Time)), max(hi, logSeconds(b.Time))
		}
	}
	f.xMin, f.xMax = logRange(lo, hi)
	for _, part := range drawn {
		p := newPanel()
		p.X.Scale = plot.LogScale{}
		p.Y.Min, p.Y.Max, p.Y.Tick.Marker = 0, 1, linearTicks{5}
		f.add(p)
		for i, g := range c.Groups {
			if times := m.Times(&g.Samples, part); times != nil {
				p.Add(lineOf(sampled{g.Name, times}, styleOf(i)))
			}
		}
		f.panels = append(f.panels, panel{name: m.Title(part), nameLeft: true, yLabel: "share", plot: p, height: vg.Length(120)})
	}
	return f
}

// styleOf returns the look of a group; looks repeat after the last.
func styleOf(group int) lineStyle { return lineStyles[group%len(lineStyles)] }

// hyphenated returns the name of a metric as a word: fail-over for failover.
func hyphenated(metric string) string { return strings.Replace(metric, "over", "-over", 1) }
