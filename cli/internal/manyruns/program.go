package manyruns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/cli/internal/experiments"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/cli/internal/verdicts"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/base/version"
	"github.com/zklab/zklab/internal/lab/anyprogram"
)

// programFlags holds the flags of explore for a COMMAND.
type programFlags struct {
	listen, only string
	timeout      time.Duration
	times, rate  int
}

func (p *programFlags) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&p.listen, "listen", "", "address at which COMMAND finds the server, for one that always uses the same (default: a free port)")
	flags.DurationVar(&p.timeout, "timeout", 0, "longest duration of a run of COMMAND (default: ten times that of a run without a fault, 30s at least)")
	flags.StringVar(&p.only, "only", "", `one fault at one message of COMMAND to try, such as "reply-lost:create /locks/*#1@client1"`)
	flags.IntVar(&p.times, "times", anyprogram.UsualTimes, "number of times a finding in COMMAND is repeated")
	flags.IntVar(&p.rate, "max-rate", anyprogram.UsualRate, "requests in a second above which COMMAND is ended, unless it sends a tenth of that without a fault")
}

// ofPrograms lists the flags of explore that only a COMMAND has, and forAll those that it has in common with a recipe.
var (
	ofPrograms = []string{"listen", "timeout", "only", "times", "max-rate"}
	forAll     = []string{"for", "jobs", "json", "quiet", "verbose", "nodes"}
)

// isProgram reports whether the arguments are a command behind --.
func isProgram(cmd *cobra.Command) bool { return cmd.ArgsLenAtDash() == 0 }

// recipeOrProgram checks the number of arguments.
func recipeOrProgram(cmd *cobra.Command, args []string) error {
	switch dash := cmd.ArgsLenAtDash(); {
	case dash == 0 && len(args) == 0:
		return usage.Errorf("there is no program after --")
	case dash == 0:
		return nil
	case dash > 0:
		return usage.Errorf("explore tests a recipe or a program: zklab explore %s, or zklab explore -- %s", printable.Command(args[:dash]...), printable.Command(args[dash:]...))
	}
	return usage.AtMostOne(cmd, args)
}

// applies returns an error if a flag was given that does not apply to what is explored.
func applies(cmd *cobra.Command) (err error) {
	program := isProgram(cmd)
	cmd.Flags().Visit(func(f *pflag.Flag) {
		switch only := slices.Contains(ofPrograms, f.Name); {
		case program && !only && !slices.Contains(forAll, f.Name):
			err = usage.Errorf("explore has no --%s for a program: it runs the program's own tests, each time on a new embedded ensemble", f.Name)
		case !program && only:
			err = usage.Errorf("--%s is for a program: zklab explore --%s … -- COMMAND", f.Name, f.Name)
		}
	})
	return err
}

// programConfig returns the exploration that the flags describe.
func (e *exploreFlags) programConfig(cmd *cobra.Command, args []string, nodes int) (c anyprogram.Config, err error) {
	p := e.program
	c = anyprogram.Config{Command: args, Nodes: 1, Listen: p.listen, Timeout: p.timeout, Times: p.times, MaxRate: p.rate, Jobs: e.jobs.of(false, endlessRuns)}
	if cmd.Flags().Changed("nodes") {
		c.Nodes = nodes
	}
	if p.only != "" {
		only, err := anyprogram.ParseTry(p.only)
		if err != nil {
			return c, usage.Errorf("--only: %v", err)
		}
		c.Only = &only
	}
	switch {
	case p.times < 1:
		return c, usage.Errorf("--times must be more than zero")
	case p.rate < 1:
		return c, usage.Errorf("--max-rate must be more than zero")
	case p.timeout < 0 || p.timeout == 0 && cmd.Flags().Changed("timeout"):
		return c, usage.Errorf("--timeout must be more than zero")
	case p.listen != "" && (c.Jobs > 1 || c.Nodes > 1):
		return c, usage.Errorf("--listen: at one address there is one server of one run at a time: leave out --jobs and --nodes")
	}
	if err := embedded.ValidateNodes(c.Nodes); err != nil {
		return c, usage.Errorf("--nodes: %v", err)
	}
	return c, p.validateListen()
}

