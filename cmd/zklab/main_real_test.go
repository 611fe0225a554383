//go:build real

package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/zklab/zklab/internal/testkit/dockertest"
)

// Sessions of somebody who uses the command with Apache's servers in containers, one after the
// other: what is left behind is nobody else's.
func TestRealScripts(t *testing.T) {
	dockertest.Require(t)
	testscript.Run(t, params("testdata/real"))
}

// Sessions in which clients are processes of their own.
func TestRealProcesses(t *testing.T) {
	testscript.Run(t, params("testdata/processes"))
}
