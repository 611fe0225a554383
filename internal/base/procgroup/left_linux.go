package procgroup

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// Adopt makes this process the new parent of each process whose parent ends, among all that this
// process starts and all that they start (prctl(2), PR_SET_CHILD_SUBREAPER). This process has to wait
// for them when they end.
func Adopt() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("prctl PR_SET_CHILD_SUBREAPER: %w", err)
	}
	return nil
}

// Left returns all processes that have not ended and that this process has started, directly or
// indirectly, in any group or session. It needs [Adopt]: without it, a process whose parent has ended
// is missing.
func Left(int) ([]Process, error) {
	dirs, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	all, children := map[int]stat{}, map[int][]int{}
	for _, d := range dirs {
		pid, err := strconv.Atoi(d.Name())
		if err != nil {
			continue
		}
		s, err := readStat(filepath.Join("/proc", d.Name(), "stat"))
		if err != nil {
			continue // it ended meanwhile
		}
		all[pid] = s
		children[s.parent] = append(children[s.parent], pid)
	}
	var left []Process
	for next := children[os.Getpid()]; len(next) > 0; next = next[1:] {
		pid := next[0]
		if s := all[pid]; !s.ended() || len(threads(pid)) > 0 {
			left = append(left, Process{PID: pid, Group: s.group, Name: s.name, began: s.began})
		}
		next = append(next, children[pid]...)
	}
	return left, nil
}

func (p Process) isStill() bool {
	s, err := readStat(fmt.Sprintf("/proc/%d/stat", p.PID))
	return err == nil && s.began == p.began
}
