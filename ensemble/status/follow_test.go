package status_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/ensemble/status"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/testkit/must"
)

// Each of five servers is lost and comes back, in each way, and the status of the ensemble is right two
// looks after each change; a look takes at most a second.
func TestEachServerEmbedded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := must.Get(embedded.Config{Nodes: 5, InMemory: true, Latency: time.Millisecond}.Start(t.Context()))(t)
		defer e.Close()
		eachServer(t, e, e.Servers(), 2)
	})
}

// eachServer loses servers one after the other, in each way. The status has to be right after the given
// number of looks.
func eachServer(t *testing.T, e ensemble.Ensemble, lost []ensemble.Server, looks int) {
	o := &observer{T: t, e: e, looks: looks, longest: make(map[string]time.Duration)}
	o.serve(e.Servers())
	o.sees("at the start", func(s status.Ensemble) bool { return s.Health == status.Healthy && s.Serving == len(s.Servers) })
	for _, server := range lost {
		others := slices.DeleteFunc(slices.Clone(e.Servers()), func(s ensemble.Server) bool { return s.ID() == server.ID() })
		for _, way := range ways {
			o.loses(server, others, way)
		}
	}
	for _, event := range slices.Sorted(maps.Keys(o.longest)) {
		t.Logf("%-22s %s at the most", event, o.longest[event].Round(time.Millisecond))
	}
}

// observer compares the status of an ensemble with what is known from elsewhere: what was done to
// servers, and through which of them a session can be opened.
type observer struct {
	*testing.T
	e       ensemble.Ensemble
	looks   int
	longest map[string]time.Duration // the longest time from each event to the end of the look that shows it
}

func (o *observer) loses(server ensemble.Server, others []ensemble.Server, w way) {
	o.Helper()
	if err := w.lose(o.Context(), o.e, server); err != nil {
		o.Fatalf("%s %d: %v", w.name, server.ID(), err)
	}
	lost := time.Now()
	if w.seen == status.NotServing { // the server notices this when its syncLimit is over
		o.until(server, func(err error) bool { return errors.Is(err, ensemble.ErrNotServing) })
	}
	o.sees(w.name, func(s status.Ensemble) bool {
		return stateOf(s, server) == w.seen && s.Health != status.Healthy && s.Leader != server.Addr()
	})
	since := w.name + ", since then"
	o.longest[since] = max(o.longest[since], time.Since(lost))
	o.serve(others)
	o.sees(w.name+", others", func(s status.Ensemble) bool {
		return s.Health == status.Degraded && s.Serving == len(others) && stateOf(s, server) == w.seen && s.Leader != "" && s.Leader != server.Addr()
	})
	if err := w.back(o.Context(), o.e, server); err != nil {
		o.Fatalf("%s %d, and back: %v", w.name, server.ID(), err)
	}
	o.serve(o.e.Servers())
	o.sees(w.name+", back", func(s status.Ensemble) bool {
		return s.Health == status.Healthy && s.Serving == len(s.Servers) && s.Leader != ""
	})
}

func stateOf(s status.Ensemble, of ensemble.Server) status.State {
	return s.Servers[slices.IndexFunc(s.Servers, func(a status.Server) bool { return a.Addr == of.Addr() })].State
}

// serve waits until sessions can be opened through each of the servers.
func (o *observer) serve(servers []ensemble.Server) {
	o.Helper()
	for _, s := range servers {
		o.until(s, func(err error) bool { return err == nil })
	}
}

// until tries to open sessions through a server until the outcome is as wanted.
func (o *observer) until(server ensemble.Server, want func(error) bool) {
	o.Helper()
	bound, cancel := context.WithTimeout(o.Context(), time.Minute)
	defer cancel()
	for {
		ctx, cancel := context.WithTimeout(bound, 10*time.Second)
		_, err := ensemble.Serves(ctx, o.e.Dial, server.Addr(), 4*time.Second)
		cancel()
		if want(err) {
			return
		}
		if await.Sleep(bound, 20*time.Millisecond) != nil {
			o.Fatalf("after a minute, a session through server %d: %v", server.ID(), err)
		}
	}
}

// sees looks at the status until it is as wanted, but no more often than allowed.
func (o *observer) sees(event string, want func(status.Ensemble) bool) {
	o.Helper()
	var addrs []string
	for _, s := range o.e.Servers() {
		addrs = append(addrs, s.Addr())
	}
	begin, last := time.Now(), status.Ensemble{}
	for range o.looks {
		last = status.Look(o.Context(), addrs, status.Query{Dial: o.e.Dial})
		if want(last) {
			o.longest[event] = max(o.longest[event], time.Since(begin))
			return
		}
	}
	o.Fatalf("%s: after %d looks it is %s, %d serve, led by %q: %+v", event, o.looks, last.Health, last.Serving, last.Leader, last.Servers)
}

type way struct {
	name       string
	seen       status.State
	lose, back func(ctx context.Context, e ensemble.Ensemble, s ensemble.Server) error
}

var ways = []way{
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
		"stop", status.NoAnswer,
		func(ctx context.Context, _ ensemble.Ensemble, s ensemble.Server) error {
			return s.(ensemble.Stopper).Stop(ctx)
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
