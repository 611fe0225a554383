package plan_test

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
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
)

// stub is a fault that fails in the step that it is told to, and records what was done.
type stub struct {
	inject, verify, heal error
	done                 *[]string
}

func (*stub) Kind() string                   { return "stub" }
func (*stub) Spec() string                   { return "stub" }
func (*stub) Available(faults.Setting) error { return nil }
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
	// traits lists the traits that inject steps reported.
	traits []history.FaultTraits
}

func (r *record) Now() time.Duration { return time.Since(r.start) }

func (r *record) Record(e history.Event) history.Event {
	var s history.FaultStep
	if err := e.Decode(&s); err != nil {
		panic(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.Step == history.StepInject {
		r.traits = append(r.traits, s.Traits)
	}
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
			steps: []string{"10s inject", "11s skipped"},
			done:  []string{"inject", "inject"},
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
				err := plan.Play(ctx, []plan.Step{{At: 10 * time.Second, For: tt.lasts, Fault: &tt.fault}},
					&faults.Target{Ensemble: nowhere{}, Activity: faults.NewActivity(models.Lock)}, r)
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

// fake is a fault whose behaviour the test determines, and which records times.
type fake struct {
	name     string
	targets  int           // how many tries find no target before one does
	slow     time.Duration // how long Inject takes
	until    time.Duration // when the effect is over by itself, after Inject; 0 is never
	occasion time.Duration // how long Verify waits; longer than Lasts is never
	verify   error
	tries    *[]uint64
	got      *time.Duration // Target.Lasts
}

func (f *fake) Kind() string                 { return f.name }
func (f *fake) Spec() string                 { return f.name }
func (*fake) Available(faults.Setting) error { return nil }

func (f *fake) Inject(ctx context.Context, t *faults.Target, rng *rand.Rand) (faults.Effect, error) {
	if f.tries != nil {
		*f.tries = append(*f.tries, rng.Uint64())
		if len(*f.tries) <= f.targets {
			return nil, faults.ErrNoTarget
		}
	}
	if f.got != nil {
		*f.got = t.Lasts
	}
	time.Sleep(f.slow)
	e := &faked{fake: f, lasts: t.Lasts}
	if f.until > 0 {
		e.ended = make(chan struct{})
		go func() { time.Sleep(f.until); close(e.ended) }()
	}
	return e, nil
}

type faked struct {
	*fake
	lasts time.Duration
	ended chan struct{}
}

func (e *faked) Describe() history.FaultStep { return history.FaultStep{Spec: e.name} }
func (e *faked) Ended() <-chan struct{}      { return e.ended }
func (e *faked) Heal(context.Context) error  { return nil }

func (e *faked) Verify(ctx context.Context) error {
	if e.occasion > e.lasts {
		time.Sleep(e.lasts)
		return faults.ErrNoTarget
	}
	select {
	case <-time.After(e.occasion):
		return e.verify
	case <-ctx.Done():
		return ctx.Err()
	}
}

// told is a record that keeps the steps of each fault.
type told struct {
	record
	of map[string][]string
}

func (r *told) Record(e history.Event) history.Event {
	r.record.Record(e)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of[e.F] = append(r.of[e.F], r.steps[len(r.steps)-1])
	return e
}

// played returns what happened to each fault of a plan, in virtual time.
func played(t *testing.T, stop time.Duration, list ...plan.Step) (steps map[string][]string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		if stop > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, stop)
			defer cancel()
		}
		r := &told{record{start: time.Now()}, map[string][]string{}}
		if err := plan.Play(ctx, list, &faults.Target{Ensemble: nowhere{}, Activity: faults.NewActivity(models.Lock)}, r); err != nil {
			t.Error(err)
		}
		steps = r.of
	})
	return steps
}

const sec = time.Second

