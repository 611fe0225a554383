package benchtable

import (
	"encoding/csv"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zklab/zklab/internal/testkit/allocs"
	"github.com/zklab/zklab/internal/testkit/must"
)

var update = flag.Bool("update", false, "write what comes out to testdata")

// TestPage makes the page from a few lines, with histories that were decided, given up, impossible, not
// measured, and measured twice.
func TestPage(t *testing.T) {
	in := must.Get(os.Open(filepath.Join("testdata", "bench.txt")))(t)
	defer in.Close()
	r := must.Get(read(in))(t)
	if r.cpu != "Some Processor" {
		t.Errorf("processor %q", r.cpu)
	}
	var b, all strings.Builder
	must.Do(t, write(&b, &all, r, "2 cores", time.Unix(0, 0)))
	golden := filepath.Join("testdata", "page.md")
	if *update {
		must.Do(t, os.WriteFile(golden, []byte(b.String()), 0o644))
	}
	want := must.Get(os.ReadFile(golden))(t)
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("another page than %s (-update writes it):\n%s", golden, d)
	}
	if rows, err := csv.NewReader(strings.NewReader(all.String())).ReadAll(); err != nil || len(rows) != 1+len(kinds)*3*len(r.models()) {
		t.Errorf("%d rows of CSV, %v", len(rows), err)
	}
	if want := "Valid, every outcome known\",5,register,0.010,0.100,1.0,10.0,120,200,300,1.08,1000,20.0,90.0,200,10000\n"; !strings.Contains(all.String(), want) {
		t.Errorf("no row with %s\n%s", want, &all)
	}
	for _, line := range []string{
		"register,0.010,0.100,1.0,10.0,120,200,300,1.08,1000,20.0,90.0,200,10000",
		"register: stale read,–,0.300,not measured,9.0,not measured,9.0,9.0,not measured,100000,4.0,9.0,0.440,not asked further",
		"priority-queue,not measured,not measured,not measured,not measured,234,2000,200,not measured,not asked,–,–,–,–",
		"| edn | 1,000,000 | 60.0 | 900 | 1,000 | 250 |",
	} {
		if !strings.Contains(b.String()+all.String(), line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
}

func TestNoPage(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "no line begins with",
		"BenchmarkFile/edn/10-2 1 2 ms":  "no line begins with",
		"BenchmarkDecide/queue-2 1 2 ms": "expected BenchmarkDecide/MODEL",
		"BenchmarkDecide/queue/x/clients=5-2 1 2 ms":                  "line 1: expected a number of operations, found \"x\"",
		"BenchmarkDecide/queue/5/clients=x-2 1 2 ms":                  "expected clients=N, found \"clients=x\"",
		"BenchmarkDecide/queue/5/unknown/clients=5 1 2 ms":            "expected clients=N, found \"unknown\"",
		"PASS\nBenchmarkDecide/queue/5/clients=5-2 1 x ms":            "line 2: parsing measurement: invalid syntax: \"BenchmarkDecide/queue/5/clients=5-2 1 x ms\"",
		"BenchmarkDecide/queue/5/clients=5-2 1 NaN ms":                "expected a measured number",
		"BenchmarkFile/edn-2 1 2 ms":                                  "expected BenchmarkFile/FORMAT",
		"BenchmarkFile/edn/many-2 1 2 ms":                             "a number of operations",
		"BenchmarkFile/edn/9-2 1 2 ms\n" + strings.Repeat("x", 1<<20): "line 2: ",
	} {
		if _, err := read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Lines that are not results are skipped: of a skipped benchmark, of an interrupted one, and of units.
func TestPassedOver(t *testing.T) {
	r, err := read(strings.NewReader("BenchmarkSideBySide-2 \t--- SKIP: BenchmarkSideBySide-2\nUnit ms better=lower worse\n" +
		"BenchmarkDecide/queue/5/clients=5-2 1 3 MB 4 ns/op\nBenchmarkDecide/queue/50/clients=5-2 \t"))
	if err != nil {
		t.Fatal(err)
	}
	want := []row{{model: "queue", operations: 5, sort: sort{clients: 5}, of: map[string]float64{"MB": 3, "ns/op": 4}}}
	if d := cmp.Diff(want, r.rows, cmp.AllowUnexported(row{}, sort{})); d != "" {
		t.Error(d)
	}
}

// For any input, errors are one line with a line number, and results that were read can be written.
func FuzzRead(f *testing.F) {
	lines, err := os.ReadFile(filepath.Join("testdata", "bench.txt"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(lines))
	f.Add("BenchmarkDecide/queue/9/clients=5-2 1 NaN cpu-ms")
	f.Add("BenchmarkDecide/a/1000/clients=5-2 1 1e300 cpu-ms 0 peak-MB\nBenchmarkDecide/a//-2 1 x ms")
	f.Fuzz(func(t *testing.T, text string) {
		var r *results
		var err error
		allocs.Within(t, len(text), 500, func() { r, err = read(strings.NewReader(text)) })
		if err != nil {
			if strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "line ") && !strings.HasPrefix(err.Error(), "no line ") {
				t.Error(err)
			}
			return
		}
		if err := write(io.Discard, io.Discard, r, "", time.Unix(0, 0)); err != nil {
			t.Error(err)
		}
	})
}

func TestDescribe(t *testing.T) {
	if got := memory("MemTotal:       24628208 kB\nMemFree: 1 kB\n"); got != 23 {
		t.Errorf("%d GB", got)
	}
	if got := memory("nothing"); got != 0 {
		t.Errorf("%d GB of nothing", got)
	}
	if got := describe("Some Processor"); !strings.HasPrefix(got, "Some Processor, ") || !strings.Contains(got, " cores") {
		t.Error(got)
	}
}
