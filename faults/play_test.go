package faults_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/history"
)

// stub is a fault that fails where it is told to, and remembers what was done.
type stub struct {
	inject, verify, heal error
	done                 *[]string
}

func (*stub) Kind() string                      { return "stub" }
func (*stub) Spec() string                      { return "stub" }
func (*stub) Available(ensemble.Ensemble) error { return nil }
func (*stub) Warn(_ ensemble.Profile, lasts time.Duration) string {
	if lasts < time.Second {
		return "too short"
	}
	return ""
}

func (s *stub) Inject(context.Context, *faults.Target, *rand.Rand) (faults.Effect, error) {
	*s.done = append(*s.done, "inject")
	if s.inject != nil {
		return nil, s.inject
	}
	return &effect{s}, nil
}

type effect struct{ *stub }

func (*effect) Describe() history.FaultStep {
	return history.FaultStep{Spec: "stub:1", Servers: []int{1}}
}

func (e *effect) Verify(context.Context) error {
	*e.done = append(*e.done, "verify")
	return e.verify
}

func (e *effect) Heal(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	*e.done = append(*e.done, "heal")
	return e.heal
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

// nowhere is an ensemble without servers.
type nowhere struct{}

func (nowhere) Servers() []ensemble.Server { return nil }
func (nowhere) Profile() ensemble.Profile  { return ensemble.Profile{} }
func (nowhere) Close() error               { return nil }
func (nowhere) Dial(string, string, time.Duration) (net.Conn, error) {
	return nil, io.EOF
}

func TestPlay(t *testing.T) {
	broken := errors.New("broken")
	for _, tt := range []struct {
		name  string
		fault stub
		lasts time.Duration
		stop  time.Duration // when the context ends; 0 is never
		steps []string
		done  []string
		fails bool
	}{
		{
			name: "whole", lasts: 5 * time.Second,
			steps: []string{"10s inject", "10s verified", "15s heal", "15s healed"},
			done:  []string{"inject", "verify", "heal"},
		},
		{
			name: "too short", lasts: 500 * time.Millisecond,
			steps: []string{"10s inject", "10s warning", "10s verified", "11s heal", "11s healed"},
			done:  []string{"inject", "verify", "heal"},
		},
		{
			name: "interrupted", lasts: 5 * time.Second, stop: 12 * time.Second,
			steps: []string{"10s inject", "10s verified", "12s heal", "12s healed"},
			done:  []string{"inject", "verify", "heal"},
		},
		{
			name: "never begun", lasts: 5 * time.Second, stop: 3 * time.Second,
		},
		{
			name: "cannot be injected", fault: stub{inject: broken}, lasts: 5 * time.Second,
			steps: []string{"10s inject", "10s failed"},
			done:  []string{"inject"},
		},
		{
			name: "no target", fault: stub{inject: faults.ErrNoTarget}, lasts: 5 * time.Second,
			steps: []string{"10s inject", "10s skipped"},
			done:  []string{"inject"},
		},
		{
			name: "no effect", fault: stub{verify: broken}, lasts: 5 * time.Second,
			steps: []string{"10s inject", "10s failed", "10s heal", "10s healed"},
			done:  []string{"inject", "verify", "heal"},
		},
		{
			name: "cannot be healed", fault: stub{heal: broken}, lasts: 5 * time.Second,
			steps: []string{"10s inject", "10s verified", "15s heal", "15s warning"},
			done:  []string{"inject", "verify", "heal"}, fails: true,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var done []string
				tt.fault.done = &done
				ctx := t.Context()
				if tt.stop > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.stop)
					defer cancel()
				}
				r := &record{start: time.Now()}
				err := faults.Play(ctx, []faults.Step{{At: 10 * time.Second, For: tt.lasts, Fault: &tt.fault}},
					&faults.Target{Ensemble: nowhere{}, Activity: faults.NewActivity()}, r)
				if (err != nil) != tt.fails {
					t.Errorf("error %v", err)
				}
				if diff := cmp.Diff(tt.steps, r.steps); diff != "" {
					t.Errorf("steps: %s", diff)
				}
				if diff := cmp.Diff(tt.done, done); diff != "" {
					t.Errorf("done: %s", diff)
				}
			})
		})
	}
}
