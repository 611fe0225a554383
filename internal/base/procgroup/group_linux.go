package procgroup

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownGroup puts the program into a process group of its own, and makes the kernel kill it when this
// process ends in any way. (What the program has started is then in an orphaned group: if something in
// it is stopped, the kernel sends SIGHUP and SIGCONT to all of it, and processes that go on read the
// end of their input.)
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// awaitExit waits until the program has ended, but does not reap it, so that no other process gets its
// pid.
func awaitExit(pid int) {
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			return
		}
	}
}

// members returns the states of the threads of each process of the group that has not ended, from
// /proc/PID/stat (proc_pid_stat(5)).
func members(pgid int) (map[int][]byte, error) {
	dirs, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	found := map[int][]byte{}
	for _, d := range dirs {
		pid, err := strconv.Atoi(d.Name())
		if err != nil {
			continue
		}
		s, err := readStat(filepath.Join("/proc", d.Name(), "stat"))
		if err != nil || s.group != pgid || s.ended() {
			continue // of another user, or it ended meanwhile
		}
		if states := threads(pid); len(states) > 0 {
			found[pid] = states
		}
	}
	return found, nil
}

func threads(pid int) (states []byte) {
	stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, path := range stats {
		if s, err := readStat(path); err == nil && !s.ended() {
			states = append(states, s.state)
		}
	}
	return states
}

// stat holds what the kernel reports about a process (proc_pid_stat(5)).
type stat struct {
	name          string
	state         byte
	parent, group int
	began         string // when it began, in ticks since the machine began
}

func (s stat) ended() bool { return s.state == 'Z' || s.state == 'X' }

// readStat reads a stat file. The process's name, in parentheses, may hold anything.
func readStat(path string) (s stat, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return s, err
	}
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	f := bytes.Fields(b[end+1:])
	const began = 19 // field 22 of the line
	if open < 0 || end < open || len(f) <= began {
		return s, fmt.Errorf("%s: cannot be read: %.120q", path, b)
	}
	s.name, s.state, s.began = string(b[open+1:end]), f[0][0], string(f[began])
	if s.parent, err = strconv.Atoi(string(f[1])); err != nil {
		return s, err
	}
	s.group, err = strconv.Atoi(string(f[2]))
	return s, err
}

// groupStopped reports whether every thread of the group is stopped.
func groupStopped(pgid int) (bool, error) {
	all, err := members(pgid)
	if err != nil || len(all) == 0 {
		return false, err
	}
	for _, states := range all {
		for _, s := range states {
			if s != 'T' && s != 't' {
				return false, nil
			}
		}
	}
	return true, nil
}

// groupGone reports whether nothing of the group is left.
func groupGone(pgid int) bool {
	all, err := members(pgid)
	return err != nil || len(all) == 0
}
