// Package programs knows the programs that the tests of `make test-real` need besides Go, and how to
// install them. Only tests may import it, and the command needs beside it, which prints what is
// missing.
//
// A test that needs a real program is in a file with the build tag "real", and its name begins with
// TestReal. It calls [Require].
package programs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/container"
)

// Required is the environment variable that turns a missing program from a reason to skip a
// test into a failure, when it is "required".
const Required = "ZKLAB_REAL"

// Program is a program that tests need.
type Program struct {
	Name    string
	For     string       // what tests use it for
	Install string       // what to do where it is missing
	Look    func() error // nil if it is there
}

// The programs. Packages are Debian's.
var (
	Docker = Program{
		"Docker", "Apache ZooKeeper in containers",
		"apt-get install docker.io mmdebstrap, start dockerd, make image", lookForDocker,
	}
	Compose = Program{
		"Docker Compose", "files for it", "apt-get install docker-compose", commands("docker-compose"),
	}
	Kazoo = Program{
		"kazoo", "recipes in Python (examples/kazoo)", "apt-get install python3-kazoo",
		func() error { _, err := Python("kazoo"); return err },
	}
	Patroni = Program{
		"Patroni", "the class with which it elects a leader (examples/patroni)", "apt-get install patroni python3-kazoo",
		func() error { _, err := Python("patroni.dcs.zookeeper"); return err },
	}
	Curator = Program{
		"Curator", "recipes in Java (examples/curator)",
		"apt-get install libcurator-recipes-java default-jdk-headless", lookForJava(CuratorJars),
	}
	CuratorDiscovery = Program{
		"Curator's service discovery", "recipes in Java (examples/curator), instances that it registers (recipes)",
		"apt-get install libcurator-discovery-java default-jdk-headless", lookForJava(CuratorDiscoveryJars),
	}
	C = Program{
		"ZooKeeper's library for C", "a lock in C (examples/c)",
		"apt-get install gcc libc6-dev libzookeeper-mt-dev libjansson-dev", lookForC,
	}
	Tmux     = Program{"tmux", "the monitor and the shell on a real terminal", "apt-get install tmux", commands("tmux")}
	Chromium = Program{
		"Chromium", "pages in a browser", "apt-get install chromium",
		func() error { _, err := ChromiumPath(); return err },
	}
	Slurm = Program{
		"Slurm", "a sweep on a cluster", "apt-get install slurm-wlm",
		commands("munged", "slurmctld", "slurmd", "sbatch"),
	}
)

// All returns all programs.
func All() []Program {
	return []Program{Docker, Compose, Kazoo, Patroni, Curator, CuratorDiscovery, C, Tmux, Chromium, Slurm}
}

// Require skips the test where a program is missing, or fails it when ZKLAB_REAL=required.
func Require(t testing.TB, p Program) {
	t.Helper()
	err := p.Look()
	if err == nil {
		return
	}
	why := fmt.Sprintf("no %s: %v (%s)", p.Name, err, p.Install)
	if os.Getenv(Required) == "required" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// lookForDocker asks the engine once: its answer does not change while tests run.
var lookForDocker = sync.OnceValue(func() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return container.Ready(ctx, container.Config{})
})

// Python returns a Python interpreter that has a module: modules from Debian's packages are only in
// Debian's interpreter.
func Python(module string) (string, error) {
	for _, p := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(p, "-c", "import "+module).Run() == nil {
			return p, nil
		}
	}
	return "", fmt.Errorf("no python3 that can import %s", module)
}

// CuratorJars is the class path of Curator's recipes: Debian's jar names the others that it needs.
const CuratorJars = "/usr/share/java/curator-recipes.jar:/usr/share/java/slf4j-nop.jar"

// CuratorDiscoveryJars is the class path of Curator's service discovery, from the same packages.
const CuratorDiscoveryJars = "/usr/share/java/curator-x-discovery.jar:/usr/share/java/slf4j-nop.jar"

// lookForJava looks for a class path, and for a JDK.
func lookForJava(classPath string) func() error {
	return func() error {
		for _, jar := range filepath.SplitList(classPath) {
			if _, err := os.Stat(jar); err != nil {
				return err
			}
		}
		return commands("java", "javac")()
	}
}

// lookForC looks for a compiler, and for the headers of the libraries.
func lookForC() error {
	for _, header := range []string{"/usr/include/zookeeper/zookeeper.h", "/usr/include/jansson.h"} {
		if _, err := os.Stat(header); err != nil {
			return err
		}
	}
	return commands("gcc")()
}

// ChromiumPath returns the command of Chromium, or of Chrome, which does as well.
func ChromiumPath() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("chromium is not installed")
}

// commands looks for commands on PATH, and in the folder of a system's daemons.
func commands(names ...string) func() error {
	return func() error {
		for _, name := range names {
			if _, err := exec.LookPath(name); err == nil {
				continue
			}
			if _, err := os.Stat(filepath.Join("/usr/sbin", name)); err != nil {
				return fmt.Errorf("%s is not installed", name)
			}
		}
		return nil
	}
}
