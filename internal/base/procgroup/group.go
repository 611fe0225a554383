// Package procgroup runs a program together with everything that it starts, as one process group, and
// ends, stops and continues all of it at once. Processes of a group that remain when its program ends
// are killed; if the system supports it, the program is killed when this process ends. It does not know
// what the program does, and does not use its streams.
package procgroup

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"sync"
)

// ErrGone means that a program has ended.
var ErrGone = errors.New("it has ended")

// Group is a program that was started, with all that it starts. Its methods are safe for
// concurrent use.
type Group struct {
	pid   int // the program's, and the group's
	ended chan struct{}
	state string // how it ended; read it after ended

	mu   sync.Mutex
	gone bool // the pid may belong to another process
}

// Start starts a program, whose SysProcAttr must be nil, in a group of its own. Only the group may wait
// for it.
func Start(cmd *exec.Cmd) (*Group, error) {
	g := &Group{ended: make(chan struct{})}
	ownGroup(cmd)
	started := make(chan error)
	go g.run(cmd, started)
	return g, <-started
}

// run starts the program and waits for its end, on one thread: Linux ends the program when the thread
// that started it ends (prctl(2), PR_SET_PDEATHSIG), which must happen when this process ends, not when
// Go has no more use for a thread.
func (g *Group) run(cmd *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		started <- err
		return
	}
	g.pid = cmd.Process.Pid
	started <- nil
	awaitExit(g.pid)
	g.mu.Lock()
	_ = killGroup(g.pid) // what the program started ends with it
	g.gone = true
	g.mu.Unlock()
	if err := cmd.Wait(); err == nil {
		g.state = "exit status 0"
	} else {
		g.state = err.Error()
	}
	until(func() bool { return Gone(g.pid) })
	close(g.ended)
}

// PID returns the process id of the program, and of its group.
func (g *Group) PID() int { return g.pid }

// Ended returns a channel that is closed when the program has ended and nothing of the group is left.
func (g *Group) Ended() <-chan struct{} { return g.ended }

// State returns how the program ended, once Ended is closed: "exit status 1", "signal: killed".
func (g *Group) State() string { return g.state }

// Freeze stops the group (SIGSTOP) and returns when all of it is stopped.
func (g *Group) Freeze() error {
	if err := g.signal(stopGroup); err != nil {
		return err
	}
	var stopped bool
	var err error
	until(func() bool {
		stopped, err = g.Frozen()
		return stopped || err != nil || g.IsGone()
	})
	switch {
	case err != nil:
		return err
	case g.IsGone():
		return ErrGone
	case !stopped:
		return fmt.Errorf("process group %d goes on %s after SIGSTOP", g.pid, takesEffect)
	}
	return nil
}

// Thaw lets the group go on (SIGCONT).
func (g *Group) Thaw() error { return g.signal(continueGroup) }

// Kill ends the group (SIGKILL), stopped or not; Ended is closed soon after. If the group has already
// ended, Kill returns nil.
func (g *Group) Kill() error {
	if err := g.signal(killGroup); !errors.Is(err, ErrGone) {
		return err
	}
	return nil
}

func (g *Group) signal(send func(pgid int) error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.gone {
		return ErrGone
	}
	return send(g.pid)
}

// IsGone reports whether the program has ended.
func (g *Group) IsGone() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.gone
}

// Frozen asks the system whether all of the group is stopped.
func (g *Group) Frozen() (bool, error) {
	if g.IsGone() {
		return false, nil
	}
	return Stopped(g.pid)
}

// Stopped asks the system whether every thread of a process group is stopped.
func Stopped(pgid int) (bool, error) { return groupStopped(pgid) }

// Gone asks the system whether nothing of a process group is left.
func Gone(pgid int) bool { return groupGone(pgid) }

// Members returns, for people, the states of the remaining processes of a group.
func Members(pgid int) string {
	all, err := members(pgid)
	return fmt.Sprint(all, err)
}

// Kill kills all processes of a group that was not started here.
func Kill(pgid int) { _ = killGroup(pgid) }
