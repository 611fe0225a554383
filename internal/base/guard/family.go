//go:build unix

package guard

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/zklab/zklab/internal/base/procgroup"
)

// betweenLooks is the time between two searches for remaining processes. SIGCHLD reports the end of an
// adopted process earlier.
const betweenLooks = 100 * time.Millisecond

// family is a program with all processes that it has started.
type family struct {
	program int // its process, and its group
	say     func(format string, args ...any)
	refused map[int]bool // processes that may not be signalled; say has named each
	blind   bool         // say was told that remaining processes cannot be seen
}

func newFamily(program int, say func(string, ...any)) *family {
	return &family{program: program, say: say, refused: map[int]bool{}}
}

// left returns the processes that have not ended, or none if the system cannot tell.
func (f *family) left() []procgroup.Process {
	left, err := procgroup.Left(f.program)
	if err != nil && !f.blind {
		f.blind = true
		f.say("cannot see what the program has started: %s", err)
	}
	return left
}

// signal sends a signal to processes and returns how many this process may signal. It names each of the
// others once.
func (f *family) signal(s syscall.Signal, to []procgroup.Process) (sent int) {
	for _, p := range to {
		switch err := p.Signal(s); {
		case err == nil:
			sent++
		case !f.refused[p.PID]:
			f.refused[p.PID] = true
			f.say("cannot send %q to %s, which the program has started: %s", s, p, err)
		}
	}
	return sent
}

// signalGroup sends a signal to the program's group. Call it only before the program has been waited
// for.
func (f *family) signalGroup(s syscall.Signal) {
	if err := syscall.Kill(-f.program, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		f.say("cannot send %q to the program: %s", s, err)
	}
}

// outside returns the processes that are not in the program's group.
func (f *family) outside(all []procgroup.Process) (out []procgroup.Process) {
	for _, p := range all {
		if p.Group != f.program {
			out = append(out, p)
		}
	}
	return out
}

// await returns the next child that has ended or was stopped, or 0 if there is none at present; it does
// not block. none reports whether there are no children.
func await() (pid int, status syscall.WaitStatus, none bool) {
	for {
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG|syscall.WUNTRACED, nil)
		if err != syscall.EINTR {
			return max(pid, 0), status, err != nil
		}
	}
}

// killAll kills the program and what it has started, once the guardian has ended. It returns when
// nothing is left that can be killed.
func (f *family) killAll() {
	for {
		left := f.left()
		for {
			if pid, _, _ := await(); pid == 0 {
				break
			}
		}
		if f.signal(syscall.SIGKILL, left) == 0 {
			return
		}
		time.Sleep(betweenLooks / 10)
	}
}

// names lists the processes in a sentence.
func names(all []procgroup.Process) string {
	var text []string
	for _, p := range all {
		text = append(text, p.String())
	}
	const most = 5
	if len(text) > most {
		text = append(text[:most], fmt.Sprintf("%d more", len(all)-most))
	}
	return strings.Join(text, ", ")
}
