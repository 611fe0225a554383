// Package trackrecord measures with how many of a number of seeds zklab finds the known bugs of published
// programs, and writes the table of docs/track-record.md. bugs.go declares the bugs, each with its past and its
// command. The campaign runs the commands with seeds 1, 2, … and keeps what it measured in figures.json.
//
// A run counts for a bug if it violated the bug's property, and, where the bug has a function met, if the record
// shows that this bug was the cause (see blame.go): such commands are generic, and one run can meet several bugs.
// Violations that the record does not attribute are counted separately. The same command on a version or recipe
// without the bug must stay quiet: there, each violation of the property counts.
package trackrecord

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/dev/command"
	"github.com/zklab/zklab/store"
)

// Command is "dev track-record".
func Command(z *command.Zklab) *cobra.Command {
	m := measure{}
	var note string
	var write bool
	cmd := &cobra.Command{
		Use: "track-record", Short: "Measure in how many seeds known bugs are found", Args: cobra.NoArgs,
		Long: "Track-record measures in how many seeds zklab finds known bugs, and writes docs/track-record.md. Without --only, it\n" +
			"leaves out the bugs that need other programs. Adapters are named by CURATOR and CURATOR40, as the page says.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			m.zklab, m.out, m.progress = *z, os.Stdout, os.Stderr
			m.note, m.on = note, time.Now().Format(time.DateOnly)
			return m.run(cmd.Context(), write)
		},
	}
	f := cmd.Flags()
	f.IntVar(&m.count, "seeds", 20, "runs of each command")
	f.IntVar(&m.parallel, "parallel", 2, "runs at a time")
	f.TextVar(&m.only, "only", new(regexp.Regexp), "a regular expression of the bugs to measure, as in ^kazoo")
	f.BoolVar(&m.mended, "mended", false, "the installed programs are mended versions: measure only whether zklab is quiet on them, or on its own recipe")
	f.StringVar(&note, "note", "", "what the page says beside the figures, such as \"beside other work\"")
	f.BoolVar(&write, "write", false, "only write the page from what was measured")
	return cmd
}

// measure is a campaign.
type measure struct {
	runner
	count  int           // of seeds
	only   regexp.Regexp // of bugs
	mended bool          // the programs do not have the bugs
	on     string
	note   string
	out    io.Writer
}

// run measures the bugs that --only matches, keeps the figures, and writes the page.
func (m *measure) run(ctx context.Context, writeOnly bool) error {
	all, err := readFigures(figuresFile)
	if err != nil {
		return err
	}
	if m.dir, err = os.MkdirTemp("", "trackrecord"); err != nil {
		return err
	}
	defer os.RemoveAll(m.dir)
	for _, group := range byCommand(bugs) {
		group = slices.DeleteFunc(group, func(b bug) bool {
			return writeOnly || !m.only.MatchString(b.name) || m.only.String() == "" && b.needs != ""
		})
		if len(group) == 0 {
			continue
		}
		if err := m.bugs(ctx, all, group); err != nil {
			return err
		}
		if err := all.write(figuresFile); err != nil {
			return err
		}
	}
	return command.WriteInto(page, "track-record", all.table())
}

// byCommand puts bugs with the same command together.
func byCommand(all []bug) (groups [][]bug) {
	for _, b := range all {
		if n := len(groups); n > 0 && slices.Equal(groups[n-1][0].command, b.command) {
			groups[n-1] = append(groups[n-1], b)
		} else {
			groups = append(groups, []bug{b})
		}
	}
	return groups
}

