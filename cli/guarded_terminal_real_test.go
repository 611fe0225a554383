//go:build real && linux

package cli

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/zklab/zklab/cli/internal/clients"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/tmuxtest"
)

// interactive returns a terminal with an interactive shell that has job control. Its prompt is "ready:
// ".
func interactive(t *testing.T) *tmuxtest.Terminal {
	t.Helper()
	tmuxtest.Require(t)
	s := tmuxtest.Start(t, tmuxtest.Config{Width: 120, Env: []string{"PS1=ready: ", "ENV=", "LOCK=" + lockCommand(t)}}, "sh", "-i")
	s.Until(`^ready:$`)
	return s
}

// lockCommand returns a command line of zklab lock on the test's own servers, for a shell script.
func lockCommand(t *testing.T) string {
	t.Helper()
	e := must.Get(embedded.Start(embedded.Config{Nodes: 1}))(t)
	t.Cleanup(func() { e.Close() })
	return "zklab lock /l --servers " + strings.Join(e.Addrs(), ",")
}

// A program at a terminal reads what is typed, and gets Ctrl-C.
func TestRealProgramAtATerminal(t *testing.T) {
	t.Parallel()
	s := interactive(t)
	s.Type("$LOCK -- sh -c 'read line; echo \"got $line\"'; echo code $?\r")
	s.Type("a line\r")
	s.Until(`^got a line\ncode 0$`)
	s.Type("$LOCK -- sh -c 'trap \"echo caught; exit 7\" INT; echo runs; sleep 1000'; echo code $?\r")
	s.Until(`runs$`)
	s.Keys("C-c")
	s.Until(`caught\ncode 7$`)
	s.Type("$LOCK -- sh -c 'echo waits; exec sleep 1000'; echo code $?\r")
	s.Until(`waits$`)
	s.Keys("C-c")
	s.Until(`code 130$`)
}

// Ctrl-Z stops the program and zklab as one job, which fg and bg continue.
func TestRealJobAtATerminal(t *testing.T) {
	t.Parallel()
	s := interactive(t)
	s.Type("$LOCK -- cat\r")
	s.Type("one\r")
	s.Until(`^one\none$`)
	for _, line := range []string{"two", "three"} {
		s.Keys("C-z")
		s.Until(`Stopped`)
		s.Type("clear; fg\r")
		s.Until(`-- cat\n*\z`)
		s.Type(line + "\r")
		s.Until(`^` + line + `\n` + line + `$`)
	}
	s.Keys("C-d")
	s.Until(`^ready:$`)
	// A job that begins in the background stops when it reads, and gets the terminal with fg.
	s.Type("clear; $LOCK -- sh -c 'read line; echo \"got $line\"' & echo pid $! of it\r")
	pid := regexp.MustCompile(`pid (\d+) of it`).FindStringSubmatch(s.Until(`^pid \d+ of it$`))[1]
	within(t, "it is stopped", func() bool { return stopped(t, integer(t, pid)) })
	s.Type("fg\r")
	s.Type("late\r")
	s.Until(`^got late$`)
}

// A job that is stopped for too long loses its lock, and its program ends although zklab is stopped.
func TestRealJobThatLosesItsLock(t *testing.T) {
	t.Parallel()
	s := interactive(t)
	s.Type("$LOCK --session-timeout 4s -- sh -c 'trap \"echo asked; exit\" TERM; echo runs; while :; do sleep 0.1; done'; echo code $?\r")
	s.Until(`runs$`)
	s.Keys("C-z")
	s.Until(`has stood still for 2.667s, so the lock may be lost: sending "terminated" to the program$`)
	s.Until(`^asked$`)
	s.Type("fg; echo code $?\r")
	s.Until(fmt.Sprintf(`^error: the lock of /l was lost while the program ran\n(.*\n)*code %d$`, clients.ExitLost))
}

// Other commands of a pipeline can use the terminal: the program does not take it without need.
func TestRealPipelineAtATerminal(t *testing.T) {
	t.Parallel()
	s := interactive(t)
	s.Type("$LOCK -- sh -c 'echo data; sleep 1000' | sh -c 'read a; echo \"$a and\"; read b </dev/tty; echo \"typed $b\"; read c </dev/tty'\r")
	s.Until(`^data and$`)
	s.Type("it\r")
	s.Until(`^typed it$`)
	s.Keys("C-c")
	s.Until(`ready:$`)
	// A program in a pipeline that wants the terminal also gets it.
	s.Type("clear; $LOCK -- sh -c 'read a </dev/tty; echo \"program: $a\"' | cat\r")
	s.Type("it\r")
	s.Until(`^program: it$`)
}

// Ctrl-C ends a script in which zklab runs a program, like a script without zklab.
func TestRealScriptAtATerminal(t *testing.T) {
	t.Parallel()
	s := interactive(t)
	s.Type("sh -c '$LOCK -- sh -c \"echo runs; exec sleep 1000\"; echo goes on'\r")
	s.Until(`runs$`)
	s.Keys("C-c")
	s.Until(`\^C\n+ready:$`)
	s.Type("echo code $?\r")
	if screen := s.Until(`code 130$`); strings.Contains(screen, "\ngoes on") {
		t.Error(screen)
	}
}

// If no shell can continue a job, as in a container, Ctrl-Z does not stop it.
func TestRealTerminalWithoutShell(t *testing.T) {
	t.Parallel()
	tmuxtest.Require(t)
	s := tmuxtest.Start(t, tmuxtest.Config{}, append(strings.Fields(lockCommand(t)), "--", "cat")...)
	s.Type("one\r")
	s.Until(`^one\none$`)
	s.Keys("C-z")
	s.Type("two\r")
	s.Until(`two\ntwo$`)
	s.Keys("C-d")
	if code := s.Ended(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// When a terminal hangs up, no process is left.
func TestRealTerminalHangsUp(t *testing.T) {
	t.Setenv("ZKLAB_TEST_FAMILY", "terminal")
	f := &family{mark: "ZKLAB_TEST_FAMILY=terminal"}
	t.Run("", func(t *testing.T) {
		s := tmuxtest.Start(t, tmuxtest.Config{}, "sh", "-c", lockCommand(t)+" --session-timeout 1m --connect-timeout 5s --grace 200ms -- sh -c 'zklab-daemon :; echo runs; sleep 1000; sleep 1000'; sleep 1000")
		s.Until(`runs$`)
	})
	within(t, "nothing is left", func() bool { return len(f.members(t)) == 0 })
}
