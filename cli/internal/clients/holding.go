package clients

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/connect"
	"github.com/zklab/zklab/cli/internal/process"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/base/guard"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/recipes"
)

// holding has the flags of commands that hold something while a program runs.
type holding struct {
	connect.SessionFlags
	programFlags
	wait   time.Duration
	try    bool
	onLost string
	json   bool
}

// held is what a command holds, such as a lock. take and release come from a recipe.
type held struct {
	what    string // "the lock"
	recipe  string
	instead string // what to do if there are contenders of another recipe at the path
	take    func(context.Context) error
	try     func(context.Context) (bool, error) // nil: the command cannot hold it by trying
	release func(context.Context) error
	lost    func() <-chan struct{}
	token   func() int64 // the fencing token; nil: it has none
}

func (f *holding) addTo(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.DurationVar(&f.wait, "timeout", 0, "time to wait for the lock, and for a connection unless --connect-timeout is given (0: without limit)")
	flags.StringVar(&f.onLost, "on-lost", "TERM", "signal to send to the program when the lock is lost")
	flags.BoolVar(&f.json, "json", false, "print holders and waiters as JSON (without a program)")
	usage.Completes(cmd, "on-lost", usage.ChoiceOf("TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "KILL"))
	f.programFlags.addTo(cmd)
	f.SessionFlags.AddTo(cmd)
}

func (f *holding) validate(command []string) error {
	switch {
	case f.wait < 0:
		return usage.BadFlag("--timeout must not be negative")
	case process.SignalNamed(f.onLost) == nil:
		return usage.BadFlag("--on-lost %s: give TERM, INT, HUP, USR1, USR2, QUIT or KILL", f.onLost)
	case f.json && len(command) > 0:
		return usage.BadFlag("--json prints holders and waiters, so it cannot be combined with a program")
	}
	if err := f.programFlags.validate(); err != nil {
		return err
	}
	return f.SessionFlags.Validate()
}

// notObtained is the error that says why something is not held.
type notObtained struct{ error }

// run holds something while the program runs, or prints the line if there is no program.
func (f *holding) run(cmd *cobra.Command, znode string, command []string, of func(s *recipes.Client, path string) held) error {
	if len(command) == 0 {
		return f.line(cmd, znode)
	}
	return f.hold(cmd, znode, command, of)
}

// hold holds something while the program runs. Its error carries the exit code.
func (f *holding) hold(cmd *cobra.Command, znode string, command []string, of func(s *recipes.Client, path string) held) error {
	signals, stop := receivedSignals()
	defer stop()
	ctx, obtained := untilReceived(signals, stop)
	if !cmd.Flags().Changed("connect-timeout") {
		f.Patience = f.wait
	}
	s, full, end, err := f.Open(ctx, znode)
	if err != nil {
		return terminal.InterruptedOr(ctx, err)
	}
	defer end()
	h := of(s, full)
	if err := f.obtain(ctx, cmd, s, full, h); err != nil {
		if _, ok := errors.AsType[notObtained](err); ok {
			fmt.Fprintf(cmd.ErrOrStderr(), "error: %s\n", usage.OneLine(err))
			return usage.VerdictError{Code: ExitNotObtained}
		}
		return terminal.InterruptedOr(ctx, err)
	}
	obtained()
	env := []string{"ZKLAB_PATH=" + full}
	token := ""
	if h.token != nil {
		env = append(env, fmt.Sprint("ZKLAB_TOKEN=", h.token()))
		token = fmt.Sprint(", token ", h.token())
	}
	f.steps(cmd)("holding %s of %s%s", h.what, full, token)
	g := f.guarded(cmd, command, env)
	g.OnLost, g.Lease = process.SignalNamed(f.onLost), leaseOf(f.Connect.Session)
	o, err := guard.Run(g, h.lost(), signals)
	if lost := f.giveBack(cmd, h, full) || o.Lost; lost && err == nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "error: %s of %s was lost while the program ran\n", h.what, full)
		return usage.VerdictError{Code: ExitLost}
	}
	return asExit(cmd, o, err)
}

