package manyruns

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zklab/zklab/cli/internal/backend"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/cli/internal/verdicts"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/matrix"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/reports"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/store"
)

// matrixRun is the matrix that a command line asks for. Each of its cells is a sweep whose seeds draw no
// settings.
type matrixRun struct {
	catalog specimens.Catalog
	on      []string
	repeat  int
	seed    int64

	columns []column
	cells   []*matrixCell // by experiment, each in the order of the columns
}

// matrixCell is a cell with the sweep of its runs.
type matrixCell struct {
	*matrix.Cell
	experiment string
	flags      *SweepFlags
	swept      *swept
	plan       sweep.Description
}

// notInMatrix lists the flags of a sweep that a matrix does not have, since --on, the experiments, --repeat and --seed
// replace them.
var notInMatrix = []string{"ensemble", "image", "upgrade-to", "servers", "simulate", "config", "seeds", "swarm", "shard", "for", "until-violations"}

// usualRepeat is enough for a few dozen tests to find a large difference in times.
const usualRepeat = 8

// usualProbe is how many writes a second each probe makes, unless an experiment says otherwise. With it, times
// without service are exact to a tenth of a second.
const usualProbe = "10"

func newMatrix(catalog specimens.Catalog) *cobra.Command {
	m := &matrixRun{catalog: catalog}
	ofSweep := newSweep(catalog)
	cmd := &cobra.Command{
		Use:   "matrix EXPERIMENT...",
		Short: "Run the same experiments on several servers, and show the results side by side",
		Long: "Matrix runs each experiment on the servers of each --on, and shows verdicts, latencies and times without\n" +
			"service of all in one table and on one page. EXPERIMENT is a recipe or an experiment file. --on is one of\n" +
			"  embedded                 servers in this process\n" +
			"  simulated                servers in this process, in virtual time\n" +
			"  image:NAME[:TAG]         Apache ZooKeeper in containers of an image\n" +
			"  external:host:port,...   an ensemble that somebody else started, all of its servers\n\n" +
			"All other flags are for every cell. Those about external ensembles are for these alone, --nodes is for\n" +
			"all others, and --latencies for simulated ones.\n\n" +
			"Each cell is a sweep below OUT/sweeps, as of zklab run --repeat; the page is below OUT/matrices. If\n" +
			"interrupted or killed, the same command resumes.\n\n" +
			"Exit codes: 0 every cell valid and every --gate kept, 1 a property violated or a gate exceeded, 2 undecided,\n" +
			"3 a cell could not be run, 64 wrong usage. Interrupt once to let the current run finish, twice to stop.",
		Example: "  zklab matrix lock --on embedded --on image:zklab/zookeeper:3.8 --on image:zklab/zookeeper:3.9 --faults kill:leader\n" +
			"  zklab matrix lock queue --on simulated --on embedded --faults all --repeat 20",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("%s needs experiments: recipes (%s) or experiment files", cmd.Name(), strings.Join(catalog.Recipes(), ", "))
			}
			return nil
		},
		ValidArgsFunction: func(cmd *cobra.Command, _ []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return usage.OrFiles(ofSweep.ValidArgsFunction(cmd, nil, toComplete))
		},
		RunE: m.run,
	}
	ofSweep.Flags().VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(notInMatrix, f.Name) {
			usage.Share(cmd, ofSweep, f)
		}
	})
	probe := cmd.Flags().Lookup("probe")
	probe.DefValue = usualProbe
	cmd.Flags().StringArrayVar(&m.on, "on", nil, "servers of a column: embedded, simulated, image:NAME[:TAG] or external:host:port,...; may be given several times")
	cmd.Flags().IntVar(&m.repeat, "repeat", usualRepeat, "number of runs of each cell, each with its seed")
	cmd.Flags().Int64Var(&m.seed, "seed", 1, "first seed")
	usage.Completes(cmd, "on", usage.ChoiceOf(onEmbedded, onSimulated, onImage+":", onExternal+":"))
	return cmd
}

