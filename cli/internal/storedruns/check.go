package storedruns

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/checker/linear"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/cli/internal/verdicts"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/foreign"
	"github.com/zklab/zklab/internal/base/advice"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/lab/judge"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
)

func newCheck(known specimens.Catalog) *cobra.Command {
	c := check{known: known}
	cmd := &cobra.Command{
		Use:   "check PATH",
		Short: "Check a stored run, or a history from any tool",
		Long:  checkHelp(),
		Example: `  zklab check latest
  zklab check history.edn --model cas-register
  zklab check jepsen.log --model cas-register --json
  zklab check c10-ok.txt --model kv --format porcupine-kv
  zklab check history.jsonl --model semaphore:3 --budget 10s`,
		Args:              pathArg,
		ValidArgsFunction: usage.FirstArgument(storedRun),
		RunE:              func(cmd *cobra.Command, args []string) error { return c.run(cmd, args[0]) },
	}
	units, _ := foreign.Units()
	cmd.Flags().DurationVar(&c.opts.Budget, "budget", 60*time.Second, "time for all checks together (a property not decided by then is unknown)")
	cmd.Flags().Var(&c.memory, "memory", "memory that searches may use, such as 4GiB (default 1GiB with --model, otherwise 256MiB)")
	cmd.Flags().BoolVar(&c.opts.Strict, "strict", false, "let measured properties (belief) count for the verdict as well")
	cmd.Flags().StringVar(&c.out, "out", "store", "folder of the stored runs, which contains latest")
	cmd.Flags().BoolVar(&c.asJSON, "json", false, "print the result as JSON")
	cmd.Flags().BoolVar(&c.quiet, "quiet", false, "print no timeline of a violation")
	cmd.Flags().StringVar(&c.model, "model", "", "`object` of the list above for which the history must be linearizable")
	cmd.Flags().StringVar(&c.format, "format", string(foreign.Auto), "format of the history, from the list above")
	cmd.Flags().StringVar(&c.initial, "initial", "", "initial `value` of registers if it is not nil, or of counters if it is not 0, such as 5 or \"text\" (first-read: the value that the first read of each key returned, which hides errors of that read)")
	cmd.Flags().StringArrayVar(&c.initialOf, "initial-of", nil, "initial value of one key, as `KEY=VALUE` (may be repeated)")
	cmd.Flags().StringArrayVar(&c.rename, "rename", nil, "what the history calls an operation of the model, as `NAME=OPERATION`, such as final-read=read (may be repeated)")
	cmd.Flags().StringArrayVar(&c.field, "field", nil, "what a field of the history means, as `NAME=MEANING`: "+strings.Join(foreign.Meanings(), ", ")+" (may be repeated)")
	cmd.Flags().StringSliceVar(&c.columns, "columns", nil, "`names` of the columns of a CSV file that does not begin with them")
	cmd.Flags().StringArrayVar(&c.nothing, "nil", nil, "`value` that the history writes for nil, such as NotFound or \"<empty>\" (may be repeated)")
	cmd.Flags().StringVar(&c.unit, "time-unit", "", "`unit` of times that are numbers: "+strings.Join(units, ", ")+" (default: what the field's name says, as in start_ms, or else ns)")
	cmd.Flags().BoolVar(&c.loose, "loose-numbers", false, "treat 475, \"475\" and 475.0 as the same value")
	verdicts.Flags(cmd)
	usage.Completes(cmd, "model", usage.Choice(modelNames()...))
	usage.Completes(cmd, "format", usage.Choice(formatNames()...))
	usage.Completes(cmd, "field", meanings)
	usage.Completes(cmd, "columns", usage.Choice("process,type,f,key,value", "process,f,key,value,output,start,end"))
	usage.Completes(cmd, "time-unit", usage.Choice(units...))
	usage.CompletesFiles(cmd, "out")
	return cmd
}

// run checks what is at a path.
func (c *check) run(cmd *cobra.Command, path string) error {
	collectOften()
	if c.opts.Budget <= 0 {
		return usage.Errorf("--budget must be more than zero")
	}
	c.opts.Memory, c.opts.SearchTime = int64(c.memory), c.opts.Budget/searchShare
	model, format, err := c.kinds()
	if err != nil {
		return err
	}
	if path == "-" {
		path = os.Stdin.Name()
	}
	run, err := c.open(path)
	if err != nil {
		return err
	}
	ctx, stop := terminal.UntilSignal()
	defer stop()
	return await.Until(ctx, func() error { return c.decide(ctx, cmd, run, model, format) }) // the end of a pipe may never come
}

// decide checks a run, or a history of another tool if the user named a model.
func (c *check) decide(ctx context.Context, cmd *cobra.Command, run *store.Run, model linear.Model, format foreign.Format) error {
	if c.model != "" {
		if c.opts.Strict {
			return usage.Errorf("--strict is for zklab's own runs: leave out --strict or --model")
		}
		return c.foreign(ctx, cmd, run.History(), model, format)
	}
	for _, name := range []string{"format", "field", "columns", "initial", "initial-of", "rename", "nil", "time-unit", "loose-numbers"} {
		if cmd.Flags().Changed(name) {
			return usage.Errorf("--%s needs --model, the kind of object of the history: see zklab check --help", name)
		}
	}
	return c.own(ctx, cmd, run)
}

