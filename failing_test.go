package zklab_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/subjects/broken"
	"github.com/zklab/zklab/workloads"
)

// dead is an ensemble in which no server answers.
type dead struct {
	ensemble.Ensemble
	closed *int
}

type deadServer struct{ ensemble.Server }

func (deadServer) ID() int      { return 1 }
func (deadServer) Addr() string { return "127.0.0.1:1" }
func (deadServer) Status(context.Context) (ensemble.Status, error) {
	return ensemble.Status{}, errors.New("nobody answers")
}

func (d dead) Start(context.Context) (ensemble.Ensemble, error) { return d, nil }
func (dead) Servers() []ensemble.Server                         { return []ensemble.Server{deadServer{}} }
func (dead) Profile() ensemble.Profile                          { return ensemble.Profile{Backend: "dead", Servers: 1} }
func (d dead) Close() error                                     { *d.closed++; return nil }

// refuses is a starter that cannot start.
type refuses struct{ ensemble.Starter }

var errRefuses = errors.New("planted")

func (refuses) Start(context.Context) (ensemble.Ensemble, error) { return nil, errRefuses }

// A run that cannot begin returns an error that says why, and leaves nothing.
func TestRunThatCannotBegin(t *testing.T) {
	closed := 0
	for name, tt := range map[string]struct {
		ensemble ensemble.Starter
		faults   plan.Schedule
		closed   int
		want     string
		usage    bool
	}{
		"no start":        {refuses{}, nil, 0, "planted", false},
		"no such fault":   {dead{closed: &closed}, plan.Every(time.Second, faults.Pause{}), 1, "cannot pause servers", true},
		"never healthy":   {dead{closed: &closed}, nil, 1, "nobody answers", false},
		"expire only, no": {dead{closed: &closed}, plan.Every(time.Second, faults.Expire{}), 1, "not become healthy", false},
	} {
		t.Run(name, func(t *testing.T) {
			out := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				closed = 0
				_, err := zklab.Experiment{Workload: ownLock(), Ensemble: tt.ensemble, Faults: tt.faults, Out: out}.Run(t.Context())
				if err == nil || !strings.Contains(err.Error(), tt.want) || errors.Is(err, zklab.ErrUsage) != tt.usage || closed != tt.closed {
					t.Errorf("error %v, closed %d times", err, closed)
				}
			})
			empty(t, out)
		})
	}
}

// empty checks that a store holds no run.
func empty(t *testing.T, out string) {
	t.Helper()
	if left, _ := filepath.Glob(filepath.Join(out, "*", "*")); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

// A constructor that fails or panics ends the run before its load, and leaves
// no folder.
func TestSubjectsThatCannotBeMade(t *testing.T) {
	for name, bad := range map[string]func() error{
		"fails":  func() error { return errRefuses },
		"panics": func() error { panic("planted") },
	} {
		t.Run(name, func(t *testing.T) {
			out := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				_, err := zklab.Experiment{
					Out: out, Clients: 2,
					Workload: workloads.Lock{New: func(c *subjects.Client, path string) (subjects.Lock, error) {
						if c.ID == 1 {
							return nil, bad()
						}
						return subjects.NewLock(c, path)
					}},
				}.Run(t.Context())
				if err == nil || !strings.Contains(err.Error(), "client 1") || !strings.Contains(err.Error(), "planted") {
					t.Errorf("error %v", err)
				}
			})
			empty(t, out)
		})
	}
}

// sulks is a lock that, if told to, never returns from its third Lock, whatever the context says.
// It hides everything else that the inner lock offers. Its Unlock takes time, so that some client
// still holds the lock when the load is over.
type sulks struct {
	inner  subjects.Lock
	sulker bool
	calls  int
	until  <-chan struct{}
}

func (l *sulks) Unlock(ctx context.Context) error {
	time.Sleep(200 * time.Millisecond)
	return l.inner.Unlock(ctx)
}

func (l *sulks) Lock(ctx context.Context) error {
	if l.calls++; l.sulker && l.calls == 3 {
		<-l.until
	}
	return l.inner.Lock(ctx)
}

// A subject that never returns to its caller does not hang the run: the run ends, says
// so, and finds that a client waited although no client held the lock.
func TestSubjectThatNeverReturns(t *testing.T) {
	var o *zklab.Outcome
	out := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		until := make(chan struct{})
		defer close(until)
		o = run(t, zklab.Experiment{
			TimeLimit: 2 * time.Second, SessionTimeout: time.Second, OpTimeout: 300 * time.Millisecond, MinLoad: -1, Keys: 1, Seed: 1, Out: out,
			Workload: workloads.Lock{New: func(c *subjects.Client, path string) (subjects.Lock, error) {
				l, err := subjects.NewLock(c, path)
				return &sulks{inner: l, sulker: c.ID == 1, until: until}, err
			}},
		})
	})
	if !strings.Contains(strings.Join(o.Result.Warnings, "\n"), "client 1 was not used from then on") {
		t.Errorf("warnings %q", o.Result.Warnings)
	}
	if !runtest.Violated(o.Result, "progress") {
		t.Errorf("verdict %s", o.Result.Verdict)
		runtest.Explain(t, o.Result)
	}
}

// childOf is a lock below a znode that never exists.
type childOf struct {
	c    *subjects.Client
	path string
}

func (l childOf) Lock(context.Context) error {
	_, err := l.c.Conn.Create(l.path+"/missing/lock", nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll))
	return err
}

func (l childOf) Unlock(context.Context) error { return nil }

