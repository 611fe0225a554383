package faults_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
)

// onServers runs a test of server faults on an embedded ensemble in virtual time,
// with a client on each server.
func onServers(t *testing.T, cfg embedded.Config, f func(*lab, *embedded.Ensemble)) {
	t.Helper()
	if cfg.Nodes == 0 {
		cfg.Nodes = 3
	}
	inBubbleOf(t, cfg, cfg.Nodes+cfg.Observers, func(l *lab) { f(l, l.ensemble.(*embedded.Ensemble)) })
}

// parsed returns the fault of an expression.
func parsed(t testing.TB, spec string) faults.Fault {
	t.Helper()
	x, err := plan.Parse(spec, time.Second)
	if err != nil {
		t.Fatalf("%s: %v", spec, err)
	}
	all := x.Faults()
	if len(all) != 1 || all[0].Spec() != spec {
		t.Fatalf("%s was read as %v", spec, all)
	}
	return all[0]
}

// seen injects a fault that must be seen from outside.
func (l *lab) seen(f faults.Fault) faults.Effect {
	l.t.Helper()
	if err := f.Available(faults.Setting{Ensemble: l.ensemble}); err != nil {
		l.t.Fatal(err)
	}
	e := l.injected(f)
	l.t.Cleanup(func() { // for a failed test; otherwise the fault is healed by then
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = e.Heal(ctx)
	})
	if err := l.verify(e); err != nil {
		l.t.Fatalf("verify %s: %v", f.Spec(), err)
	}
	step := e.Describe()
	l.t.Logf("%s: servers %v, clients %v, %s", step.Spec, step.Servers, step.Clients, step.Detail)
	return e
}

// healed heals an effect twice, and fails if anything is left of it.
func (l *lab) healed(e faults.Effect, nothingLeft func() error) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), patience)
	defer cancel()
	if err := errors.Join(e.Heal(ctx), e.Heal(ctx)); err != nil {
		l.t.Errorf("heal %s: %v", e.Describe().Spec, err)
	}
	l.whole(nothingLeft)
}

// whole fails unless no fault is in effect: nothing is claimed, and the ensemble is healthy.
func (l *lab) whole(nothingLeft func() error) {
	l.t.Helper()
	if taken := l.target.Claims.Taken(); len(taken) > 0 {
		l.t.Errorf("still claimed: %v", taken)
	}
	if err := nothingLeft(); err != nil {
		l.t.Errorf("left behind: %v", err)
	}
	before := l.ensemble.Profile()
	if _, err := ensemble.WaitHealthy(l.t.Context(), l.ensemble, patience); err != nil {
		l.t.Error(err)
	}
	if diff := cmp.Diff(before, l.ensemble.Profile()); diff != "" {
		l.t.Errorf("other settings: %s", diff)
	}
}

// serving returns the servers that claim to serve, and the one that leads.
func (l *lab) serving() (ids []int, leader int) {
	for _, s := range l.ensemble.Servers() {
		ctx, cancel := context.WithTimeout(l.t.Context(), 300*time.Millisecond)
		status, err := s.Status(ctx)
		cancel()
		if err != nil {
			continue
		}
		ids = append(ids, s.ID())
		if status.Role == ensemble.Leader || status.Role == ensemble.Standalone {
			leader = s.ID()
		}
	}
	return ids, leader
}

// serveOnly waits until the wanted servers and no others serve, with a leader among them.
func (l *lab) serveOnly(what string, want ...int) {
	l.t.Helper()
	slices.Sort(want)
	late := time.Now().Add(patience)
	for {
		got, leader := l.serving()
		if slices.Equal(got, want) && (len(want) == 0 || slices.Contains(want, leader)) {
			return
		}
		if time.Now().After(late) {
			l.t.Fatalf("%s: servers %v serve, led by %d; want %v", what, got, leader, want)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// ids returns the ids of all servers except the given ones.
func (l *lab) ids(but ...int) []int {
	var all []int
	for _, s := range l.ensemble.Servers() {
		if !slices.Contains(but, s.ID()) {
			all = append(all, s.ID())
		}
	}
	return all
}

// allServe waits until all servers serve.
func (l *lab) allServe(what string) { l.t.Helper(); l.serveOnly(what, l.ids()...) }

// majorityServes expects the servers that a fault left alone to serve if they are a majority, and no
// others.
func (l *lab) majorityServes(e faults.Effect) {
	l.t.Helper()
	rest := l.ids(e.Describe().Servers...)
	if len(rest) <= len(l.ensemble.Servers())/2 {
		rest = nil
	}
	l.serveOnly(fmt.Sprintf("during %s", e.Describe().Spec), rest...)
}

// record keeps the steps that were recorded.
type record struct {
	mu    sync.Mutex
	start time.Time
	steps []string
}

func (r *record) Now() time.Duration { return time.Since(r.start) }

func (r *record) Record(e history.Event) history.Event {
	var s history.FaultStep
	if err := e.Decode(&s); err != nil {
		panic(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(r.steps, r.Now().Round(time.Second).String()+" "+s.Step)
	return e
}
