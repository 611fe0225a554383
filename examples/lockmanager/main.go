// Lockmanager has resources that one process at a time may use: each is guarded by a lock, and knows
// the highest fencing token of its users so far. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/examples/internal/fenced"
	"github.com/zklab/zklab/examples/internal/program"
	"github.com/zklab/zklab/recipes"
)

var (
	hold  = flag.Duration("hold", 3*time.Second, "how long to use a resource before others get their turn")
	every = flag.Duration("every", 500*time.Millisecond, "time from one use to the next while the lock is held")
)

func main() {
	program.Main(program.About{
		Path: "/lockmanager", Usage: "[flags] RESOURCE...",
		Args: func(args []string) bool { return len(args) > 0 },
	}, run)
}

func run(ctx context.Context, p *program.Program) error {
	all, ctx := errgroup.WithContext(ctx)
	for _, r := range p.Args {
		all.Go(func() error { return share(ctx, p, r) })
	}
	return all.Wait()
}

// share uses a resource whenever it is this process's turn.
func share(ctx context.Context, p *program.Program, resource string) error {
	path := p.Path + "/" + resource
	lock := recipes.NewLock(p.Client, path+"/lock")
	defer p.Close(lock)
	store := fenced.Store{Conn: p.Conn, Path: path + "/state"}
	for {
		err := lock.Do(p.Traced(ctx, resource), func(ctx context.Context) error {
			token := recipes.Fence(ctx)
			p.Say("%s: holds the lock, token %d", resource, token)
			return use(ctx, p, store, token)
		})
		switch {
		case ctx.Err() != nil:
			p.Say("%s: gave up the lock", resource)
			return nil
		case errors.Is(err, recipes.ErrLost), errors.Is(err, fenced.ErrStale):
			p.Say("%s: lost the lock: %v", resource, err)
		case err != nil:
			return err
		default:
			p.Say("%s: gave back the lock", resource)
		}
	}
}

// use works with the resource until its time is over, or the hold is lost: then its context ends. A
// process that stood still for too long may notice the loss late; that is what the token is for.
func use(ctx context.Context, p *program.Program, store fenced.Store, token int64) error {
	for n, began := 1, time.Now(); time.Since(began) < *hold; n++ {
		if err := store.Write(ctx, token, fmt.Sprintf("use %d by %s", n, p.Name)); err != nil {
			return err
		}
		if err := program.Sleep(ctx, *every); err != nil {
			return err
		}
	}
	return nil
}
