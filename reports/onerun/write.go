package onerun

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/pages"
	"github.com/zklab/zklab/reports/internal/timeline"
	"github.com/zklab/zklab/reports/internal/verdicts"
	"github.com/zklab/zklab/store"
)

// Write writes the report of a stored run into its folder: see [Render]. It reads the history and the result from the
// folder, and replaces an earlier report.
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
	return Render(context.Background(), run.Dir, run.Dir, h, r)
}

// Render writes the report of a run in memory into dir: report.html, timeline.html and junit.xml, and the plots if the
// program imports package reports. The folder dir must exist; its pages name it as place, where it may be moved later. If
// some files cannot be written, Render writes the others and returns an error about them. It writes the pages before the
// plots, which need the most space. When ctx ends, it writes no other file, and returns the error of ctx.
func Render(ctx context.Context, dir, place string, h *history.History, r *store.Result) error {
	if len(verdicts.Violations(r.Verdicts)) > 0 {
		h = h.Unpacked() // pages show what lies around the events of violations
	}
	m := material.Of(dir, h, r)
	m.Place = place
	var plots *pages.Plots
	if pages.Draw != nil {
		plots = pages.Draw(m)
	}
	pictures, err := porcupinePages(m, ctx)
	files := []struct {
		file string
		make func() ([]byte, error)
	}{
		{"junit.xml", func() ([]byte, error) { return junit(m) }},
		{"report.html", func() ([]byte, error) { return pageOf(m, plots, pictures) }},
		{"timeline.html", func() ([]byte, error) { return timeline.Page(m, pages.StyleSheet) }},
	}
	failed := []error{err}
	for _, f := range files {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		content, err := f.make()
		if err == nil {
			err = store.WriteFile(filepath.Join(dir, f.file), content)
		}
		failed = append(failed, err)
	}
	if folder := filepath.Join(dir, "plots"); plots != nil {
		failed = append(failed, plots.Write(ctx, folder)...)
	} else {
		failed = append(failed, os.RemoveAll(folder))
	}
	return pages.Unwritten(failed)
}
