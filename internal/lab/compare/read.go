package compare

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/advice"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/store"
)

// Locate finds the group that an argument names: the folder of a run or a sweep, an archive of a
// sweep, a store with all of its runs and sweeps, a pattern for several of these, or the label of runs and sweeps in the store root. It does
// not read their figures. declares is [store.Run.Declares] of the runs.
func Locate(root, argument string, declares func(model string) models.Declared) (*Group, error) {
	g := &Group{Name: argument}
	paths, err := find(root, argument)
	if err != nil {
		return nil, err
	}
	if err := g.locate(root, paths); err != nil {
		return nil, err
	}
	for _, run := range g.runs {
		run.Declares = declares
	}
	return g, nil
}

// Run returns the run of a group that is a single run; nil for any other group.
func (g *Group) Run() *store.Run {
	if len(g.runs) != 1 || len(g.sweeps) > 0 {
		return nil
	}
	return g.runs[0]
}

// Read reads a located group, which gates judge.
func (g *Group) Read(gates []gates.Gate) error {
	for _, gate := range gates {
		if gate.Relative {
			g.gated = append(g.gated, quantity{gate.Metric, gate.Part, gate.Quantile})
		}
	}
	for _, run := range g.runs {
		if err := g.addRun(run); err != nil {
			return err
		}
	}
	for _, paths := range g.sweeps {
		if err := g.addSweep(paths); err != nil {
			return err
		}
	}
	g.Unchecked = g.without.List()
	for _, f := range g.facts {
		if text := sweep.FaultsText(f["faults"], g.took); text != f["faults"] {
			f["faults"], g.noEffect = text, append(g.noEffect, text)
		}
	}
	if g.Runs == 0 {
		return fmt.Errorf("%s: no run has a verdict", g.Name)
	}
	return nil
}

// find returns the paths that an argument stands for.
func find(root, argument string) ([]string, error) {
	if _, err := os.Lstat(argument); err == nil {
		if paths, err := stored(argument, func(string) bool { return true }); err == nil && len(paths) > 0 {
			return paths, nil // a store, such as the folder Experiment.Out
		}
		return []string{argument}, nil
	}
	if matches, err := filepath.Glob(argument); err == nil && len(matches) > 0 {
		return matches, nil
	}
	if argument != "" {
		if _, err := os.Lstat(filepath.Join(root, argument)); err == nil { // as in zklab check lock/2026-…, latest
			return []string{filepath.Join(root, argument)}, nil
		}
	}
	paths, err := stored(root, func(label string) bool { return label == argument })
	if err == nil && len(paths) == 0 {
		err = fmt.Errorf("there is no folder, archive or label %q in %s (%s)", argument, root, advice.ListRuns.Text())
	}
	return paths, err
}

// stored returns the runs and sweeps in a store whose label is wanted. Runs that shrinking made have the label of the
// larger run, and are left out.
func stored(root string, wanted func(label string) bool) (paths []string, err error) {
	runs, err := store.Find(root)
	if err != nil {
		return nil, err
	}
	for _, run := range runs {
		if wanted(run.Label()) && !shrunk(run) {
			paths = append(paths, run.Dir)
		}
	}
	sweeps, err := sweep.InStore(root)
	for _, s := range sweeps {
		if s.Err == nil && wanted(s.Description.Label()) {
			paths = append(paths, s.Path)
		}
	}
	return paths, err
}

func shrunk(run *store.Run) bool {
	r, err := run.ReadResult()
	return err == nil && r.Shrunk != nil
}

// locate fills in the runs and the sweeps, each once.
func (g *Group) locate(root string, paths []string) error {
	at := map[string]int{} // of sweeps, by name
	for _, path := range paths {
		run, err := store.Open(root, path)
		if err == nil && !run.Bare() {
			if !slices.ContainsFunc(g.runs, func(r *store.Run) bool { return r.Dir == run.Dir }) {
				g.runs = append(g.runs, run)
				g.Recipe = cmp.Or(g.Recipe, recipeOf(run))
			}
			continue
		}
		d, err := sweep.DescriptionIn(path)
		if err != nil {
			return fmt.Errorf("%s is neither a run (no history.jsonl) nor a sweep (no runs.jsonl that begins with its description)", path)
		}
		i, ok := at[d.Name()]
		if !ok {
			i = len(g.sweeps)
			at[d.Name()] = i
			g.sweeps = append(g.sweeps, nil)
		}
		g.sweeps[i] = append(g.sweeps[i], path)
		g.Recipe = cmp.Or(g.Recipe, d.Setting("recipe"))
	}
	return nil
}

// recipeOf returns the recipe of a run; "" if it is not known.
func recipeOf(run *store.Run) string {
	x, err := store.ReadExperiment(run.Experiment())
	if err != nil {
		return "" // addRun returns the error
	}
	return x.Recipe
}

// addRun adds a stored run.
func (g *Group) addRun(run *store.Run) error {
	result, err := run.ReadResult()
	if err != nil {
		return err
	}
	x, err := store.ReadExperiment(run.Experiment())
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s has no experiment.yaml, which says how it was run", run.Dir)
	}
	if err != nil {
		return err
	}
	h := &history.History{} // filled only if it is needed
	if len(result.Violated()) > 0 || result.Stats.Samples == nil {
		if h, err = run.ReadHistory(); err != nil {
			return err
		}
	}
	if result.Stats.Samples == nil { // an older zklab wrote the result
		result.Stats.Samples = stats.Compute(h).Samples
	}
	line := sweep.Of(result, h, nil, 0)
	g.facts = append(g.facts, ofRun(x, result))
	g.unpaired = g.unpaired || !x.Simulate
	g.pair(result.Seed, g.add(&line))
	return nil
}

// addSweep adds the runs of a sweep, given the paths of all its shards.
func (g *Group) addSweep(paths []string) error {
	g.unpaired = true
	var versions []string
	s, err := sweep.MergeEach(paths, func(l *sweep.Line) {
		g.add(l)
		versions = withVersion(versions, l)
	})
	if err != nil {
		return err
	}
	g.facts = append(g.facts, ofSweep(&s.Description, versions))
	if slices.ContainsFunc(s.Shards, func(h sweep.ShardState) bool { return h.Running || h.Died() }) {
		g.going = append(g.going, strings.Join(paths, ", "))
	}
	return nil
}