// searchShare is the share of the budget, as one in so many, that the search for one key of a user's own
// object may take.
const searchShare = 6

// modelNames completes --model, without the number that some models take.
func modelNames() (values []cobra.Completion) {
	for _, m := range linear.Models() {
		name := m.Name[:strings.IndexByte(m.Name+":", ':')]
		if name != m.Name {
			name += ":"
		}
		values = append(values, cobra.CompletionWithDesc(name, m.About))
	}
	return values
}

// formatNames completes --format.
func formatNames() []cobra.Completion {
	values := []cobra.Completion{cobra.CompletionWithDesc(string(foreign.Auto), "detected from the file")}
	for _, f := range foreign.Formats() {
		values = append(values, cobra.CompletionWithDesc(string(f.Format), f.About))
	}
	return values
}

// meanings completes --field after the name of a field.
func meanings(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	name, _, found := strings.Cut(begun, "=")
	var values []cobra.Completion
	for _, m := range foreign.Meanings() {
		if found {
			values = append(values, name+"="+m)
		}
	}
	return values, cobra.ShellCompDirectiveNoFileComp
}

// checkHelp lists the models and formats.
func checkHelp() string {
	var b strings.Builder
	b.WriteString("Check decides from the record only, and writes nothing. PATH is a run's folder, latest, a\n" +
		"history file, the folder of a test in Jepsen's store, or - for standard input. Files may be\n" +
		"compressed with gzip. Exit codes: 0 valid, 1 violation, 2 undecided, 3 unreadable, 64 wrong usage.\n\n" +
		"A zklab history names its model and is checked for all promises of the model. Any other history\n" +
		"needs --model, and is checked for linearizability; with --model, so are zklab's queues and\n" +
		"registers. Its locks, elections and barriers also depend on sessions, which --model does not cover.\n" +
		"Events of the nemesis are ignored.\n\nModels:\n")
	for _, m := range linear.Models() {
		fmt.Fprintf(&b, "  %-21s %s (%s)\n  %-21s   %s\n", m.Name, m.About, strings.Join(m.Operations, ", "), "", m.Example)
	}
	b.WriteString("\nModels for the checkers that Jepsen's tests name:\n" +
		"  linearizable, with a model of Knossos: register, cas-register, mutex, queue (fifo-queue),\n" +
		"    bag (unordered-queue); --initial sets an initial value other than nil. With a model of Hazelcast's\n" +
		"    tests: lock (owner-aware), reentrant-lock, fenced-lock, reentrant-fenced-lock\n" +
		"  set: set, which ignores times; set-full: set-full, or set-full-linearizable with its option\n" +
		"    :linearizable?; unique-ids: unique-ids\n" +
		"  bank: bank:N, where N is :total-amount, or bank-negative:N with its option :negative-balances?\n" +
		"  total-queue: total-queue; queue: bag; counter: counter-bounds, or counter if each read must\n" +
		"    be exact at one instant; g-counter, pn-counter of Maelstrom: final-counter\n")
	b.WriteString("\nFormats (--format auto detects the format):\n")
	for _, f := range foreign.Formats() {
		fmt.Fprintf(&b, "  %-14s %s\n", f.Format, f.About)
		for _, example := range f.Examples {
			fmt.Fprintf(&b, "  %-14s   %s\n", "", strings.ReplaceAll(example, "\n", fmt.Sprintf("\n  %-14s   ", "")))
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// check holds what the command line asks for.
type check struct {
	known  specimens.Catalog
	opts   checker.Options
	memory size
	out    string
	asJSON bool
	quiet  bool
	model  string
	format string

	initial   string
	initialOf []string // KEY=VALUE
	rename    []string // NAME=OPERATION
	field     []string // NAME=MEANING
	columns   []string
	nothing   []string // what stands for nil
	unit      string   // of times
	loose     bool
}

// open finds a run, a history file, or the history in a folder of Jepsen's store.
func (c *check) open(path string) (*store.Run, error) {
	run, err := open(c.known, c.out, path)
	if err == nil {
		return run, nil
	}
	if file := foreign.InFolder(path); file != "" {
		return open(c.known, c.out, file)
	}
	if newest := filepath.Join(path, store.Latest); foreign.InFolder(newest) != "" {
		return nil, fmt.Errorf("%w; the newest Jepsen test in it is %s", err, newest)
	}
	return nil, err
}

// loadOptions returns the options for reading a history that the flags ask for.
func (c *check) loadOptions(cmd *cobra.Command, model linear.Model) (linear.LoadOptions, error) {
	opts := linear.LoadOptions{LooseNumbers: c.loose, Nil: c.nothing, InitialOf: map[string]foreign.Value{}, Rename: map[string]string{}}
	for _, name := range []string{"initial", "initial-of"} {
		if cmd.Flags().Changed(name) && !model.Begins() {
			return opts, usage.Errorf("--%s is the initial value of a register or a counter: a %s has none", name, model.Name())
		}
	}
	const firstRead = "first-read"
	switch {
	case c.initial == firstRead:
		opts.FirstRead = true
	case cmd.Flags().Changed("initial"):
		v, err := foreign.ParseValue(c.initial)
		if err != nil {
			return opts, usage.Errorf("--initial %s: %v", c.initial, err)
		}
		opts.Initial = &v
	}
	for _, text := range c.rename {
		from, to, _ := strings.Cut(text, "=")
		opts.Rename[strings.ToLower(strings.TrimPrefix(from, ":"))] = strings.ToLower(strings.TrimPrefix(to, ":"))
	}
	for _, text := range c.initialOf {
		name, value, _ := strings.Cut(text, "=")
		key, err := foreign.ParseValue(name)
		if err != nil {
			return opts, usage.Errorf("--initial-of %s: %v", text, err)
		}
		if opts.InitialOf[linear.KeyName(key)], err = foreign.ParseValue(value); err != nil {
			return opts, usage.Errorf("--initial-of %s: %v", text, err)
		}
	}
	return opts, nil
}

// kinds returns the model, if the flags name one, and the format.
func (c *check) kinds() (model linear.Model, format foreign.Format, err error) {
	for _, text := range c.initialOf {
		if _, _, found := strings.Cut(text, "="); !found {
			return model, "", usage.Errorf("--initial-of %s: expected KEY=VALUE, as in 5=0", printable.Text(text, 100))
		}
	}
	for _, text := range c.rename {
		if from, to, _ := strings.Cut(text, "="); from == "" || to == "" {
			return model, "", usage.Errorf("--rename %s: expected NAME=OPERATION, as in final-read=read", printable.Text(text, 100))
		}
	}
	for _, text := range c.field {
		if name, meaning, _ := strings.Cut(text, "="); name == "" || !slices.Contains(foreign.Meanings(), meaning) {
			return model, "", usage.Errorf("--field %s: expected NAME=MEANING, as in lock=key; the meanings are %s", printable.Text(text, 100), strings.Join(foreign.Meanings(), ", "))
		}
	}
	if names, of := foreign.Units(); c.unit != "" && of[c.unit] == 0 {
		return model, "", usage.Errorf("--time-unit %s: expected one of %s", printable.Text(c.unit, 100), strings.Join(names, ", "))
	}
	if c.model != "" {
		if model, err = linear.ParseModel(c.model); err != nil {
			return model, "", usage.Errorf("%v", err)
		}
	}
	if format, err = foreign.ParseFormat(c.format); err != nil {
		return model, "", usage.Errorf("%v", err)
	}
	return model, format, nil
}

// own checks a history that names its model.
func (c *check) own(ctx context.Context, cmd *cobra.Command, run *store.Run) error {
	collectSeldom(run)
	result, err := judge.Run(ctx, run, c.opts)
	if errors.Is(err, history.ErrForeign) && run.Bare() {
		return modelMissing(run, err)
	}
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("interrupted: %w", ctx.Err())
	}
	return verdicts.PrintResult(cmd, run, result, c.asJSON, c.quiet)
}

// modelMissing returns the error for a file that, according to err, is not one of zklab's histories: if
// it is a history of another tool, the user must name a model.
func modelMissing(run *store.Run, err error) error {
	r, openErr := foreign.Open(run.History(), foreign.Auto)
	if openErr != nil {
		return err
	}
	r.Close()
	if r.Format() == foreign.JSONL { // perhaps a damaged history of zklab
		return fmt.Errorf("%w; %s", err, advice.PerhapsTool.Text())
	}
	return usage.Errorf("%s is a history in format %s: %s", run.Path(), r.Format(), advice.GiveModel.Text())
}

// foreign decides whether a history from elsewhere is linearizable, given a model.
func (c *check) foreign(ctx context.Context, cmd *cobra.Command, path string, model linear.Model, format foreign.Format) error {
	opts, err := c.loadOptions(cmd, model)
	if err != nil {
		return err
	}
	fields := map[string]string{}
	for _, text := range c.field {
		name, meaning, _ := strings.Cut(text, "=")
		fields[name[strings.LastIndexByte(name, '.')+1:]] = meaning
	}
	_, unit := foreign.Units()
	r, err := foreign.Options{Format: format, Fields: fields, Columns: c.columns, Unit: unit[c.unit]}.Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	h, err := linear.Load(ctx, r, model, opts)
	if err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted: %w", ctx.Err())
		}
		if errors.Is(err, linear.ErrOwn) || errors.Is(err, linear.ErrNoKey) || errors.Is(err, linear.ErrInitial) {
			return usage.Errorf("%s: %v", path, err)
		}
		if errors.Is(err, linear.ErrNoOperation) {
			return usage.Errorf("--rename: %v", err)
		}
		return fmt.Errorf("%s: %w", path, err)
	}
	report := linear.Check(ctx, h, linear.Options{Budget: c.opts.Budget, Memory: c.opts.Memory})
	if ctx.Err() != nil {
		return fmt.Errorf("interrupted: %w", ctx.Err())
	}
	return verdicts.PrintReport(cmd, report, c.asJSON, c.quiet)
}