// Steps of different lanes overlap; those of the same lane do not, and begin late rather than never.
func TestPlayOverlaps(t *testing.T) {
	got := played(t, 0,
		plan.Step{At: 10 * sec, For: 10 * sec, Fault: &fake{name: "a"}},
		plan.Step{At: 12 * sec, For: 2 * sec, Fault: &fake{name: "slow", slow: 12 * sec}, Lane: 1},
		plan.Step{At: 15 * sec, For: 10 * sec, Fault: &fake{name: "b"}},
		plan.Step{At: 20 * sec, For: 3 * sec, Fault: &fake{name: "late"}, Lane: 1},
		plan.Step{At: 20 * sec, For: 4 * sec, Fault: &fake{name: "with it"}, Lane: 1},
		plan.Step{At: 22 * sec, For: 1 * sec, Fault: &fake{name: "other lane"}, Lane: 2},
	)
	want := map[string][]string{
		"a":          {"10s inject", "10s verified", "20s heal", "20s healed"},
		"b":          {"15s inject", "15s verified", "25s heal", "25s healed"},
		"slow":       {"12s inject", "24s verified", "26s heal", "26s healed"},
		"late":       {"26s inject", "26s verified", "29s heal", "29s healed"},
		"with it":    {"26s inject", "26s verified", "30s heal", "30s healed"},
		"other lane": {"22s inject", "22s verified", "23s heal", "23s healed"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Faults in effect when the load ends are healed then, and faults that have not begun are not injected.
func TestPlayEndsAllAtOnce(t *testing.T) {
	got := played(t, 12*sec,
		plan.Step{At: 10 * sec, For: 10 * sec, Fault: &fake{name: "a"}},
		plan.Step{At: 11 * sec, For: 10 * sec, Fault: &fake{name: "b"}, Lane: 1},
		plan.Step{At: 11 * sec, For: 10 * sec, Fault: &fake{name: "waits", occasion: 5 * sec}, Lane: 2},
		plan.Step{At: 13 * sec, For: 10 * sec, Fault: &fake{name: "never"}, Lane: 3},
	)
	want := map[string][]string{
		"a":     {"10s inject", "10s verified", "12s heal", "12s healed"},
		"b":     {"11s inject", "11s verified", "12s heal", "12s healed"},
		"waits": {"11s inject", "12s skipped", "12s heal", "12s healed"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// An effect that ends by itself is not waited for; a fault that waits for its occasion waits as long as
// its step says, and then had no effect.
func TestPlayEndings(t *testing.T) {
	var lasts time.Duration
	got := played(t, 0,
		plan.Step{At: 10 * sec, For: 5 * sec, Fault: &fake{name: "over soon", until: 2 * sec, got: &lasts}},
		plan.Step{At: 10 * sec, For: 5 * sec, Fault: &fake{name: "over too late", until: 7 * sec}},
		plan.Step{At: 10 * sec, For: 30 * sec, Fault: &fake{name: "occasion", occasion: 25 * sec, until: 26 * sec}},
		plan.Step{At: 10 * sec, For: 5 * sec, Fault: &fake{name: "no occasion", occasion: 6 * sec}},
	)
	want := map[string][]string{
		"over soon":     {"10s inject", "10s verified", "12s heal", "12s healed"},
		"over too late": {"10s inject", "10s verified", "15s heal", "15s healed"},
		"occasion":      {"10s inject", "35s verified", "36s heal", "36s healed"},
		"no occasion":   {"10s inject", "15s skipped", "15s heal", "15s healed"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if lasts != 5*sec {
		t.Errorf("the fault was told that it lasts %s", lasts)
	}
}

// A fault without a target is tried once more, with another draw.
func TestPlayTriesAgain(t *testing.T) {
	for targets, want := range [][]string{
		{"10s inject", "10s verified", "11s heal", "11s healed"},
		{"10s inject", "11s verified", "12s heal", "12s healed"},
		{"10s inject", "11s skipped"},
	} {
		var tries []uint64
		got := played(t, 0, plan.Step{At: 10 * sec, For: sec, Seed: 7, Fault: &fake{name: "a", targets: targets, tries: &tries}})
		if diff := cmp.Diff(want, got["a"]); diff != "" {
			t.Errorf("%d tries in vain: %s", targets, diff)
		}
		if len(tries) != min(targets+1, 2) || (len(tries) == 2 && tries[0] == tries[1]) {
			t.Errorf("%d tries in vain: drew %v", targets, tries)
		}
	}
}

// called is a stub of another kind, which has a name.
type called struct {
	*stub
	name string
}

func (c called) Kind() string { return c.name }

// traited is a stub that declares its own traits.
type traited struct{ called }

func (traited) Traits() history.FaultTraits { return history.FaultTraits{Denies: true} }

// The record has the traits of faults: those of our kinds, and those that other faults declare.
func TestPlayTellsTraits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &record{start: time.Now()}
		var steps []plan.Step
		for i, f := range []faults.Fault{called{&stub{done: new([]string)}, "silence"}, traited{called{&stub{done: new([]string)}, "hammer"}}, &stub{done: new([]string)}} {
			steps = append(steps, plan.Step{At: time.Duration(i) * time.Second, For: time.Second, Fault: f, Lane: 1})
		}
		must.Do(t, plan.Play(t.Context(), steps, &faults.Target{Ensemble: nowhere{}}, r))
		want := []history.FaultTraits{kinds.Silence.Traits, {Denies: true}, {}}
		if diff := cmp.Diff(want, r.traits); diff != "" {
			t.Error(diff)
		}
	})
}

// slow is a fault that is never seen to take effect.
type slow struct{ stub }

func (s *slow) Inject(context.Context, *faults.Target, *rand.Rand) (faults.Effect, error) {
	return &unseen{effect{&s.stub}}, nil
}

type unseen struct{ effect }

func (*unseen) Verify(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// steps keeps what steps say.
type steps struct {
	record
	all []history.FaultStep
}

func (r *steps) Record(e history.Event) history.Event {
	var s history.FaultStep
	_ = e.Decode(&s)
	r.all = append(r.all, s)
	return e
}

// A fault that the end of the load overtakes is told as that, not as one without a target; it is healed all the same.
func TestOvertakenByTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &steps{record: record{start: time.Now()}}
		ctx, cancel := context.WithTimeout(t.Context(), 10500*time.Millisecond)
		defer cancel()
		var done []string
		planned := []plan.Step{{At: 10 * time.Second, For: 5 * time.Second, Fault: &slow{stub{done: &done}}, Lane: 1}}
		must.Do(t, plan.Play(ctx, planned, &faults.Target{Ensemble: nowhere{}}, r))
		i := len(r.all) - 3 // before heal and healed
		if i < 0 || !r.all[i].TooLate || r.all[i].Step != history.StepSkipped || r.all[i].Detail != "the load ended 500 ms after stub began, before it took effect" || len(r.all[i].Servers) != 1 {
			t.Errorf("%+v", r.all)
		}
		if !cmp.Equal(done, []string{"heal"}) {
			t.Error(done)
		}
	})
}
