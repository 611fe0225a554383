//go:build unix

package guard

import (
	"os"
	"os/signal"
	"slices"
	"syscall"
)

// Signals returns the signals that [Run] passes on to the program, without those that this process was
// started to ignore, as by nohup: the program ignores them, too.
func Signals() []os.Signal {
	return heeded(syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH)
}

// AsksToEnd reports whether a signal ends a process that waits for what the program needs. The others
// are for the program only.
func AsksToEnd(s os.Signal) bool {
	return slices.Contains([]os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP}, s)
}

// endsAfterGrace reports whether the program is killed if a signal does not end it. SIGINT and SIGHUP
// can have another meaning for it.
func endsAfterGrace(s syscall.Signal) bool { return s == syscall.SIGTERM || s == syscall.SIGQUIT }

func heeded(all ...os.Signal) []os.Signal { return slices.DeleteFunc(all, signal.Ignored) }

// notify is signal.Notify for signals that were not ignored when this process began.
func notify(c chan<- os.Signal, signals ...os.Signal) {
	if signals = heeded(signals...); len(signals) > 0 { // without arguments, Notify relays all signals
		signal.Notify(c, signals...)
	}
}
