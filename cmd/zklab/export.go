package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/foreign"
	"github.com/zklab/zklab/internal/base/atomicfile"
	"github.com/zklab/zklab/internal/lab/compare"
	"github.com/zklab/zklab/internal/lab/export"
	"github.com/zklab/zklab/store"
)

// exportFormat is a format that runs are exported in. It has either group, of several runs, or
// record, of the record of one run.
type exportFormat struct {
	name, about string
	group       func(w io.Writer, g *compare.Group) error
	record      func(w io.Writer, h *history.History) error
}

// exportFormats are all formats. A new one is a line here.
var exportFormats = []exportFormat{
	{"csv", "the times that were measured, as a table", func(w io.Writer, g *compare.Group) error { return export.Times(w, &g.Samples) }, nil},
	{"hdr", "latencies, as a log of HdrHistogram", func(w io.Writer, g *compare.Group) error { return export.Histograms(w, &g.Samples) }, nil},
	{asBenchfmt, "figures of each run, in Go's benchmark format", func(w io.Writer, g *compare.Group) error {
		return compare.WriteBenchmarks(w, []*compare.Group{g})
	}, nil},
	{"operations", "a table of the operations of one run", nil, export.Operations},
	{"edn", "the record of one run, as Jepsen's history.edn", nil, foreign.WriteEDN},
}

// exportNames are the names of the formats that have a property.
func exportNames(have func(f exportFormat) bool) string {
	var names []string
	for _, f := range exportFormats {
		if have(f) {
			names = append(names, f.name)
		}
	}
	return strings.Join(names, ", ")
}

func newExport() *cobra.Command {
	var out, format, output string
	cmd := &cobra.Command{
		Use:   "export PATH",
		Short: "Write runs or sweeps in a format of other tools",
		Long: "Export writes what runs measured, or the record of one run, in a format of other tools. PATH is\n" +
			"the folder of a run or a sweep, latest, an archive of a sweep, a pattern for several of them (in\n" +
			"quotes), or a label. docs/export.md describes the formats.",
		Example: "  zklab export latest --format operations --output operations.csv\n" +
			"  zklab export store/sweeps/lock/* --format csv > times.csv",
		Args:              pathArg,
		ValidArgsFunction: firstArgument(storedRun),
		RunE: func(cmd *cobra.Command, args []string) error {
			at := slices.IndexFunc(exportFormats, func(f exportFormat) bool { return f.name == format })
			if at < 0 {
				return usageError("--format is one of %s, not %q", exportNames(func(exportFormat) bool { return true }), format)
			}
			write, err := exportFormats[at].of(out, args[0])
			if err != nil {
				return err
			}
			if output == "" {
				return write(cmd.OutOrStdout())
			}
			return writeTo(output, write)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&out, "out", "store", "folder of the stored runs and sweeps, in which labels are looked up")
	flags.StringVar(&format, "format", "csv", "format of the output: "+exportNames(func(exportFormat) bool { return true }))
	flags.StringVar(&output, "output", "", "file to write instead of standard output")
	completesFiles(cmd, "out", "output")
	var values []cobra.Completion
	for _, f := range exportFormats {
		values = append(values, cobra.CompletionWithDesc(f.name, f.about))
	}
	completes(cmd, "format", choice(values...))
	return cmd
}

// of reads what is exported, and returns what writes it.
func (f exportFormat) of(root, path string) (write func(io.Writer) error, err error) {
	g, err := compare.Locate(root, path)
	if f.group != nil {
		if err == nil {
			err = g.Read(nil)
		}
		return func(w io.Writer) error { return f.group(w, g) }, err
	}
	run, err := onlyRun(root, path, g, err)
	if err != nil {
		return nil, err
	}
	if run == nil {
		return nil, usageError("%s is of one run, and %s is more than one: name one of the runs (see zklab list runs), or use one of %s",
			f.name, path, exportNames(func(f exportFormat) bool { return f.group != nil }))
	}
	h, err := run.ReadHistory()
	return func(w io.Writer) error { return f.record(w, h) }, err
}

// onlyRun returns the run that a group is, or that a history file is; nil if it is several runs. err is
// that of locating the group.
func onlyRun(root, path string, g *compare.Group, err error) (*store.Run, error) {
	if err == nil {
		return g.Run(), nil
	}
	if run, other := store.Open(root, path); other == nil && run.Bare() {
		return run, nil
	}
	return nil, err
}

// writeTo writes a file, which has all of its content or is not there. What is no regular file, such
// as a pipe, is written to.
func writeTo(path string, write func(io.Writer) error) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	f, err := atomicfile.Create(path, 0o644)
	if err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	b := bufio.NewWriter(f)
	if err := cmp.Or(write(b), b.Flush()); err != nil {
		return errors.Join(err, f.Discard())
	}
	return f.Commit()
}
