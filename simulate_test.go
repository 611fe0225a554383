package zklab_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// One seed gives one history, for every recipe, under all faults. Without the overlay
// the runtime still makes a few choices, and a busy machine makes it preempt, so the
// test is content if two of several runs are the same. If anything in zklab itself is
// left to chance, no two are.
func TestSimulatedTwice(t *testing.T) {
	const tries = 5
	for _, recipe := range specimens.Recipes() {
		t.Run(recipe, func(t *testing.T) {
			seen := map[[32]byte]int{}
			for range tries {
				o := simulated(t, recipe, 11)
				history, transactions := o.Record()
				if len(history) == 0 || len(transactions) == 0 {
					t.Fatalf("a record of %d and %d bytes", len(history), len(transactions))
				}
				key := sha256.Sum256(append(bytes.Clone(history), transactions...))
				if seen[key]++; seen[key] == 2 {
					return
				}
			}
			t.Errorf("%d runs of one seed, and all differ", tries)
		})
	}
}

// Interrupt ends the load of a simulation early; the faults are then healed, and what was
// recorded is decided.
func TestSimulationInterrupted(t *testing.T) {
	pauses := must.Get(plan.Parse("pause:leader", 5*time.Second))(t)
	interrupt := make(chan struct{})
	messages := 0
	o, err := zklab.SimulateIn(t, zklab.Experiment{
		Workload: ownLock(), Seed: 3, TimeLimit: time.Hour,
		Faults: pauses, Interrupt: interrupt,
		OnPoint: func(link.Point) {
			if messages++; messages == 10_000 {
				close(interrupt)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := o.Result.Stats
	if !o.Result.Interrupted || s.Load < time.Second || s.Load > time.Minute || s.OK == 0 {
		t.Errorf("interrupted %v: %d operations in %s of load", o.Result.Interrupted, s.OK, s.Load)
	}
	if len(s.Faults) == 0 || s.Faults[len(s.Faults)-1].Healed == 0 || !o.History.Complete {
		t.Errorf("not healed, or not whole: %+v", s.Faults)
	}
	if o.Result.Verdict != checker.Valid {
		t.Errorf("%s: %+v", o.Result.Verdict, o.Result.Assumptions)
	}
}

// An observer of a simulation sees virtual time pass.
func TestSimulationLookedOn(t *testing.T) {
	noticed := make(chan struct{})
	var seen []zklab.Progress
	messages := 0
	_, err := zklab.SimulateIn(t, zklab.Experiment{
		Workload: ownLock(), Seed: 3, TimeLimit: 20 * time.Second,
		Progress: func(p zklab.Progress) {
			if seen = append(seen, p); len(seen) == 1 {
				close(noticed)
			}
		},
		OnPoint: func(link.Point) {
			if messages++; messages == 3000 {
				<-noticed // or the simulation would be over before the observer looks
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if p := seen[0]; p.Phase != history.PhaseLoad || p.Elapsed < time.Second || p.Elapsed > p.Limit || p.Limit != 20*time.Second || p.OK == 0 {
		t.Errorf("seen first: %+v", p)
	}
	if p := seen[len(seen)-1]; p.Phase != "checking" {
		t.Errorf("seen last: %+v", p)
	}
}

// simulated returns the outcome of a run of three seconds under all faults.
func simulated(t *testing.T, recipe string, seed int64) *zklab.Outcome {
	t.Helper()
	w := must.Get(specimens.Named(recipe, workloads.Own))(t)
	all := must.Get(plan.Parse("all", 500*time.Millisecond))(t)
	o, err := zklab.SimulateIn(t, zklab.Experiment{
		Workload: w, Rate: 50, TimeLimit: 3 * time.Second, Faults: all, Seed: seed,
		Ensemble: embedded.Config{InMemory: true, Spread: embedded.Spreads[2]},
	})
	if err != nil {
		t.Fatal(err)
	}
	if o.Result.Verdict == checker.Violation {
		runtest.Explain(t, o.Result)
		t.Error("violated")
	}
	return o
}

// Another seed takes another course.
func TestSimulatedSeeds(t *testing.T) {
	one, _ := simulated(t, "lock", 1).Record()
	other, _ := simulated(t, "lock", 2).Record()
	if bytes.Equal(one, other) {
		t.Error("two seeds, and one history")
	}
}

// A simulated run that is kept is like any other, and is judged to be the same.
func TestSimulatedKept(t *testing.T) {
	o := simulated(t, "queue", 4)
	if o.Run != nil {
		t.Fatal("it was written, though nobody asked")
	}
	must.Do(t, o.Keep(t.TempDir()))
	complete(t, o.Run)
	again, err := zklab.Judge(t.Context(), o.Run, checker.Options{})
	if err != nil || again.Verdict != o.Result.Verdict {
		t.Errorf("judged again: %v, %v", again, err)
	}
	history, _ := o.Record()
	if b, err := os.ReadFile(o.Run.History()); err != nil || !bytes.Equal(b, history) {
		t.Error("another history was written", err)
	}
}

// naive is a lock as many write it: one ephemeral znode. It is right as long as nothing
// goes wrong; Unlock deletes the znode that is there, whoever made it.
type naive struct {
	conn *zk.Conn
	path string
}

func newNaive(c *subjects.Client, path string) (subjects.Lock, error) {
	return naive{c.Conn, path}, nil
}

func (l naive) Lock(ctx context.Context) error {
	for {
		_, err := l.conn.Create(l.path, nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll))
		if !errors.Is(err, zk.ErrNodeExists) {
			return err
		}
		if err := await.Sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

func (l naive) Unlock(context.Context) error { return l.conn.Delete(l.path, -1) }

// planted is set in a process whose test is to fail.
const planted = "ZKLAB_TEST_PLANTED"

// failing runs a test of this binary in a process of its own, in which the test must fail, and
// returns what it prints.
func failing(t *testing.T, pattern string, env ...string) []byte {
	t.Helper()
	output, err := ran(t, []string{"-test.run=" + pattern}, append([]string{planted + "=1"}, env...))
	if err == nil {
		t.Error("it passed")
	}
	return output
}

// allowed is the value of [planted] for tests that must pass.
const allowed = "allowed"

// passing runs tests as failing does, but they must pass.
func passing(t *testing.T, pattern string, flags ...string) []byte {
	t.Helper()
	output, err := ran(t, append([]string{"-test.run=" + pattern}, flags...), []string{planted + "=" + allowed})
	if err != nil {
		t.Errorf("%v:\n%s", err, output)
	}
	return output
}

// ran runs this test binary.
func ran(t *testing.T, flags, env []string) ([]byte, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], flags...)
	cmd.Env = append(append(os.Environ(), "TMPDIR="+t.TempDir()), env...)
	return cmd.CombinedOutput()
}

// Given only the recipe, Simulate passes a right one, and shows what is wrong with one
// that is right as long as there are no faults.
func TestSimulate(t *testing.T) {
	t.Run("own", func(t *testing.T) {
		zklab.Simulate(t, zklab.Experiment{Workload: workloads.Lock{New: newLock}, Keys: 1})
	})
	t.Run("planted", func(t *testing.T) {
		if os.Getenv(planted) != "" {
			zklab.Simulate(t, zklab.Experiment{Workload: workloads.Lock{New: newNaive}})
			return
		}
		output := failing(t, "^TestSimulate$/^planted$")
		for _, want := range []string{"of 50 simulations were violated (exclusion in ", "ZKLAB_SEED=", "the smallest, made smaller: exclusion is violated", "report  ", "shrunk  to ", "shrunk_test.go", "That run as it was found: exclusion is violated"} {
			if !bytes.Contains(output, []byte(want)) {
				t.Errorf("no %q in:\n%s", want, output)
			}
		}
		if bytes.Contains(output, []byte("seed_")) {
			t.Errorf("lines about single seeds stand before the story:\n%s", output)
		}
	})
}

// Clients of a simulation can be frozen and crashed if the simulation plays processes.
func TestPlayProcesses(t *testing.T) {
	x := zklab.Experiment{
		Workload: workloads.Lock{New: newLock}, PlayProcesses: true, TimeLimit: 20 * time.Second, Rate: 50, Seed: 1,
		Faults: plan.Every(3*time.Second, faults.Freeze{}, faults.Crash{}),
	}
	o := must.Get(zklab.SimulateIn(t, x))(t)
	if o.Result.Verdict != checker.Valid || len(o.Result.Stats.FaultKinds) != 2 {
		t.Errorf("%s: %+v", o.Result.Verdict, o.Result.Stats.FaultKinds)
	}
	if _, err := x.Run(t.Context()); !errors.Is(err, zklab.ErrUsage) {
		t.Errorf("in real time: %v", err)
	}
	x.Workload = workloads.Session{}
	if _, err := zklab.SimulateIn(t, x); !errors.Is(err, zklab.ErrUsage) {
		t.Errorf("a workload that looks at its own connections: %v", err)
	}
}

// An experiment that cannot be simulated is refused with an explanation.
func TestNotSimulated(t *testing.T) {
	for name, x := range map[string]zklab.Experiment{
		"over TCP":   {Workload: workloads.Lock{New: newLock}, Ensemble: embedded.Config{}},
		"no recipe":  {},
		"in a shell": {Workload: workloads.Lock{}, Command: []string{"true"}},
	} {
		if _, err := zklab.SimulateIn(t, x); !errors.Is(err, zklab.ErrUsage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (zklab.Experiment{Workload: workloads.Lock{New: newLock}}).Simulate(t.Context()); !errors.Is(err, zklab.ErrUsage) {
		t.Errorf("in a test, without it: %v", err)
	}
}
