//go:build unix

package linear

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history/foreign"
	"github.com/zklab/zklab/internal/allocs"
)

// benches are the histories that are measured: all combinations up to 100,000
// operations, the most telling ones of a million.
func benches(model string) []large {
	var all []large
	for _, n := range []int{100, 1000, 10_000, 100_000, 1_000_000} {
		for _, clients := range []int{5, 20, 100} {
			for _, unknown := range []float64{0, 0.01} {
				for _, d := range []string{"", defects[model][0].name} {
					switch {
					case n == 1_000_000 && clients != 20 && (unknown > 0 || d != ""):
					case d != "" && (n < 1000*clients/5 || n < 1000): // too short to be sure of a defect
					case d != "" && unknown > 0 && !defects[model][0].certain:
					default:
						l := ofModel(model)
						l.operations, l.clients, l.unknown, l.defect = n, clients, unknown, d
						all = append(all, l)
					}
				}
			}
		}
	}
	return all
}

// bounds are those of porcupine in a benchmark. Of 100,000 operations only a few
// sorts are tried, with more of both: where it is at its best.
func (l large) bounds() (time.Duration, int64) {
	switch {
	case l.operations < 100_000:
		return 3 * time.Second, 600 << 20
	case l.operations == 100_000 && l.clients <= 20 && l.unknown == 0 && l.defect == "":
		return 10 * time.Second, 2 << 30
	}
	return 0, 0
}

// BenchmarkDecide measures, of each history in a process of its own, how long
// the fast procedure takes to decide it once it is loaded, and the most memory
// that the process held while it did (VmHWM, the history included); then the
// same of porcupine. What porcupine cannot decide in 3 s and 600 MB (100,000
// operations: 10 s and 2 GB) it gave up; then longer ones of that sort are left
// out.
//
// cpu-ms is what all threads together took: the figure to compare where the
// machine has other things to do.
func BenchmarkDecide(b *testing.B) {
	for _, model := range largeModels {
		gaveUp := map[string]bool{}
		for _, l := range benches(model) {
			sort := fmt.Sprint(l.clients, l.unknown, l.defect)
			var m *measured
			b.Run(l.String(), func(b *testing.B) {
				if m == nil { // once, whatever b.N is
					_, memory := l.bounds()
					m = l.inProcess(b, memory > 0 && !gaveUp[sort])
					gaveUp[sort] = gaveUp[sort] || m.GaveUp
				}
				m.report(b)
			})
		}
	}
}

// BenchmarkFile measures everything in this process: a file of a million
// operations of a register is read, loaded and decided.
func BenchmarkFile(b *testing.B) {
	for _, d := range foreign.Formats() {
		b.Run(string(d.Format), func(b *testing.B) {
			l := large{model: "register", operations: 1_000_000, clients: 20, format: d.Format}
			if d.Format == foreign.Porcupine {
				l.model = "kv"
			}
			path := l.file(b)
			var c cost
			for b.Loop() {
				c = costs(true, func() { l.check(b, path) })
			}
			b.ReportMetric(c.CPU, "cpu-ms")
			b.ReportMetric(c.MB, "peak-MB")
		})
	}
}

// file writes a history to disk.
func (l large) file(t testing.TB) string {
	path := filepath.Join(t.TempDir(), "history")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	game := l
	if l.format == foreign.Porcupine {
		game.model = "register" // it has no cas
	}
	if err := game.write(f, 1); err != nil {
		t.Fatal(err)
	}
	return path
}

