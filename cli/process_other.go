//go:build !unix

package cli

import (
	"os"
	"os/exec"
	"strings"
)

// There is no supervision here; see supervised.

var passedOn []os.Signal

func ownGroup(*exec.Cmd) {}

func ownSession(*exec.Cmd) error {
	return usageError("--detach needs a Unix system: run the ensemble without it in another terminal")
}

func pass(child *os.Process, s os.Signal) { _ = child.Signal(s) }

func killedBy(*os.ProcessState) os.Signal { return nil }

// signalNamed knows the signals that Go can send everywhere.
func signalNamed(name string) os.Signal {
	return map[string]os.Signal{"INT": os.Interrupt, "KILL": os.Kill, "TERM": os.Kill}[strings.TrimPrefix(strings.ToUpper(name), "SIG")]
}

func ignoreBrokenPipes() {}

func polledInput() (*os.File, error) { return os.Stdin, nil }
