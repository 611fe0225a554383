package engine_test

import (
	"context"
	"net"
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
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/played"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/internal/zk/zkconn"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// tapped starts an ensemble that can also be reached around all links.
type tapped struct {
	embedded.Config
	mu    sync.Mutex
	inner ensemble.Ensemble
}

func (e *tapped) Start(ctx context.Context) (ensemble.Ensemble, error) {
	inner, err := e.Config.Start(ctx)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.inner = inner
	return inner, err
}

func (e *tapped) Dial(network, addr string, timeout time.Duration) (net.Conn, error) {
	e.mu.Lock()
	inner := e.inner
	e.mu.Unlock()
	return inner.Dial(network, addr, timeout)
}

// strays are clients that have connections of their own, in addition to those that they are given.
type strays struct {
	dial zk.Dialer
	who  func(client int) bool

	mu  sync.Mutex
	own map[int]*subjects.Client
}

// of is the client that a subject is made with.
func (s *strays) of(c *subjects.Client) (*subjects.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if own := s.own[c.ID]; own != nil || !s.who(c.ID) {
		if own == nil {
			own = c
		}
		return own, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, events, err := zkconn.Open(ctx, zkconn.Config{Servers: c.Servers, Timeout: c.Timeout, Dial: s.dial})
	if err != nil {
		return nil, err
	}
	own := &subjects.Client{ID: c.ID, Servers: c.Servers, Timeout: c.Timeout, Dial: s.dial, Conn: conn, Events: events}
	s.own[c.ID] = own
	return own, nil
}

func (s *strays) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.own {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		_ = c.Close(ctx)
		cancel()
		c.Conn.Close()
	}
}

func (s *strays) lock() workloads.Workload {
	return workloads.Lock{New: func(c *subjects.Client, path string) (subjects.Lock, error) {
		c, err := s.of(c)
		if err != nil {
			return nil, err
		}
		return subjects.NewLock(c, path)
	}}
}

func (s *strays) queue() workloads.Workload {
	return workloads.Queue{New: func(c *subjects.Client, path string) (subjects.Queue, error) {
		c, err := s.of(c)
		if err != nil {
			return nil, err
		}
		return subjects.NewQueue(c, path)
	}}
}

// faultsOfClients returns the faults that end and hold up sessions.
func faultsOfClients() plan.Schedule {
	return plan.Every(5*time.Second, faults.Silence{}, faults.Expire{}, faults.Reset{}, faults.Pause{})
}

// A subject in Go that dials by itself is not accused, but a notice says what it does.
func TestSubjectsThatDialByThemselves(t *testing.T) {
	for _, s := range few([]struct {
		name     string
		workload func(*strays) workloads.Workload
		who      func(int) bool
		says     string
	}{
		{"a lock of one", (*strays).lock, func(c int) bool { return c == 2 }, "client 2 went around its link"},
		{"a queue of one", (*strays).queue, func(c int) bool { return c == 2 }, "client 2 went around its link"},
		{"a lock of three", (*strays).lock, func(c int) bool { return c < 3 }, "clients 0, 1, 2 went around their links"},
		{"a queue of three", (*strays).queue, func(c int) bool { return c < 3 }, "clients 0, 1, 2 went around their links"},
	}) {
		t.Run(s.name, func(t *testing.T) {
			out := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				e := &tapped{Config: embedded.Config{InMemory: true, Latency: 200 * time.Microsecond}}
				all := &strays{dial: e.Dial, who: s.who, own: map[int]*subjects.Client{}}
				var told notices
				o, err := decided(t.Context(), engine.Config{
					Workload: s.workload(all), Ensemble: e, Settings: settings.Settings{TimeLimit: 40 * time.Second}, Seed: 1, Out: out, Faults: faultsOfClients(),
					Watcher: &told,
				})
				all.close()
				if err != nil {
					t.Fatal(err)
				}
				wantAround(t, o.Result, s.says)
				if last := told[len(told)-1]; !strings.Contains(last, "did not come through a client's link") {
					t.Errorf("while it ran it said %q", last)
				}
			})
		})
	}
}