// check decides a file as zklab check does.
func (l large) check(t testing.TB, path string) {
	r, err := foreign.Open(path, foreign.Auto)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	m, err := ParseModel(l.model)
	if err != nil {
		t.Fatal(err)
	}
	h, err := Load(context.Background(), r, m, LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := Check(context.Background(), h, Options{}); got.Verdict != l.want() || got.Format != string(l.format) {
		t.Fatalf("%s in format %s, want %s in %s", got.Verdict, got.Format, l.want(), l.format)
	}
}

// TestFormats decides the same history in each format.
func TestFormats(t *testing.T) {
	for _, d := range foreign.Formats() {
		for _, defect := range []string{"", "stale read"} {
			l := large{model: "register", operations: 2000, clients: 5, format: d.Format, defect: defect}
			if d.Format == foreign.Porcupine {
				l.model = "kv"
			}
			l.check(t, l.file(t))
		}
	}
}

// cost is what deciding took.
type cost struct{ MS, CPU, MB float64 }

// measured is what a process measured.
type measured struct {
	Fast, Porcupine cost
	Tried, GaveUp   bool // porcupine
}

func (m *measured) report(b *testing.B) {
	b.ReportMetric(0, "ns/op") // of no meaning here
	b.ReportMetric(m.Fast.MS, "ms")
	b.ReportMetric(m.Fast.CPU, "cpu-ms")
	b.ReportMetric(m.Fast.MB, "peak-MB")
	switch {
	case m.GaveUp:
		b.ReportMetric(1, "porcupine-gave-up")
	case m.Tried:
		b.ReportMetric(m.Porcupine.MS, "porcupine-ms")
		b.ReportMetric(m.Porcupine.CPU, "porcupine-cpu-ms")
		b.ReportMetric(m.Porcupine.MB, "porcupine-peak-MB")
		b.ReportMetric(m.Porcupine.CPU/m.Fast.CPU, "times")
	}
}

// inChild names the history that this process shall measure.
const inChild = "ZKLAB_MEASURE"

// assignment is what a process shall measure.
type assignment struct {
	Model, Defect       string
	Operations, Clients int
	Keys                int
	Unknown             float64
	Porcupine           bool
}

func TestMain(m *testing.M) {
	text := os.Getenv(inChild)
	if text == "" {
		os.Exit(m.Run())
	}
	var a assignment
	err := json.Unmarshal([]byte(text), &a)
	if err == nil {
		err = a.measure(os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// inProcess measures in a process of its own.
func (l large) inProcess(b *testing.B, porcupine bool) *measured {
	b.Helper()
	if m, _ := ParseModel(l.model); m.kind.machine == nil {
		porcupine = false
	}
	text, err := json.Marshal(assignment{l.model, l.defect, l.operations, l.clients, l.keys, l.unknown, porcupine})
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), inChild+"="+string(text))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		b.Fatal(err)
	}
	m := &measured{}
	if err := json.Unmarshal(out, m); err != nil {
		b.Fatal(err)
	}
	return m
}

func (a assignment) measure(out io.Writer) error {
	l := large{model: a.Model, operations: a.Operations, clients: a.Clients, unknown: a.Unknown, defect: a.Defect, keys: a.Keys}
	h, err := l.history()
	if err != nil {
		return err
	}
	m := measured{Tried: a.Porcupine}
	// The best of some runs: short ones have hardly begun.
	for began, n := time.Now(), 0; n == 0 || n < 200 && time.Since(began) < 300*time.Millisecond; n++ {
		var got checker.Result
		c := costs(n == 0, func() { got = Check(context.Background(), h, Options{}).Verdict })
		if got != l.want() {
			return fmt.Errorf("%s: %s, want %s", l, got, l.want())
		}
		if n == 0 {
			m.Fast = c
		}
		m.Fast.MS, m.Fast.CPU = min(m.Fast.MS, c.MS), min(m.Fast.CPU, c.CPU)
	}
	if a.Porcupine {
		var got checker.Result
		m.Porcupine = costs(true, func() {
			budget, memory := l.bounds()
			got = Check(context.Background(), h, Options{PorcupineOnly: true, Budget: budget, Memory: memory}).Verdict
		})
		if m.GaveUp = got == checker.Unknown; !m.GaveUp && got != l.want() {
			return fmt.Errorf("%s: porcupine says %s, want %s", l, got, l.want())
		}
	}
	return json.NewEncoder(out).Encode(m)
}

// history makes a history and loads it as it comes.
func (l large) history() (*History, error) {
	m, err := ParseModel(l.model)
	if err != nil {
		return nil, err
	}
	in, out := io.Pipe()
	go func() { out.CloseWithError(l.write(out, 1)) }()
	r, err := foreign.NewReader(in, foreign.EDN)
	if err != nil {
		return nil, err
	}
	return Load(context.Background(), r, m, LoadOptions{})
}

// costs measures something; its memory, too, if it shall.
func costs(memory bool, run func()) (c cost) {
	if memory {
		debug.FreeOSMemory()
		_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // the peak begins anew: proc(5)
	}
	cpu, began := cpuTime(), time.Now()
	run()
	c.MS = float64(time.Since(began)) / 1e6
	c.CPU = max(float64(cpuTime()-cpu)/1e6, 0.001)
	if memory {
		c.MB = peak()
	}
	return c
}

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peak is the most memory that this process has held, in MB; 0 where the system
// does not say.
func peak() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kb, _ := strconv.ParseFloat(fields[0], 64)
	return kb / 1024
}

// TestMeasure measures one history, so that the benchmark is known to work.
func TestMeasure(t *testing.T) {
	var b strings.Builder
	if err := (assignment{Model: "register", Operations: 500, Clients: 5, Porcupine: true}).measure(&b); err != nil {
		t.Fatal(err)
	}
	var m measured
	if err := json.Unmarshal([]byte(b.String()), &m); err != nil {
		t.Fatal(err)
	}
	if m.Fast.MS <= 0 || m.GaveUp || m.Porcupine.MS <= 0 || runtime.GOOS == "linux" && m.Fast.MB < 1 {
		t.Errorf("%+v", m)
	}
}

// TestGrowth wants four times the operations to take hardly more than four
// times the memory, also of what is freed again.
func TestGrowth(t *testing.T) {
	const n = 4000
	for _, model := range largeModels {
		for _, d := range append([]defect{{certain: true}}, defects[model]...) {
			l := ofModel(model)
			l.clients, l.defect = 10, d.name
			var took [2]uint64
			for i, n := range []int{n, 4 * n} {
				l.operations = n
				h, err := l.history()
				if err != nil {
					t.Fatal(err)
				}
				took[i] = allocs.Of(func() {
					if got := Check(context.Background(), h, Options{}); got.Verdict != l.want() {
						t.Errorf("%s: %s", l, got.Verdict)
					}
				})
			}
			if took[1] > 6*took[0]+1<<20 {
				t.Errorf("%s: %d bytes, of four times as many operations %d", l, took[0], took[1])
			}
		}
	}
}
