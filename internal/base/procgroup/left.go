//go:build unix

package procgroup

import (
	"fmt"
	"os"
	"syscall"
)

// Process is a process that [Left] found.
type Process struct {
	PID   int
	Group int
	Name  string

	began string // distinguishes it from a later process with its PID; "" where the system does not say
}

func (p Process) String() string { return fmt.Sprintf("%s (%d)", p.Name, p.PID) }

// Signal sends a signal to the process. A process that has ended is no error.
func (p Process) Signal(s syscall.Signal) error {
	found, err := os.FindProcess(p.PID) // holds on to the process, where the system can
	if err != nil || !p.isStill() {
		return nil
	}
	defer func() { _ = found.Release() }()
	if err := found.Signal(s); err != nil && err != os.ErrProcessDone {
		return err
	}
	return nil
}
