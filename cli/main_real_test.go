//go:build real

package cli

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/programs"
)

// Sessions of somebody who uses the command with Apache's servers in containers, one after the
// other: what is left behind is nobody else's.
func TestRealScripts(t *testing.T) {
	dockertest.Require(t)
	p := params("testdata/real")
	p.Cmds["removes"] = removes
	testscript.Run(t, p)
}

// removes removes containers at the end of the script, however that ends.
func removes(ts *testscript.TestScript, neg bool, names []string) {
	if neg || len(names) == 0 {
		ts.Fatalf("usage: removes container...")
	}
	ts.Defer(func() { _ = ts.Exec("docker", append([]string{"rm", "-f", "-v"}, names...)...) })
}

// An ensemble that Docker Compose runs.
func TestRealCompose(t *testing.T) {
	programs.Require(t, programs.Compose)
	dockertest.Require(t)
	p := params("testdata/compose")
	p.Cmds["composed"] = composed
	testscript.Run(t, p)
}

// composed starts what stands in a folder, and removes it at the end of the script, however that ends.
func composed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: composed folder")
	}
	file := filepath.Join(ts.MkAbs(args[0]), "docker-compose.yml")
	ts.Defer(func() { _ = ts.Exec("docker-compose", "-f", file, "down", "-v", "-t", "0") })
	ts.Check(ts.Exec("docker-compose", "-f", file, "up", "-d"))
}

// Sessions in which clients are processes of their own.
func TestRealProcesses(t *testing.T) {
	testscript.Run(t, params("testdata/processes"))
}
