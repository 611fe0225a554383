//go:build real

// Package curator_test checks the adapter for Apache Curator, which is written in Java.
package curator_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/programs"
	"github.com/zklab/zklab/internal/testkit/runtest"
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
	compiled.once.Do(func() { compiled.err = compile() })
	if compiled.err != nil {
		t.Fatal(compiled.err)
	}
	return started(append([]string{"-XX:SharedArchiveFile=" + archive()}, flags...)...)
}

// started returns the command of the compiled adapter.
func started(flags ...string) []string {
	command := []string{"java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"}
	return slices.Concat(command, flags, []string{"-cp", jar() + ":" + jars, "Adapter"})
}

func jar() string     { return filepath.Join(compiled.dir, "adapter.jar") }
func archive() string { return filepath.Join(compiled.dir, "adapter.jsa") }

func compile() (err error) {
	if compiled.dir, err = os.MkdirTemp("", "zklab-curator-*"); err != nil {
		return err
	}
	classes := filepath.Join(compiled.dir, "classes")
	sources, _ := filepath.Glob("*.java") // the pattern is right
	for _, command := range [][]string{
		append([]string{"javac", "-cp", jars, "-d", classes}, sources...),
		{"jar", "--create", "--file", jar(), "-C", classes, "."},
	} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", command[0], err, out)
		}
	}
	return keepClasses()
}

// keepClasses runs the adapter, and has Java keep the classes that it loads as they are in memory. The hundreds of
// processes of the checks start sooner with them.
func keepClasses() error {
	e, err := embedded.Start(embedded.Config{Nodes: 1})
	if err != nil {
		return err
	}
	defer e.Close()
	requests := fmt.Sprintf(`{"id":1,"op":"open","version":2,"client":0,"servers":[%q],"timeout_ms":4000}`+"\n", e.Addrs()[0])
	for i, recipe := range served {
		requests += fmt.Sprintf(`{"id":%d,"op":"make","object":%d,"recipe":%q,"path":"/%s"}`+"\n", i+2, i+2, recipe, recipe)
	}
	command := started("-XX:ArchiveClassesAtExit="+archive(), "-Xlog:cds=off", "-Xlog:cds+dynamic=off")
	adapter := exec.Command(command[0], command[1:]...)
	adapter.Stdin = strings.NewReader(requests + `{"id":1000,"op":"quit"}` + "\n")
	out, err := adapter.CombinedOutput()
	if _, missing := os.Stat(archive()); err != nil || missing != nil {
		return fmt.Errorf("%q: %w: %v: %s", command, err, missing, out)
	}
	return nil
}

// served lists the recipes of Curator that the adapter serves. Curator has no jobs with attempts, and no partitioner.
var served = []string{
	"barrier", "cache", "config", "counter", "discovery", "double-barrier", "election", "lock", "membership", "multi-lock",
	"priority-queue", "queue", "rwlock", "semaphore",
}

// otherwise lists the recipes for which Curator has a second class, with the flags that choose it.
var otherwise = []struct{ recipe, flag string }{
	{"cache", "-Dcache=tree"},
	{"config", "-Dconfig=node"},
	{"counter", "-Dcounter=shared"},
	{"delay-queue", "-Ddelay-queue=distributed"},
	{"election", "-Delection=selector"},
	{"membership", "-Dmembership=group"},
	{"queue", "-Dqueue=distributed"},
}

// atOnce is how many checks run at once: a process of Java needs much processor time to start.
const atOnce = 4

// The adapter passes all checks.
func TestRealConform(t *testing.T) {
	runtest.Conforms(t, adapter.Conformance{Command: java(t), Recipes: served, AtOnce: atOnce}, runtest.Excused{})
}

// So it does with the second classes. A delay queue of Curator does not promise to take items that are due at one time
// in the order in which they were put.
func TestRealConformOtherwise(t *testing.T) {
	var recipes, flags []string
	for _, o := range otherwise {
		recipes, flags = append(recipes, o.recipe), append(flags, o.flag)
	}
	runtest.Conforms(t, adapter.Conformance{Command: java(t, flags...), Recipes: recipes, AtOnce: atOnce},
		runtest.Excused{MayFail: []string{"delay-queue normal"}})
}
