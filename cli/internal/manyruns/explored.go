package manyruns

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/experiments"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/version"
	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/reports"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
)

// keepExploration writes the findings of an exploration and its page into a store, and returns the path of the
// page.
func keepExploration(catalog specimens.Catalog, out string, x store.Experiment, subject string, began time.Time, all explored) (page string, err error) {
	kept := explore.Stored{
		Recipe: x.Recipe, Subject: subject, Label: x.Label, Seed: *x.Seed, Began: began.UTC().Truncate(time.Millisecond), Took: time.Since(began), Zklab: version.Line(),
	}
	kept.Of(all.Report, func(s plan.Schedule) string { return againWith(catalog.Program(), x, s) })
	folder, err := kept.Write(out)
	if err != nil {
		return "", err
	}
	page = filepath.Join(folder, explore.PageFile)
	return page, reports.WriteExploration(page, explorationPage(catalog.Program(), x, subject, all))
}

// openKept opens the file that says how far an exploration has come.
func openKept(cmd *cobra.Command, x store.Experiment, subject string, f *experiments.Flags, c explore.Config) (*explore.Kept, error) {
	arguments := workersArguments(cmd, x.Recipe, newExploreWorker(f.Catalog), "faults", "out")
	if c.Kinds != nil {
		arguments = append(arguments, "--faults="+strings.Join(c.Kinds, ","))
	}
	for name, given := range map[string]bool{"first": c.First, "singles": c.Singles} {
		if given {
			arguments = append(arguments, "--"+name)
		}
	}
	slices.Sort(arguments[1:])
	settings, err := settingsOf(x, arguments, f.Config, f.Object)
	if err != nil {
		return nil, err
	}
	text, err := store.FormatExperiment(x)
	if err != nil {
		return nil, err
	}
	command := append([]string{f.Catalog.Program(), "explore"}, arguments...)
	k := &explore.Kept{
		Description: sweep.Description{
			Format: sweep.Format, Settings: settings, Seeds: sweep.Seeds{{First: *x.Seed, Last: *x.Seed}}, Shard: c.Shard,
			Command: printable.Command(append(command, "--out", f.Out)...),
		},
		Experiment: string(text), Subject: subject, Zklab: version.Line(),
	}
	return k, k.Open(explore.FolderOf(f.Out, x.Recipe, k.Description))
}

// mergeExplorations merges the shards of an exploration and prints the result. Its error carries the exit
// code.
func mergeExplorations(cmd *cobra.Command, catalog specimens.Catalog, files []string, page string, asJSON bool) error {
	var first explore.Kept
	var states []explore.State
	for i, file := range files {
		k, err := explore.ReadKept(file)
		if err != nil {
			return err
		}
		if i == 0 {
			first = k
		}
		if k.Description.Name() != first.Description.Name() {
			return fmt.Errorf("%s is of another exploration than %s: give the shards of one", file, files[0])
		}
		k.State.Header.Declared = object.Declaration(k.State.Header, catalog.Declared)
		states = append(states, k.State)
	}
	report, missing, err := explore.Merge(states)
	if err != nil {
		return err
	}
	stored, err := store.ParseExperiment([]byte(first.Experiment))
	if err != nil {
		return fmt.Errorf("%s: %w", files[0], err)
	}
	all := exploredOf(catalog.Program(), stored, report)
	content := explorationPage(catalog.Program(), stored, first.Subject, all)
	if page != "" {
		if err := reports.WriteExploration(page, content); err != nil {
			return err
		}
	}
	err = tellExplored(cmd, all, content, page, asJSON, false)
	for _, s := range missing {
		fmt.Fprintf(cmd.ErrOrStderr(), "there is nothing of shard %s; run it with: %s\n", s, first.Description.CommandOf(s))
	}
	return err
}
