package shrink

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// shrunk finds a violation of a mutant under faults, and shrinks it.
func shrunk(t *testing.T, recipe, subject, faults string) *Smallest {
	t.Helper()
	workload := must.Get(specimens.Named(recipe, subject))(t)
	schedule := must.Get(plan.Parse(faults, time.Second))(t)
	x := experiment.Experiment{Config: engine.Config{
		Workload: workload, Subject: subject, Faults: schedule, Settings: settings.Settings{Rate: 50, TimeLimit: 5 * time.Second},
	}}
	for x.Seed = 1; x.Seed < 10; x.Seed++ {
		o := must.Get(x.Simulate(t.Context(), t))(t)
		causes := sweep.CausesOf(o.Result, o.History)
		if len(causes) == 0 {
			continue
		}
		s := must.Get(Simulated(t.Context(), t, x, o, Config{Cause: causes[0], Runs: 150}))(t)
		t.Logf("seed %d: %s\nto %s\nin %d runs and %s; %q", x.Seed, s.From, s.To, s.Runs, s.Took, s.WhatMattered())
		return s
	}
	t.Fatalf("nothing is wrong with %s of %s", recipe, subject)
	return nil
}

// The smallest run has next to nothing in it, tells what mattered, and is stored as a run that can be
// repeated. The Go test beside it fails, and passes with a correct recipe.
func TestSmallest(t *testing.T) {
	s := shrunk(t, "queue", "broken:blind-delete-retry", "lose-reply:delete/300ms")
	if to := s.To; to.Faults != 1 || to.Clients > 2 || to.Arrivals > 3 || to.Keys != 1 || to.Servers != 1 {
		t.Errorf("it is still large: %s", to)
	}
	if m := s.WhatMattered(); len(m) != 1 || !strings.HasPrefix(m[0], "without lose-reply:delete") || !strings.Contains(m[0], "lost the reply to delete") || !strings.HasSuffix(m[0], " every promise is kept") {
		t.Errorf("%q", m)
	}
	folder := filepath.Join(t.TempDir(), "shrunk")
	must.Do(t, os.MkdirAll(filepath.Join(folder, "plots", "of an earlier one"), 0o755))
	must.Do(t, s.Keep(folder, "where it was", "zklab replay "+folder))
	run := must.Get(store.Open("", folder))(t)
	result, err := run.ReadResult()
	if err != nil || len(result.Violated()) == 0 || result.Shrunk.From != "where it was" || result.Shrunk.After != s.To.String() {
		t.Errorf("%+v, %v", result.Shrunk, err)
	}
	if page, err := os.ReadFile(run.Report()); err != nil || !strings.Contains(string(page), "every promise is kept") || !strings.Contains(string(page), "kept in <code>"+folder+"</code>") {
		t.Errorf("the report does not say what mattered, or where it is: %v", err)
	}
	if left, _ := filepath.Glob(folder + ".*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	goTests(t, run)
}

// goTests runs the Go test of a run, which fails, and the tests of runs of each shape with right subjects, which pass.
// All are in one package, which is in this module only during this call.
func goTests(t *testing.T, run *store.Run) {
	t.Helper()
	source := must.Get(os.ReadFile(run.GoTest()))(t)
	files := shapes(t, run)
	files["broken_test.go"], files["right_test.go"] = source, []byte(rightSubjects)
	dir := t.TempDir()
	here := must.Get(os.Getwd())(t)
	replaced := map[string]string{}
	for name, text := range files {
		file := filepath.Join(dir, name)
		must.Do(t, os.WriteFile(file, text, 0o644))
		replaced[filepath.Join(here, "shrunk", name)] = file
	}
	overlay := must.Get(json.Marshal(map[string]any{"Replace": replaced}))(t)
	must.Do(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o644))
	binary := filepath.Join(dir, "shrunk.test") // the package has no folder in which go could run or vet it
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-overlay", filepath.Join(dir, "overlay.json"), "-o", binary, "./shrunk")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\nof\n%s", err, out, source)
	}
	out, err := exec.CommandContext(t.Context(), binary, "-test.v").CombinedOutput()
	text := string(out)
	if err == nil || strings.Count(text, "\n--- PASS: TestQueue") != len(files)-2 || strings.Count(text, "\n--- FAIL: TestQueue") != 1 || !strings.Contains(text, " is violated ") {
		t.Errorf("%v\n%s\nof\n%s", err, text, source)
	}
}