// bugs measures bugs with the same command.
func (m *measure) bugs(ctx context.Context, all allFigures, group []bug) error {
	first := group[0]
	if !m.mended {
		runs, err := m.seeds(ctx, first.name, first.command, m.count)
		if err != nil {
			return err
		}
		for _, b := range group {
			f := all[b.name]
			f.Found = m.tally(count(runs, b))
			all[b.name] = f
		}
		if n := unattributed(runs, group); n > 0 {
			fmt.Fprintf(m.out, "%s: the record attributes the violation of %d of %d runs to no bug\n", shell(first.command), n, len(runs))
		}
	}
	if first.quiet.on == "" || !first.quiet.own && !m.mended {
		return nil
	}
	command := first.command
	if first.quiet.own {
		command = ownRecipe(command)
	}
	runs, err := m.seeds(ctx, first.name+"-quiet", command, m.count)
	if err != nil {
		return err
	}
	for _, b := range group {
		f := all[b.name]
		f.Quiet = m.tally(number(runs, func(r finished) bool { return r.violates(b.property) }))
		f.Quiet.Undecided = number(runs, func(r finished) bool { return r.result.Verdict == checker.Unknown })
		all[b.name] = f
	}
	return nil
}

func (m *measure) tally(runs int) *tally {
	return &tally{Runs: runs, Of: m.count, On: m.on, Note: m.note}
}

// ownRecipe returns a command without its subject, whose subject is then zklab's own recipe.
func ownRecipe(command []string) []string {
	i := slices.IndexFunc(command, func(arg string) bool { return strings.HasPrefix(arg, "--subject") })
	return slices.Delete(slices.Clone(command), i, i+2)
}

// runner runs zklab, several runs at a time.
type runner struct {
	zklab    command.Zklab
	dir      string
	parallel int
	progress io.Writer
}

// finished is a run with its record.
type finished struct {
	result  *store.Result
	history *history.History
}

// seeds runs one command with the seeds 1 to n. It expands variables of the environment in arguments.
func (r *runner) seeds(ctx context.Context, name string, args []string, n int) ([]finished, error) {
	args = slices.Clone(args)
	for i, arg := range args {
		if args[i] = os.ExpandEnv(arg); args[i] == "" {
			return nil, fmt.Errorf("%s is not set: docs/track-record.md says what it is", arg)
		}
	}
	runs := make([]finished, n)
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(r.parallel)
	for i := range n {
		all.Go(func() (err error) {
			seed := strconv.Itoa(i + 1)
			runs[i], err = r.run(ctx, filepath.Join(r.dir, name, seed), append(args[1:len(args):len(args)], "--seed", seed))
			return err
		})
	}
	return runs, all.Wait()
}

// run runs one command and reads what it stored.
func (r *runner) run(ctx context.Context, dir string, args []string) (f finished, err error) {
	run, err := r.zklab.Stored(ctx, dir, args...)
	if err != nil {
		return f, err
	}
	if f.result, err = run.ReadResult(); err != nil {
		return f, err
	}
	if f.history, err = run.ReadHistory(); err != nil {
		return f, err
	}
	fmt.Fprintf(r.progress, "zklab %s: %s\n", strings.Join(args, " "), f.result.Verdict)
	return f, os.RemoveAll(dir)
}

// count returns in how many runs a bug was met and found.
func count(runs []finished, b bug) int { return number(runs, b.in) }

// in reports whether a run met a bug and found it.
func (b bug) in(f finished) bool {
	return f.violates(b.property) && (b.met == nil || b.met(f))
}

// number returns how many runs have a property.
func number(runs []finished, such func(finished) bool) (n int) {
	for _, r := range runs {
		if such(r) {
			n++
		}
	}
	return n
}

// unattributed returns in how many runs there was a violation that none of the bugs caused.
func unattributed(runs []finished, bugs []bug) int {
	return number(runs, func(r finished) bool {
		return r.result.Verdict == checker.Violation && !slices.ContainsFunc(bugs, func(b bug) bool { return b.in(r) })
	})
}

// violates reports whether a property was violated.
func (f finished) violates(property string) bool {
	return slices.ContainsFunc(f.result.Verdicts, func(v checker.Verdict) bool {
		return v.Property == property && v.Result == checker.Violation
	})
}
