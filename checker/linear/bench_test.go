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
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history/foreign"
	"github.com/zklab/zklab/internal/testkit/allocs"
	"github.com/zklab/zklab/internal/testkit/cputime"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/testmain"
)

// benches returns the histories that are measured: all combinations except those that
// are too short to be sure of a defect.
func benches(model string) []large {
	var all []large
	for _, n := range []int{100, 1000, 10_000, 100_000, 1_000_000} {
		for _, clients := range []int{5, 20, 100} {
			for _, unknown := range []float64{0, 0.01} {
				for _, d := range []string{"", defects[model][0].name} {
					if d == "" || n >= 1000 && n >= 1000*clients/5 {
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

// bounds returns porcupine's bounds in a benchmark: generous where it does best, with
// few clients. Elsewhere its searches end early or never. docs/checkers-measured.md
// also states them.
func (l large) bounds() (time.Duration, int64) {
	switch {
	case l.clients <= 5:
		return 30 * time.Second, 4 << 30
	case l.unknown > 0 || l.defect != "":
		return 3 * time.Second, 1 << 30
	}
	return 10 * time.Second, 4 << 30
}

// BenchmarkDecide measures, for each history in a process of its own, how long the fast
// procedure takes to decide it once it is loaded, and the most memory that the process
// held while it did (VmHWM, the history included); then the same for porcupine, within
// bounds. If porcupine gave up, it does not get longer histories of that sort.
//
// cpu-ms is the time of all threads together: the figure to compare if the machine is
// busy with other things.
func BenchmarkDecide(b *testing.B) {
	for _, model := range largeModels {
		gaveUp := map[string]bool{}
		for _, l := range benches(model) {
			sort := fmt.Sprint(l.clients, l.unknown, l.defect)
			once(b, l.String(), func(b *testing.B) *measured {
				m := l.inProcess(b, assignment{Porcupine: !gaveUp[sort]})
				gaveUp[sort] = gaveUp[sort] || m.GaveUp
				return m
			})
		}
	}
}

// BenchmarkFile measures, in a process of its own, all that zklab check does
// with a file of a million operations of a register: it is read, loaded and
// decided.
func BenchmarkFile(b *testing.B) {
	for _, d := range foreign.Formats() {
		l := large{model: "register", operations: 1_000_000, clients: 20, format: d.Format}
		if d.Format == foreign.Porcupine {
			l.model = "kv"
		}
		once(b, fmt.Sprintf("%s/%d", d.Format, l.operations), func(b *testing.B) *measured {
			return l.inProcess(b, assignment{Format: d.Format, File: l.file(b)})
		})
	}
}

// once runs a benchmark that measures by itself only once, whatever b.N is.
func once(b *testing.B, name string, measure func(b *testing.B) *measured) {
	var m *measured
	b.Run(name, func(b *testing.B) {
		if m == nil {
			m = measure(b)
		}
		m.report(b)
	})
}

// file writes a history to disk.
func (l large) file(t testing.TB) string {
	path := filepath.Join(t.TempDir(), "history")
	f := must.Get(os.Create(path))(t)
	defer f.Close()
	game := l
	if l.format == foreign.Porcupine {
		game.model = "register" // the format has no cas
	}
	must.Do(t, game.write(f, 1))
	return path
}

// check decides a file as zklab check does.
func (l large) check(path string) error {
	r, err := foreign.Open(path, foreign.Auto)
	if err != nil {
		return err
	}
	defer r.Close()
	m, err := ParseModel(l.model)
	if err != nil {
		return err
	}
	h, err := Load(context.Background(), r, m, LoadOptions{})
	if err != nil {
		return err
	}
	if got := Check(context.Background(), h, Options{}); got.Verdict != l.want() || got.Format != string(l.format) {
		return fmt.Errorf("%s in format %s, want %s in %s", got.Verdict, got.Format, l.want(), l.format)
	}
	return nil
}

// TestFormats decides the same history in each format.
func TestFormats(t *testing.T) {
	for _, d := range foreign.Formats() {
		for _, defect := range []string{"", "stale read"} {
			l := large{model: "register", operations: 2000, clients: 5, format: d.Format, defect: defect}
			if d.Format == foreign.Porcupine {
				l.model = "kv"
			}
			if err := l.check(l.file(t)); err != nil {
				t.Error(err)
			}
		}
	}
}

// cost is the cost of deciding.
type cost struct{ Milli, CPU, MB float64 }

// measured holds the measurements of a process.
type measured struct {
	Fast, Porcupine cost
	Undecided       bool // by the fast procedure and what comes after it
	Tried, GaveUp   bool // porcupine
	Bytes           int64
}

func (m *measured) report(b *testing.B) {
	b.ReportMetric(0, "ns/op") // it has no meaning here
	b.ReportMetric(m.Fast.Milli, "ms")
	b.ReportMetric(m.Fast.CPU, "cpu-ms")
	b.ReportMetric(m.Fast.MB, "peak-MB")
	if m.Bytes > 0 {
		b.ReportMetric(float64(m.Bytes)/(1<<20), "file-MB")
	}
	if m.Undecided {
		b.ReportMetric(1, "undecided")
	}
	switch {
	case m.GaveUp:
		b.ReportMetric(1, "porcupine-gave-up")
	case m.Tried:
		b.ReportMetric(m.Porcupine.Milli, "porcupine-ms")
		b.ReportMetric(m.Porcupine.CPU, "porcupine-cpu-ms")
		b.ReportMetric(m.Porcupine.MB, "porcupine-peak-MB")
		b.ReportMetric(m.Porcupine.CPU/m.Fast.CPU, "times")
	}
}

// inChild is the variable that tells this process which history to measure.
const inChild = "ZKLAB_MEASURE"

// assignment tells a process what to measure.
type assignment struct {
	Model, Defect       string
	Operations, Clients int
	Keys                int
	Unknown             float64
	Porcupine           bool // measure porcupine as well
	File                string
	Format              foreign.Format
}

func TestMain(m *testing.M) {
	text := os.Getenv(inChild)
	if text == "" {
		testmain.Main(m)
		return
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
func (l large) inProcess(b *testing.B, a assignment) *measured {
	b.Helper()
	a.Model, a.Defect, a.Operations, a.Clients, a.Keys, a.Unknown = l.model, l.defect, l.operations, l.clients, l.keys, l.unknown
	text := must.Get(json.Marshal(a))(b)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), inChild+"="+string(text))
	cmd.Stderr = os.Stderr
	out := must.Get(cmd.Output())(b)
	m := &measured{}
	must.Do(b, json.Unmarshal(out, m))
	return m
}

func (a assignment) measure(out io.Writer) error {
	l := large{model: a.Model, operations: a.Operations, clients: a.Clients, unknown: a.Unknown, defect: a.Defect, keys: a.Keys, format: a.Format}
	m, err := &measured{}, error(nil)
	if a.File != "" {
		err = m.file(l, a.File)
	} else {
		err = m.decide(l, a.Porcupine)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", l, err)
	}
	return json.NewEncoder(out).Encode(m)
}

// file measures how long a file takes from the first byte to the verdict.
func (m *measured) file(l large, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	m.Bytes = info.Size()
	m.Fast = costs(true, func() { err = l.check(path) })
	return err
}

// decide measures a history that is loaded: the fast procedure, and porcupine if beside
// is set.
func (m *measured) decide(l large, beside bool) error {
	h, err := l.history()
	if err != nil {
		return err
	}
	var got checker.Result
	m.Fast = best(func() { got = Check(context.Background(), h, Options{Budget: 10 * time.Second}).Verdict })
	if m.Undecided = got == checker.Unknown && l.open(); !m.Undecided && got != l.want() {
		return fmt.Errorf("%s, want %s", got, l.want())
	}
	if m.Tried = beside; !beside {
		return nil
	}
	budget, memory := l.bounds()
	m.Porcupine = best(func() {
		got = Check(context.Background(), h, Options{PorcupineOnly: true, Budget: budget, Memory: memory}).Verdict
	})
	if m.GaveUp = got == checker.Unknown; !m.GaveUp && got != l.want() {
		return fmt.Errorf("porcupine says %s, want %s", got, l.want())
	}
	return nil
}

// open reports whether no procedure needs to decide a history.
func (l large) open() bool { return l.model == "priority-queue" && l.unknown > 0 && l.defect == "" }

// best returns the best of several runs, since the figures of a single short run are
// not reliable. The memory is that of the first run.
func best(run func()) cost {
	least := costs(true, run)
	for began, n := time.Now(), 1; n < 200 && time.Since(began) < 300*time.Millisecond && least.Milli < 300; n++ {
		c := costs(false, run)
		least.Milli, least.CPU = min(least.Milli, c.Milli), min(least.CPU, c.CPU)
	}
	return least
}

// history makes a history and loads it at the same time.
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

// costs measures something, and also its memory if memory is set.
func costs(memory bool, run func()) (c cost) {
	if memory {
		debug.FreeOSMemory()
		_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // resets the peak: see proc(5)
	}
	cpu, began := cputime.Used(), time.Now()
	run()
	c.Milli = float64(time.Since(began)) / 1e6
	c.CPU = max(float64(cputime.Used()-cpu)/1e6, 0.001)
	if memory {
		c.MB = peak()
	}
	return c
}

// peak returns the most memory that this process has held, in MB; 0 if the system does
// not say.
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

// TestMeasure measures one history, and one file, so that the benchmarks are
// known to work.
func TestMeasure(t *testing.T) {
	l := large{model: "register", operations: 500, clients: 5, format: foreign.JSONL}
	for name, a := range map[string]assignment{
		"decide": {Model: l.model, Operations: l.operations, Clients: l.clients, Porcupine: true},
		"file":   {Model: l.model, Format: l.format, File: l.file(t)},
	} {
		var b strings.Builder
		must.Do(t, a.measure(&b))
		var m measured
		must.Do(t, json.Unmarshal([]byte(b.String()), &m))
		if m.Fast.Milli <= 0 || m.Undecided || m.GaveUp || m.Tried != (m.Porcupine.Milli > 0) || (name == "file") != (m.Bytes > 0) || runtime.GOOS == "linux" && m.Fast.MB < 1 {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

// TestGrowth requires that four times the operations take hardly more than four times
// the memory, including memory that is freed again.
func TestGrowth(t *testing.T) {
	const n = 4000
	for _, model := range largeModels {
		for _, d := range append([]defect{{certain: true}}, defects[model]...) {
			l := ofModel(model)
			l.clients, l.defect = 10, d.name
			var took [2]uint64
			for i, n := range []int{n, 4 * n} {
				l.operations = n
				h := must.Get(l.history())(t)
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
