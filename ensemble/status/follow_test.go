package status_test

import (
	"context"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/ensemble/status"
	"github.com/zklab/zklab/internal/dockertest"
)

// Each server of five is lost and comes back, in each way: two seconds later the status
// says so. A server that is cut off finds out when its syncLimit is over, 0.4 s here.
func TestEachServerEmbedded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := embedded.Config{Nodes: 5, InMemory: true, Tick: 100 * time.Millisecond, SyncLimit: 4, Latency: time.Millisecond}
		e, err := c.Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		eachServer(t, e, e.Servers(), 2*time.Second, 2*time.Second)
	})
}

// Java needs seconds to start, and its servers find each other when they look again: only the
// leader is lost, unless ZKLAB_STATUS=each (two minutes).
func TestEachServerInContainers(t *testing.T) {
	dockertest.Long(t)
	e, err := container.Config{Nodes: 5, Tick: 200 * time.Millisecond, SyncLimit: 5}.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	lost := e.Servers()
	if os.Getenv("ZKLAB_STATUS") != "each" {
		leader, _, err := ensemble.LeaderOf(t.Context(), e.Servers())
		if err != nil {
			t.Fatal(err)
		}
		lost = []ensemble.Server{leader}
	}
	eachServer(t, e, lost, 2*time.Second+time.Second, 30*time.Second)
}

// eachServer loses servers: seen is how soon that must be told, back how long all may need
// to serve again.
func eachServer(t *testing.T, e ensemble.Ensemble, lost []ensemble.Server, seen, back time.Duration) {
	ctx := t.Context()
	within(t, e, back, "at the start", func(s status.Ensemble) bool { return s.Health == status.Healthy })
	for _, server := range lost {
		i := server.ID() - 1
		for _, way := range ways {
			if err := way.lose(ctx, e, server); err != nil {
				t.Fatalf("%s %d: %v", way.name, i+1, err)
			}
			within(t, e, seen, way.name, func(s status.Ensemble) bool { return s.Servers[i].State == way.seen && s.Health != status.Healthy })
			within(t, e, back, way.name+", others", func(s status.Ensemble) bool {
				return s.Health == status.Degraded && s.Serving == 4 && s.Servers[i].State == way.seen && s.Leader != "" && s.Leader != server.Addr()
			})
			if err := way.back(ctx, e, server); err != nil {
				t.Fatalf("%s %d, and back: %v", way.name, i+1, err)
			}
			within(t, e, back, way.name+", back", func(s status.Ensemble) bool { return s.Health == status.Healthy && s.Serving == 5 })
		}
	}
}

var ways = []struct {
	name       string
	seen       status.State
	lose, back func(ctx context.Context, e ensemble.Ensemble, s ensemble.Server) error
}{
	{
		"kill", status.NoAnswer,
		func(ctx context.Context, _ ensemble.Ensemble, s ensemble.Server) error {
			return s.(ensemble.Killer).Kill(ctx)
		},
		func(ctx context.Context, _ ensemble.Ensemble, s ensemble.Server) error {
			return s.(ensemble.Killer).Start(ctx)
		},
	},
	{
		"pause", status.NoAnswer,
		func(ctx context.Context, _ ensemble.Ensemble, s ensemble.Server) error {
			return s.(ensemble.Pauser).Pause(ctx)
		},
		func(ctx context.Context, _ ensemble.Ensemble, s ensemble.Server) error {
			return s.(ensemble.Pauser).Resume(ctx)
		},
	},
	{
		"partition", status.NotServing,
		func(ctx context.Context, e ensemble.Ensemble, s ensemble.Server) error {
			for _, other := range e.Servers() {
				if other.ID() == s.ID() {
					continue
				}
				for _, link := range [][2]int{{s.ID(), other.ID()}, {other.ID(), s.ID()}} {
					if err := e.(ensemble.Partitioner).Cut(ctx, link[0], link[1]); err != nil {
						return err
					}
				}
			}
			return nil
		},
		func(ctx context.Context, e ensemble.Ensemble, _ ensemble.Server) error {
			return e.(ensemble.Partitioner).Heal(ctx)
		},
	},
}

// within looks again and again until the status is as wanted.
func within(t *testing.T, e ensemble.Ensemble, bound time.Duration, when string, want func(status.Ensemble) bool) {
	t.Helper()
	var addrs []string
	for _, s := range e.Servers() {
		addrs = append(addrs, s.Addr())
	}
	query := status.Query{Dial: e.Dial, Timeout: 500 * time.Millisecond}
	var last status.Ensemble
	for begin := time.Now(); time.Since(begin) < bound; time.Sleep(50 * time.Millisecond) {
		if last = status.Look(t.Context(), addrs, query); want(last) {
			return
		}
	}
	states := slices.Collect(func(yield func(status.State) bool) {
		for _, s := range last.Servers {
			yield(s.State)
		}
	})
	t.Fatalf("%s: after %s it is %s, %d serve, led by %q: %v", when, bound, last.Health, last.Serving, last.Leader, states)
}
