// Rounds is a computation in rounds. A double barrier makes its processes begin each round together and end it
// together. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"time"

	"github.com/zklab/zklab/examples/internal/program"
	"github.com/zklab/zklab/recipes"
)

var (
	parties = flag.Int("parties", 3, "how many processes make a round, the same for all")
	count   = flag.Int("rounds", 1000, "after how many rounds to end")
	takes   = flag.Duration("work", time.Second, "how long the part of this process takes")
)

func main() {
	program.Main(program.About{
		Path: "/rounds", Usage: "[flags]",
		Args: func(args []string) bool { return len(args) == 0 },
	}, run)
}

func run(ctx context.Context, p *program.Program) error {
	if *parties < 1 || *count < 1 {
		return program.Usage("-parties and -rounds must be 1 at least")
	}
	barrier := recipes.NewDoubleBarrier(p.Client, p.Path+"/barrier", *parties)
	defer p.Close(barrier)
	for n := 1; n <= *count; n++ {
		err := round(ctx, p, barrier, n)
		switch {
		case ctx.Err() != nil:
			p.Say("takes part no more")
			return nil
		case errors.Is(err, recipes.ErrSessionLost):
			p.Say("round %d: was left behind: %v", n, err)
		case err != nil:
			return err
		}
	}
	return nil
}

// round takes part in a round. If a process dies during the round, the others stop waiting for it once
// its session has timed out; the next round waits until there are enough processes.
func round(ctx context.Context, p *program.Program, barrier *recipes.DoubleBarrier, n int) error {
	p.Say("round %d: waits for %d to be there", n, *parties)
	if err := barrier.Enter(ctx); err != nil {
		return err
	}
	p.Say("round %d: all are there, begins its part", n)
	if err := program.Sleep(ctx, *takes); err != nil {
		return err
	}
	p.Say("round %d: has done its part, waits for the others", n)
	if err := barrier.Leave(ctx); err != nil {
		return err
	}
	p.Say("round %d: is over", n)
	return nil
}
