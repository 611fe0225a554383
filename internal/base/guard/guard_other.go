//go:build !unix

package guard

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Signals returns the signals that ask this process to end.
func Signals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

// AsksToEnd reports whether a signal asks this process to end.
func AsksToEnd(os.Signal) bool { return true }

// Serve is not supported on this system.
func Serve([]string, func(string, ...any)) error { return errors.ErrUnsupported }

// Run runs the program until it ends. hold closes when the hold is lost, and can be nil.
func Run(cfg Config, hold <-chan struct{}, signals <-chan os.Signal) (o Outcome, err error) {
	cmd := exec.Command(cfg.Command[0], cfg.Command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), cfg.Env...)
	if err := cmd.Start(); err != nil {
		return notStarted(err), nil
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	var kill <-chan time.Time
	for {
		select {
		case <-ended:
			o.Code = cmd.ProcessState.ExitCode()
			return o, nil
		case s := <-signals:
			_ = cmd.Process.Signal(s)
			if s != os.Interrupt {
				kill = time.After(cfg.Grace)
			}
		case <-hold:
			hold, o.Lost = nil, true
			cfg.Say("the lock is lost: sending %q to the program", cfg.OnLost)
			_ = cmd.Process.Signal(cfg.OnLost)
			kill = time.After(cfg.Grace)
		case <-kill:
			cfg.Say("the program did not end within %s: killing it", cfg.Grace)
			_ = cmd.Process.Kill()
		}
	}
}
