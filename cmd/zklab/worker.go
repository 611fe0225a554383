package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/subjects/adapter"
	"github.com/zklab/zklab/workloads"
)

// workerName is the command that is a client's process. It is not supervised:
// what stops or kills it must hit the process that has the connection.
const workerName = "worker"

func newWorker() *cobra.Command {
	var subject string
	cmd := &cobra.Command{
		Use:   workerName,
		Short: "Be a client for another process: speak the adapter protocol on standard input and output",
		Long: "Be a client for another process: read requests from standard input, one JSON object a line,\n" +
			"and answer on standard output (docs/adapters.md). It ends at the end of its input.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			served, err := workerSubjects(subject)
			if err != nil {
				return usageError("%v", err)
			}
			served.Logf = func(format string, args ...any) { fmt.Fprintf(cmd.ErrOrStderr(), format+"\n", args...) }
			return adapter.Serve(context.Background(), os.Stdin, cmd.OutOrStdout(), served)
		},
	}
	cmd.Flags().StringVar(&subject, "subject", workloads.Own, "whose recipes: zklab, go-zookeeper, broken")
	return cmd
}

// workerSubjects are the constructors of the named subjects of all recipes.
func workerSubjects(subject string) (adapter.Subjects, error) {
	s := adapter.Subjects{Name: fmt.Sprintf("%s, zklab %s", subject, zklab.Version)}
	var known []string
	found := false
	for _, recipe := range workloads.Recipes() {
		for _, name := range workloads.Subjects(recipe) {
			if !slices.Contains(known, name) {
				known = append(known, name)
			}
		}
		w, err := workloads.Named(recipe, subject)
		if err != nil {
			continue // not of this recipe
		}
		found = true
		switch w := w.(type) {
		case workloads.Lock:
			s.Lock = w.New
		case workloads.Queue:
			s.Queue = w.New
		case workloads.Barrier:
			s.Barrier = w.New
		case workloads.DoubleBarrier:
			s.DoubleBarrier = w.New
		case workloads.Election:
			s.Election = w.New
		}
	}
	if !found {
		return s, fmt.Errorf("unknown subject %q; known are %s", subject, strings.Join(known, ", "))
	}
	return s, nil
}
