//go:build unix && !linux

package procgroup

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
)

// Adopt returns an error: this system gives a process whose parent has ended to init.
func Adopt() error { return fmt.Errorf("adopt processes: %w", errors.ErrUnsupported) }

// Left returns the processes of a group that have not ended. It does not see processes that have left
// the group.
func Left(pgid int) (left []Process, err error) {
	out, err := exec.Command("ps", "-A", "-o", "pid=,pgid=,state=,comm=").Output()
	if err != nil {
		return nil, fmt.Errorf("ps: %w", err)
	}
	for l := range bytes.Lines(out) {
		f := bytes.Fields(l)
		if len(f) < 4 || string(f[1]) != strconv.Itoa(pgid) || f[2][0] == 'Z' {
			continue
		}
		if pid, err := strconv.Atoi(string(f[0])); err == nil {
			left = append(left, Process{PID: pid, Group: pgid, Name: string(bytes.Join(f[3:], []byte(" ")))})
		}
	}
	return left, nil
}

func (p Process) isStill() bool { return true }
