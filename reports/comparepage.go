package reports

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/compare"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/store"
)

//go:embed templates/compare.html.tmpl
var compareTemplate string

var comparePage = template.Must(template.New("compare").Funcs(template.FuncMap{
	"letter": compare.Letter, "group": groupWords, "figure": cellWords, "value": valueWords, "thousands": prose.Grouped,
	"named": func(p comparePageOf, i int) string { return namedGroup(p.Comparison, i) }, "finding": findingWords, "gateClass": gateClass,
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

// mostColumns is the number of groups that stand beside each other on the page.
const mostColumns = 3

// InRows reports whether groups stand below each other.
func (p comparePageOf) InRows() bool { return len(p.Groups) > mostColumns }

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
		if f := comparedTimes(c, m, m.Parts(&all)); len(f.panels) > 0 {
			figures = append(figures, f)
		}
	}
	return figures
}

// mostCompared limits the panels of a figure.
const mostCompared = 12

// comparedTimes draws one metric of all groups: a panel for each part, a row for each group.
func comparedTimes(c *compare.Comparison, m *stats.Metric, parts []string) *figure {
	f := &figure{
		file: m.Name, title: capital(hyphenated(m.Name)) + " of each group", narrow: true,
		alt: "The times of the " + hyphenated(m.Name) + " as dots, one panel for each " + m.Split + ", one row for each group.",
	}
	var panels [][]dotRow
	for _, part := range parts {
		rows := groupRows(c, m, part)
		if !slices.ContainsFunc(rows, func(r dotRow) bool { return r.count() > 0 }) || len(f.panels) == mostCompared {
			continue
		}
		panels = append(panels, rows)
		f.panels = append(f.panels, dotsPanel(m.Title(part), "time", rows))
	}
	f.note = capital(m.About) + ". " + dotsNote("time", panels...)
	return f
}

// groupRows are the times of a part of a metric, with the median and the interval of the table.
func groupRows(c *compare.Comparison, m *stats.Metric, part string) (rows []dotRow) {
	for i, g := range c.Groups {
		times := m.Times(&g.Samples, part)
		if times == nil {
			times = &stats.Times{}
		}
		r := dotRow{sampled: sampled{compare.Letter(i) + "  " + g.Name, times}, median: times.Quantile(0.5)}
		for _, row := range c.Rows {
			if row.Name == m.Title(part)+stats.QuantileName(0.5) {
				r.median, r.interval = row.Cells[i].Value, row.Cells[i].Interval
			}
		}
		rows = append(rows, r)
	}
	return rows
}

// hyphenated returns the name of a metric as a word: fail-over for failover.
func hyphenated(metric string) string { return strings.Replace(metric, "over", "-over", 1) }
