package overlay

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/virtual/overlay/choices"
)

// One seed gives the same trace in two processes that were built with the overlay, in the first bubble of a
// process and in later ones, and a stuck bubble does not stop the process. The stuck bubble takes five
// seconds, which is the runtime's patience. The first time, the test builds parts of the standard library,
// which takes 15 seconds of processor time.
func TestRepeats(t *testing.T) {
	dir := t.TempDir()
	for _, f := range made(t, installed(t), dir) {
		must.Do(t, os.WriteFile(f.Path, f.Text, 0o644))
	}
	binary := filepath.Join(dir, "repeats")
	if out, err := exec.Command("go", "build", Flag(dir), "-o", binary, "./choices/repeats").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	a, b := process(t, binary), process(t, binary)
	if d := choices.Difference(a, b); d != "" {
		t.Errorf("two processes differ: %s", d)
	}
	if out, err := exec.CommandContext(t.Context(), binary).CombinedOutput(); err != nil {
		t.Errorf("what is stuck: %v\n%s", err, out)
	}
}

// process returns the trace of a process.
func process(t *testing.T, binary string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "trace")
	if out, err := exec.Command(binary, path).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text := must.Get(os.ReadFile(path))(t)
	return strings.Split(string(text), "\n")
}

func TestLargeIsClear(t *testing.T) { choices.LargeIsClear(t) }

// Without the overlay, or without a seed, the trace differs each time.
func TestStockRuntime(t *testing.T) {
	if choices.Difference(choices.Trace(t), choices.Trace(t)) == "" {
		t.Error("two bubbles without a seed do not differ")
	}
	if !Active(t) {
		if choices.Difference(choices.Trace(t), choices.Trace(t)) == "" {
			t.Error("two bubbles do not differ")
		}
	}
}
