package reports

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/plots"
	"github.com/zklab/zklab/reports/internal/timeline"
	"github.com/zklab/zklab/reports/internal/verdicts"
	"github.com/zklab/zklab/store"
)

// Write writes the report of a stored run into its folder: plots, report.html, timeline.html and
// junit.xml. It reads the history and the result from the folder, and replaces an earlier report.
func Write(run *store.Run) error {
	if run.Bare() {
		return fmt.Errorf("write the report: %s is a history without a folder of its own", run.Path())
	}
	h, err := run.ReadPacked(store.Large)
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	r, err := run.ReadResult()
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return Render(run.Dir, h, r)
}

// Render writes the report of a run in memory into dir, which must exist. If some files cannot be
// written, it writes the others and returns an error about them.
func Render(dir string, h *history.History, r *store.Result) error {
	return renderAt(figure.PNGDPI, dir, h, r)
}

// renderAt writes what it can. It writes the pages before the plots, which need the most space.
func renderAt(dpi int, dir string, h *history.History, r *store.Result) error {
	if len(verdicts.Violations(r.Verdicts)) > 0 {
		h = h.Unpacked() // pages show what lies around the events of violations
	}
	m := material.Of(dir, h, r)
	all := plots.Of(m)
	if f := plots.Overview(m); f != nil {
		all = append([]figure.Drawn{{File: f.File, Title: f.Title, Figure: f}}, all...)
	}
	pictures, err := porcupinePages(m, context.Background())
	pages := []struct {
		file string
		make func() ([]byte, error)
	}{
		{"junit.xml", func() ([]byte, error) { return junit(m) }},
		{"report.html", func() ([]byte, error) { return pageOf(m, all, pictures) }},
		{"timeline.html", func() ([]byte, error) { return timeline.Page(m, styleSheet) }},
	}
	failed := []error{err}
	for _, p := range pages {
		content, err := p.make()
		if err == nil {
			err = store.WriteFile(filepath.Join(dir, p.file), content)
		}
		failed = append(failed, err)
	}
	folder := filepath.Join(dir, "plots")
	return unwritten(append(append(failed, writePlots(dpi, folder, all)...), removeOthers(folder, all)))
}

// unwritten returns an error that counts the files that could not be written and gives the reason
// for the first.
func unwritten(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0]
	}
	return fmt.Errorf("%d files could not be written: %w", len(errs), errs[0])
}

// writePlots writes each figure as SVG and PNG.
func writePlots(dpi int, dir string, all []figure.Drawn) (failed []error) {
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
			failed[2*i] = store.WriteFile(filepath.Join(dir, svg), d.Figure.SVG())
			content, err := d.Figure.PNG(dpi)
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
