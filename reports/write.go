package reports

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/store"
)

// Write writes the report of a stored run into its folder: plots, report.html,
// timeline.html and junit.xml. It reads history and result from there and
// replaces an earlier report.
func Write(run *store.Run) error {
	if run.Bare() {
		return fmt.Errorf("write the report: %s is a history without a folder of its own", run.Path())
	}
	h, err := run.ReadHistory()
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	r, err := run.ReadResult()
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return Render(run.Dir, h, r)
}

// Render writes the report of a run that is already in memory into dir, which
// exists.
func Render(dir string, h *history.History, r *store.Result) error {
	return renderAt(pngDPI, dir, h, r)
}

func renderAt(dpi int, dir string, h *history.History, r *store.Result) error {
	m := newMaterial(dir, h, r)
	plots := m.plots()
	if err := writePlots(dpi, filepath.Join(dir, "plots"), plots); err != nil {
		return fmt.Errorf("write the plots: %w", err)
	}
	pictures, err := m.porcupinePages(context.Background())
	if err != nil {
		return fmt.Errorf("write porcupine's pictures: %w", err)
	}
	pages := []struct {
		file string
		make func() ([]byte, error)
	}{
		{"report.html", func() ([]byte, error) { return m.page(plots, pictures) }},
		{"timeline.html", m.timeline},
		{"junit.xml", m.junit},
	}
	for _, p := range pages {
		content, err := p.make()
		if err == nil {
			err = store.WriteFile(filepath.Join(dir, p.file), content)
		}
		if err != nil {
			return fmt.Errorf("write %s: %w", p.file, err)
		}
	}
	return nil
}

// writePlots also removes plots of an earlier report that are no longer drawn:
// they would show something else.
func writePlots(dpi int, dir string, plots []drawn) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var g errgroup.Group
	for _, d := range plots {
		if d.figure != nil {
			g.Go(func() error { return writePlot(dpi, dir, d) })
		}
	}
	return g.Wait()
}

func writePlot(dpi int, dir string, d drawn) error {
	if err := store.WriteFile(filepath.Join(dir, d.file+".svg"), d.figure.svg(true)); err != nil {
		return err
	}
	png, err := d.figure.png(dpi)
	if err != nil {
		return fmt.Errorf("draw %s: %w", d.file, err)
	}
	return store.WriteFile(filepath.Join(dir, d.file+".png"), png)
}
