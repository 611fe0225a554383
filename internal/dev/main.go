// Dev runs the campaigns that measure zklab, and writes generated pages and test data:
//
//	go run ./internal/dev --help
//
// The campaigns use zklab as its users do, through the command line (package command). The Makefile
// has a target for each of them.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/internal/dev/benchtable"
	"github.com/zklab/zklab/internal/dev/changes"
	"github.com/zklab/zklab/internal/dev/command"
	"github.com/zklab/zklab/internal/dev/corpus"
	"github.com/zklab/zklab/internal/dev/mutants"
	"github.com/zklab/zklab/internal/dev/pairs"
	"github.com/zklab/zklab/internal/dev/pictures"
	"github.com/zklab/zklab/internal/dev/schemas"
	"github.com/zklab/zklab/internal/dev/soak"
	"github.com/zklab/zklab/internal/dev/suitecost"
	"github.com/zklab/zklab/internal/dev/trackrecord"
)

// Exit codes: 1 if a campaign did not find what it should have, and 3 if it could not be run.
func main() {
	if code, measured := suitecost.Measured(os.Args[1:]); measured {
		os.Exit(code)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	switch err := root().ExecuteContext(ctx); {
	case errors.Is(err, soak.ErrWrong):
		os.Exit(1)
	case err != nil:
		os.Exit(3)
	}
}

func root() *cobra.Command {
	var zklab command.Zklab
	cmd := &cobra.Command{Use: "dev", Short: "Run campaigns, and write generated pages and test data", SilenceUsage: true}
	cmd.PersistentFlags().StringVar((*string)(&zklab), "zklab", "bin/zklab", "the zklab command that campaigns run")
	cmd.AddCommand(mutants.Command(&zklab), pairs.Command(&zklab), soak.Command(&zklab), trackrecord.Command(&zklab), corpus.Command(&zklab), benchtable.Command(), benchtable.SpecCommand(), pictures.Command(&zklab), schemas.Command(), suitecost.Command(), suitecost.LongTests(), changes.Command())
	return cmd
}
