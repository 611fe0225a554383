// Routes has a table of which each process keeps a copy, by a cache: a lookup needs no request, and the
// cache receives each change by itself. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/zklab/zklab/examples/internal/program"
	"github.com/zklab/zklab/recipes"
)

var every = flag.Duration("every", time.Second, "time from one change of a publisher to the next")

func main() {
	program.Main(program.About{
		Path: "/routes", Usage: "[flags] follow | publish ROUTE",
		Args: func(args []string) bool {
			return len(args) == 1 && args[0] == "follow" || len(args) == 2 && args[0] == "publish" && args[1] != "" && !strings.Contains(args[1], "/")
		},
	}, run)
}

func run(ctx context.Context, p *program.Program) error {
	do := follow
	if p.Args[0] == "publish" {
		do = publish
	}
	err := do(ctx, p)
	if ctx.Err() != nil {
		p.Say("ends")
		return nil
	}
	return err
}

// follow prints each change of the copy. A route never goes back to an older version, whatever happens to
// connections and servers.
func follow(ctx context.Context, p *program.Program) error {
	table := recipes.NewCache(p.Client, p.Path)
	defer p.Close(table)
	if err := table.Current(ctx); err != nil {
		return err
	}
	routes, _ := table.Children(p.Path)
	p.Say("has a copy of %d routes", len(routes))
	for change, err := range table.Changes(ctx) {
		switch {
		case err != nil:
			return err
		case change.Path == p.Path:
		case change.Is == nil:
			p.Say("route %s has gone", path.Base(change.Path))
		default:
			p.Say("route %s: %s", path.Base(change.Path), change.Is.Data)
		}
	}
	return nil
}

// publish changes a route again and again. Each change has the next number after the version that it found,
// whichever process wrote that, and it is made only if the route still has that version.
func publish(ctx context.Context, p *program.Program) error {
	route := recipes.NewConfig(p.Client, p.Path+"/"+p.Args[1])
	defer p.Close(route)
	for {
		if err := next(ctx, p, route); err != nil {
			return err
		}
		if err := program.Sleep(ctx, *every); err != nil {
			return err
		}
	}
}

func next(ctx context.Context, p *program.Program, route *recipes.Config) error {
	now, err := route.Get(ctx)
	for err == nil {
		n := 0
		if now.Exists {
			_, _ = fmt.Sscanf(string(now.Data), "version %d", &n) // otherwise the numbers begin again
		}
		text := fmt.Sprintf("version %d by %s", n+1, p.Name)
		err = route.SetIf(ctx, []byte(text), now)
		conflict, other := errors.AsType[*recipes.ConflictError](err)
		switch {
		case err == nil:
			p.Say("published %s: %s", p.Args[1], text)
			return nil
		case other: // another process was faster
			now, err = conflict.Now, nil
		case errors.Is(err, recipes.ErrUnknown) && ctx.Err() == nil: // look whether the change was made
			now, err = route.Get(ctx)
		}
	}
	return err
}
