//go:build real

package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// inProcesses is an experiment whose clients are workers of a kind.
func inProcesses(kind, expression string, w workloads.Workload) engine.Config {
	x := engine.Config{
		Workload: w, Command: worker(kind), Settings: settings.Settings{Clients: 3, Keys: 1, TimeLimit: 8 * time.Second, SessionTimeout: time.Second, OpTimeout: 2 * time.Second}, MinLoad: 20, Seed: 1,
	}
	if expression != "" {
		e, err := plan.Parse(expression, 0)
		if err != nil {
			panic(err)
		}
		x.Faults = e
	}
	return x
}

// Clients in processes of their own, stopped for longer than their sessions last,
// and killed: while one holds, while one waits, right after a create.
func TestRealClientsInProcesses(t *testing.T) {
	t.Parallel()
	const what = "freeze:holder@1500ms+2s,crash:holder@4500ms+1500ms,crash:created@7s+1s,crash:waiter@9s+1500ms"
	x := inProcesses("own", what, workloads.Lock{})
	x.TimeLimit = 11 * time.Second
	o := inTime(t, x)
	if o.Result.Verdict == checker.Violation {
		t.Errorf("verdict %s", o.Result.Verdict)
		runtest.Explain(t, o.Result)
	}
	for _, f := range o.Result.Stats.Faults {
		if f.Verified == 0 {
			t.Errorf("%s took no effect: %+v", f.Spec, f)
		}
	}
	counts := map[string]int{}
	for _, e := range recordOf(t, o.Run).Events {
		if e.Process == history.SessionProcess {
			counts[e.F]++
		}
	}
	if counts[history.FStarted] != 6 || counts[history.FExited] != 3 || counts[history.FExpired] == 0 {
		t.Errorf("facts: %v", counts)
	}
}

// Clients of three kinds of recipes are killed: when a process ends, no check blames the recipe for
// what its adapter reports about a call, a state or a job. How much happens in a run depends on the
// machine, so a run may be undecided. (The tests of played processes run all recipes.)
func TestRealRecipesInProcesses(t *testing.T) {
	t.Parallel()
	for _, recipe := range []string{"queue", "election", "job-queue"} {
		t.Run(recipe, func(t *testing.T) {
			t.Parallel()
			w := must.Get(specimens.Named(recipe, workloads.Own))(t)
			o := inTime(t, inProcesses("own", "crash:any@3s+1s,freeze:any@5s+2s", w))
			if o.Result.Verdict == checker.Violation || strings.Contains(unmetOf(o.Result), "clients") {
				t.Errorf("verdict %s; assumptions that do not hold: %s", o.Result.Verdict, unmetOf(o.Result))
				runtest.Explain(t, o.Result)
			}
			for _, f := range o.Result.Stats.Faults {
				if f.Verified == 0 {
					t.Errorf("%s took no effect: %+v", f.Spec, f)
				}
			}
		})
	}
}

// The defects of a lock in another process are found.
func TestRealMutantsInProcesses(t *testing.T) {
	t.Parallel()
	for kind, found := range map[string]func(*store.Result) bool{
		"ignores-expiry": func(r *store.Result) bool { return runtest.Violated(r, "lost") },
		// The lock's tokens protect from a holder that sleeps: its belief to hold the lock is reported,
		// but does not decide the verdict.
		"without-fencing": func(r *store.Result) bool { return runtest.Violated(r, "belief") && r.Verdict == checker.Valid },
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			o := must.Get(live(t, inProcesses(kind, "freeze:holder@1500ms+2s,freeze:holder@5s+2s", workloads.Lock{})))(t)
			if !found(o.Result) {
				t.Errorf("verdict %s", o.Result.Verdict)
				runtest.Explain(t, o.Result)
			}
		})
	}
}

