package sweep

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/checker"
)

// fake is a runner that records which seeds it ran; every tenth seed fails.
type fake struct {
	mu  sync.Mutex
	ran []int64
	at  func(ctx context.Context, seed int64) error // called in each run; nil: nothing happens
}

func (f *fake) run(ctx context.Context, t Task) (Line, error) {
	f.mu.Lock()
	f.ran = append(f.ran, t.Seed)
	f.mu.Unlock()
	if _, err := os.Stat(t.Folder); err == nil {
		return Line{}, fmt.Errorf("the folder of seed %d is there already", t.Seed)
	}
	if f.at != nil {
		if err := f.at(ctx, t.Seed); err != nil {
			return Line{}, err
		}
	}
	l := Line{Verdict: checker.Valid, Valid: []string{"exclusion"}, Events: int(t.Seed)}
	if t.Seed%10 == 0 {
		l = Line{Verdict: checker.Violation, NotValid: []Property{{Name: "exclusion", Result: checker.Violation, Shape: "s"}}}
		if err := os.MkdirAll(t.Folder, 0o755); err != nil {
			return l, err
		}
	}
	return l, nil
}

// runners returns n times the same fake runner.
func (f *fake) runners(n int) []Runner { return slices.Repeat([]Runner{f.run}, n) }

// sorted returns the seeds that f ran, in order.
func (f *fake) sorted() []int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(slices.Values(f.ran))
}

func upTo(n int64) []int64 { return slices.Collect(Seeds{{1, n}}.All()) }

// Each seed is run once, however many run at a time; failed runs keep their folders.
func TestRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sweep")
	l := open(t, dir, description("1..100"))
	f := &fake{}
	var last Progress
	end, err := Run(t.Context(), l, Config{Runners: f.runners(4), Progress: func(p Progress) { last = p }})
	if err != nil || end != AllSeeds || !slices.Equal(f.sorted(), upTo(100)) {
		t.Fatalf("%s, %v: %v", end, err, f.sorted())
	}
	if last.Done != 100 || last.Seeds != 100 || last.Violations != 10 || last.Causes != 1 {
		t.Errorf("progress %+v", last)
	}
	l.Close()
	s, err := Merge([]string{dir})
	if err != nil || s.Runs != 100 || !s.Complete() || s.Shards[0].Ended != AllSeeds || s.Findings[0].Smallest.Kept == "" {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := os.Stat(dir + ArchiveEnd); err != nil {
		t.Error(err)
	}
}

// A sweep that ended early, for whatever reason, continues where it was: after all sessions each seed
// has run once.
func TestRunGoesOn(t *testing.T) {
	dir := t.TempDir()
	f := &fake{}
	session := func(t *testing.T, c Config) (End, error) {
		l := open(t, dir, description("1..60"))
		defer l.Close()
		return Run(t.Context(), l, c)
	}
	if end, err := session(t, Config{Runners: f.runners(1), Violations: 2}); end != Enough || err != nil {
		t.Fatalf("%s, %v", end, err)
	}
	if n := len(f.sorted()); n < 20 || n > 24 {
		t.Errorf("%d runs for two violations", n)
	}

	interrupt := make(chan struct{})
	var n atomic.Int32
	f.at = func(context.Context, int64) error {
		if n.Add(1) == 5 {
			close(interrupt)
		}
		return nil
	}
	if end, err := session(t, Config{Runners: f.runners(2), Interrupt: interrupt}); end != Interrupted || err != nil {
		t.Fatalf("%s, %v", end, err)
	}
	f.at = func(context.Context, int64) error { time.Sleep(10 * time.Second); return nil }
	before := len(f.sorted())
	synctest.Test(t, func(t *testing.T) {
		end, err := session(t, Config{Runners: f.runners(1), For: 35 * time.Second})
		if n := len(f.sorted()) - before; end != TimeIsUp || err != nil || n != 4 {
			t.Fatalf("%s after %d runs, %v", end, n, err)
		}
	})
	f.at = nil
	if end, err := session(t, Config{Runners: f.runners(3)}); end != AllSeeds || err != nil || !slices.Equal(f.sorted(), upTo(60)) {
		t.Fatalf("%s, %v: %v", end, err, f.sorted())
	}
}

// A run that does not end in time is stopped, leaves nothing, and is run again.
func TestRunPastItsGrace(t *testing.T) {
	dir := t.TempDir()
	interrupt := make(chan struct{})
	f := &fake{at: func(ctx context.Context, seed int64) error {
		if seed == 3 {
			close(interrupt)
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}}
	l := open(t, dir, description("1..5"))
	end, err := Run(t.Context(), l, Config{Runners: f.runners(1), Interrupt: interrupt, Grace: time.Millisecond})
	if end != Interrupted || err != nil || l.Done(3) {
		t.Fatalf("%s, %v, done %v", end, err, l.Done(3))
	}
	f.at = nil
	if end, err := Run(t.Context(), l, Config{Runners: f.runners(1)}); end != AllSeeds || err != nil || !l.Done(3) {
		t.Fatalf("%s, %v", end, err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	f.at = func(ctx context.Context, _ int64) error { cancel(); <-ctx.Done(); return ctx.Err() }
	dir = filepath.Join(t.TempDir(), "stopped")
	l2 := open(t, dir, description("1..5"))
	if _, err := Run(ctx, l2, Config{Runners: f.runners(1)}); !errors.Is(err, context.Canceled) || l2.Tally.Summary().Runs != 0 {
		t.Errorf("stopped: %v", err)
	}
	if s, err := Merge([]string{dir + ArchiveEnd}); err != nil || s.Shards[0].Ended != Interrupted {
		t.Errorf("the archive of a sweep that was stopped: %+v, %v", s, err)
	}
}

// A line tells that a run was impossible only if runs of other seeds are possible.
func TestRunErrors(t *testing.T) {
	failing := errors.New("no servers")
	for name, test := range map[string]struct {
		fails func(seed int64) bool
		want  string
		runs  int
	}{
		"all":              {func(int64) bool { return true }, "5 runs in a row could not be run; the last one, of seed 5: no servers", 0},
		"one":              {func(seed int64) bool { return seed == 3 }, "", 8},
		"the last ones":    {func(seed int64) bool { return seed > 5 }, "", 8},
		"all from some on": {func(seed int64) bool { return seed > 1 }, "5 runs in a row", 1},
	} {
		l := open(t, t.TempDir(), description("1..8"))
		f := &fake{at: func(_ context.Context, seed int64) error {
			if test.fails(seed) {
				return failing
			}
			return nil
		}}
		_, err := Run(t.Context(), l, Config{Runners: f.runners(1)})
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) || l.Tally.Summary().Runs != test.runs {
			t.Errorf("%s: %v, %d runs", name, err, l.Tally.Summary().Runs)
		}
	}
	l := open(t, t.TempDir(), description("1..2"))
	f := &fake{at: func(context.Context, int64) error { return failing }}
	if _, err := Run(t.Context(), l, Config{Runners: f.runners(1)}); err == nil || !strings.Contains(err.Error(), "no run succeeded") {
		t.Errorf("of two: %v", err)
	}
	if _, err := Run(t.Context(), l, Config{}); err == nil {
		t.Error("nobody runs it")
	}
}
