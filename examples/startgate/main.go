// Startgate holds processes back until the gate is opened, by a barrier. See README.md.
package main

import (
	"context"
	"slices"

	"github.com/zklab/zklab/examples/internal/program"
	"github.com/zklab/zklab/recipes"
)

func main() {
	program.Main(program.About{
		Path: "/startgate", Usage: "[flags] shut | open | wait",
		Args: func(args []string) bool {
			return len(args) == 1 && slices.Contains([]string{"shut", "open", "wait"}, args[0])
		},
	}, run)
}

// run shuts the gate, opens it, or waits at it. After an error, each of these can safely be done again.
func run(ctx context.Context, p *program.Program) error {
	gate := recipes.NewBarrier(p.Client, p.Path+"/gate")
	defer p.Close(gate)
	do, done := gate.Await, "the gate is open: goes on"
	switch p.Args[0] {
	case "shut":
		do, done = gate.Raise, "has shut the gate"
	case "open":
		do, done = gate.Lift, "has opened the gate"
	case "wait":
		p.Say("waits at the gate")
	}
	err := do(ctx)
	if err == nil {
		p.Say("%s", done)
	}
	return err
}
