package trial

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/testkit/tally"
	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/workloads"
)

// SeedsOfClass is how many runs a class has with each of its faults.
const SeedsOfClass = 3

// FaultsOfClass are the faults of the runs of a class, as zklab run takes them.
var FaultsOfClass = []string{"none", "cut", "expire", "lose-reply", "all"}

// ofAll is what the runs of all classes have in common, besides the interval between their faults.
var ofAll = zklab.Experiment{Clients: 3, Keys: 2, TimeLimit: 10 * time.Second, SessionTimeout: 2 * time.Second, OpTimeout: 12 * time.Second}

const faultInterval = time.Second

// ClassFlags are the other flags of zklab run for the runs of a class.
var ClassFlags = fmt.Sprintf("--clients %d --keys %d --time-limit %s --session-timeout %s --op-timeout %s --fault-interval %s",
	ofAll.Clients, ofAll.Keys, ofAll.TimeLimit, ofAll.SessionTimeout, ofAll.OpTimeout, faultInterval)

// atOnce is how many runs take place at a time: they mostly wait.
const atOnce = 5

// Classes holds what was measured of the classes of a program: by class, then by faults.
type Classes map[string]map[string]tally.Tally

// Sum adds the runs of a class up.
func (c Classes) Sum(class string) (sum tally.Tally) {
	for _, runs := range c[class] {
		sum.Add(runs)
	}
	return sum
}

// MeasureProgram makes the runs of the classes of a program, each in a subtest of the test in the program's folder. It
// writes what it measured into the file of the program, after each class. Folder OUT keeps the runs, if it is given.
func MeasureProgram(t *testing.T, p entry.Program) {
	t.Helper()
	all := Read[Classes](t, MeasuredFile)
	for _, c := range p.Classes {
		t.Run(c.Name, func(t *testing.T) {
			measured := measureClass(t, p, c)
			if len(measured) == 0 {
				t.Fatal("no run could begin, so the figures stay")
			}
			all[c.Name] = measured
			Write(t, MeasuredFile, all)
			t.Log(all[c.Name])
			for _, why := range all.Unlike(c) {
				t.Error(why)
			}
		})
	}
}

// measureClass makes the runs of a class, a few at a time.
func measureClass(t *testing.T, p entry.Program, c entry.Class) map[string]tally.Tally {
	t.Helper()
	measured := map[string]tally.Tally{}
	var mu sync.Mutex // guards measured
	var all errgroup.Group
	all.SetLimit(atOnce)
	for _, faults := range FaultsOfClass {
		for seed := int64(1); seed <= SeedsOfClass; seed++ {
			x := ofClass(t, p, c, faults)
			x.Seed = seed
			all.Go(func() error {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // only in case a run hangs
				defer cancel()
				o, err := x.Run(ctx)
				if err != nil {
					t.Logf("%s, seed %d could not be run: %v", faults, seed, err)
					return nil
				}
				mu.Lock()
				defer mu.Unlock()
				runs := measured[faults]
				runs.Count(o.Result.Verdict, o.Result.Violated())
				measured[faults] = runs
				return nil
			})
		}
	}
	_ = all.Wait()
	return measured
}

// ofClass returns the experiment with [ClassFlags], in the folder of the program.
func ofClass(t *testing.T, p entry.Program, c entry.Class, faults string) zklab.Experiment {
	t.Helper()
	const root = "../../.."
	x := ofAll
	x.Workload, x.Ensemble, x.Out = WorkloadOf(t, root, c), embedded.Config{}, cmp.Or(os.Getenv("OUT"), t.TempDir())
	x.Command = []string{"/bin/sh", "-c", fmt.Sprintf("cd %s && exec %s", root, p.CommandOf(c))}
	if faults == "none" {
		return x
	}
	var err error
	if x.Faults, err = plan.Parse(faults, faultInterval); err != nil {
		t.Fatal(err)
	}
	return x
}

// WorkloadOf returns the workload of a class, which may be declared in a file below the root of the repository.
func WorkloadOf(t *testing.T, root string, c entry.Class) workloads.Workload {
	t.Helper()
	if c.Object == "" {
		return c.Workload
	}
	text, err := os.ReadFile(filepath.Join(root, c.Object))
	if err != nil {
		t.Fatal(err)
	}
	o, err := object.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return o.Workload()
}

// Unlike returns how what was measured of a class differs from what its declaration explains.
func (c Classes) Unlike(class entry.Class) (why []string) {
	for _, faults := range FaultsOfClass {
		if n := c[class.Name][faults].Runs; n < 1 || n > SeedsOfClass { // on a busy machine some cannot begin
			why = append(why, fmt.Sprintf("%d runs with the faults %s, want %d", n, faults, SeedsOfClass))
		}
	}
	sum := c.Sum(class.Name)
	explained := class.Explained()
	for name := range sum.Properties {
		if !slices.Contains(explained, name) {
			why = append(why, fmt.Sprintf("runs violated %s, which no mistake explains", name))
		}
	}
	for _, name := range explained {
		if sum.Properties[name] == 0 {
			why = append(why, fmt.Sprintf("no run violated %s, which a mistake explains", name))
		}
	}
	return why
}
