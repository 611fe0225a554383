//go:build !unix

package process

import (
	"os"
	"os/exec"
	"strings"

	"github.com/zklab/zklab/cli/internal/usage"
)

// There is no supervision on this system; see Supervised.

var passedOn []os.Signal

func ownGroup(*exec.Cmd) {}

// OwnSession returns an error: on this system, no child outlives this process.
func OwnSession(*exec.Cmd) error {
	return usage.Errorf("--detach needs a Unix system: run the ensemble without it in another terminal")
}

func pass(child *os.Process, s os.Signal) { _ = child.Signal(s) }

func killedBy(*os.ProcessState) os.Signal { return nil }

// SignalNamed returns the signal with a name; nil if Go cannot send it on every system.
func SignalNamed(name string) os.Signal {
	return map[string]os.Signal{"INT": os.Interrupt, "KILL": os.Kill, "TERM": os.Kill}[strings.TrimPrefix(strings.ToUpper(name), "SIG")]
}

// IgnoreBrokenPipes does nothing: on this system, a broken pipe ends no process.
func IgnoreBrokenPipes() {}

// PolledInput returns standard input.
func PolledInput() (*os.File, error) { return os.Stdin, nil }
