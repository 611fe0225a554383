//go:build unix

package process

import (
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownGroup puts the child into a process group of its own.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// OwnSession makes the child outlive this process and its terminal.
func OwnSession(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return nil
}

// passedOn has the signals that a supervisor passes on besides StopSignals. SIGQUIT (Ctrl-\) would
// otherwise end it with a dump and Go's exit code 2.
var passedOn = []os.Signal{syscall.SIGQUIT, syscall.SIGTSTP}

// pass hands a signal to the child. Ctrl-Z stops both, since the child is not
// in the terminal's group; the child continues together with the supervisor.
func pass(child *os.Process, s os.Signal) {
	if s != syscall.SIGTSTP {
		_ = child.Signal(s)
		return
	}
	// The stop takes effect a moment after the call that asks for it, so only the signal that
	// continues this process shows that it was stopped.
	goOn := make(chan os.Signal, 1)
	signal.Notify(goOn, syscall.SIGCONT)
	defer signal.Stop(goOn)
	_ = child.Signal(syscall.SIGSTOP)
	_ = syscall.Kill(syscall.Getpid(), syscall.SIGSTOP)
	<-goOn
	_ = child.Signal(syscall.SIGCONT)
}

// killedBy returns the signal that ended a process; nil if none did.
func killedBy(state *os.ProcessState) os.Signal {
	if s, ok := state.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return s.Signal()
	}
	return nil
}

// SignalNamed returns the signal with a name such as TERM or SIGTERM; nil if there is none.
func SignalNamed(name string) os.Signal {
	if s := unix.SignalNum("SIG" + strings.TrimPrefix(strings.ToUpper(name), "SIG")); s != 0 {
		return s
	}
	return nil
}

// IgnoreBrokenPipes lets a run go on, and clean up, after the reader of its progress has gone: Go
// ends a process whose standard streams are broken.
func IgnoreBrokenPipes() { signal.Ignore(syscall.SIGPIPE) }

// PolledInput returns standard input as a file for which a goroutine waits without a thread of its
// own. A thread that blocks in a read would keep its processor: where the runtime's choices follow
// from a seed (package internal/virtual/overlay), nothing takes the processor away, and a
// simulation in the same process would wait for ever.
func PolledInput() (*os.File, error) {
	if err := syscall.SetNonblock(syscall.Stdin, true); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(syscall.Stdin), "standard input"), nil
}
