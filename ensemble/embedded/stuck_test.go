package embedded_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// sticking starts an ensemble with a follower that stops applying commits after a while.
type sticking struct{ embedded.Config }

func (c sticking) Prepare(a ensemble.Ability) ensemble.Starter {
	return sticking{c.Config.Prepare(a).(embedded.Config)}
}

func (c sticking) Start(ctx context.Context) (ensemble.Ensemble, error) {
	e, err := embedded.Start(c.Config)
	if err != nil {
		return nil, err
	}
	go func() {
		select {
		case <-ctx.Done():
		case <-time.After(3 * time.Second):
			l := &lab{Ensemble: e, ctx: ctx}
			e.Server(l.others(l.leader())[0]).Stick()
		}
	}()
	return e, nil
}

// A follower that applies no commits, but answers its leader and its clients, is found by the age of
// what it shows.
func TestStuckFollowerIsNotTimely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := judged(t, engine.Config{
			Workload: workloads.Session{}, Ensemble: sticking{embedded.Config{InMemory: true, Latency: time.Millisecond}},
			Settings: settings.Settings{Clients: 3, Rate: 30, Keys: 1, TimeLimit: 20 * time.Second, SessionTimeout: 4 * time.Second, OpTimeout: 5 * time.Second},
		})
		for _, v := range r.Verdicts {
			if v.Result == checker.Violation != (v.Property == "timeliness") {
				t.Errorf("%s: %s", v.Property, v.Result)
			}
		}
		if t.Failed() {
			runtest.Explain(t, r)
		}
	})
}

// judged makes a run and returns what the checks say of it.
func judged(t *testing.T, c engine.Config) *store.Result {
	t.Helper()
	done := must.Get(engine.Run(t.Context(), c))(t)
	must.Do(t, done.Keep(t.TempDir(), time.Now()))
	return must.Get(zklab.Judge(t.Context(), done.Run, checker.Options{}))(t)
}
