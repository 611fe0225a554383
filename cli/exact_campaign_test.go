//go:build real && campaign

package cli

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// With the overlay, two processes have the same record of each of ZKLAB_EXACT seeds of every recipe.
// The result is in docs/simulation.md.
func TestManySimulationsAreExact(t *testing.T) {
	seeds := cmp.Or(os.Getenv("ZKLAB_EXACT"), "5")
	binary := exactBinary(t)
	for _, s := range append(exactSubjects(), [2]string{"lock", "broken"}) {
		t.Run(s[0]+"/"+s[1], func(t *testing.T) {
			same(t, records(t, binary, s, seeds), records(t, binary, s, seeds))
		})
	}
}

// With the stock toolchain nearly all seeds have the same record in two processes: the runtime still
// makes a few choices. ZKLAB_REPEAT is the number of seeds of each recipe with which this is measured.
// The result is in docs/simulation.md.
func TestSimulationsRepeat(t *testing.T) {
	seeds := cmp.Or(os.Getenv("ZKLAB_REPEAT"), "40")
	binary := filepath.Join(t.TempDir(), "zklab")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../cmd/zklab").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	same, all := 0, 0
	for _, recipe := range specimens.Recipes() {
		s := [2]string{recipe, workloads.Own}
		one, other := records(t, binary, s, seeds), records(t, binary, s, seeds)
		n := 0
		for seed, record := range one {
			if record != "" && other[seed] == record {
				n++
			}
		}
		t.Logf("%s: %d of %d the same", recipe, n, len(one))
		if n*100 < len(one)*repeating {
			t.Errorf("%s: less than %d in a hundred repeat: something of zklab's own is left to chance", recipe, repeating)
		}
		same, all = same+n, all+len(one)
	}
	t.Logf("together: %d of %d the same", same, all)
	if all == 0 {
		t.Error("nothing was run")
	}
}

// repeating is how many of a hundred seeds of each recipe must have the same record twice with the
// stock toolchain, on an idle machine: if the system takes the processor from a thread for 10 ms, the
// thread's goroutine is preempted. Monitors of one session that came due at the same instant once
// lowered the job queue to 60, and operations with the same deadline lowered membership to 38.
const repeating = 97
