// Package guard runs a program so that it ends with everything that it has started: when it is asked to
// end, when what it relies on is lost, and when this process ends, even by SIGKILL. The package does
// not know what the program does, nor what it relies on, which it calls the hold.
//
// On Unix the program is a process group of its own, and its parent is another process of this
// executable, the guardian ([Serve]):
//
//	this process ── guardian ── program ── what it starts
//
// This process tells the guardian through a pipe which signals came and that the hold lasts. The guardian
// passes signals on to the group, watches the deadlines, and kills. It ends when the program and all that it
// started have ended, and not before, so this process can give up what it holds then. When the pipe breaks,
// this process is gone, and the guardian kills everything at once.
//
// On Linux the guardian adopts what the program leaves behind, so even a daemon that has left the group ends.
// If the guardian itself is killed, the kernel kills the program, and this process adopts and kills the rest.
// Elsewhere only the group is known.
//
// On other systems there are no process groups and no guardian: only the program itself is signalled
// and killed, and it outlives this process.
package guard

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"time"
)

// Config names the program to run, and how it ends.
type Config struct {
	Command []string
	Env     []string      // besides that of this process
	Grace   time.Duration // from the signal that asks the program to end to SIGKILL
	OnLost  os.Signal     // asks the program to end when the hold is lost
	// Lease is how long the hold lasts if this process stands still. After that, the guardian considers
	// the hold lost. 0: it lasts forever.
	Lease time.Duration
	// Guardian is the command of this executable that calls Serve. Run appends the program to it.
	Guardian []string
	// Say prints a message for people.
	Say func(format string, args ...any)
}

// Outcome says how a program ended.
type Outcome struct {
	Code int  // as in a shell: 126 and 127 if it was not started, 128 and the number of the signal that ended it
	Lost bool // the hold was lost before the end
	// Failure says why the program could not be started; "" if it was started.
	Failure string `json:",omitempty"`
}

// Exit codes of a shell.
const (
	notRunnable = 126
	notFound    = 127
	signalled   = 128
)

// notStarted returns the outcome of a program that could not be started.
func notStarted(err error) Outcome {
	o := Outcome{Code: notRunnable, Failure: err.Error()}
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		o.Code = notFound
	}
	return o
}
