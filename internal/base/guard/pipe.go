//go:build unix

package guard

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Descriptors of the guardian's two pipes. In both, each message is a line of JSON.
const (
	ordersDescriptor = 3 + iota
	reportsDescriptor
)

// settings are the first message to the guardian.
type settings struct {
	Grace  time.Duration
	OnLost syscall.Signal
	Lease  time.Duration
	Job    int // the process group of the process that gives orders
}

// order is a message to the guardian. One of its fields is set.
type order struct {
	Signal   syscall.Signal `json:",omitempty"` // send it to the program
	HeldAt   instant        `json:",omitempty"` // the hold lasted then
	Lost     bool           `json:",omitempty"` // the hold is lost
	Continue bool           `json:",omitempty"` // the job goes on
}

// report is a message of the guardian. One of its fields is set.
type report struct {
	Started int      `json:",omitempty"` // the program's process, and its group
	Stopped *stopped `json:",omitempty"`
	Outcome *Outcome `json:",omitempty"` // the last report
	// Interrupt is the signal that the terminal sent to the program's group and that ended the program.
	Interrupt syscall.Signal `json:",omitempty"`
}

// stopped means that the program was stopped as a job of a shell is.
type stopped struct {
	// Alone means that the program had the terminal, so that the terminal has stopped nothing else.
	Alone bool
}

// instant is a time on a clock that all processes of the machine share, and that is never set.
type instant time.Duration

func now() instant {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		panic(err) // there is such a clock everywhere
	}
	return instant(t.Nano())
}
