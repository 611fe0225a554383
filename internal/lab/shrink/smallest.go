package shrink

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/base/atomicfile"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// Smallest is the smallest run that shows a violation.
type Smallest struct {
	Report
	Outcome  *experiment.Outcome
	property string
	workload string // the workload as a Go expression, if the recipe has no name
	place    string // where runs in real time have their folders; empty for simulations
}

// Simulated shrinks a simulated run of x in a test. The end of ctx also ends a run that is under way.
func Simulated(ctx context.Context, t *testing.T, x experiment.Experiment, o *experiment.Outcome, c Config) (*Smallest, error) {
	if o.Unkept == nil {
		return nil, engine.Usage("only a simulated run can be shrunk in a test")
	}
	c.From = o.Unkept.Stored()
	made := func(s store.Experiment) (experiment.Experiment, error) { return smaller(x, s) }
	s, err := Runs(ctx, t, c, "", made)
	if err == nil && s.workload == "" {
		s.workload = fmt.Sprintf("%T{New: newSubject} // newSubject is your constructor", x.Workload)
	}
	return s, err
}

// smaller returns the experiment with the settings of s.
func smaller(x experiment.Experiment, s store.Experiment) (experiment.Experiment, error) {
	var err error
	if x.Faults, err = engine.Given(s.Schedule); err != nil {
		return x, err
	}
	if x.Arrivals, err = engine.GivenArrivals(s.Arrivals); err != nil {
		return x, err
	}
	servers, _ := x.Ensemble.(embedded.Config)
	servers.InMemory, servers.Nodes, servers.Spread = true, s.Nodes, embedded.Spread(s.Latencies)
	x.Settings, x.Ensemble, x.MinLoad, x.Seed = s.Settings, servers, -1, *s.Seed
	return x, nil
}

// Runs shrinks a run, and keeps the smallest one. made converts an experiment file into an experiment. t
// is the test in which simulations run, nil in a program. scratch is a folder for runs in real time;
// Keep removes it.
func Runs(ctx context.Context, t *testing.T, c Config, scratch string, made func(store.Experiment) (experiment.Experiment, error)) (*Smallest, error) {
	s := &Smallest{property: c.Cause.Property, place: scratch}
	c.Run = func(ctx context.Context, stored store.Experiment) (Outcome, error) {
		x, err := made(stored)
		if err != nil {
			return Outcome{}, err
		}
		if own := workloads.DeclaredBy(x.Workload); own != nil {
			s.workload = own.Source()
		}
		return s.run(ctx, t, x, stored.Simulate)
	}
	var err error
	s.Report, err = Shrink(ctx, c)
	if err != nil {
		return nil, errors.Join(err, s.discard())
	}
	return s, nil
}

// discard removes the folders of runs in real time.
func (s *Smallest) discard() error {
	if s.place == "" {
		return nil
	}
	return os.RemoveAll(s.place)
}

// run runs one candidate.
func (s *Smallest) run(ctx context.Context, t *testing.T, x experiment.Experiment, simulated bool) (Outcome, error) {
	var begun []workloads.Arrival
	var mu sync.Mutex
	x.OnArrival = func(a workloads.Arrival) {
		mu.Lock()
		defer mu.Unlock()
		begun = append(begun, a)
	}
	x.Out = s.place
	run := x.Run
	if simulated {
		x.Out = ""
		run = func(ctx context.Context) (*experiment.Outcome, error) { return x.Simulate(ctx, t) }
	}
	o, err := run(ctx)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{
		Causes: sweep.CausesOf(o.Result, o.History), Unknown: unknown(o.Result), Arrivals: begun, Hit: hits(o), Shown: shown(o, s.property), Came: came(o),
		Keep: func() {
			s.drop(s.Outcome)
			s.Outcome = o
		},
		Drop: func() { s.drop(o) },
	}, nil
}

// unknown returns why the properties of a run that were not decided were not, by their names.
func unknown(r *store.Result) map[string]string {
	all := map[string]string{}
	for _, v := range r.Decisive(checker.Unknown) {
		all[v.Property] = cmp.Or(v.Reason, "not decided")
	}
	return all
}

// hits returns the clients that each fault hit.
func hits(o *experiment.Outcome) map[int][]int {
	all := map[int][]int{}
	for _, f := range o.Result.Stats.Faults {
		all[f.Number] = f.Clients
	}
	return all
}

// shown returns when the property was first seen to be violated: the time of the last event of the counterexample that
// ends first. It returns 0 if no counterexample has events.
func shown(o *experiment.Outcome, property string) (first time.Duration) {
	for _, v := range o.Result.Verdicts {
		if v.Property != property || v.Result != checker.Violation {
			continue
		}
		last := time.Duration(0)
		for _, i := range v.Counterexample {
			if i >= 0 && i < len(o.History.Events) {
				last = max(last, o.History.Events[i].Time)
			}
		}
		if last > 0 && (first == 0 || last < first) {
			first = last
		}
	}
	return first
}

