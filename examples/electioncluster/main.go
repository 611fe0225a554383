// Electioncluster is a cluster in which one node leads, and all nodes know which one. See README.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/examples/internal/fenced"
	"github.com/zklab/zklab/examples/internal/program"
	"github.com/zklab/zklab/recipes"
)

var (
	term  = flag.Duration("term", time.Hour, "how long to lead before others get their turn")
	every = flag.Duration("every", 500*time.Millisecond, "time from one act of a leader to the next")
)

func main() {
	program.Main(program.About{
		Path: "/electioncluster", Usage: "[flags]",
		Args: func(args []string) bool { return len(args) == 0 },
	}, run)
}

func run(ctx context.Context, p *program.Program) error {
	election := recipes.NewElection(p.Client, p.Path+"/election", p.Name)
	defer p.Close(election)
	node := node{p, election, fenced.Store{Conn: p.Conn, Path: p.Path + "/state"}}
	both, inner := errgroup.WithContext(ctx)
	both.Go(func() error { return node.follow(inner) })
	both.Go(func() error { return election.DoEach(p.Traced(inner, "election"), node.lead) })
	err := both.Wait()
	if ctx.Err() != nil {
		p.Say("stands no more")
		return nil
	}
	return err
}

type node struct {
	*program.Program
	election *recipes.Election
	store    fenced.Store
}

// follow prints which node leads.
func (n node) follow(ctx context.Context) error {
	for term, err := range n.election.Terms(ctx) {
		switch {
		case err != nil:
			return err
		case term.Fence == 0:
			n.Say("nobody leads")
		default:
			n.Say("the leader is %s, token %d", term.ID, term.Fence)
		}
	}
	return nil
}

// lead does work that only the leader may do, until the term is over. Its context ends when leadership
// is lost; the token protects the store until this process notices. An error ends the term, but not the
// node.
func (n node) lead(ctx context.Context) error {
	token := recipes.Fence(ctx)
	n.Say("leads, token %d", token)
	ctx, cancel := context.WithTimeoutCause(ctx, *term, fmt.Errorf("the term of %s is over", *term))
	defer cancel()
	for act := 1; ; act++ {
		err := n.store.Write(ctx, token, fmt.Sprintf("act %d of %s", act, n.Name))
		if err == nil {
			err = program.Sleep(ctx, *every)
		}
		if err != nil {
			n.Say("leads no more after %d acts: %v", act, err)
			return nil
		}
	}
}
