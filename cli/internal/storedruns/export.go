package storedruns

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/foreign"
	"github.com/zklab/zklab/internal/base/advice"
	"github.com/zklab/zklab/internal/base/atomicfile"
	"github.com/zklab/zklab/internal/lab/compare"
	"github.com/zklab/zklab/internal/lab/export"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
)

// exportFormat is a format for exported runs. It has either group, which writes several runs, or
// record, which writes the record of one run with a name.
type exportFormat struct {
	Name, about string
	group       func(w io.Writer, g *compare.Group) error
	record      func(w io.Writer, name string, h *history.History) error
}

// ExportFormats lists all formats. A new one is a line here.
var ExportFormats = []exportFormat{
	{"csv", "the times that were measured, as a table", func(w io.Writer, g *compare.Group) error { return export.Times(w, &g.Samples) }, nil},
	{"hdr", "latencies, as a log of HdrHistogram", func(w io.Writer, g *compare.Group) error { return export.Histograms(w, &g.Samples) }, nil},
	{asBenchfmt, "figures of each run, in Go's benchmark format", func(w io.Writer, g *compare.Group) error {
		return compare.WriteBenchmarks(w, []*compare.Group{g})
	}, nil},
	{"operations", "a table of the operations of one run", nil, nameless(export.Operations)},
	{"edn", "the record of one run, as Jepsen's history.edn", nil, nameless(foreign.WriteEDN)},
	{"perfetto", "a trace of the operations and faults of one run, for ui.perfetto.dev", nil, nameless(export.Perfetto)},
	{asOTLP, "traces of the operations and faults of one run, for OpenTelemetry", nil, export.Traces},
}

// asOTLP is the only format that can also be sent to a server (--endpoint).
const asOTLP = "otlp"

// nameless adapts a function that does not need the name of the run.
func nameless(write func(io.Writer, *history.History) error) func(io.Writer, string, *history.History) error {
	return func(w io.Writer, _ string, h *history.History) error { return write(w, h) }
}

// exportNames returns the names of the formats for which have returns true.
func exportNames(have func(f exportFormat) bool) string {
	var names []string
	for _, f := range ExportFormats {
		if have(f) {
			names = append(names, f.Name)
		}
	}
	return strings.Join(names, ", ")
}

func newExport(known specimens.Catalog) *cobra.Command {
	var out, format, output, endpoint string
	cmd := &cobra.Command{
		Use:   "export PATH",
		Short: "Write runs or sweeps in a format of other tools",
		Long: "Export writes what runs measured, or the record of one run, in a format of other tools. PATH is\n" +
			"the folder of a run or a sweep, latest, an archive of a sweep, a pattern for several of them (in\n" +
			"quotes), or a label. docs/export.md describes the formats.",
		Example: "  zklab export latest --format operations --output operations.csv\n" +
			"  zklab export 'store/sweeps/lock/*' --format csv > times.csv\n" +
			"  zklab export latest --format otlp --endpoint http://localhost:4318",
		Args:              pathArg,
		ValidArgsFunction: usage.FirstArgument(storedRun),
		RunE: func(cmd *cobra.Command, args []string) error {
			at := slices.IndexFunc(ExportFormats, func(f exportFormat) bool { return f.Name == format })
			if at < 0 {
				return usage.Errorf("--format is one of %s, not %q", exportNames(func(exportFormat) bool { return true }), format)
			}
			f := ExportFormats[at]
			if endpoint != "" {
				if f.Name != asOTLP || output != "" {
					return usage.Errorf("--endpoint goes with --format %s, and without --output", asOTLP)
				}
				return sendTraces(cmd, known, f, out, args[0], endpoint)
			}
			write, err := f.of(cmd.ErrOrStderr(), known, out, args[0])
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
	flags.StringVar(&endpoint, "endpoint", "", "collector to send traces to by OTLP/HTTP, such as http://localhost:4318")
	usage.CompletesFiles(cmd, "out", "output")
	var values []cobra.Completion
	for _, f := range ExportFormats {
		values = append(values, cobra.CompletionWithDesc(f.Name, f.about))
	}
	usage.Completes(cmd, "format", usage.Choice(values...))
	return cmd
}

// of reads what to export, and returns the function that writes it. Warnings go to stderr.
func (f exportFormat) of(stderr io.Writer, known specimens.Catalog, root, path string) (write func(io.Writer) error, err error) {
	if f.group != nil {
		g, err := compare.Locate(root, path, known.Declared)
		if err == nil {
			err = g.Read(nil)
		}
		return func(w io.Writer) error { return f.group(w, g) }, err
	}
	name, h, err := f.recordOf(stderr, known, root, path)
	return func(w io.Writer) error { return f.record(w, name, h) }, err
}

// recordOf reads the record of the run, or of the history file, at a path. It is named after its
// folder or file.
func (f exportFormat) recordOf(stderr io.Writer, known specimens.Catalog, root, path string) (name string, h *history.History, err error) {
	var run *store.Run
	g, err := compare.Locate(root, path, known.Declared)
	if err == nil {
		run = g.Run()
	} else if file, other := open(known, root, path); other == nil && file.Bare() {
		run, err = file, nil
	}
	if err != nil {
		return "", nil, err
	}
	if run == nil {
		return "", nil, usage.Errorf("%s is of one run, and %s is more than one: name one of the runs (%s), or use one of %s",
			f.Name, path, advice.ListRuns.Text(), exportNames(func(f exportFormat) bool { return f.group != nil }))
	}
	h, err = run.ReadHistory()
	if err == nil && (!h.Complete || h.Missing > 0 || len(h.Damage) > 0) {
		fmt.Fprintln(stderr, "warning: the record is incomplete or damaged: zklab check says more")
	}
	return filepath.Base(run.Path()), h, err
}

// sendTraces sends the record of a run to a collector.
func sendTraces(cmd *cobra.Command, known specimens.Catalog, f exportFormat, root, path, endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return usage.Errorf("--endpoint is a URL such as http://localhost:4318, not %.100q", endpoint)
	}
	const below = "/v1/traces"
	if !strings.HasSuffix(u.Path, below) {
		u = u.JoinPath(below)
	}
	name, h, err := f.recordOf(cmd.ErrOrStderr(), known, root, path)
	if err != nil {
		return err
	}
	ctx, stop := terminal.UntilSignal()
	defer stop()
	n, err := export.Send(ctx, u.String(), name, h)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "sent %d spans to %s\n", n, u)
	return nil
}

// writeTo replaces a file, which then has either all of the new content or the old. It writes directly
// into what is not a regular file, such as a pipe or a link.
func writeTo(path string, write func(io.Writer) error) error {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
		if err != nil {
			return fmt.Errorf("--output: %w", err)
		}
		return errors.Join(write(f), f.Close())
	}
	f, err := createIn(path)
	if err != nil {
		return fmt.Errorf("--output %s: %w", path, err)
	}
	b := bufio.NewWriter(f)
	if err := cmp.Or(write(b), b.Flush()); err != nil {
		return errors.Join(err, f.Discard())
	}
	return f.Commit()
}

// createIn creates a file and the folder that it is to be in.
func createIn(path string) (*atomicfile.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	f, err := atomicfile.Create(path, 0o644)
	if named := new(fs.PathError); errors.As(err, &named) {
		err = named.Err // the path belongs to the unfinished file
	}
	return f, err
}
