// Tally lets several processes count together, by a counter. Even if replies are lost, each process
// knows what it has counted; where it cannot know, it says so. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"strconv"
	"time"

	"github.com/zklab/zklab/examples/internal/program"
	"github.com/zklab/zklab/recipes"
)

var every = flag.Duration("every", 100*time.Millisecond, "time from one count to the next")

func main() {
	program.Main(program.About{
		Path: "/tally", Usage: "[flags] count TIMES | show",
		Args: func(args []string) bool {
			return len(args) == 1 && args[0] == "show" || len(args) == 2 && args[0] == "count"
		},
	}, run)
}

func run(ctx context.Context, p *program.Program) error {
	counter := recipes.NewCounter(p.Client, p.Path)
	defer p.Close(counter)
	if p.Args[0] == "show" {
		n, err := counter.Value(ctx)
		if err == nil {
			p.Say("the tally is %d", n)
		}
		return err
	}
	times, err := strconv.Atoi(p.Args[1])
	if err != nil || times < 1 {
		return program.Usage("%q is not a number such as 100", p.Args[1])
	}
	return count(ctx, p, counter, times)
}

// count adds one, several times. Add itself tries again if nothing was added. If it is unknown whether
// something was added, this program does not try again, since that could count twice.
func count(ctx context.Context, p *program.Program, counter *recipes.Counter, times int) error {
	known, unknown := 0, 0
	var err error
	for ; err == nil && known+unknown < times; err = program.Sleep(ctx, *every) {
		sum, err := counter.Add(ctx, 1)
		switch {
		case err == nil:
			known++
			p.Say("counted %d: the tally is %d", known, sum)
		case errors.Is(err, recipes.ErrUnknown):
			unknown++
			p.Say("may have counted: %v", err)
		case ctx.Err() == nil:
			return err // nothing was added
		}
	}
	p.Say("has counted %d times, and may have %d times more", known, unknown)
	if known+unknown == times {
		return nil
	}
	return err
}