// run runs the cells and prints the matrix; its error carries the exit code.
func (m *matrixRun) run(cmd *cobra.Command, args []string) error {
	began := time.Now()
	if err := m.plan(cmd, args); err != nil {
		return err
	}
	flags := cmd.Flags()
	out, _ := flags.GetString("out")
	asJSON, _ := flags.GetBool("json")
	quiet, _ := flags.GetBool("quiet")
	bounds, _ := flags.GetStringArray("gate")
	if err := usage.Writable("--out", out); err != nil {
		return err
	}
	screen := terminal.NewScreen(cmd.ErrOrStderr(), quiet || asJSON)
	ctx, interrupt, stop := terminal.Interruptible(context.Background(), screen, noMoreRuns)
	defer stop()
	err := m.ready(ctx)
	if err == nil {
		err = m.perform(ctx, interrupt, screen)
	}
	screen.End()
	if err != nil {
		return err
	}
	result, err := m.result(bounds)
	if err != nil {
		return err
	}
	result.Command = m.command(cmd, args)
	folder := filepath.Join(out, matrix.StoreFolder, m.name())
	page := filepath.Join(folder, matrix.PageFile)
	if err := reports.WriteMatrix(page, result); err != nil {
		return err
	}
	label, _ := flags.GetString("label")
	if err := (&matrix.Stored{Matrix: *result, Began: began.UTC(), Label: label}).Write(folder); err != nil {
		return err
	}
	return verdicts.Print(cmd, exitOfMatrix(result), result, asJSON, false, reports.MatrixAnnotations(result), func(screen onerun.Screen) string {
		return reports.MatrixSummary(result, page, screen)
	})
}

// plan makes the cells. It returns an error for an invalid matrix before anything runs.
func (m *matrixRun) plan(cmd *cobra.Command, experiments []string) (err error) {
	switch {
	case m.repeat < 1:
		return usage.Errorf("--repeat must be more than zero")
	case m.repeat > mostRepeated:
		return usage.Errorf("--repeat must be %d or fewer", mostRepeated)
	case m.seed < 1 || m.seed > sweep.MaxSeed-mostRepeated:
		return usage.Errorf("--seed must be from 1 to %d", sweep.MaxSeed-mostRepeated)
	}
	if m.columns, err = columnsOf(m.on); err != nil {
		return err
	}
	if err := m.allTaken(cmd); err != nil {
		return err
	}
	for i, x := range experiments {
		if slices.Contains(experiments[:i], x) {
			return usage.Errorf("experiment %.60q is given twice", x)
		}
		if err := m.planRow(cmd, x); err != nil {
			return err
		}
	}
	return nil
}

// allTaken returns an error for a flag that applies to no column.
func (m *matrixRun) allTaken(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if err == nil && !slices.ContainsFunc(m.columns, func(c column) bool { return c.takes(f.Name) }) {
			err = usage.Errorf("--%s is for none of the servers of --on: leave it out, or add --on %s", f.Name, whoTakes(f.Name))
		}
	})
	for _, name := range []string{"subject-command", "object"} {
		if err == nil && cmd.Flags().Changed(name) && slices.ContainsFunc(m.columns, func(c column) bool { return c.kind == onSimulated }) {
			err = usage.Errorf("clients that run a command cannot be simulated: leave out --on %s or --%s", onSimulated, name)
		}
	}
	return err
}

// planRow makes the cells of an experiment. If not all columns have the same error, the error names the
// column.
func (m *matrixRun) planRow(cmd *cobra.Command, experiment string) error {
	var wrong []error
	for _, c := range m.columns {
		cell, err := m.planCell(cmd, experiment, c)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("on %s: %w", c.on, err))
			continue
		}
		m.cells = append(m.cells, cell)
	}
	switch {
	case len(wrong) == 0:
		return nil
	case len(wrong) == len(m.columns):
		return errors.Unwrap(wrong[0])
	case errors.Is(wrong[0], engine.ErrUsage):
		return usage.Errorf("%s", plain(wrong[0]))
	}
	return wrong[0]
}

// plain returns the text of an error in one line, without the words for wrong usage in its middle.
func plain(err error) string {
	return strings.ReplaceAll(usage.OneLine(err), engine.ErrUsage.Error()+": ", "")
}

// planCell makes the sweep of an experiment on the servers of a column.
func (m *matrixRun) planCell(cmd *cobra.Command, experiment string, c column) (*matrixCell, error) {
	cell := &matrixCell{experiment: experiment, flags: &SweepFlags{}, swept: NewSwept(m.catalog)}
	of := SweepCommand(cell.flags, cell.swept)
	of.Use = cmd.Use // errors name the command that was given
	set := c.flags()
	if !m.probes(cmd, experiment) {
		set["probe"] = []string{usualProbe}
	}
	set["swarm"], set["seeds"] = []string{"false"}, []string{fmt.Sprintf("%d..%d", m.seed, m.seed+int64(m.repeat)-1)}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if of.Flags().Lookup(f.Name) != nil && c.takes(f.Name) {
			set[f.Name] = valuesOf(f)
		}
	})
	args := []string{experiment}
	if m.isFile(cmd, experiment) {
		set["config"], args = args, nil
	}
	err := setAll(of, set)
	if err == nil {
		err = cell.swept.Complete(of, args, false)
	}
	if err == nil {
		cell.plan, err = cell.flags.Plan(of, cell.swept)
	}
	if err == nil {
		_, err = cell.swept.Experiment(m.seed)
	}
	if err != nil {
		return nil, err
	}
	cell.Cell = &matrix.Cell{On: c.on, Folder: cell.swept.folder(cell.plan), Of: m.repeat}
	return cell, nil
}

