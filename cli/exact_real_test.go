//go:build real

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/overlaid"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// With the overlay, two processes have the same record of a simulation, for every recipe under all
// faults and for subjects that are not zklab's own.
func TestRealSimulationsAreExact(t *testing.T) {
	t.Parallel()
	binary := exactBinary(t)
	for _, s := range exactSubjects() {
		t.Run(s[0]+"/"+s[1], func(t *testing.T) {
			t.Parallel()
			const seeds = "1"
			same(t, records(t, binary, s, seeds), records(t, binary, s, seeds))
		})
	}
}

// exactSubjects returns pairs of a recipe and a subject.
func exactSubjects() [][2]string {
	all := [][2]string{{"lock", "go-zookeeper"}, {"queue", "broken"}}
	for _, recipe := range specimens.Recipes() {
		all = append(all, [2]string{recipe, workloads.Own})
	}
	return all
}

// same fails unless two processes have the same records.
func same(t *testing.T, one, other map[int64]string) {
	t.Helper()
	if len(one) == 0 || len(one) != len(other) {
		t.Fatalf("%d records, and %d", len(one), len(other))
	}
	for seed, record := range one {
		if record == "" || other[seed] != record {
			t.Errorf("seed %d: record %q, and %q", seed, record, other[seed])
		}
	}
}

// exactBinary returns the command built with the overlay, in a separate folder, once for all tests.
func exactBinary(t *testing.T) string {
	t.Helper()
	binary := must.Get(builtExactly())(t)
	return binary
}

var builtExactly = sync.OnceValues(func() (binary string, err error) {
	dir, err := os.MkdirTemp("", "zklab-exact")
	if err != nil {
		return "", err
	}
	testmain.AtExit(func() error { return os.RemoveAll(dir) })
	return filepath.Join(dir, "zklab"), buildExact(dir)
})

func buildExact(dir string) error {
	flag, err := overlaid.Flag(context.Background(), dir)
	if err != nil {
		return err
	}
	if out, err := exec.Command("go", "build", flag, "-o", filepath.Join(dir, "zklab"), "../cmd/zklab").CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// records returns the hashes of the records of a sweep, by seed.
func records(t *testing.T, binary string, subject [2]string, seeds string) map[int64]string {
	t.Helper()
	out := t.TempDir()
	cmd := exec.CommandContext(t.Context(), binary, "sweep", subject[0], "--subject", subject[1],
		"--seeds", "1.."+seeds, "--faults", "all", "--time-limit", "5s", "--quiet", "--out", out)
	text, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != usage.ExitValid && code != usage.ExitViolation && code != usage.ExitUnknown {
		t.Fatalf("%v\n%s", err, text)
	}
	files, err := filepath.Glob(filepath.Join(out, "sweeps", subject[0], "*", "1-of-1", "runs.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	b := must.Get(os.ReadFile(files[0]))(t)
	all := map[int64]string{}
	for text := range strings.Lines(string(b)) {
		var line sweep.Line
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(fmt.Errorf("%w: %s", err, text))
		}
		if line.Seed > 0 {
			all[line.Seed] = line.Record
		}
	}
	return all
}
