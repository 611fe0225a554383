// Package trackrecord measures with how many of a number of seeds zklab finds the known bugs of published
// recipes. It runs the command of each row of docs/track-record.md with seeds 1, 2, … and prints the tables
// of that page.
//
// A run counts for a row if it violated the row's property, and its record shows that this bug was the
// cause (see blame.go): the commands are generic, and one run can meet several bugs. Violations that
// the record does not attribute are counted separately.
package trackrecord

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/dev/command"
	"github.com/zklab/zklab/store"
)

// Command is "dev track-record".
func Command(z *command.Zklab) *cobra.Command {
	var seeds, parallel int
	cmd := &cobra.Command{
		Use: "track-record", Short: "Measure in how many seeds known bugs are found", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return measure(cmd.Context(), os.Stdout, os.Stderr, *z, seeds, parallel)
		},
	}
	cmd.Flags().IntVar(&seeds, "seeds", 20, "runs of each command")
	cmd.Flags().IntVar(&parallel, "parallel", 2, "runs at a time")
	return cmd
}

// measure runs every command and prints the tables.
func measure(ctx context.Context, out, progress io.Writer, zklab command.Zklab, seeds, parallel int) error {
	dir, err := os.MkdirTemp("", "trackrecord")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	r := runner{zklab: zklab, dir: dir, parallel: max(parallel, 1), progress: progress}
	found := table{rows: [][]string{{"subject", "bug", "property", "command", "found in"}}}
	sound := table{rows: [][]string{{"command, of zklab's own recipe", "violations", "valid", "undecided"}}}
	for i, c := range commands {
		runs, err := r.seeds(ctx, fmt.Sprintf("%d-%s", i, c.subject), c.of(c.subject), seeds)
		if err != nil {
			return err
		}
		for _, b := range c.bugs {
			found.add(c.subject, b.name, b.property, "`"+strings.Join(c.of(c.subject), " ")+"`", fmt.Sprintf("%d of %d", count(runs, b), seeds))
		}
		if n := unattributed(runs, c.bugs); n > 0 {
			found.add(c.subject, "a violation that the record does not attribute", "", "the same", fmt.Sprintf("%d of %d", n, seeds))
		}
		if runs, err = r.seeds(ctx, fmt.Sprintf("%d-own", i), c.of("zklab"), seeds); err != nil {
			return err
		}
		sound.add(verdicts("`"+strings.Join(c.of("zklab"), " ")+"`", runs)...)
	}
	fmt.Fprintf(out, "%s\n%s", found, sound)
	return nil
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

// seeds runs one command with the seeds 1 to n.
func (r *runner) seeds(ctx context.Context, name string, args []string, n int) ([]finished, error) {
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
func count(runs []finished, b bug) int {
	n := 0
	for _, r := range runs {
		if r.violates(b.property) && b.met(r) {
			n++
		}
	}
	return n
}

// unattributed returns in how many runs there was a violation that none of the bugs caused.
func unattributed(runs []finished, bugs []bug) int {
	n := 0
	for _, r := range runs {
		if r.result.Verdict != checker.Violation {
			continue
		}
		known := false
		for _, b := range bugs {
			known = known || r.violates(b.property) && b.met(r)
		}
		if !known {
			n++
		}
	}
	return n
}

// violates reports whether a property was violated.
func (f finished) violates(property string) bool {
	for _, v := range f.result.Verdicts {
		if v.Property == property && v.Result == checker.Violation {
			return true
		}
	}
	return false
}

func verdicts(command string, runs []finished) []string {
	n := map[checker.Result]int{}
	for _, r := range runs {
		n[r.result.Verdict]++
	}
	return []string{command, strconv.Itoa(n[checker.Violation]), strconv.Itoa(n[checker.Valid]), strconv.Itoa(n[checker.Unknown])}
}

// table is a Markdown table.
type table struct{ rows [][]string }

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t table) String() string {
	var b strings.Builder
	for i, row := range t.rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(&b, "|%s\n", strings.Repeat("---|", len(row)))
		}
	}
	return b.String()
}