// If a subject cannot work at all, the reason is reported first, and no promise counts as
// broken.
func TestSubjectThatNeverWorks(t *testing.T) {
	o := simulate(t, zklab.Experiment{
		TimeLimit: 30 * time.Second, Seed: 1,
		Workload: workloads.Lock{New: func(c *subjects.Client, path string) (subjects.Lock, error) { return childOf{c, path}, nil }},
	})
	if o.Result.Verdict != checker.Unknown {
		t.Errorf("verdict %s", o.Result.Verdict)
		runtest.Explain(t, o.Result)
	}
	for _, a := range o.Result.Assumptions {
		if !a.Met {
			if !strings.HasPrefix(a.Text, "every acquire failed (") || !strings.HasSuffix(a.Text, "each time with: zk: node does not exist") {
				t.Errorf("%s: %s", a.Name, a.Text)
			}
			return
		}
	}
	t.Error("nothing is said")
}

// stays is a pause that nobody can heal.
type stays struct{ faults.Pause }

func (stays) Kind() string { return "stays" }

func (f stays) Inject(ctx context.Context, t *faults.Target, rng *rand.Rand) (faults.Effect, error) {
	e, err := f.Pause.Inject(ctx, t, rng)
	return staying{e}, err
}

type staying struct{ faults.Effect }

func (staying) Heal(context.Context) error { return errRefuses }

// A run whose ensemble stays ill ends, says so, and decides no property as valid.
func TestEnsembleThatStaysIll(t *testing.T) {
	o := virtually(t, zklab.Experiment{
		Workload: ownLock(), TimeLimit: 3 * time.Second, MinLoad: -1, Seed: 1,
		Faults: plan.Every(2*time.Second, stays{faults.Pause{Nodes: faults.Majority}}),
	})
	if o.Result.Verdict != checker.Unknown {
		t.Errorf("verdict %s", o.Result.Verdict)
		runtest.Explain(t, o.Result)
	}
	for _, want := range []string{"heal pause:majority: planted", "after the faults were healed"} {
		if !strings.Contains(strings.Join(o.Result.Warnings, "\n"), want) {
			t.Errorf("no %q in %q", want, o.Result.Warnings)
		}
	}
	if took := o.Result.Timings["finish"]; took > time.Minute {
		t.Errorf("finished after %s", took)
	}
	complete(t, o.Run)
}

// A run that is interrupted before its load has no load, and still ends in order.
func TestInterruptBeforeTheLoad(t *testing.T) {
	interrupt := make(chan struct{})
	close(interrupt)
	synctest.Test(t, func(t *testing.T) {
		x := zklab.Experiment{Workload: ownLock(), TimeLimit: 5 * time.Minute, Interrupt: interrupt, Seed: 1, Out: t.TempDir()}
		if _, err := x.Run(t.Context()); !errors.Is(err, context.Canceled) || !strings.HasPrefix(err.Error(), "interrupted") {
			t.Errorf("error %v", err)
		}
	})
}

// A run can be stopped at any stage, at once, with no goroutine left: a bubble does not end
// before its goroutines have.
func TestStopAtAnyStage(t *testing.T) {
	for stage, hook := range map[string]func(x *zklab.Experiment, stop func()){
		"start": func(x *zklab.Experiment, stop func()) { x.Ensemble = stopping{embedded.Config{InMemory: true}, stop} },
		"setup": func(x *zklab.Experiment, stop func()) { x.Workload = stoppingLock(stop, subjects.NewLock) },
		"load":  func(x *zklab.Experiment, stop func()) { x.Progress = stopIn("load", stop) },
		"quiesce": func(x *zklab.Experiment, stop func()) {
			x.Workload = workloads.Lock{New: func(c *subjects.Client, path string) (subjects.Lock, error) {
				l, err := subjects.NewLock(c, path)
				return &sulks{inner: l}, err // a lock that takes its time, so that the phase takes time too
			}}
			x.Progress = stopIn("quiesce", stop)
		},
		"a call that takes no notice": func(x *zklab.Experiment, stop func()) {
			x.Workload = workloads.Lock{New: broken.CheckThenCreate}
			x.OpTimeout = time.Hour
			x.Progress = stopIn("load", stop)
		},
	} {
		t.Run(stage, func(t *testing.T) {
			out := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var at time.Time
				stop := sync.OnceFunc(func() {
					at = time.Now()
					cancel()
				})
				x := zklab.Experiment{Workload: ownLock(), Out: out, TimeLimit: time.Second, Clients: 20, MinLoad: -1}
				hook(&x, stop)
				_, err := x.Run(ctx)
				stop() // so that at may be read
				if !errors.Is(err, context.Canceled) {
					t.Errorf("error %v", err)
				}
				if took := time.Since(at); took > 8*time.Second {
					t.Errorf("took %s to stop", took)
				}
			})
			if stage == "start" || stage == "setup" {
				empty(t, out)
			}
		})
	}
}

func stopIn(phase string, stop func()) func(zklab.Progress) {
	return func(p zklab.Progress) {
		if p.Phase == phase {
			stop()
		}
	}
}

// stopping is an ensemble that stops the run when it is started.
type stopping struct {
	embedded.Config
	stop func()
}

func (s stopping) Start(ctx context.Context) (ensemble.Ensemble, error) {
	e, err := s.Config.Start(context.WithoutCancel(ctx))
	s.stop()
	return e, err
}

func stoppingLock(stop func(), make func(*subjects.Client, string) (subjects.Lock, error)) workloads.Workload {
	return workloads.Lock{New: func(c *subjects.Client, path string) (subjects.Lock, error) {
		stop()
		return make(c, path)
	}}
}
