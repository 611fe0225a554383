// Tripbooking books a trip at several sites, such as a flight and a hotel: at all of them or at
// none, by a two-phase commit. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"strings"
	"time"

	"github.com/zklab/zklab/examples/internal/program"
	"github.com/zklab/zklab/recipes"
)

var (
	sites    = flag.String("sites", "flight,hotel", "sites at which to book a trip, `site,...`")
	patience = flag.Duration("patience", 10*time.Second, "how long to wait for the votes of all sites")
	seats    = flag.Int("seats", 10, "how many trips a site has room for")
)

func main() {
	program.Main(program.About{
		Path: "/tripbooking", Usage: "[flags] site SITE | book TRIP",
		Args: func(args []string) bool {
			return len(args) == 2 && (args[0] == "site" || args[0] == "book") && args[1] != "" && !strings.Contains(args[1], "/")
		},
	}, run)
}

func run(ctx context.Context, p *program.Program) error {
	if p.Args[0] == "site" {
		return serve(ctx, p, p.Args[1])
	}
	return book(ctx, p, p.Args[1])
}

func commitOf(p *program.Program, trip string) *recipes.TwoPhaseCommit {
	return recipes.NewTwoPhaseCommit(p.Client, tripsOf(p)+"/"+trip)
}

func tripsOf(p *program.Program) string { return p.Path + "/trips" }

// book coordinates: it asks the sites, and waits for the decision. If it dies, the sites go on without
// it once all of them have voted; until then, running the same command again replaces it.
func book(ctx context.Context, p *program.Program, trip string) error {
	commit := commitOf(p, trip)
	defer p.Close(commit)
	err := again(ctx, func() error { return commit.Begin(ctx, strings.Split(*sites, ",")) })
	switch {
	case errors.Is(err, recipes.ErrSites):
		return program.Usage("-sites: %v", recipes.ErrSites)
	case err != nil:
		return err
	}
	p.Say("%s: asks %s", trip, *sites)
	var booked bool
	err = again(ctx, func() (err error) { booked, err = commit.Decide(ctx, *patience); return err })
	if err != nil {
		return err
	}
	p.Say("%s is %s", trip, word(booked))
	return nil
}

func word(booked bool) string {
	if booked {
		return "booked"
	}
	return "not booked"
}

// again repeats a call that does no harm if it is done twice, until its outcome is known.
func again(ctx context.Context, f func() error) error {
	for {
		if err := f(); !errors.Is(err, recipes.ErrUnknown) || ctx.Err() != nil {
			return err
		}
	}
}
