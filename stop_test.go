package zklab_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/base/atomicfile"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

func ownLock() workloads.Workload { return workloads.Lock{New: subjects.NewLock} }

// A run that is interrupted while a server is paused ends early, and is still healed,
// checked and reported.
func TestInterrupt(t *testing.T) {
	var o *zklab.Outcome
	out := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		interrupt := make(chan struct{})
		once := sync.OnceFunc(func() { close(interrupt) })
		o = run(t, zklab.Experiment{
			Workload: ownLock(), TimeLimit: 5 * time.Minute, Seed: 1, Keys: 1, Interrupt: interrupt, Out: out,
			Faults: plan.Every(8*time.Second, faults.Pause{Nodes: faults.One}),
			Progress: func(p zklab.Progress) {
				if p.Faults > 0 {
					once()
				}
			},
		})
	})
	if r := o.Result; !r.Interrupted || r.Stats.Load > 30*time.Second || r.Verdict != checker.Valid {
		t.Errorf("interrupted %v, verdict %s, load of %s", r.Interrupted, r.Verdict, r.Stats.Load)
		runtest.Explain(t, r)
	}
	complete(t, o.Run)
}

// A file that cannot be written once a verdict was reached, as on a full disk, takes nothing
// from the verdict. Here folders have the names of the files.
func TestVerdictOnAFullDisk(t *testing.T) {
	for name, test := range map[string]struct {
		taken []string
		says  string
	}{
		"pages":  {[]string{"timeline.html/x", "junit.xml/x"}, "the report is not complete; zklab report %s writes it again: 2 files could not be written: "},
		"report": {[]string{"report.html/x"}, "the report is not complete; zklab report %s writes it again: write "},
		"result": {[]string{"result.json/x"}, "result.json could not be written; zklab check %s decides the run again: "},
	} {
		t.Run(name, func(t *testing.T) {
			out := t.TempDir()
			var o *zklab.Outcome
			synctest.Test(t, func(t *testing.T) {
				take := sync.OnceFunc(func() {
					dirs, err := filepath.Glob(filepath.Join(out, "lock", "*"))
					if err != nil || len(dirs) != 1 {
						t.Errorf("%v, %v", dirs, err)
						return
					}
					for _, name := range test.taken {
						if err := os.MkdirAll(filepath.Join(dirs[0], name), 0o755); err != nil {
							t.Error(err)
						}
					}
				})
				o = run(t, zklab.Experiment{
					Workload: ownLock(), TimeLimit: 3 * time.Second, Seed: 1, Out: out,
					Progress: func(p zklab.Progress) {
						if p.OK > 0 {
							take()
						}
					},
				})
			})
			if o.Result.Verdict != checker.Valid {
				t.Errorf("%s", o.Result.Verdict)
			}
			says := fmt.Sprintf(test.says, o.Run.Dir)
			if !slices.ContainsFunc(o.Result.Warnings, func(w string) bool { return strings.HasPrefix(w, says) }) {
				t.Errorf("no warning %q in %q", says, o.Result.Warnings)
			}
			if stored, err := o.Run.ReadResult(); (err != nil) != (name == "result") || err == nil && stored.Verdict != checker.Valid {
				t.Errorf("result.json: %v, %v", stored, err)
			}
			// There is room again.
			for _, name := range test.taken {
				must.Do(t, os.RemoveAll(filepath.Join(o.Run.Dir, filepath.Dir(name))))
			}
			again, err := zklab.Judge(t.Context(), o.Run, checker.Options{})
			if err != nil || again.Verdict != checker.Valid || len(again.Warnings) > 0 {
				t.Errorf("decided again: %v, %+v", err, again)
			}
		})
	}
}

// A test whose run stays in a folder fails if the folder has no result.
func TestTestOnAFullDisk(t *testing.T) {
	defer atomicfile.Refuse(func(path string) error {
		if filepath.Base(path) == "result.json" {
			return syscall.ENOSPC
		}
		return nil
	})()
	x := zklab.Experiment{Workload: ownLock(), TimeLimit: 3 * time.Second, Seed: 1}
	if f, _ := fake(t, x); len(f.errors) > 0 {
		t.Errorf("a test that removes the folder: %q", f.errors)
	}
	x.Out = t.TempDir()
	if f, o := fake(t, x); o == nil || len(f.errors) != 1 || !strings.HasPrefix(f.errors[0], "zklab: cannot store the result of the run of seed 1: write "+x.Out) {
		t.Errorf("errors %q, outcome %v", f.errors, o)
	}
}

// A run whose context ends stops at once, and leaves nothing paused.
func TestStop(t *testing.T) {
	out := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		e, err := embedded.Start(embedded.Config{InMemory: true})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		_, err = zklab.Experiment{
			Workload: ownLock(), Ensemble: runtest.Running{Ensemble: e}, Out: out, TimeLimit: 5 * time.Minute,
			Faults: plan.Every(3*time.Second, faults.Pause{Nodes: faults.One}),
			Progress: func(p zklab.Progress) {
				if p.Faults > 0 {
					stop()
				}
			},
		}.Run(ctx)
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v", err)
		}
		for _, s := range e.Servers() {
			if _, err := s.Status(t.Context()); err != nil {
				t.Errorf("server %d: %v", s.ID(), err)
			}
		}
	})
}

func TestUsage(t *testing.T) {
	for name, x := range map[string]zklab.Experiment{
		"no workload": {Ensemble: runtest.Running{}},
		"negative":    {Workload: ownLock(), Ensemble: runtest.Running{}, Clients: -1},
	} {
		x.Out = t.TempDir()
		if _, err := x.Run(t.Context()); !errors.Is(err, zklab.ErrUsage) {
			t.Errorf("%s: error %v", name, err)
		}
		if left, _ := os.ReadDir(x.Out); len(left) > 0 {
			t.Errorf("%s: left %v", name, left)
		}
	}
}
