//go:build real

// Package c_test checks the adapter for a lock in C.
package c_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/testkit/programs"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/subjects/adapter"
	"github.com/zklab/zklab/workloads"
)

// compile compiles the adapter whose sources are in a folder.
func compile(t *testing.T, folder string, options ...string) string {
	t.Helper()
	programs.Require(t, programs.C)
	sources, _ := filepath.Glob(filepath.Join(folder, "*.c")) // the pattern is right
	binary := filepath.Join(t.TempDir(), "lock")
	all := slices.Concat([]string{"-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O", "-g", "-DTHREADED", "-pthread"}, options,
		[]string{"-o", binary}, sources, []string{"-lzookeeper_mt", "-ljansson"})
	if out, err := exec.Command("gcc", all...).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return binary
}

// The adapter passes all checks. It would fail if it used memory that is not its own.
func TestRealConform(t *testing.T) {
	t.Parallel()
	binary := compile(t, "src", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
	runtest.Conforms(t, adapter.Conformance{Command: []string{"env", "ASAN_OPTIONS=detect_leaks=0", binary}, Recipes: []string{"lock"}}, runtest.Excused{})
}

// The lock keeps its promises under faults.
func TestRealLockKeepsItsPromises(t *testing.T) {
	t.Parallel()
	if violated := run(t, compile(t, "src")); len(violated) > 0 {
		t.Errorf("violated: %v", violated)
	}
}

// A lock that takes every znode of its own for the first one is convicted.
func TestRealLockOutOfTurnIsConvicted(t *testing.T) {
	t.Parallel()
	planted := t.TempDir()
	if err := os.CopyFS(planted, os.DirFS("src")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(planted, "lock.c")
	right, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	wrong := strings.Replace(string(right), "if (result == ZOK && next)", "if (result == ZOK && next && false)", 1)
	if err := os.WriteFile(file, []byte(wrong), 0o600); err != nil || wrong == string(right) {
		t.Fatalf("nothing was planted: %v", err)
	}
	if violated := run(t, compile(t, planted)); !slices.Contains(violated, "exclusion") || !slices.Contains(violated, "grant") {
		t.Errorf("violated: %v", violated)
	}
}

// run runs the lock with faults, and returns which properties were violated.
func run(t *testing.T, binary string) []string {
	t.Helper()
	all, err := plan.Parse("expire,freeze,crash,kill:leader", 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute) // only in case it hangs
	defer cancel()
	o, err := zklab.Experiment{
		Workload: workloads.Lock{}, Command: []string{binary}, Ensemble: embedded.Config{}, Faults: all,
		TimeLimit: 15 * time.Second, SessionTimeout: 2 * time.Second, Seed: 1, Out: t.TempDir(),
	}.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return o.Result.Violated()
}
