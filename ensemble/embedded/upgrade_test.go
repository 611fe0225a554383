package embedded_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// losesCounters starts an ensemble whose second version does not read the sequence counters that the first one wrote:
// a server that comes back as that version counts from 0.
type losesCounters struct{ embedded.Config }

func (c losesCounters) Start(context.Context) (ensemble.Ensemble, error) {
	e, err := embedded.Start(c.Config)
	if err != nil {
		return nil, err
	}
	return countless{e}, nil
}

type countless struct{ *embedded.Ensemble }

type countlessServer struct {
	*embedded.Server
	of countless
}

func (e countless) Servers() (all []ensemble.Server) {
	for _, s := range e.Ensemble.Servers() {
		all = append(all, countlessServer{s.(*embedded.Server), e})
	}
	return all
}

func (s countlessServer) Start(ctx context.Context) error {
	down, _ := s.Down(ctx)
	upgraded, _ := s.Upgraded(ctx)
	if err := s.Server.Start(ctx); err != nil || !down || !upgraded {
		return err
	}
	if err := s.of.AwaitServing(ctx); err != nil {
		return err
	}
	s.ForgetCounters()
	return nil
}

// A version that loses what the one before has written is found by an upgrade, and by no other restart.
func TestVersionThatForgetsCounters(t *testing.T) {
	for f, broken := range map[faults.Fault]bool{
		faults.Upgrade{}: true, faults.Rolling{}: false, faults.Kill{Nodes: faults.All}: false, faults.Restart{}: false,
	} {
		t.Run(f.Spec(), func(t *testing.T) {
			wrong := losesCounters{embedded.Config{InMemory: true, Latency: time.Millisecond, UpgradeTo: embedded.V3_9}}
			if verdict := withFault(t, wrong, f); verdict == checker.Violation != broken {
				t.Errorf("the servers that forget: %s", verdict)
			}
			if broken {
				if verdict := withFault(t, wrong.Config, f); verdict != checker.Valid {
					t.Errorf("right servers: %s", verdict)
				}
			}
		})
	}
}

// withFault runs a lock with one fault, and returns the verdict on its exclusion.
func withFault(t *testing.T, servers ensemble.Starter, f faults.Fault) (verdict checker.Result) {
	synctest.Test(t, func(t *testing.T) {
		r := judged(t, engine.Config{
			Workload: workloads.Lock{New: subjects.NewLock}, Ensemble: servers, Faults: plan.At(5*time.Second, 3*time.Second, f),
			Settings: settings.Settings{Clients: 5, Rate: 100, Keys: 1, TimeLimit: 15 * time.Second, SessionTimeout: 4 * time.Second, OpTimeout: 5 * time.Second},
		})
		for _, v := range r.Verdicts {
			if v.Property == "exclusion" {
				verdict = v.Result
			}
		}
	})
	return verdict
}

// What clients of the older version see: its number, and that znodes exist that they may not read. Package
// conformance compares the rest.
func TestOlderVersion(t *testing.T) {
	for to, older := range map[string]bool{embedded.V3_9: true, embedded.V3_8: false, "": false} {
		t.Run("to "+to, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := must.Get(embedded.Start(embedded.Config{Nodes: 1, InMemory: true, UpgradeTo: to}))(t)
				defer e.Close()
				version := map[bool]string{true: "3.8.0", false: "3.9.3"}[older]
				if status, err := e.Server(1).Status(t.Context()); err != nil || status.Version != version || e.Profile().Version != version {
					t.Errorf("version %q, the profile has %q: %v", status.Version, e.Profile().Version, err)
				}
				owner, other := connected(t, e), connected(t, e)
				must.Get(owner.Create("/a", nil, 0, zk.WorldACL(zk.PermAll)))(t)
				must.Do(t, owner.AddAuth("digest", []byte("u:p")))
				must.Get(owner.SetACL("/a", zk.DigestACL(zk.PermAll, "u", "p"), -1))(t)
				if there, _, err := other.Exists("/a"); older != (err == nil && there) || !older && !errors.Is(err, zk.ErrNoAuth) {
					t.Errorf("exists without permission: %v, %v", there, err)
				}
			})
		})
	}
}

func connected(t *testing.T, e *embedded.Ensemble) *zk.Conn {
	t.Helper()
	conn, _, err := zk.Connect(e.Addrs(), 4*time.Second, zk.WithDialer(e.Dial), zk.WithLogInfo(false))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}
