package overlay

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
)

// traceFile names, in the environment, where a process of this test that was built with
// the overlay writes what happened.
const traceFile = "OVERLAY_TRACE"

// One seed gives one trace in two processes that were built with the overlay, in the first
// bubble of a process as in the later ones.
func TestRepeats(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the standard library, the first time")
	}
	dir := t.TempDir()
	for _, f := range made(t, installed(t), dir) {
		if err := os.WriteFile(f.Path, f.Text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	binary := filepath.Join(dir, "overlay.test")
	if out, err := exec.Command("go", "test", "-c", Flag(dir), "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	a, b := process(t, binary), process(t, binary)
	if d := difference(a, b); d != "" {
		t.Errorf("two processes differ: %s", d)
	}
}

// process is the trace of a process in which TestSeededBubbles runs alone, but for TestLargeIsClear.
func process(t *testing.T, binary string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "trace")
	cmd := exec.Command(binary, "-test.run=^Test(SeededBubbles|LargeIsClear)$", "-test.v")
	cmd.Env = append(os.Environ(), traceFile+"="+path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(text), "\n")
}

// TestSeededBubbles is for TestRepeats.
func TestSeededBubbles(t *testing.T) {
	path := os.Getenv(traceFile)
	if path == "" {
		t.Skip("TestRepeats runs it in processes of its own")
	}
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(-1)
	disturb(t)
	bubble := func(seed uint64) []string {
		runtime.GC()
		cryptotest.SetGlobalRandom(t, seed)
		return traced(t)
	}
	trace := bubble(1)
	for range 5 {
		if d := difference(trace, bubble(1)); d != "" {
			t.Errorf("two bubbles differ: %s", d)
		}
	}
	if difference(trace, bubble(2)) == "" {
		t.Error("another seed makes no difference")
	}
	if !Active(t) {
		t.Error("the overlay is not seen")
	}
	if err := os.WriteFile(path, []byte(strings.Join(trace, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Large memory that was used before is clear, in the process with the overlay, too, which does
// not clear it itself.
func TestLargeIsClear(t *testing.T) {
	cryptotest.SetGlobalRandom(t, 1)
	synctest.Test(t, func(t *testing.T) {
		for range 20 {
			for _, size := range []int{1 << 19, 1<<20 - 1, 1 << 20, 1<<20 + 1, 3 << 19, 5<<20 + 8191} {
				buffer := make([]byte, size)
				if at := slices.IndexFunc(buffer, func(b byte) bool { return b != 0 }); at >= 0 {
					t.Fatalf("byte %d of %d is %#x", at, size, buffer[at])
				}
				for i := range buffer {
					buffer[i] = 0xff
				}
			}
			runtime.GC()
		}
	})
}

// Without the overlay, or without a seed, it is another trace each time.
func TestStockRuntime(t *testing.T) {
	if difference(traced(t), traced(t)) == "" {
		t.Error("two bubbles without a seed do not differ")
	}
	if !Active(t) {
		if difference(traced(t), traced(t)) == "" {
			t.Error("two bubbles do not differ")
		}
	}
}
