//go:build real

// Package curator_test checks the adapter for Apache Curator, which is written in Java.
package curator_test

import (
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"

	"github.com/zklab/zklab/internal/testkit/programs"
	"github.com/zklab/zklab/subjects/adapter"
)

// compiled holds the adapter's classes, for all tests.
var compiled struct {
	once sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if compiled.dir != "" {
		os.RemoveAll(compiled.dir)
	}
	os.Exit(code)
}

// java returns the command of the adapter, with additional flags for Java.
func java(t *testing.T, flags ...string) []string {
	t.Helper()
	programs.Require(t, programs.Curator)
	compiled.once.Do(compile)
	if compiled.err != nil {
		t.Fatal(compiled.err)
	}
	command := []string{"java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"}
	return slices.Concat(command, flags, []string{"-cp", compiled.dir + ":" + programs.CuratorJars, "Adapter"})
}

func compile() {
	if compiled.dir, compiled.err = os.MkdirTemp("", "zklab-curator-*"); compiled.err != nil {
		return
	}
	out, err := exec.Command("javac", "-cp", programs.CuratorJars, "-d", compiled.dir, "Adapter.java").CombinedOutput()
	if err != nil {
		compiled.err = &exec.Error{Name: "javac: " + string(out), Err: err}
	}
}

// served lists the recipes of Curator that the adapter serves.
var served = []string{"barrier", "counter", "double-barrier", "election", "lock", "queue", "rwlock", "semaphore"}

// The adapter passes all checks.
func TestRealConform(t *testing.T) {
	t.Parallel() // with the other tests: all of them wait most of the time
	c := adapter.Conformance{Command: java(t), Logf: t.Logf}
	results, err := adapter.Conform(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Outcome == adapter.NotOffered && !slices.Contains(served, r.Recipe) && r.Recipe != "program" {
			continue
		}
		if r.Outcome != adapter.OK {
			t.Errorf("%s %s: %s %s", r.Recipe, r.Check, r.Outcome, r.Detail)
		}
	}
}
