// Package curator_test checks the adapter for Apache Curator, which is in Java.
package curator_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/zklab/zklab/subjects/adapter"
)

// jars are Debian's: the first one names the others that it needs.
const jars = "/usr/share/java/curator-recipes.jar:/usr/share/java/slf4j-nop.jar"

// compiled are the adapter's classes, for all tests.
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

// java is the command of the adapter, with these flags besides. Where there is no Java compiler or
// no Curator the test is skipped, or fails with ZKLAB_CURATOR=required.
func java(t *testing.T, flags ...string) []string {
	t.Helper()
	missing(t)
	compiled.once.Do(compile)
	if compiled.err != nil {
		t.Fatal(compiled.err)
	}
	command := []string{"java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"}
	return slices.Concat(command, flags, []string{"-cp", compiled.dir + ":" + jars, "Adapter"})
}

func missing(t *testing.T) {
	t.Helper()
	const none = "no Curator here (Debian: libcurator-recipes-java, default-jdk-headless)"
	_, err := exec.LookPath("javac")
	if err == nil {
		for _, jar := range filepath.SplitList(jars) {
			if _, absent := os.Stat(jar); absent != nil {
				err = absent
			}
		}
	}
	switch {
	case err == nil:
	case os.Getenv("ZKLAB_CURATOR") == "required":
		t.Fatalf("%s: %v", none, err)
	default:
		t.Skip(none)
	}
}

func compile() {
	if compiled.dir, compiled.err = os.MkdirTemp("", "zklab-curator-*"); compiled.err != nil {
		return
	}
	out, err := exec.Command("javac", "-cp", jars, "-d", compiled.dir, "Adapter.java").CombinedOutput()
	if err != nil {
		compiled.err = &exec.Error{Name: "javac: " + string(out), Err: err}
	}
}

// served are the recipes of Curator that the adapter has.
var served = []string{"barrier", "counter", "double-barrier", "election", "lock", "queue", "rwlock", "semaphore"}

// The adapter does all that is asked of it.
func TestConform(t *testing.T) {
	t.Parallel() // with the runs of the other tests: all of them wait for most of their time
	c := adapter.Conformance{Command: java(t), Logf: t.Logf}
	if testing.Short() {
		c.Recipes = []string{"election"}
	}
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
