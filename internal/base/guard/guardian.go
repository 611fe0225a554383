//go:build unix

package guard

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/zklab/zklab/internal/base/procgroup"
)

// guardian is the process between the process that holds something and the program.
type guardian struct {
	settings
	*family
	tty     terminal
	reports *json.Encoder

	stage     stage
	ended     bool // the program has ended, and was waited for
	alone     bool // the process that gives orders is gone
	suspended bool // the program is stopped, as a job of a shell is
	hadTTY    bool // the program had the terminal when it was suspended
	outcome   Outcome
	interrupt syscall.Signal

	until instant          // the end of the lease, if there is one
	lease *time.Timer      // fires at until
	next  <-chan time.Time // fires when the next stage begins
	look  <-chan time.Time // fires when it is time to search for remaining processes
}

// stage is a stage on the way to the program's end.
type stage int

const (
	running   stage = iota
	leftAlone       // the program has ended by itself; the processes that it left may do the same
	named           // the remaining processes were named to the user
	asked           // the remaining processes were asked to end
	killed
)

// atOnce is the time in which a process ends that was about to end anyway, such as the last one of a
// pipeline. Such a process is not worth a message.
const atOnce = time.Second

// Serve is the main function of the guardian's process: it runs the program, and returns when nothing
// of the program is left.
func Serve(command []string, say func(format string, args ...any)) error {
	// The kernel kills the program when the thread that started it ends (PR_SET_PDEATHSIG).
	runtime.LockOSThread()
	syscall.CloseOnExec(ordersDescriptor)
	syscall.CloseOnExec(reportsDescriptor)
	in := json.NewDecoder(os.NewFile(ordersDescriptor, "orders"))
	g := &guardian{tty: openTerminal(), reports: json.NewEncoder(os.NewFile(reportsDescriptor, "reports"))}
	if err := in.Decode(&g.settings); err != nil {
		return fmt.Errorf("this command is for zklab itself, to run a program: use lock, elect or register (%w)", err)
	}
	rename()
	_ = procgroup.Adopt() // does nothing on systems without it
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	// Signals that a user sends to all processes of this name must not end the guardian: the process
	// that gives orders passes them on. Notify, unlike Ignore, leaves the program the default action of
	// each signal, including SIGPIPE.
	notify(make(chan os.Signal, 1), append(Signals(), syscall.SIGTSTP)...)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	say, said := behind(say)
	defer said()
	if err := g.start(command, say); err != nil {
		g.outcome = notStarted(err)
	} else {
		g.run(readOrders(in), children)
	}
	g.send(report{Outcome: &g.outcome, Interrupt: g.interrupt})
	return nil
}

