package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/overlay"
	"github.com/zklab/zklab/internal/sweep"
	"github.com/zklab/zklab/workloads"
)

// exactSubjects are simulated, beside zklab's own, with recipe and subject.
var exactSubjects = [][2]string{{"lock", "go-zookeeper"}, {"lock", "broken"}, {"queue", "broken"}}

// exactSeeds is how many seeds of each; ZKLAB_EXACT asks for more.
const exactSeeds = "5"

// With the overlay, two processes have the same record of each seed, of every recipe under
// all faults.
func TestSimulationsAreExact(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the standard library, the first time")
	}
	binary := buildExact(t)
	subjects := exactSubjects
	for _, recipe := range workloads.Recipes() {
		subjects = append(subjects, [2]string{recipe, workloads.Own})
	}
	for _, s := range subjects {
		t.Run(s[0]+"/"+s[1], func(t *testing.T) {
			one, other := records(t, binary, s), records(t, binary, s)
			if len(one) == 0 || len(one) != len(other) {
				t.Fatalf("%d records, and %d", len(one), len(other))
			}
			for seed, record := range one {
				if record == "" || other[seed] != record {
					t.Errorf("seed %d: record %q, and %q", seed, record, other[seed])
				}
			}
		})
	}
}

// buildExact builds the command with the overlay.
func buildExact(t *testing.T) string {
	t.Helper()
	toolchain, err := overlay.Installed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files, err := overlay.Make(toolchain, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.WriteFile(f.Path, f.Text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	binary := filepath.Join(dir, "zklab")
	if out, err := exec.CommandContext(t.Context(), "go", "build", overlay.Flag(dir), "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// records are the hashes of the records of a sweep, by seed.
func records(t *testing.T, binary string, subject [2]string) map[int64]string {
	t.Helper()
	seeds := exactSeeds
	if asked := os.Getenv("ZKLAB_EXACT"); asked != "" {
		seeds = asked
	}
	out := t.TempDir()
	cmd := exec.CommandContext(t.Context(), binary, "sweep", subject[0], "--subject", subject[1],
		"--seeds", "1.."+seeds, "--faults", "all", "--time-limit", "5s", "--quiet", "--out", out)
	text, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != exitValid && code != exitViolation && code != exitUnknown {
		t.Fatalf("%v\n%s", err, text)
	}
	files, err := filepath.Glob(filepath.Join(out, "sweeps", subject[0], "*", "1-of-1", "runs.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
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
