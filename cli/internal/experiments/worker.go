package experiments

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/base/nearest"
	"github.com/zklab/zklab/internal/base/version"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/subjects/adapter"
	"github.com/zklab/zklab/workloads"
)

// workerName is the command that runs as a client's process. It is not supervised: signals that
// stop or kill it must hit the process that has the connection.
const workerName = "worker"

func newWorker(catalog specimens.Catalog) *cobra.Command {
	var subject string
	cmd := &cobra.Command{
		Use:   workerName,
		Short: "Serve a client to another process over the adapter protocol",
		Long: "Worker serves a client to another process: it reads requests from standard input, one JSON object per line,\n" +
			"and answers on standard output (docs/adapter-protocol.md). It exits at the end of its input.",
		Example: `  zklab conform 'zklab worker'
  zklab run lock --subject-command 'zklab worker --subject go-zookeeper'`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			served, err := workerSubjects(catalog, subject)
			if err != nil {
				return usage.Errorf("%v", err)
			}
			served.Logf = func(format string, args ...any) { fmt.Fprintf(cmd.ErrOrStderr(), format+"\n", args...) }
			return adapter.Serve(context.Background(), os.Stdin, terminal.Exact(cmd.OutOrStdout()), served)
		},
	}
	cmd.Flags().StringVar(&subject, "subject", workloads.Own, "subject to serve: zklab, go-zookeeper, broken, broken:NAME (see zklab list subjects)")
	usage.Completes(cmd, "subject", func(_ *cobra.Command, _ []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		served := slices.DeleteFunc(catalog.Recipes(), func(r string) bool { return !inProcesses(catalog, r) })
		return usage.Beginning(toComplete, subjectsOf(catalog, served...))
	})
	return cmd
}

// workerSubjects returns, for each recipe whose clients can be processes, the constructor of the
// named subject.
func workerSubjects(catalog specimens.Catalog, subject string) (adapter.Subjects, error) {
	s := adapter.Subjects{Name: fmt.Sprintf("%s, zklab %s", subject, version.Module()), Recipes: map[string]subjects.Maker{}}
	var known []string
	for _, recipe := range catalog.Recipes() {
		if !inProcesses(catalog, recipe) {
			continue
		}
		known = append(known, alike(catalog, recipe, subject)...)
		w, err := catalog.Named(recipe, subject)
		if err != nil {
			continue // the recipe has no such subject
		}
		s.Recipes[recipe] = w.(workloads.Served).Maker()
	}
	if len(s.Recipes) == 0 {
		slices.Sort(known)
		known = slices.Compact(known)
		return s, fmt.Errorf("unknown subject %q%sknown are %s", subject, nearest.DidYouMean(subject, known), strings.Join(known, ", "))
	}
	return s, nil
}

// inProcesses reports whether a recipe's clients can be processes of their own.
func inProcesses(catalog specimens.Catalog, recipe string) bool {
	w, err := catalog.Named(recipe, firstSubject(catalog, recipe))
	_, ok := w.(workloads.Served)
	return err == nil && ok
}

// alike lists the subjects of a recipe that the user may have meant: all broken subjects if the
// user named a broken one, and otherwise the catalog's short list.
func alike(catalog specimens.Catalog, recipe, subject string) (names []string) {
	if !strings.HasPrefix(subject, specimens.Broken+":") {
		return catalog.Short(recipe)
	}
	for _, s := range catalog.Subjects(recipe) {
		if s.Property != "" {
			names = append(names, s.Name)
		}
	}
	return names
}