// obtain waits until h is held.
func (f *holding) obtain(ctx context.Context, cmd *cobra.Command, s *recipes.Client, full string, h held) error {
	say := f.steps(cmd)
	if err := h.alone(ctx, s, full); err != nil {
		return err
	}
	ctx = recipes.WithTrace(ctx, recipes.Trace{
		LinedUp: func(path string) { say("created %s", path) },
		Waits: func(first string, watched []string) {
			say("waiting behind %s", path.Base(first))
			for _, path := range watched {
				say("watching %s for deletion", path)
			}
		},
		Gone: func(path string) { say("%s was deleted", path) },
	})
	say("trying to get %s of %s", h.what, full)
	if f.try {
		got, err := h.try(ctx)
		if err == nil && !got {
			return notObtained{fmt.Errorf("%s of %s is held by or waited for by others", h.what, full)}
		}
		return err
	}
	bounded, cancel := ctx, func() {}
	if f.wait > 0 {
		bounded, cancel = context.WithTimeout(ctx, f.wait)
	}
	defer cancel()
	err := h.take(bounded)
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		return notObtained{fmt.Errorf("could not get %s of %s within %s", h.what, full, f.wait)}
	}
	return err
}

// alone returns an error if there are contenders of another recipe at the path. It reads the contenders one
// by one only if a name suggests that there are any, since the line can be long.
func (h held) alone(ctx context.Context, s *recipes.Client, full string) error {
	others := func(recipe string) bool { return recipe != h.recipe }
	names, err := recipes.ContenderNames(ctx, s, full)
	if err != nil || !slices.ContainsFunc(names, func(n recipes.Name) bool { return others(n.Recipe) }) {
		return err
	}
	line, err := recipes.Contenders(ctx, s, full)
	if err != nil {
		return err
	}
	for _, c := range line {
		if others(c.Recipe) {
			return fmt.Errorf("%s has contenders of recipe %s, which %s does not exclude: %s", full, c.Recipe, h.what, h.instead)
		}
	}
	return nil
}

// giveBack releases h, and reports whether it had been lost.
func (f *holding) giveBack(cmd *cobra.Command, h held, full string) (lost bool) {
	ctx, cancel := context.WithTimeout(context.Background(), f.Connect.Timeout)
	defer cancel()
	switch err := h.release(ctx); {
	case errors.Is(err, recipes.ErrLost):
		return true
	case err != nil:
		terminal.Warn(cmd, "cannot release %s of %s, which ends with the session: %s", h.what, full, usage.OneLine(err))
	default:
		f.steps(cmd)("released %s of %s", h.what, full)
	}
	return false
}

// lineEntry is the JSON form of a contender.
type lineEntry struct {
	Recipe  string    `json:"recipe"`
	Path    string    `json:"path"`
	Session string    `json:"session"`
	Token   string    `json:"token"`
	Since   time.Time `json:"since"`
	Data    string    `json:"data,omitempty"`
	Writer  bool      `json:"writer,omitempty"`
	Holds   bool      `json:"holds"`
	Behind  string    `json:"behind,omitempty"`
}

// line prints the holders and the waiters.
func (f *holding) line(cmd *cobra.Command, znode string) error {
	ctx, stop := terminal.UntilSignal()
	defer stop()
	s, full, end, err := f.Open(ctx, znode)
	if err != nil {
		return terminal.InterruptedOr(ctx, err)
	}
	defer end()
	all, err := recipes.Contenders(ctx, s, full)
	if err != nil {
		return terminal.InterruptedOr(ctx, err)
	}
	entries := []lineEntry{}
	for _, c := range all {
		entries = append(entries, lineEntry{c.Recipe, c.Path, connect.HexText(c.Session), fmt.Sprint(c.Token), c.Since.UTC(), string(c.Data), c.Writer, c.Holds, c.Behind})
	}
	if f.json {
		return terminal.PrintJSON(cmd.OutOrStdout(), entries)
	}
	printLine(cmd.OutOrStdout(), full, entries, time.Now())
	return nil
}

// printLine prints the contenders of a line as a table.
func printLine(out io.Writer, full string, all []lineEntry, now time.Time) {
	holders := 0
	for _, c := range all {
		if c.Holds {
			holders++
		}
	}
	if len(all) == 0 {
		fmt.Fprintf(out, "%s: no holder, no waiters\n", full)
		return
	}
	fmt.Fprintf(out, "%s: %d %s, %d %s\n", full, holders, prose.Verb(holders, "hold"), len(all)-holders, prose.Verb(len(all)-holders, "wait"))
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer table.Flush()
	for _, c := range all {
		state, behind := "waits", "behind "+path.Base(c.Behind)
		if c.Holds {
			state, behind = "holds", fmt.Sprint("token ", c.Token)
		}
		what := c.Data
		if n, _ := recipes.ParseName(path.Base(c.Path)); n.Turn == recipes.Shared {
			what = n.What
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\tsession %s\tfor %s\t%s\n", state, printable.Text(path.Base(c.Path), 120), printable.Text(what, 40), c.Session, now.Sub(c.Since).Round(time.Second), behind)
	}
}
