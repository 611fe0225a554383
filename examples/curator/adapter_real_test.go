//go:build real

// Package curator_test checks the adapter for Apache Curator, which is written in Java.
package curator_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

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

// jars is the class path of Curator's recipes and its service discovery.
const jars = programs.CuratorJars + ":" + programs.CuratorDiscoveryJars

// java returns the command of the adapter, with additional flags for Java.
func java(t *testing.T, flags ...string) []string {
	t.Helper()
	programs.Require(t, programs.Curator)
	programs.Require(t, programs.CuratorDiscovery)
	compiled.once.Do(compile)
	if compiled.err != nil {
		t.Fatal(compiled.err)
	}
	command := []string{"java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"}
	return slices.Concat(command, flags, []string{"-cp", compiled.dir + ":" + jars, "Adapter"})
}

func compile() {
	if compiled.dir, compiled.err = os.MkdirTemp("", "zklab-curator-*"); compiled.err != nil {
		return
	}
	sources, _ := filepath.Glob("*.java") // the pattern is right
	javac := append([]string{"-cp", jars, "-d", compiled.dir}, sources...)
	out, err := exec.Command("javac", javac...).CombinedOutput()
	if err != nil {
		compiled.err = &exec.Error{Name: "javac: " + string(out), Err: err}
	}
}

// served lists the recipes of Curator that the adapter serves, in groups that are checked at once: the checks wait most
// of the time. Curator has no jobs with attempts, and no partitioner.
var served = []struct {
	flags   []string
	recipes []string
}{
	{nil, []string{"barrier", "cache", "config", "counter", "discovery", "double-barrier", "election"}},
	{nil, []string{"lock", "membership", "multi-lock", "semaphore"}},
	{nil, []string{"priority-queue", "queue", "rwlock"}},
	{
		[]string{"-Dcache=tree", "-Dconfig=node", "-Dcounter=shared", "-Ddelay-queue=distributed", "-Delection=selector", "-Dmembership=group", "-Dqueue=distributed"},
		[]string{"cache", "config", "counter", "delay-queue", "election", "membership", "queue"},
	},
}

// The adapter passes all checks.
func TestRealConform(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for _, s := range served {
		command := java(t, s.flags...)
		all.Go(func() { conforms(t, command, s.recipes) })
	}
	all.Wait()
}

func conforms(t *testing.T, command, recipes []string) {
	c := adapter.Conformance{Command: command, Recipes: recipes, Patience: time.Minute, Logf: t.Logf} // many start at once
	results, err := adapter.Conform(t.Context(), c)
	if err != nil {
		t.Error(err)
	}
	for _, r := range results {
		if r.Outcome != adapter.OK && !unpromised(r) {
			t.Errorf("%q: %s %s: %s %s", command, r.Recipe, r.Check, r.Outcome, r.Detail)
		}
	}
}

// unpromised reports whether a class of Curator does not promise to pass a check: "normal" wants items that are due at
// one time in the order in which they were put.
func unpromised(r adapter.Result) bool { return r.Recipe == "delay-queue" && r.Check == "normal" }
