package reports

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"

	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/pages"
	"github.com/zklab/zklab/reports/internal/plots"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/store"
)

// Write writes the report of a stored run into its folder, with all plots. It reads the history and the result from
// the folder, and replaces an earlier report.
func Write(run *store.Run) error { return onerun.Write(run) }

// A program that imports this package draws the plots of each run whose report it writes.
func init() { pages.Draw = plotsOf }

// plotsOf returns the plots of a run for its page. Their files are written later.
func plotsOf(m *material.Run) *pages.Plots {
	all := plots.Of(m)
	drawn := &pages.Plots{}
	for _, d := range all {
		drawn.Others = append(drawn.Others, pictureOf(d))
	}
	if f := plots.Overview(m); f != nil {
		d := figure.Drawn{File: f.File, Title: f.Title, Figure: f}
		overview := pictureOf(d)
		drawn.Overview, all = &overview, append([]figure.Drawn{d}, all...)
	}
	drawn.Write = func(ctx context.Context, dir string) []error {
		return append(writePlots(ctx, dir, all), removeOthers(dir, all))
	}
	return drawn
}

// pictureOf returns the place of a plot within a page.
func pictureOf(d figure.Drawn) pages.Picture {
	p := pages.Picture{File: d.File, Title: d.Title, Absent: d.Absent}
	if d.Figure != nil {
		p.Alt, p.Narrow = d.Figure.Alt, d.Figure.Narrow
		p.Image = pages.Embedded(d.Figure.SVG())
	}
	return p
}

// writePlots writes each figure as SVG and PNG, until ctx ends.
func writePlots(ctx context.Context, dir string, all []figure.Drawn) (failed []error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return []error{err}
	}
	failed = make([]error, 2*len(all))
	var wg sync.WaitGroup
	for i, d := range all {
		if d.Figure == nil {
			continue
		}
		svg, png := d.Files()
		wg.Go(func() {
			if failed[2*i] = ctx.Err(); failed[2*i] != nil {
				return
			}
			failed[2*i] = store.WriteFile(filepath.Join(dir, svg), d.Figure.SVG())
			content, err := d.Figure.PNG(figure.PNGDPI)
			if err == nil {
				err = store.WriteFile(filepath.Join(dir, png), content)
			}
			failed[2*i+1] = err
		})
	}
	wg.Wait()
	return failed
}

// removeOthers removes all files from the folder that are not of these plots. Plots of an earlier
// report that are no longer drawn would be misleading.
func removeOthers(dir string, all []figure.Drawn) error {
	names := map[string]bool{}
	for _, d := range all {
		if d.Figure != nil {
			svg, png := d.Files()
			names[svg], names[png] = true, true
		}
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Type().IsRegular() && !names[e.Name()] {
			err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return err
}
