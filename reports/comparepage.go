package reports

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"strings"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/compare"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/pages"
	"github.com/zklab/zklab/reports/internal/plots"
	"github.com/zklab/zklab/store"
)

//go:embed templates/compare.html.tmpl
var compareTemplate string

var comparePage = template.Must(template.New("compare").Funcs(template.FuncMap{
	"letter": compare.Letter, "group": groupWords, "figure": cellWords, "value": valueWords, "thousands": prose.Grouped,
	"named": func(p comparePageOf, i int) string { return namedGroup(p.Comparison, i) }, "finding": findingWords, "gateClass": pages.GateClass,
	"change": func(c compare.Cell) []string { change, p := changeWords(c); return []string{change, p} },
}).Parse(compareTemplate))

// comparePageOf is the data of the template.
type comparePageOf struct {
	*compare.Comparison
	Style  template.CSS
	Legend string
	Plots  []pages.Picture
}

// mostColumns is the number of groups that stand beside each other on the page.
const mostColumns = 3

// InRows reports whether groups stand below each other.
func (p comparePageOf) InRows() bool { return len(p.Groups) > mostColumns }

// WriteComparison writes the page of a comparison as one self-contained file, and beside it each plot
// as SVG and PNG, whose names begin with that of the page. It makes the folder if it does not exist.
func WriteComparison(path string, c *compare.Comparison) error {
	_, err := writeComparison(path, c)
	return err
}

// writeComparison also returns the figures of the page.
func writeComparison(path string, c *compare.Comparison) ([]*figure.Figure, error) {
	figures := plots.Compared(c)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("write the page of the comparison: %w", err)
	}
	stem := strings.TrimSuffix(path, filepath.Ext(path))
	var failed []error
	for _, f := range figures {
		name := stem + "-" + f.File
		f.File = filepath.Base(name)
		png, err := f.PNG(figure.PNGDPI)
		if err == nil {
			err = store.WriteFile(name+".png", png)
		}
		failed = append(failed, err, store.WriteFile(name+".svg", f.SVG()))
	}
	page, err := comparisonPage(c, figures)
	if err != nil {
		return nil, err
	}
	return figures, pages.Unwritten(append(failed, store.WriteFile(path, page)))
}

// ComparisonPage returns the page of a comparison, which is self-contained.
func ComparisonPage(c *compare.Comparison) ([]byte, error) {
	return comparisonPage(c, plots.Compared(c))
}

func comparisonPage(c *compare.Comparison, figures []*figure.Figure) ([]byte, error) {
	p := comparePageOf{Comparison: c, Style: template.CSS(pages.StyleSheet), Legend: compareLegend(c)}
	for _, f := range figures {
		p.Plots = append(p.Plots, pictureOf(figure.Drawn{File: f.File, Title: f.Title, Figure: f}))
	}
	var b bytes.Buffer
	if err := comparePage.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("write the page of the comparison: %w", err)
	}
	return b.Bytes(), nil
}
