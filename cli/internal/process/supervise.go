package process

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"

	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
)

// A panic in a goroutine of a library ends a Go process with exit code 2, which would look like
// "undecided". Only another process can tell the two apart: so zklab runs itself once more, passes
// signals on, and turns the exit code of a child that panicked into ExitDefect. The child ends when
// its parent is gone.

const (
	supervisedEnv = "ZKLAB_SUPERVISED" // set in the child; withNote if the child has a file for notes
	withNote      = "note"
	goPanic       = 2 // Go's exit code of a panic
	// undecided replaces ExitUnknown between child and parent, since the parent could not
	// distinguish that from a panic.
	undecided = 102
)

// procEnv is the variable with the folder in which testcontainers-go looks up all processes of the machine, as soon as
// the program is loaded. That takes half of the time of a start, and only its reaper would need it, which zklab switches
// off (package ensemble/container). noProcesses names no folder, so that the child looks up none.
const procEnv, noProcesses = "HOST_PROC", os.DevNull

// Supervised runs the command in a child process where that is possible. alone has the names of commands
// that run without a supervisor.
func Supervised(run func() int, alone []string) int {
	if DetachedLog = os.Getenv(DetachedEnv); DetachedLog != "" {
		os.Unsetenv(DetachedEnv)
		return run() // the listed process must be the one with the ensemble
	}
	switch by := os.Getenv(supervisedEnv); {
	case by != "":
		os.Unsetenv(supervisedEnv)
		if os.Getenv(procEnv) == noProcesses {
			os.Unsetenv(procEnv)
		}
		if by == withNote {
			underWay = os.NewFile(noteDescriptor, "note")
		}
		go dieWithParent()
		return toParent(run())
	case len(os.Args) > 1 && slices.Contains(alone, os.Args[1]):
		return run()
	case usage.IsCompletion(os.Args[1:]):
		return run() // the shell waits for it at each press of the Tab key
	case runtime.GOOS == "windows":
		return run() // on this system, a process cannot hand file descriptors down
	}
	code, err := runChild()
	if err != nil {
		return run() // the system cannot name this executable: running unsupervised is better than not running
	}
	return FromChild(code)
}

func toParent(code int) int {
	if code == usage.ExitUnknown {
		return undecided
	}
	return code
}

// FromChild translates the exit code of a supervised child into that of the command.
func FromChild(code int) int {
	switch code {
	case undecided:
		return usage.ExitUnknown
	case goPanic:
		return usage.ExitDefect
	}
	return code
}

// runChild runs this program again with the same arguments and streams. The
// child is in a process group of its own, so that it gets a terminal's Ctrl-C only once, from this
// process.
func runChild() (code int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	alive, hold, err := os.Pipe() // the child sees the end of the pipe when this process is gone
	if err != nil {
		return 0, err
	}
	defer hold.Close()
	defer alive.Close()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, slices.Concat(terminal.StopSignals, passedOn)...)
	defer signal.Stop(signals)

	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = os.Environ()
	if os.Getenv(procEnv) == "" {
		cmd.Env = append(cmd.Env, procEnv+"="+noProcesses)
	}
	cmd.Env = append(cmd.Env, supervisedEnv+"=1")
	cmd.ExtraFiles = []*os.File{alive}
	note := newNote()
	if note != nil {
		defer note.Close()
		cmd.Env[len(cmd.Env)-1] = supervisedEnv + "=" + withNote
		cmd.ExtraFiles = append(cmd.ExtraFiles, note)
	}
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-signals:
				pass(cmd.Process, s)
			case <-ended:
				return
			}
		}
	}()
	err = cmd.Wait()
	close(ended)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return usage.ExitDefect, nil
	}
	if s := killedBy(cmd.ProcessState); s != nil {
		return afterSignal(s, os.Stderr), nil
	}
	if code = cmd.ProcessState.ExitCode(); code == goPanic && note != nil {
		tellRun(note, os.Stderr)
	}
	return code, nil
}

// afterSignal returns the exit code for a child that a signal ended.
func afterSignal(s os.Signal, stderr io.Writer) int {
	switch {
	case slices.Contains(terminal.StopSignals, s):
		return usage.ExitInterrupted // the signal came before the child handled signals, or after
	case s == os.Kill:
		fmt.Fprintln(stderr, "error: zklab was killed; zklab clean --remove removes what it left behind")
		return usage.ExitFailed
	}
	return usage.ExitDefect
}

// dieWithParent ends the child when the parent has been killed, since nothing could then interrupt the
// child.
func dieWithParent() {
	_, _ = io.Copy(io.Discard, os.NewFile(3, "parent"))
	os.Exit(usage.ExitFailed)
}

// DetachedEnv is the environment variable that tells a background process the path of its log.
const DetachedEnv = "ZKLAB_DETACHED"

// DetachedLog is the path of this process's log if it runs in the background.
var DetachedLog string