// isFile reports whether an experiment is a file, rather than a recipe or an object that --object declares.
func (m *matrixRun) isFile(cmd *cobra.Command, experiment string) bool {
	if slices.Contains(m.catalog.Recipes(), experiment) {
		return false
	}
	_, err := store.ReadExperiment(experiment)
	return err == nil || strings.ContainsAny(experiment, `/\.`) && !cmd.Flags().Changed("object")
}

// probes reports whether an experiment is a file with a probe of its own.
func (m *matrixRun) probes(cmd *cobra.Command, experiment string) bool {
	if !m.isFile(cmd, experiment) {
		return false
	}
	file, err := store.ReadExperiment(experiment)
	return err == nil && file.Probe != 0
}

// ready returns an error if servers cannot be used, before anything runs. All experiments use the servers of the
// first one.
func (m *matrixRun) ready(ctx context.Context) error {
	for i, c := range m.columns {
		x, err := m.cells[i].swept.Experiment(m.seed)
		if err == nil {
			err = backend.Ready(ctx, x.Ensemble)
		}
		if err != nil {
			return fmt.Errorf("--on %s: %w", c.on, err)
		}
	}
	return nil
}

// perform performs the missing runs of the cells, one cell after the other. A cell whose runs cannot be performed does not
// stop the others.
func (m *matrixRun) perform(ctx context.Context, interrupt <-chan struct{}, screen *terminal.Screen) error {
	for i, c := range m.cells {
		if await.Closed(interrupt) {
			return nil
		}
		where := fmt.Sprintf("cell %d of %d, %s on %s", i+1, len(m.cells), c.experiment, c.On)
		screen.Say("%s", where)
		err := c.flags.perform(ctx, c.swept, c.plan, interrupt, screen, where)
		if ctx.Err() != nil {
			return err
		}
		if err != nil {
			c.Error = plain(err)
			screen.Say("%s: %s", where, c.Error)
		}
	}
	return nil
}

// result reads the results of the cells.
func (m *matrixRun) result(bounds []string) (*matrix.Matrix, error) {
	result := &matrix.Matrix{Servers: m.on}
	for i, c := range m.cells {
		if i%len(m.columns) == 0 {
			result.Experiments = append(result.Experiments, &matrix.Experiment{Name: c.experiment})
		}
		if err := c.Read(); err != nil {
			return nil, err
		}
		if c.Summary != nil {
			var err error
			if c.Gates, err = gates.JudgeAll(bounds, verdicts.Gated(m.catalog, c.swept.stored.Recipe), &c.Summary.Samples); err != nil {
				return nil, usage.Errorf("--%v", err)
			}
			c.Summary.Gates = c.Gates
		}
		x := result.Experiments[len(result.Experiments)-1]
		x.Cells = append(x.Cells, c.Cell)
	}
	return result, result.Complete()
}

// exitOfMatrix returns the exit code: a violation comes first, then an exceeded gate, then a cell that could not be run.
func exitOfMatrix(result *matrix.Matrix) int {
	var judged []gates.Result
	failed := false
	for _, x := range result.Experiments {
		for _, c := range x.Cells {
			judged = append(judged, c.Gates...)
			failed = failed || c.Error != ""
		}
	}
	code := verdicts.ExitOfGates(verdicts.ExitOf(result.Verdict), judged)
	if failed && code != usage.ExitViolation {
		return usage.ExitFailed
	}
	return code
}

// command returns the command that runs the matrix again, or continues it.
func (m *matrixRun) command(cmd *cobra.Command, args []string) string {
	words := append([]string{m.catalog.Program(), cmd.Name()}, args...)
	cmd.Flags().Visit(func(f *pflag.Flag) {
		for _, value := range valuesOf(f) {
			words = append(words, "--"+f.Name+"="+value)
		}
	})
	return printable.Command(words...)
}

// name returns the name of the matrix's folder, the same for the same cells.
func (m *matrixRun) name() string {
	h := sha256.New()
	for _, c := range m.cells {
		_, _ = io.WriteString(h, c.swept.stored.Recipe+"/"+c.plan.Name()+"\n")
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}
