package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/internal/explore"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// What a scenario is, if nothing else is said: small enough that each of its messages can be
// tried, and with so few keys that clients meet.
const (
	scenarioClients = 3
	scenarioKeys    = 1
	scenarioRate    = 12
	scenarioLength  = time.Second
)

func newExplore() *cobra.Command {
	x, seed, minLoad := defaults()
	var f runFlags
	var c explore.Config
	var forTime time.Duration
	cmd := &cobra.Command{
		Use:   "explore RECIPE",
		Short: "Try every single fault at every message of a small scenario, then pairs of faults",
		Long: "Explore simulates a small scenario once and lists its messages. Then it tries each fault at each\n" +
			"of them: each request lost, each reply lost, each watch event late, each connection cut before\n" +
			"and after, each session expired, each server and each leader killed; and then pairs of these, as\n" +
			"far as --for allows, those first that differ most. RECIPE is one of\n" + strings.Join(workloads.Recipes(), ", ") + ".\n\n" +
			"A finding is printed as the --faults with which zklab run --simulate has the same again.\n" +
			"Exit codes: 0 no promise broken, 1 one broken, 3 could not be run, 64 wrong usage. Interrupt to\n" +
			"end it.",
		Example: "  zklab explore lock --for 1m\n  zklab explore lock --subject go-zookeeper --singles",
		Args:    atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			if forTime <= 0 {
				return usageError("--for must be more than zero")
			}
			stored, err := merge(cmd, &f, x, args)
			if err != nil {
				return err
			}
			if stored.TimeLimit == 0 {
				stored.TimeLimit = scenarioLength
			}
			return runExplore(cmd, stored, &f, c, forTime)
		},
	}
	experimentFlags(cmd, x, minLoad, &f)
	flags := cmd.Flags()
	for _, name := range []string{"faults", "fault-interval", "min-load", "simulate", "out"} { // what exploring does by itself
		_ = flags.MarkHidden(name)
	}
	for name, usual := range map[string]string{
		"clients": fmt.Sprint(scenarioClients), "keys": fmt.Sprint(scenarioKeys), "rate": fmt.Sprint(scenarioRate), "time-limit": scenarioLength.String(),
	} {
		flag := flags.Lookup(name)
		flag.DefValue = usual
		_ = flag.Value.Set(usual)
	}
	x.Simulate = true
	flags.Int64Var(seed, "seed", 1, "fixes the scenario's operations")
	flags.DurationVar(&forTime, "for", time.Minute, "how long runs are begun")
	flags.BoolVar(&c.Singles, "singles", false, "leave pairs out")
	flags.BoolVar(&f.quiet, "quiet", false, "no progress")
	return cmd
}

// runExplore explores and prints; its error carries the exit code.
func runExplore(cmd *cobra.Command, stored store.Experiment, f *runFlags, c explore.Config, forTime time.Duration) error {
	x, err := experiment(stored, f)
	if err != nil {
		return err
	}
	ctx, stop := untilSignal()
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, forTime)
	defer cancel()
	screen := newScreen(cmd.ErrOrStderr(), f.quiet)
	screen.say("exploring %s of %s with %d clients for %s", stored.Recipe, stored.Subject, stored.Clients, x.TimeLimit)
	c.Progress = func(r explore.Report) {
		screen.show("explore", fmt.Sprintf("%d of %d single faults, %d of %d pairs; %d break a promise",
			r.Singles.Tried, r.Singles.All, r.Pairs.Tried, r.Pairs.All, len(r.Findings)))
	}
	report, err := x.Explore(ctx, c)
	screen.end()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(cmd.OutOrStdout(), report.String()+"\n"); err != nil {
		return err
	}
	if len(report.Findings)+len(report.Always) > 0 {
		return verdictError{exitViolation}
	}
	return nil
}
