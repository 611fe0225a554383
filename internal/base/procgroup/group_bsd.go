//go:build unix && !linux

package procgroup

import (
	"bytes"
	"fmt"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// ownGroup puts the program into a process group of its own. When this process is killed, the program
// reads the end of its input. If it is stopped then, its group is an orphaned one, to which the kernel
// sends SIGHUP and SIGCONT (POSIX, _exit()).
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// awaitExit waits until the program has ended, but does not reap it. Asking ps works on every system.
func awaitExit(pid int) {
	for {
		out, err := exec.Command("ps", "-o", "state=", "-p", strconv.Itoa(pid)).Output()
		if s := bytes.TrimSpace(out); err != nil || len(s) == 0 || s[0] == 'Z' {
			return
		}
		time.Sleep(rarestLook)
	}
}

// members returns the states of the group's processes that have not ended.
func members(pgid int) (states []byte, err error) {
	out, err := exec.Command("ps", "-A", "-o", "pgid=,state=").Output()
	if err != nil {
		return nil, fmt.Errorf("ps: %w", err)
	}
	for l := range bytes.Lines(out) {
		f := bytes.Fields(l)
		if len(f) == 2 && string(f[0]) == strconv.Itoa(pgid) && f[1][0] != 'Z' {
			states = append(states, f[1][0])
		}
	}
	return states, nil
}

// groupStopped reports whether every process of the group is stopped.
func groupStopped(pgid int) (bool, error) {
	all, err := members(pgid)
	return err == nil && len(all) > 0 && len(bytes.Trim(all, "T")) == 0, err
}

// groupGone reports whether nothing of the group is left.
func groupGone(pgid int) bool {
	all, err := members(pgid)
	return err != nil || len(all) == 0
}