// start starts the program, in the background unless it is to have the terminal.
func (g *guardian) start(command []string, say func(string, ...any)) error {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = programAttributes()
	if g.tty.has(g.Job) && term.IsTerminal(syscall.Stdin) && term.IsTerminal(syscall.Stdout) {
		cmd.SysProcAttr.Foreground, cmd.SysProcAttr.Ctty = true, g.tty.fd
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	g.family = newFamily(cmd.Process.Pid, say)
	_ = cmd.Process.Release()      // reap waits for it
	signal.Ignore(syscall.SIGTTOU) // which would stop a guardian that gives the terminal to others, or prints
	g.send(report{Started: g.program})
	return nil
}

func (g *guardian) send(r report) { _ = g.reports.Encode(r) } // if it fails, the pipe of the orders is broken as well

func readOrders(in *json.Decoder) <-chan order {
	orders := make(chan order)
	go func() {
		defer close(orders)
		for {
			var o order
			if err := in.Decode(&o); err != nil {
				return
			}
			orders <- o
		}
	}()
	return orders
}

// run returns when the program and all that it has started have ended.
func (g *guardian) run(orders <-chan order, children <-chan os.Signal) {
	g.lease = time.NewTimer(g.Lease)
	g.renew(now())
	for {
		select {
		case o, ok := <-orders:
			if !ok {
				orders, g.alone = nil, true
				g.kill()
				break
			}
			g.obey(o)
		case <-children:
		case <-g.lease.C:
			g.loseByLease()
		case <-g.next:
			g.proceed()
		case <-g.look:
		}
		if g.nothingLeft() {
			return
		}
	}
}

func (g *guardian) obey(o order) {
	switch {
	case o.Signal != 0:
		g.pass(o.Signal)
	case o.Lost:
		g.lose("the lock is lost")
	case o.Continue:
		g.goOn()
	case o.HeldAt != 0:
		g.renew(o.HeldAt)
	}
}

// renew restarts the lease at a time.
func (g *guardian) renew(at instant) {
	if g.Lease == 0 || g.outcome.Lost {
		g.lease.Stop()
		return
	}
	g.until = at + instant(g.Lease)
	g.lease.Reset(time.Duration(g.until - now()))
}

func (g *guardian) loseByLease() {
	g.lose(fmt.Sprintf("zklab has stood still for %s, so the lock may be lost", g.Lease.Round(time.Millisecond)))
}

// pass sends a signal to the program.
func (g *guardian) pass(s syscall.Signal) {
	switch {
	case !g.ended:
		g.signalGroup(s)
	case s != syscall.SIGTSTP:
		g.signal(s, g.left())
	}
	if endsAfterGrace(s) {
		g.expectEnd()
	}
}

// lose asks the program to end because the hold is lost.
func (g *guardian) lose(why string) {
	if g.outcome.Lost {
		return
	}
	g.outcome.Lost = true
	g.say("%s: sending %q to the program", why, g.OnLost)
	g.pass(g.OnLost)
	g.expectEnd()
}

// expectEnd starts the grace period, after which remaining processes are killed. It continues stopped
// processes, so that they can end.
func (g *guardian) expectEnd() {
	if g.stage >= asked {
		return
	}
	g.enter(asked)
	if !g.ended {
		g.signalGroup(syscall.SIGCONT)
	}
}

func (g *guardian) enter(s stage) { g.lasts(s, g.Grace) }

func (g *guardian) lasts(s stage, d time.Duration) { g.stage, g.next = s, time.After(d) }

// proceed enters the next stage when the time of the present one is over.
func (g *guardian) proceed() {
	left := g.left()
	switch {
	case g.stage == leftAlone:
		g.say("the program has ended, but not what it has started: %s", names(left))
		g.enter(named)
		return
	case g.stage == named:
		g.terminate(left)
		g.enter(asked)
		return
	case g.ended:
		g.say("%s did not end within %s: killing what is left of the program", names(left), g.Grace)
	default:
		g.say("the program did not end within %s: killing it", g.Grace)
	}
	g.kill()
}

// terminate asks processes to end. Stopped ones are continued, so that they can end.
func (g *guardian) terminate(all []procgroup.Process) {
	g.signal(syscall.SIGTERM, all)
	g.signal(syscall.SIGCONT, all)
}

// kill kills everything.
func (g *guardian) kill() {
	g.stage, g.next = killed, nil
	if !g.ended {
		g.signalGroup(syscall.SIGKILL)
	}
}

// nothingLeft waits for processes that have ended, kills what has to be killed, and reports whether
// everything has ended.
func (g *guardian) nothingLeft() bool {
	none := g.reap()
	if !g.ended && g.stage != killed {
		return false
	}
	left := g.left()
	if g.ended && none && len(left) == 0 {
		return true
	}
	if g.stage == killed && g.signal(syscall.SIGKILL, left) == 0 && len(left) > 0 && g.alone {
		return true // the rest cannot be killed, and no process waits for its end
	}
	g.look = time.After(betweenLooks)
	return false
}

// reap waits for all processes that have ended, and reports whether there are no others.
func (g *guardian) reap() (none bool) {
	for {
		pid, status, none := await()
		switch {
		case pid == 0:
			return none
		case pid != g.program || g.ended: // an adopted process
		case status.Stopped():
			g.stopped(status.StopSignal())
		default:
			g.end(status)
		}
	}
}

// end is called when the program has ended, although processes that it started may not have.
func (g *guardian) end(status syscall.WaitStatus) {
	g.ended = true
	g.outcome.Code = status.ExitStatus()
	if status.Signaled() {
		g.outcome.Code = signalled + int(status.Signal())
	}
	if g.tty.has(g.program) {
		if s := status.Signal(); status.Signaled() && (s == syscall.SIGINT || s == syscall.SIGQUIT) {
			g.interrupt = s
		}
		_ = g.tty.give(g.Job)
	}
	switch g.stage {
	case running:
		g.lasts(leftAlone, atOnce)
	case asked: // only the program's group was asked
		g.terminate(g.outside(g.left()))
	}
}

// stopped is called when the program was stopped. A program that a user stops at the terminal, or that wants
// the terminal while another job has it, counts as a stopped job of the shell, and the process that gives
// orders stops with it. A program that wants the terminal while its own job has it gets it.
func (g *guardian) stopped(by syscall.Signal) {
	has := g.tty.has(g.program)
	wants := by == syscall.SIGTTIN || by == syscall.SIGTTOU
	switch {
	case !g.tty.exists(), by == syscall.SIGSTOP && !has: // not by the terminal
	case wants && g.tty.has(g.Job) && g.tty.give(g.program) == nil:
		g.signalGroup(syscall.SIGCONT)
	case g.stage != running: // it is to end, and is killed if it does not
	default:
		g.suspended, g.hadTTY = true, has
		g.send(report{Stopped: &stopped{Alone: has}})
	}
}

// goOn continues the program if it was stopped with the job, unless the hold was lost meanwhile.
func (g *guardian) goOn() {
	if !g.suspended {
		return
	}
	g.suspended = false
	if g.Lease != 0 && now() >= g.until {
		g.loseByLease()
	}
	if g.hadTTY && g.tty.has(g.Job) {
		_ = g.tty.give(g.program)
	}
	if !g.ended {
		g.signalGroup(syscall.SIGCONT)
	}
}

// behind returns soon, which prints messages without waiting for a stopped terminal (Ctrl-S) or a slow
// reader. said waits until they are printed.
func behind(say func(string, ...any)) (soon func(string, ...any), said func()) {
	const most = 100 // more than there ever are
	messages, done := make(chan string, most), make(chan struct{})
	go func() {
		defer close(done)
		for m := range messages {
			say("%s", m)
		}
	}()
	soon = func(format string, args ...any) {
		select {
		case messages <- fmt.Sprintf(format, args...):
		default:
		}
	}
	return soon, func() { close(messages); <-done }
}

// rename gives this process another name, so that a signal to all processes called zklab ends those
// that hold something, and not the guardians, which then end the programs.
func rename() { _ = os.WriteFile("/proc/self/comm", []byte("zk-guardian"), 0) }
