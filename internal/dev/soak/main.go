// Soak runs every recipe of zklab's own under all faults, where clocks are virtual, on
// embedded servers and on containers, and every planted defect, and prints what came of
// each. It may not run anything but the command, as its users do.
//
//	go run ./internal/dev/soak -zklab bin/zklab -for 2m
//
// Exit code 0 says that all was as it should be: own recipes valid, and each defect
// convicted by its property.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

func main() {
	m := matrix{out: os.Stdout}
	flag.StringVar(&m.zklab, "zklab", "bin/zklab", "the command to run")
	flag.DurationVar(&m.limit, "for", 2*time.Minute, "how long each recipe of zklab's own runs")
	flag.IntVar(&m.tries, "tries", 3, "seeds after which a defect that was not found is told as missed")
	flag.IntVar(&m.parallel, "parallel", 2, "runs at a time")
	where := flag.String("where", strings.Join(wheres(), ","), "where to run")
	only := flag.String("only", "", "a regular expression of rows to run, as in 'lock zklab virtual'")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	switch err := m.run(ctx, *where, *only); {
	case errors.Is(err, errWrong):
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(3)
	}
}

// errWrong says that a row was not as it should be.
var errWrong = errors.New("not as it should be")

// matrix is how all is run.
type matrix struct {
	zklab    string
	limit    time.Duration
	tries    int
	parallel int
	out      io.Writer
}

// run prints a row for each cell as soon as it and those before it are done.
func (m *matrix) run(ctx context.Context, where, only string) error {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	cells, err := m.cells(where, pattern)
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
		return errWrong
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
