package storedruns

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/manyruns"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/advice"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/matrix"
	"github.com/zklab/zklab/reports"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
)

func newOpen(known specimens.Catalog) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "open [PATH]",
		Short: "Open a report in the browser",
		Long: "Open shows the report of a stored run, or the page of a sweep, an exploration or a matrix, in the browser, and\n" +
			"prints its path. PATH is the folder of one of these, a page, or latest, which is the default. The variable BROWSER\n" +
			"names the program; without it, the one of the desktop is used. Without a desktop, open only\n" +
			"prints the path. Open adds the plots to a report that a Go test wrote without them.",
		Example:           "  zklab open\n  zklab open lock/2026-01-02T15-04-05.678Z\n  zklab open store/sweeps/lock/3f70694aa4cfaf8e",
		Args:              atMostOnePath,
		ValidArgsFunction: usage.FirstArgument(storedRun),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := store.Latest
			if len(args) == 1 {
				path = args[0]
			}
			page, err := pageOf(out, path)
			if err != nil {
				return err
			}
			if err := addPlots(known, page); err != nil {
				fmt.Fprintln(cmd.ErrOrStderr(), "warning: "+printable.Text(err.Error(), math.MaxInt))
			}
			fmt.Fprintln(terminal.Exact(cmd.OutOrStdout()), page)
			if err := browse(page); err != nil && !errors.Is(err, errNoBrowser) {
				return err
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "store", "folder of the stored runs, which contains latest")
	usage.CompletesFiles(cmd, "out")
	return cmd
}

// atMostOnePath accepts the arguments of open: at most one path.
func atMostOnePath(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("%s needs one path, the folder of a run or a sweep, a page, or latest", cmd.Name())
	}
	return nil
}

// pageOf returns the page that a path names.
func pageOf(out, path string) (string, error) {
	for _, candidate := range []string{path, filepath.Join(out, path)} {
		if path == store.Latest {
			break // "latest" is a name only in the store
		}
		info, err := os.Stat(candidate)
		if err == nil && !info.IsDir() && filepath.Ext(candidate) == ".html" {
			return candidate, nil
		}
		for _, name := range []string{manyruns.SweepPage, explore.PageFile, matrix.PageFile} {
			if page := filepath.Join(candidate, name); isFile(page) {
				return page, nil
			}
		}
	}
	run, err := store.Open(out, path)
	if err != nil {
		return "", err
	}
	if run.Bare() || !isFile(run.Report()) {
		return "", fmt.Errorf("%s has no report: %s", run.Path(), advice.WriteReport.Text())
	}
	return run.Report(), nil
}

// addPlots writes the report of a run again if it has no plots. It does not decide the run again. It returns an error if
// this program does not know the run's objects. Other pages have all plots.
func addPlots(known specimens.Catalog, page string) error {
	run, err := open(known, "", filepath.Dir(page))
	if err != nil || run.Bare() || filepath.Base(page) != filepath.Base(run.Report()) {
		return nil
	}
	if _, err := os.Stat(run.Plots()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if r, err := run.ReadResult(); err == nil && r.Recipe != "" && !models.Known(r.Recipe) && declaredFor(known, run, r.Recipe) == nil {
		return fmt.Errorf("%s has no plots: only a program that declares the objects %q can draw them", page, r.Recipe)
	}
	return reports.Write(run)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// errNoBrowser means that there is no desktop.
var errNoBrowser = errors.New("there is no browser to open it in: set BROWSER, or open it yourself")

// browse opens a file or an address in the browser, and does not wait for it.
func browse(page string) error {
	words := browser()
	if words == nil {
		return errNoBrowser
	}
	if abs, err := filepath.Abs(page); err == nil && isFile(abs) {
		page = abs
	}
	cmd := exec.Command(words[0], append(words[1:], page)...)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("open the browser: %w", err)
	}
	return cmd.Process.Release()
}

// browser returns the command that opens a page; nil if there is none.
func browser() []string {
	if program := os.Getenv("BROWSER"); program != "" {
		return []string{program}
	}
	switch runtime.GOOS {
	case "darwin":
		return []string{"open"}
	case "windows":
		return []string{"rundll32", "url.dll,FileProtocolHandler"}
	}
	if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return nil
	}
	if path, err := exec.LookPath("xdg-open"); err == nil {
		return []string{path}
	}
	return nil
}
