package zklab_test

import (
	"context"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/internal/testkit/cputime"
	"github.com/zklab/zklab/internal/virtual/bubble"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// The benchmarks of simulations report what a second of processor time achieves: that
// figure, not the elapsed time, tells how many machines a sweep needs.

// BenchmarkExplored explores a lock of three clients and six operations.
func BenchmarkExplored(b *testing.B) {
	x := benched(b, "lock", 6, time.Second, 0)
	x.Clients, x.Keys, x.Seed = 3, 1, 1
	explored := func(runs int) {
		ctx, cancel := context.WithCancel(b.Context())
		defer cancel()
		r, err := explore.Experiment(ctx, x, explore.Config{Progress: func(r explore.Report) {
			if runs--; runs <= 0 {
				cancel()
			}
		}}, explore.WayOf(x))
		if err != nil || len(r.Always)+len(r.Findings) > 0 {
			b.Fatal(r, err)
		}
	}
	explored(1) // makes what all runs share
	b.ResetTimer()
	spent := cputime.Used()
	explored(b.N)
	tellOf(b, cputime.Used()-spent, 0)
}

// BenchmarkSwept sweeps each recipe: 20 seconds, 20 operations a second, and five
// faults.
func BenchmarkSwept(b *testing.B) {
	for _, recipe := range specimens.Recipes() {
		b.Run(recipe, func(b *testing.B) { benchSweep(b, benched(b, recipe, 20, 20*time.Second, 3500*time.Millisecond)) })
	}
}

// BenchmarkLoad measures a lock without faults at 50 operations a second.
func BenchmarkLoad(b *testing.B) {
	benchSweep(b, benched(b, "lock", 50, 30*time.Second, 0))
}

// benched returns an experiment for simulations; faultEvery 0 means no faults.
func benched(b *testing.B, recipe string, rate float64, limit, faultEvery time.Duration) experiment.Experiment {
	b.Helper()
	bubble.Benchmarks()
	w, err := specimens.Named(recipe, workloads.Own)
	if err != nil {
		b.Fatal(err)
	}
	x := experiment.Experiment{Config: engine.Config{
		Workload: w, Subject: workloads.Own, Settings: settings.Settings{Rate: rate, TimeLimit: limit},
	}}
	if faultEvery > 0 {
		if x.Faults, err = plan.Parse("all", faultEvery); err != nil {
			b.Fatal(err)
		}
	}
	return x
}

func benchSweep(b *testing.B, x experiment.Experiment) {
	b.ReportAllocs()
	run := func(seed int64) {
		spread := embedded.Spreads[seed%int64(len(embedded.Spreads))]
		x.Ensemble = embedded.Config{InMemory: true, Latency: 200 * time.Microsecond, Spread: spread}
		task := sweep.Task{Seed: seed, Folder: filepath.Join(b.TempDir(), "run")}
		if line, err := x.Sweep(b.Context(), task, true); err != nil || line.Failed() {
			b.Fatal(line, err)
		}
	}
	run(1)
	seed := int64(0)
	spent := cputime.Used()
	for b.Loop() {
		seed++
		run(seed)
	}
	tellOf(b, cputime.Used()-spent, x.TimeLimit)
}

// tellOf reports what a second of processor time achieved, and what memory is in use:
// many runs need no more memory than a few.
func tellOf(b *testing.B, spent, virtual time.Duration) {
	b.ReportMetric(float64(b.N)/spent.Seconds(), "runs/cpu-s")
	if virtual > 0 {
		b.ReportMetric(float64(b.N)*virtual.Seconds()/spent.Seconds(), "virtual-s/cpu-s")
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapAlloc)/1e6, "MB-in-use")
}
