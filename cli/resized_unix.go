//go:build unix

package cli

import (
	"os"
	"os/signal"
	"syscall"
)

// notifyResized tells c when the terminal has another size.
func notifyResized(c chan<- os.Signal) { signal.Notify(c, syscall.SIGWINCH) }
