package faults_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/testkit/must"
)

// freezer is a server that can be paused, or cannot.
type freezer struct {
	id       int
	paused   bool
	answers  bool // although it is paused
	pauseErr error
	bounded  *bool // whether every Resume had a deadline
}

func (s *freezer) ID() int      { return s.id }
func (s *freezer) Addr() string { return "" }

func (s *freezer) Status(ctx context.Context) (ensemble.Status, error) {
	if s.paused && !s.answers {
		<-ctx.Done()
		return ensemble.Status{}, ctx.Err()
	}
	return ensemble.Status{Role: ensemble.Follower}, nil
}

func (s *freezer) Pause(context.Context) error {
	s.paused = true // even if the answer is an error
	return s.pauseErr
}

func (s *freezer) Resume(ctx context.Context) error {
	if _, ok := ctx.Deadline(); !ok || ctx.Err() != nil {
		*s.bounded = false
	}
	s.paused = false
	return nil
}

func (s *freezer) Paused(context.Context) (bool, error) { return s.paused, nil }

type freezers struct {
	ensemble.Ensemble
	all []*freezer
}

func newFreezers(n int) (freezers, *bool) {
	bounded := true
	f := freezers{}
	for i := range n {
		f.all = append(f.all, &freezer{id: i + 1, bounded: &bounded})
	}
	return f, &bounded
}

func (f freezers) Servers() []ensemble.Server {
	var all []ensemble.Server
	for _, s := range f.all {
		all = append(all, s)
	}
	return all
}

func (f freezers) paused() (n int) {
	for _, s := range f.all {
		if s.paused {
			n++
		}
	}
	return n
}

// A pause stops as many servers as it says, is seen from outside, and is undone.
func TestPause(t *testing.T) {
	for nodes, want := range map[faults.Nodes]int{faults.One: 1, faults.Minority: 2, faults.Majority: 3, faults.All: 5} {
		synctest.Test(t, func(t *testing.T) {
			f, _ := newFreezers(5)
			e := must.Get(faults.Pause{Nodes: nodes}.Inject(t.Context(), &faults.Target{Ensemble: f}, rand.New(rand.NewPCG(1, 1))))(t)
			if f.paused() != want || len(e.Describe().Servers) != want {
				t.Errorf("%s: %d paused, described as %v", nodes, f.paused(), e.Describe().Servers)
			}
			if err := e.Verify(t.Context()); err != nil {
				t.Errorf("%s: %v", nodes, err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := errors.Join(e.Heal(ctx), e.Heal(ctx)); err != nil || f.paused() != 0 {
				t.Errorf("%s: healed, %d paused, %v", nodes, f.paused(), err)
			}
			if err := e.Verify(t.Context()); err == nil {
				t.Errorf("%s: a pause that is over was seen", nodes)
			}
		})
	}
}

// A pause that failed half way is undone in bounded time, even if the load has ended meanwhile.
func TestPauseThatFails(t *testing.T) {
	f, bounded := newFreezers(5)
	for _, s := range f.all[2:] {
		s.pauseErr = errors.New("planted")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := faults.Pause{Nodes: faults.All}.Inject(ctx, &faults.Target{Ensemble: f}, rand.New(rand.NewPCG(1, 1)))
	if err == nil || !strings.Contains(err.Error(), "server 3") || f.paused() != 0 || !*bounded {
		t.Errorf("%d paused, bounded %v, error %v", f.paused(), *bounded, err)
	}
}

// A server that answers is not paused, whatever the engine says.
func TestPauseWithoutEffect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _ := newFreezers(1)
		f.all[0].answers = true
		e := must.Get(faults.Pause{Nodes: faults.One}.Inject(t.Context(), &faults.Target{Ensemble: f}, rand.New(rand.NewPCG(1, 1))))(t)
		if err := e.Verify(t.Context()); err == nil || !strings.Contains(err.Error(), "answers as follower") {
			t.Errorf("%v", err)
		}
	})
}

// embeds is a user's fault that embeds one of ours.
type embeds struct{ faults.Pause }

func (embeds) Kind() string { return "embeds" }

// A schedule fills in what our own faults leave open, and does not change other faults.
func TestFaultsThatEmbedOurs(t *testing.T) {
	for _, s := range plan.Every(time.Second, embeds{}).Plan(10*time.Second, rand.New(rand.NewPCG(1, 1))) {
		if _, ok := s.Fault.(embeds); !ok {
			t.Fatalf("replaced by %T", s.Fault)
		}
	}
}