// notices lists the notices that a run gives.
type notices []string

func (*notices) Phase(string)          {}
func (*notices) Planned(int)           {}
func (*notices) Observe(history.Event) {}
func (n *notices) Notice(text string)  { *n = append(*n, text) }

// wantAround requires that nothing is accused, but that a notice says which client went around its
// link.
func wantAround(t *testing.T, r *store.Result, says string) {
	t.Helper()
	text := ""
	for _, a := range r.Assumptions {
		if a.Name == "links" && !a.Met {
			text = a.Text
		}
	}
	if r.Verdict != checker.Unknown || !strings.Contains(text, says) {
		t.Errorf("verdict %s; it says %q, want %q", r.Verdict, text, says)
		runtest.Explain(t, r)
	}
}

// endOfOne ends the session of one client, which will connect again.
func endOfOne(t *testing.T) plan.Schedule {
	t.Helper()
	return must.Get(plan.Parse("expire:client-1@10s", 0))(t)
}

func TestProcessesThatFollowTheEnsemble(t *testing.T) {
	for _, recipe := range few([]string{"queue", "lock", "election"}) {
		t.Run(recipe, func(t *testing.T) {
			w := must.Get(specimens.Named(recipe, workloads.Own))(t)
			e := &tapped{Config: embedded.Config{InMemory: true, Latency: 200 * time.Microsecond}}
			o := virtually(t, launching(engine.Config{
				Workload: w, Subject: workloads.Own, Ensemble: e, Settings: settings.Settings{TimeLimit: 40 * time.Second}, Seed: 1, Faults: endOfOne(t),
			}, played.Astray(ownRecipes(), e.Dial)))
			wantAround(t, o.Result, "client 1 went around its link")
		})
	}
}

// A subject that connects to the addresses that it is given goes around its link. This test is in real
// time, because the servers' sockets are real: in memory there is nothing to connect to.
func TestSubjectThatConnectsToTheServers(t *testing.T) {
	s := &strays{dial: net.DialTimeout, who: func(int) bool { return true }, own: map[int]*subjects.Client{}}
	defer s.close()
	o, err := live(t, engine.Config{
		Workload: s.lock(), Ensemble: embedded.Config{}, Settings: settings.Settings{Clients: 2, Keys: 1, TimeLimit: 2 * time.Second}, MinLoad: 20, Seed: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	wantAround(t, o.Result, "clients 0, 1 went around their links")
}

// No correct subject that the command names goes around its link, whatever faults hit servers and
// clients, and no variant of zklab's own recipes breaks a promise. (TestOwnRecipesUnderClientFaults
// shows both for the recipes themselves.)
func TestNamedSubjectsKeepToTheirLinks(t *testing.T) {
	e := must.Get(plan.Parse("all", time.Second))(t)
	for _, recipe := range recipes() {
		for _, s := range specimens.Subjects(recipe) {
			if s.Property != "" || s.Name == workloads.Own {
				continue
			}
			t.Run(recipe+"/"+s.Name, func(t *testing.T) {
				w := must.Get(specimens.Named(recipe, s.Name))(t)
				o := virtually(t, engine.Config{Workload: w, Settings: settings.Settings{TimeLimit: 20 * time.Second}, Seed: 1, Faults: e, MinLoad: -1})
				keepsToItsLink(t, o)
				if o.Result.Verdict == checker.Violation && strings.HasPrefix(s.Name, workloads.Own) {
					t.Error("it breaks a promise")
					runtest.Explain(t, o.Result)
				}
			})
		}
	}
}

func keepsToItsLink(t *testing.T, o *zklab.Outcome) {
	t.Helper()
	for _, a := range o.Result.Assumptions {
		if a.Name == "links" && a.Met {
			return
		}
	}
	t.Error("it is said to go around its link, or the run did not look")
	runtest.Explain(t, o.Result)
}