// came returns when each fault began.
func came(o *experiment.Outcome) map[int]time.Duration {
	all := map[int]time.Duration{}
	for _, f := range o.Result.Stats.Faults {
		all[f.Number] = f.Injected
	}
	return all
}

// drop removes the folder of a run that is not the smallest. It ignores errors, since discard removes
// the whole folder of all runs.
func (s *Smallest) drop(o *experiment.Outcome) {
	if o != nil && o.Run != nil {
		_ = os.RemoveAll(o.Run.Dir)
	}
}

// mostFault bounds the length of one fault in a list of faults, in characters. If there are more than mostListed, the
// list counts the faults of each kind.
const (
	mostFault  = 100
	mostListed = 4
)

// WhatMattered says what happens if each of the remaining faults is left out, and for how many of them there was no
// time. Faults with the same consequence share a text.
func (s *Smallest) WhatMattered() (texts []string) {
	words := map[int]string{}
	for _, f := range s.Outcome.Result.Stats.Faults {
		words[f.Number] = Words(f)
	}
	var order []string
	without := map[string][]string{}
	for _, m := range s.Report.Mattered {
		what := m.What(s.property)
		if without[what] == nil {
			order = append(order, what)
		}
		without[what] = append(without[what], cmp.Or(words[m.Step], s.Report.Shrunk.Schedule[m.Step-1].Fault))
	}
	for _, what := range order {
		switch faults := without[what]; {
		case len(faults) == 1:
			texts = append(texts, "without "+faults[0]+" "+what)
		case len(faults) > mostListed:
			texts = append(texts, fmt.Sprintf("%s without any one of %d faults: %s", what, len(faults), byKind(faults)))
		default:
			for i := range faults {
				faults[i] = printable.Text(faults[i], mostFault)
			}
			texts = append(texts, what+" without any one of: "+strings.Join(faults, "; "))
		}
	}
	if n := s.Untold; n > 0 {
		texts = append(texts, fmt.Sprintf("the time was up before %s of %d could be left out", prose.Count(n, "fault"), len(s.Report.Shrunk.Schedule)))
	}
	return texts
}

// byKind counts faults by their kinds, which their texts begin with: crash 3 times, expire once.
func byKind(faults []string) string {
	times := map[string]int{}
	for _, f := range faults {
		times[f[:strings.IndexAny(f+" ", " :@")]]++
	}
	var texts []string
	for _, kind := range slices.Sorted(maps.Keys(times)) {
		texts = append(texts, kind+" "+prose.Times(times[kind]))
	}
	return prose.List(texts, "and")
}

// Keep writes the run to a folder, with its report and, where possible, a Go test that repeats it.
// It replaces an earlier shrunk run. from is the folder of the original run; replay is the command
// that repeats this one.
func (s *Smallest) Keep(folder, from, replay string) (err error) {
	defer func() { err = errors.Join(err, s.discard()) }()
	part := folder + ".part" // beside it, so that a folder with the final name is always complete
	defer func() { err = errors.Join(err, os.RemoveAll(part)) }()
	o := s.Outcome
	o.Replay, o.Result.Replay = replay, replay
	o.Result.Shrunk = &store.Shrunk{
		From: from, Property: s.property, Before: s.From.String(), After: s.To.String(), Runs: s.Runs, Mattered: s.WhatMattered(),
	}
	if err := os.RemoveAll(part); err != nil {
		return err
	}
	if o.Run == nil {
		o.Made.MovedTo = folder
		err = o.Keep(part)
	} else {
		err = errors.Join(o.Run.WriteResult(o.Result), onerun.Render(context.Background(), o.Run.Dir, folder, o.History, o.Result))
	}
	if err != nil {
		return err
	}
	if err := s.writeGoTest(); err != nil {
		return fmt.Errorf("write the test in Go: %w", err)
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := atomicfile.Rename(o.Run.Dir, folder); err != nil {
		return err
	}
	o.Run = &store.Run{Dir: folder, Declares: o.Run.Declares}
	return nil
}

// writeGoTest writes the Go test of the run, if there can be one.
func (s *Smallest) writeGoTest() error {
	x, err := store.ReadExperiment(s.Outcome.Run.Experiment())
	if err != nil {
		return err
	}
	source, ok, err := GoTest(x, s.property, s.workload)
	if err != nil || !ok {
		return err
	}
	path := s.Outcome.Run.GoTest()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return store.WriteFile(path, source)
}
