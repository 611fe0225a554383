package reports

import (
	_ "embed"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"strings"

	"github.com/zklab/zklab/internal/base/version"
	"github.com/zklab/zklab/internal/lab/matrix"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/pages"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/stats/gates"
)

//go:embed templates/matrix.html.tmpl
var matrixTemplate string

var matrixPage = pages.New("matrix", matrixTemplate, template.FuncMap{
	"servers": serversWords, "cell": cellVerdict, "latency": latencyWords, "outage": outageWords, "open": openTexts,
})

// matrixPageOf is the data of the template.
type matrixPageOf struct {
	*matrix.Matrix
	Style    template.CSS
	Sentence string
	Rows     []matrixRow
	Makers   []material.Setting
	Text     string // the full summary
	folder   string
}

// matrixRow is an experiment on the page.
type matrixRow struct {
	*matrix.Experiment
	Anchor   string
	Differ   []string
	Compared string // the page of the comparison; "" if there is none
	Plots    []pages.Picture
}

// WriteMatrix writes the page of a matrix as one file, and beside it a page that compares the servers for each experiment,
// with its plots as SVG and PNG. The pages of the cells' sweeps are written into the folders of these. Links are relative.
func WriteMatrix(path string, m *matrix.Matrix) error {
	p := matrixPageOf{
		Matrix: m, Style: template.CSS(pages.StyleSheet), Sentence: matrixSentence(m), folder: filepath.Dir(path),
		Makers: material.Makers("", "summed up by", version.Line()),
	}
	if err := os.MkdirAll(p.folder, 0o755); err != nil {
		return fmt.Errorf("write the page of the matrix: %w", err)
	}
	for i, x := range m.Experiments {
		row, err := p.row(x, fmt.Sprintf("%d-%s", i+1, fileName(x.Name)))
		if err != nil {
			return err
		}
		p.Rows = append(p.Rows, row)
	}
	p.Text = MatrixSummary(p.Matrix, "", onerun.Screen{Full: true})
	return writePage(path, "matrix", matrixPage(), p)
}

// row writes the pages of an experiment, and returns what the page of the matrix has of it.
func (p matrixPageOf) row(x *matrix.Experiment, name string) (matrixRow, error) {
	row := matrixRow{Experiment: x, Anchor: name, Differ: differenceTexts(p.Matrix, x)}
	for _, c := range x.Cells {
		if c.Summary == nil {
			continue
		}
		if err := WriteSweep(filepath.Join(c.Folder, sweep.PageFile), c.Summary); err != nil {
			return row, err
		}
	}
	if x.Compared == nil {
		return row, nil
	}
	row.Compared = name + ".html"
	figures, err := writeComparison(filepath.Join(p.folder, row.Compared), x.Compared)
	for _, f := range figures {
		row.Plots = append(row.Plots, pictureOf(figure.Drawn{File: f.File, Title: f.Title, Figure: f}))
	}
	return row, err
}

// fileName turns a name into a part of a file name: only letters, digits and dots remain.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' {
			return r
		}
		return '-'
	}, name)
}

// Gates returns the judged gates of all cells.
func (p matrixPageOf) Gates() (all []gates.Result) {
	for _, x := range p.Experiments {
		for _, c := range x.Cells {
			all = append(all, namedGates(p.Matrix, x, c)...)
		}
	}
	return all
}

// SweepOf returns the link to the page of a cell's sweep.
func (p matrixPageOf) SweepOf(c *matrix.Cell) string { return p.link(c.Folder, sweep.PageFile) }

// Reports returns links to the reports of a cell's runs: for each finding, the report of the smallest
// run that was kept, named by the property.
func (p matrixPageOf) Reports(c *matrix.Cell) (links []matrixLink) {
	if c.Summary == nil {
		return nil
	}
	for _, f := range c.Summary.Findings {
		if !f.Measured && f.Smallest.Kept != "" {
			links = append(links, matrixLink{f.Property, p.link(f.Smallest.Kept, "report.html"), f.Smallest.Seed})
		}
	}
	return links
}

// matrixLink leads to the report of a run with a violation.
type matrixLink struct {
	Property, Link string
	Seed           int64
}

// link returns the path of a file from the folder of the page; "" if there is none.
func (p matrixPageOf) link(folder, file string) string {
	rel, err := filepath.Rel(p.folder, filepath.Join(folder, file))
	if err != nil {
		return ""
	}
	return filepath.ToSlash(rel)
}
