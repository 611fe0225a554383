package engine_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// aFault stands for the stage at which the first fault has taken effect.
const aFault = "a fault"

// atStage does something once, when a run reaches a stage.
type atStage struct {
	stage string
	once  sync.Once
	do    func()
}

func (a *atStage) reached(stage string) {
	if stage == a.stage {
		a.once.Do(a.do)
	}
}

func (a *atStage) Phase(name string) { a.reached(name) }
func (*atStage) Planned(int)         {}
func (*atStage) Notice(string)       {}
func (a *atStage) Observe(e history.Event) {
	var step history.FaultStep
	if e.Process == history.Nemesis && e.F == "expire" && e.Decode(&step) == nil && step.Step == history.StepVerified {
		a.reached(aFault)
	}
}

// A run that is interrupted once goes on to a verdict from its load on. One that is interrupted before, or stopped at
// any stage, ends with an error that says so. Neither leaves anything behind: no goroutine, and no incomplete folder.
func TestInterruptedAtEachStage(t *testing.T) {
	for _, c := range []struct {
		stage   string
		before  bool // before the load: an interruption stops the run
		early   bool // an interruption cuts the load short
		through bool // too late: a stop has no effect
		keeps   bool // a stop keeps the record so far
	}{
		{stage: "starting the ensemble", before: true},
		{stage: history.PhaseSetup, before: true},
		{stage: history.PhaseLoad, early: true, keeps: true},
		{stage: aFault, early: true, keeps: true},
		{stage: history.PhaseHeal, keeps: true},
		{stage: history.PhaseQuiesce, keeps: true},
		{stage: "collecting logs", through: true, keeps: true},
		{stage: "stopping", through: true, keeps: true},
	} {
		for name, stop := range map[string]bool{"once": false, "twice": true} {
			t.Run(c.stage+" "+name, func(t *testing.T) {
				out := t.TempDir()
				o, err := interruptedAt(t, c.stage, stop, out)
				runs, _ := filepath.Glob(filepath.Join(out, "*", "*", "history.jsonl"))
				if (stop || c.before) && !c.through {
					if !errors.Is(err, context.Canceled) {
						t.Errorf("stopped: %v", err)
					}
					if kept := len(runs) > 0; kept != c.keeps {
						t.Errorf("the record is kept: %t", kept)
					}
					return
				}
				if stop && errors.Is(err, context.Canceled) { // the run was then stopped before its verdict
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if o.Result.Verdict == checker.Violation || o.Result.Stats.Load > 0 && c.early != (o.Result.Stats.Load < 9*time.Second) {
					t.Errorf("%s after %s of load", o.Result.Verdict, o.Result.Stats.Load)
				}
				if _, err := os.Stat(o.Run.History()); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// interruptedAt runs a lock for ten seconds, and interrupts or stops it at a stage.
func interruptedAt(t *testing.T, stage string, stop bool, out string) (o *zklab.Outcome, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		interrupt := make(chan struct{})
		at := &atStage{stage: stage, do: func() { close(interrupt) }}
		if stop {
			at.do = cancel
		}
		o, err = decided(ctx, engine.Config{
			Workload: workloads.Lock{New: subjects.NewLock}, Ensemble: embedded.Config{InMemory: true, Latency: 200 * time.Microsecond},
			Settings: settings.Settings{TimeLimit: 10 * time.Second}, Seed: 1, Out: out, MinLoad: -1, Watcher: at, Interrupt: interrupt,
			Faults: plan.Every(3*time.Second, faults.Expire{}),
		})
		select {
		case <-interrupt:
		default:
			if !stop || ctx.Err() == nil {
				t.Errorf("the run did not come to %q", stage)
			}
		}
	})
	return o, err
}
