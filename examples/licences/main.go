// Licences lets a limited number of processes work at a time, by a semaphore. See README.md.
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
	licences = flag.Int("licences", 2, "how many processes may work at a time, the same for all processes")
	hold     = flag.Duration("hold", 3*time.Second, "how long to work with a licence")
)

func main() {
	program.Main(program.About{
		Path: "/licences", Usage: "[flags]",
		Args: func(args []string) bool { return len(args) == 0 },
	}, run)
}

// run works once. A process that loses its licence while it works lines up again.
func run(ctx context.Context, p *program.Program) error {
	if *licences < 1 || *licences > 1024 {
		return program.Usage("-licences must be between 1 and 1024")
	}
	semaphore := recipes.NewSemaphore(p.Client, p.Path+"/semaphore", *licences)
	defer p.Close(semaphore)
	for {
		err := semaphore.Do(p.Traced(ctx, "licence"), func(ctx context.Context) error {
			p.Say("has a licence")
			return program.Sleep(ctx, *hold)
		})
		switch {
		case ctx.Err() != nil:
			p.Say("gave up its licence")
			return nil
		case errors.Is(err, recipes.ErrLost):
			p.Say("lost its licence: %v", err)
		case err != nil:
			return err
		default:
			p.Say("gave its licence back")
			return nil
		}
	}
}
