package main

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/allocs"
)

const output = `goos: linux
BenchmarkDecide/queue/1000/clients=5-2 	 1	 0.1 cpu-ms	 0.2 ms	 7.2 peak-MB	 20 porcupine-cpu-ms	 30 porcupine-ms	 90 porcupine-peak-MB	 200 times
BenchmarkDecide/queue/10000/clients=5-2 	 1	 1 cpu-ms	 2 ms	 8 peak-MB	 1.000 porcupine-gave-up
BenchmarkDecide/queue/100000/clients=5-2 	 1	 10 cpu-ms	 20 ms	 30 peak-MB
BenchmarkDecide/queue/1000000/clients=5-2 	 1	 120 cpu-ms	 200 ms	 300 peak-MB
BenchmarkDecide/queue/1000000/clients=5/unknown/swapped-2 	 1	 9 cpu-ms	 9 ms	 9 peak-MB
BenchmarkDecide/queue/1000000/clients=5/unknown/swapped-2 	 1	 1234 cpu-ms	 2000 ms	 300 peak-MB
PASS
`

func TestTable(t *testing.T) {
	rows, err := read(strings.NewReader(output))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := write(&b, rows, "2 cores", time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"1 January 1970, 2 cores. Made by",
		"| queue | 0.100 | 1.0 | 10.0 | 120 | 300 | 1.08 | 1,000 | 20.0 | 90.0 | 200 |",
		"| queue | clients=5, unknown, swapped | 1,234 | 2,000 | 300 |",
		"| queue | clients=5 | 1,000 | 20.0 | 200 | 10,000 |",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

func TestNoTable(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "no line begins with",
		"BenchmarkDecide/queue-2 1 2 ms": "expected BenchmarkDecide/MODEL",
		"BenchmarkDecide/queue/x/clients=5-2 1 2 ms":       "line 1: expected a number of operations, found \"x\"",
		"PASS\nBenchmarkDecide/queue/5/clients=5-2 1 x ms": "line 2: expected a measured number before \"ms\", found \"x\"",
		output + strings.Repeat("x", 1<<20):                "line 9: ",
	} {
		if _, err := read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Whatever is fed to it, errors are one line with its number, and what is read
// can be written.
func FuzzRead(f *testing.F) {
	f.Add(output)
	f.Add("BenchmarkDecide/queue/9/clients=5-2 1 NaN cpu-ms")
	f.Add("BenchmarkDecide/a/1000/clients=5-2 1 1e300 cpu-ms 0 peak-MB\nBenchmarkDecide/a//-2 1 x ms")
	f.Fuzz(func(t *testing.T, text string) {
		var rows []row
		var err error
		allocs.Within(t, len(text), 500, func() { rows, err = read(strings.NewReader(text)) })
		if err != nil {
			if strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "line ") && !strings.HasPrefix(err.Error(), "no line ") {
				t.Error(err)
			}
			return
		}
		if err := write(io.Discard, rows, "", time.Unix(0, 0)); err != nil {
			t.Error(err)
		}
	})
}
