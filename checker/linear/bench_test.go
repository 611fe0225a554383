package linear

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history/foreign"
)

var benchModels = []string{"register", "cas-register", "mutex", "lock", "semaphore:3", "queue", "bag", "priority-queue", "set", "counter"}

// benches are the histories that are measured: all combinations up to 100,000
// operations, the most telling ones of a million.
func benches(model string) []large {
	var all []large
	for _, n := range []int{100, 1000, 10_000, 100_000, 1_000_000} {
		for _, clients := range []int{5, 20, 100} {
			for _, unknown := range []float64{0, 0.01} {
				for _, planted := range []bool{false, true} {
					switch {
					case n == 1_000_000 && clients != 20 && (unknown > 0 || planted):
					case planted && (n < 1000*clients/5 || n < 1000): // too short to be sure of a defect
					case model == "priority-queue" && unknown > 0 && !planted: // left to a search
					case model == "set" && unknown > 0 && planted:
					default:
						all = append(all, large{model: model, operations: n, clients: clients, unknown: unknown, planted: planted})
					}
				}
			}
		}
	}
	return all
}

// file writes a history to disk.
func (l large) file(b *testing.B) string {
	path := filepath.Join(b.TempDir(), "history.edn")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if err := l.write(f, 1); err != nil {
		b.Skip(err)
	}
	return path
}

func loadFile(b *testing.B, path, model string) *History {
	r, err := foreign.Open(path, foreign.Auto)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	m, err := ParseModel(model)
	if err != nil {
		b.Fatal(err)
	}
	h, err := Load(context.Background(), r, m, LoadOptions{})
	if err != nil {
		b.Fatal(err)
	}
	return h
}

func (l large) want() checker.Result {
	if l.planted {
		return checker.Violation
	}
	return checker.Valid
}

// peak measures the most memory that is in use while something runs.
func peak(b *testing.B, run func()) {
	runtime.GC()
	var most atomic.Uint64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), m.HeapInuse))
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	run()
	close(stop)
	<-done
	b.ReportMetric(float64(most.Load())/(1<<20), "peak-MB")
}

// measure runs a check b.N times, and once more to see how much memory it needs.
func (l large) measure(b *testing.B, opts Options) {
	h := loadFile(b, l.file(b), l.model)
	check := func() checker.Result { return Check(context.Background(), h, opts).Verdict }
	for b.Loop() {
		if got := check(); got == checker.Unknown && opts.PorcupineOnly {
			b.Skipf("gave up after %s or %d MB", opts.budget(), opts.memory()>>20)
		} else if got != l.want() {
			b.Fatalf("%s, want %s", got, l.want())
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(l.operations), "ns/operation")
	peak(b, func() { check() })
}

// BenchmarkFast measures the fast procedures, without reading the file. Peak
// memory holds the history.
func BenchmarkFast(b *testing.B) {
	for _, model := range benchModels {
		for _, l := range benches(model) {
			b.Run(l.String(), func(b *testing.B) { l.measure(b, Options{}) })
		}
	}
}

// BenchmarkPorcupine measures porcupine on the same histories, within 10 s and
// 2 GB: where it gives up it is skipped, and so are longer ones of that sort.
func BenchmarkPorcupine(b *testing.B) {
	for _, model := range benchModels {
		if m, _ := ParseModel(model); m.kind.machine == nil {
			continue
		}
		gaveUp := map[string]bool{}
		for _, l := range benches(model) {
			sort := fmt.Sprint(l.clients, l.unknown, l.planted)
			b.Run(l.String(), func(b *testing.B) {
				if gaveUp[sort] {
					b.Skip("gave up on a shorter one")
				}
				gaveUp[sort] = true
				l.measure(b, Options{PorcupineOnly: true, Budget: 10 * time.Second, Memory: 2 << 30})
				gaveUp[sort] = false
			})
		}
	}
}

// BenchmarkFile measures everything: a file of a million operations is read,
// loaded and decided.
func BenchmarkFile(b *testing.B) {
	for _, model := range benchModels {
		l := large{model: model, operations: 1_000_000, clients: 20}
		b.Run(l.String(), func(b *testing.B) {
			path := l.file(b)
			run := func() {
				if r := Check(context.Background(), loadFile(b, path, model), Options{}); r.Verdict != checker.Valid {
					b.Fatal(r.Verdict)
				}
			}
			for b.Loop() {
				run()
			}
			peak(b, run)
		})
	}
}