// A broken adapter ends the run before its load.
func TestRealAdaptersThatCannotBegin(t *testing.T) {
	for kind, want := range map[string]string{
		"garbage-at-once": `printed a line that is not part of the protocol: no reply: "Welcome!"; the end of its standard error: starting up`,
		"dies-at-once":    "ended by itself: exit status 4; the end of its standard error: no config file",
		"cannot-make":     `no recipe "lock"`,
		"other-timeout":   "has a session with a timeout of 5s, not of 1s",
	} {
		t.Run(kind, func(t *testing.T) {
			o, err := live(t, inProcesses(kind, "", workloads.Lock{}))
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, outcome %v", err, o)
			}
		})
	}
	x := inProcesses("own", "", workloads.Lock{})
	x.Command = []string{"/nowhere/adapter"}
	if _, err := live(t, x); err == nil || !strings.Contains(err.Error(), "/nowhere/adapter") {
		t.Errorf("a program that there is not: %v", err)
	}
}

// An adapter may have a session for each object, and no others.
func TestRealAdapterWithASessionForEachObject(t *testing.T) {
	x := inProcesses("session-per-object", "expire:holder@1500ms,crash:holder@3s+1s,freeze:holder@5s+2s", workloads.Lock{})
	x.Keys = 2
	o := inTime(t, x)
	if o.Result.Verdict == checker.Violation || strings.Contains(unmetOf(o.Result), "clients") {
		t.Errorf("verdict %s; assumptions that do not hold: %s", o.Result.Verdict, unmetOf(o.Result))
		runtest.Explain(t, o.Result)
	}
	sessions := map[history.ID]bool{}
	for _, e := range recordOf(t, o.Run).Events {
		if e.F == history.FConnected {
			sessions[e.Session] = true
		}
	}
	if least := x.Clients * x.Keys; len(sessions) < least {
		t.Errorf("%d sessions, not at least %d", len(sessions), least)
	}
}

// An adapter that breaks during the load drops out. Then nothing is valid, but the recipe is not
// blamed.
func TestRealAdaptersThatDropOut(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{
		"garbage": "printed a line that is not part of the protocol",
		"dies":    "ended by itself: exit status 4",
		"hangs":   "said nothing for 10s",
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			x := inProcesses(kind, "", workloads.Lock{})
			x.TimeLimit = 5 * time.Second
			o := must.Get(live(t, x))(t)
			if o.Result.Verdict != checker.Unknown {
				t.Errorf("verdict %s", o.Result.Verdict)
				runtest.Explain(t, o.Result)
			}
			text := strings.Join(o.Result.Warnings, "\n")
			for _, part := range []string{"client 1 dropped out: the adapter of client 1", want, "the end of its standard error: now it happens"} {
				if !strings.Contains(text, part) {
					t.Errorf("no %q in %q", part, o.Result.Warnings)
				}
			}
			if unmet := unmetOf(o.Result); unmet != "clients" {
				t.Errorf("assumptions that do not hold: %s", unmet)
			}
			log, err := os.ReadFile(filepath.Join(o.Run.Clients(), "1.log"))
			if err != nil || !strings.Contains(string(log), "now it happens") {
				t.Errorf("its log: %q, %v", log, err)
			}
			h := recordOf(t, o.Run)
			if last := lastOf(h, 0); last < 2*time.Second {
				t.Errorf("client 0 did nothing after %s", last)
			}
		})
	}
}

func unmetOf(r *store.Result) string {
	var names []string
	for _, a := range r.Assumptions {
		if !a.Met {
			names = append(names, a.Name)
		}
	}
	return strings.Join(names, " ")
}

// lastOf returns when a client last did something.
func lastOf(h *history.History, client int) (last time.Duration) {
	for _, e := range h.Events {
		if e.Process >= 0 && e.Client == client {
			last = e.Time
		}
	}
	return last
}

// A constructor in this process is ignored if clients are processes.
func TestRealConstructorsAreLeftAside(t *testing.T) {
	x := inProcesses("own", "", workloads.Lock{New: func(*subjects.Client, string) (subjects.Lock, error) { panic("planted") }})
	x.TimeLimit, x.MinLoad = time.Second, -1
	if _, err := live(t, x); err != nil {
		t.Error(err)
	}
}
