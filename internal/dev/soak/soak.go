// Package soak runs each recipe of zklab's own under all faults, in virtual time, on embedded servers
// and in containers, and each mutant, and prints a row for each run.
package soak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/internal/dev/command"
)

// Command is "dev soak". Its error is ErrWrong if a recipe of zklab's own was not valid, or a mutant
// did not violate its property.
func Command(z *command.Zklab) *cobra.Command {
	m := matrix{zklab: z, out: os.Stdout}
	var where string
	cmd := &cobra.Command{
		Use: "soak", Short: "Run each recipe under all faults, and each mutant, everywhere: some hours", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return m.run(cmd.Context(), where) },
	}
	f := cmd.Flags()
	f.DurationVar(&m.limit, "for", 2*time.Minute, "how long each recipe of zklab's own runs")
	f.IntVar(&m.tries, "tries", 3, "seeds after which a mutant that was not found counts as missed")
	f.IntVar(&m.parallel, "parallel", 2, "runs at a time")
	f.StringVar(&where, "where", strings.Join(wheres(), ","), "where to run")
	f.TextVar(&m.only, "only", new(regexp.Regexp), "a regular expression of rows to run, as in 'lock zklab virtual'")
	return cmd
}

// ErrWrong means that a row was not as it should be.
var ErrWrong = errors.New("not as it should be")

// matrix says how all cells are run.
type matrix struct {
	zklab    *command.Zklab
	limit    time.Duration
	tries    int
	parallel int
	only     regexp.Regexp // of rows
	out      io.Writer
}

// run prints a row for each cell as soon as it and those before it are done.
func (m *matrix) run(ctx context.Context, where string) error {
	cells, err := m.cells(where)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "soak")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return m.print(ctx, cells, dir)
}

// print ends all runs when one of them could not be made.
func (m *matrix) print(ctx context.Context, cells []cell, dir string) error {
	done := make([]chan outcome, len(cells))
	for i := range done {
		done[i] = make(chan outcome, 1)
	}
	ended := make(chan error, 1)
	go func() { ended <- m.tryAll(ctx, cells, dir, done) }()
	fmt.Fprint(m.out, "| recipe | subject | where | wanted | came | runs | after |\n|---|---|---|---|---|---|---|\n")
	right := 0
	for i, c := range cells {
		o := <-done[i]
		if o.err != nil {
			return <-ended
		}
		if o.right {
			right++
		}
		fmt.Fprintln(m.out, c.row(o))
	}
	fmt.Fprintf(m.out, "\n%d of %d were as they should be.\n", right, len(cells))
	if right < len(cells) {
		return ErrWrong
	}
	return <-ended
}

func (m *matrix) tryAll(ctx context.Context, cells []cell, dir string, done []chan outcome) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(m.parallel)
	for i, c := range cells {
		g.Go(func() error {
			o := m.try(ctx, c, dir)
			done[i] <- o
			return o.err
		})
	}
	return g.Wait()
}