// rightSubjects declares what the tests of runs without a named subject leave to the user.
const rightSubjects = `package shrunk_test

import (
	"context"

	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
)

func newSubject(c *subjects.Client, path string) (subjects.Queue, error) { return subjects.NewQueue(c, path) }

type subject struct{}

func (subject) Get(context.Context) (int, error) { return 0, nil }

var declaration = object.Object[subject]{
	Name: "always-zero", New: func(*subjects.Client, string) (subject, error) { return subject{}, nil },
	Operations: []object.Operation[subject]{get},
	Rules: []object.Rule{object.Sequential(0, object.Runs(get, func(int, object.None) (int, int, error) { return 0, 0, nil }))},
}

var get = object.Ask("get", subject.Get)
`

// shapes returns tests that a shrunk run can have, by the names of their files: with each kind of workload, and with
// and without a schedule and chosen arrivals.
func shapes(t *testing.T, run *store.Run) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	x := must.Get(store.ReadExperiment(run.Experiment()))(t)
	schedule, arrivals := x.Schedule, x.Arrivals
	if len(schedule) == 0 || len(arrivals) == 0 {
		t.Fatalf("the run has %d faults and %d arrivals: the tests need both", len(schedule), len(arrivals))
	}
	for kind, own := range map[string]string{"named": "", "declared": "declaration.Workload()", "constructed": "workloads.Queue{New: newSubject}"} {
		for shape := range 8 {
			x.Subject, x.Schedule, x.Arrivals, x.ClientsAs = workloads.Own, nil, nil, ""
			if own != "" {
				x.Subject = "someone's"
			}
			if shape&1 != 0 {
				x.Schedule = schedule
			}
			if shape&2 != 0 {
				x.Arrivals = arrivals
			}
			if shape&4 != 0 {
				x.ClientsAs = store.Process
			}
			name := fmt.Sprintf("%s-%d", kind, shape)
			text, ok, err := GoTest(x, name, own)
			if err != nil || !ok {
				t.Fatal(name, ok, err)
			}
			text, _, _ = bytes.Cut(text, []byte("\nfunc step(")) // the failing test has it, too
			files[name+"_test.go"] = text
		}
	}
	return files
}

// A lock that never waits is violated without any fault.
func TestSmallestWithoutFaults(t *testing.T) {
	s := shrunk(t, "lock", "broken", "cut/500ms")
	if to := s.To; to.Faults != 0 || to.Clients != 2 || to.Arrivals > 3 || to.Keys != 1 || len(s.WhatMattered()) != 0 {
		t.Errorf("it is still large: %s", to)
	}
}

// Many faults with the same consequence are counted by kind, a few are listed.
func TestManyFaultsAreCounted(t *testing.T) {
	s := &Smallest{Outcome: &experiment.Outcome{Result: &store.Result{}}}
	for i, spec := range []string{"expire:any", "crash@client1/take#1", "crash:any", "crash:holder", "slow-network"} {
		s.Report.Shrunk.Schedule = append(s.Report.Shrunk.Schedule, store.Scheduled{Fault: spec})
		s.Report.Mattered = append(s.Report.Mattered, Mattered{Step: i + 1})
	}
	want := "every promise is kept without any one of 5 faults: crash 3 times, expire once and slow-network once"
	if got := s.WhatMattered(); !slices.Equal(got, []string{want}) {
		t.Errorf("%q, not %q", got, want)
	}
	s.Report.Mattered = s.Report.Mattered[:2]
	want = "every promise is kept without any one of: expire:any; crash@client1/take#1"
	if got := s.WhatMattered(); !slices.Equal(got, []string{want}) {
		t.Errorf("%q, not %q", got, want)
	}
}
