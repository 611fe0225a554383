//go:build real

package cli

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/programs"
)

// Each script is a session of a user of the command with Apache's servers in containers. Those that leave what belongs
// to dead processes, or remove such, begin with "cleans".
func TestRealScripts(t *testing.T) {
	t.Parallel()
	dockertest.Require(t)
	p := params("testdata/real")
	p.Cmds["removes"], p.Cmds["cleans"] = removes, cleans
	testscript.Run(t, p)
}

// cleans waits until no other test cleans, and keeps others from it until the script ends.
func cleans(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: cleans")
	}
	release, err := dockertest.AwaitCleaning()
	ts.Check(err)
	ts.Defer(release)
}

// removes removes containers at the end of the script, however the script ends.
func removes(ts *testscript.TestScript, neg bool, names []string) {
	if neg || len(names) == 0 {
		ts.Fatalf("usage: removes container...")
	}
	ts.Defer(func() { _ = ts.Exec("docker", append([]string{"rm", "-f", "-v"}, names...)...) })
}

// The scripts use an ensemble that Docker Compose runs.
func TestRealCompose(t *testing.T) {
	t.Parallel()
	programs.Require(t, programs.Compose)
	dockertest.Require(t)
	p := params("testdata/compose")
	p.Cmds["composed"] = composed
	testscript.Run(t, p)
}

// composed starts the services of a folder with Docker Compose, and removes them at the end of the script,
// however the script ends.
func composed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: composed folder")
	}
	file := filepath.Join(ts.MkAbs(args[0]), "docker-compose.yml")
	ts.Defer(func() { _ = ts.Exec("docker-compose", "-f", file, "down", "-v", "-t", "0") })
	ts.Check(ts.Exec("docker-compose", "-f", file, "up", "-d"))
}

// The scripts are sessions in which clients are processes of their own.
func TestRealProcesses(t *testing.T) {
	testscript.Run(t, params("testdata/processes"))
}