// validateListen returns an error if no server can have the address of --listen.
func (p programFlags) validateListen() error {
	if p.listen == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(p.listen)
	n, wrong := strconv.Atoi(port)
	if err != nil || wrong != nil || host == "" || n < 1 || n > 65535 {
		return usage.Errorf("--listen %.60q: give an address such as 127.0.0.1:2181", p.listen)
	}
	l, err := net.Listen("tcp", p.listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	return l.Close()
}

// exploreProgram explores a program, and prints its report. Its error carries the exit code.
func (e *exploreFlags) exploreProgram(cmd *cobra.Command, args []string, f *experiments.Flags, nodes int) error {
	c, err := e.programConfig(cmd, args, nodes)
	if err != nil {
		return err
	}
	ctx, stop := terminal.UntilSignal()
	defer stop()
	limited := ctx
	if cmd.Flags().Changed("for") {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, e.forTime)
		defer cancel()
	}
	screen := terminal.NewScreen(cmd.ErrOrStderr(), f.Quiet || f.JSON)
	screen.Say("running %s twice without a fault", printable.Command(args...))
	c.Begins = func(cost anyprogram.Cost) {
		screen.Say("%s, %s: a run of %s each, or longer where the command has to recover, %d at a time: %s or more", prose.Count(cost.Messages, "message"),
			prose.Count(cost.Tries, "fault"), prose.Length(cost.Each), c.Jobs, prose.Length(cost.Each*time.Duration((cost.Tries+c.Jobs-1)/c.Jobs)))
	}
	c.Progress = func(tried, all, bad int) {
		screen.Show("explore", fmt.Sprintf("%d of %s tried; %d %s the command", tried, prose.Count(all, "fault"), bad, prose.Verb(bad, "break")))
	}
	report, err := anyprogram.Explore(limited, c)
	screen.End()
	if err != nil {
		return notExplorable(cmd, ctx, report, err)
	}
	verdict, why := report.Verdict()
	if f.JSON {
		err = terminal.PrintJSON(cmd.OutOrStdout(), programExplored{verdict, why, report, version.Line()})
	} else {
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n\nzklab %s\n", report.Text(func(t anyprogram.Try) string { return e.repeats(cmd, f, args, t) }), version.Line())
	}
	if err != nil {
		return err
	}
	if code := verdicts.ExitOf(verdict); code != usage.ExitValid {
		return usage.VerdictError{Code: code}
	}
	return nil
}

// programExplored is the JSON form of the report.
type programExplored struct {
	Verdict checker.Result `json:"verdict"`
	Why     []string       `json:"why,omitempty"`
	anyprogram.Report
	Zklab string `json:"zklab"`
}

// notExplorable returns the error of an exploration that could not begin, and prints the last lines of the command.
func notExplorable(cmd *cobra.Command, ctx context.Context, report anyprogram.Report, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, anyprogram.ErrNoSuch) {
		return usage.BadFlag("--only: %v", err)
	}
	for _, line := range report.Plain.Tail {
		fmt.Fprintf(cmd.ErrOrStderr(), "  %s\n", line)
	}
	if errors.Is(err, anyprogram.ErrFails) {
		return usage.UndecidedError{Text: err.Error()}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return usage.UndecidedError{Text: "the command had not run twice without a fault before --for was over"}
	}
	return err
}

// repeats returns the command that tries one fault at one message again.
func (e *exploreFlags) repeats(cmd *cobra.Command, f *experiments.Flags, args []string, t anyprogram.Try) string {
	words := []string{f.Catalog.Program(), "explore"}
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		if !slices.Contains([]string{"for", "jobs", "json", "quiet", "verbose", "only"}, flag.Name) {
			words = append(words, usage.ArgumentOf(flag))
		}
	})
	return printable.Command(slices.Concat(words, []string{"--only", t.String(), "--"}, args)...)
}
