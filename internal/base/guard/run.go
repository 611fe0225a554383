//go:build unix

package guard

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/zklab/zklab/internal/base/procgroup"
)

// run is a running program, seen from the process that holds something while it runs.
type run struct {
	Config
	guardian *exec.Cmd
	orders   *json.Encoder
	program  int // its process
	stopping bool
}

// Run runs the program, and returns when the program and everything that it has started have ended.
// hold closes when the hold is lost, and can be nil. The program gets the signals from signals, which
// the caller fills with those of [Signals].
//
// In a terminal the program can read what is typed, and Ctrl-C goes to it. If it is stopped (Ctrl-Z),
// this process stops, too, as one job, until the shell continues both.
//
// An error means that the guardian could not be started, or was killed.
func Run(cfg Config, hold <-chan struct{}, signals <-chan os.Signal) (Outcome, error) {
	r := &run{Config: cfg}
	_ = procgroup.Adopt() // in case the guardian ends first
	orders, reports, err := r.start()
	if err != nil {
		return Outcome{}, fmt.Errorf("start the process that guards the program: %w", err)
	}
	defer orders.Close()
	defer reports.Close()
	signal.Ignore(syscall.SIGTTOU) // which would stop this process when it prints without having the terminal
	job := make(chan os.Signal, 4)
	notify(job, syscall.SIGTSTP)
	signal.Notify(job, syscall.SIGCONT)
	defer signal.Stop(job)
	beat := time.NewTicker(max(cfg.Lease/8, time.Millisecond))
	defer beat.Stop()
	told := readReports(reports)
	var o *Outcome
	for {
		select {
		case t, ok := <-told:
			if !ok {
				return r.end(o)
			}
			if t.Outcome != nil {
				o = t.Outcome
			}
			r.hear(t)
		case s := <-signals:
			r.send(order{Signal: s.(syscall.Signal)})
		case s := <-job:
			r.control(s)
		case <-hold:
			hold = nil
			r.send(order{Lost: true})
		case <-beat.C:
			if cfg.Lease != 0 && hold != nil && !closed(hold) {
				r.send(order{HeldAt: now()})
			}
		}
	}
}

// start starts the guardian in a group of its own, so that signals to this process's group do not end it.
func (r *run) start() (orders, reports *os.File, err error) {
	self, err := executable()
	if err != nil {
		return nil, nil, err
	}
	theirOrders, orders, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer theirOrders.Close()
	reports, theirReports, err := os.Pipe()
	if err != nil {
		orders.Close()
		return nil, nil, err
	}
	defer theirReports.Close()
	cmd := &exec.Cmd{
		Path: self, Args: append(append([]string{os.Args[0]}, r.Guardian...), r.Command...),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Env: append(os.Environ(), r.Env...), ExtraFiles: []*os.File{theirOrders, theirReports},
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
	}
	r.guardian, r.orders = cmd, json.NewEncoder(orders)
	if err = cmd.Start(); err == nil {
		onLost, _ := r.OnLost.(syscall.Signal)
		err = r.orders.Encode(settings{Grace: r.Grace, OnLost: onLost, Lease: r.Lease, Job: unix.Getpgrp()})
	}
	if err != nil {
		orders.Close()
		reports.Close()
	}
	return orders, reports, err
}

func (r *run) send(o order) { _ = r.orders.Encode(o) } // if it fails, the pipe of the reports is broken as well

func readReports(from *os.File) <-chan report {
	reports := make(chan report)
	go func() {
		defer close(reports)
		in := json.NewDecoder(from)
		for {
			var r report
			if err := in.Decode(&r); err != nil {
				return
			}
			reports <- r
		}
	}()
	return reports
}

func (r *run) hear(t report) {
	switch {
	case t.Started != 0:
		r.program = t.Started
	case t.Stopped != nil:
		r.suspend(t.Stopped.Alone)
	case t.Interrupt != 0:
		// Without its own group for the program, Ctrl-C would have interrupted the script that this
		// process is part of.
		_ = syscall.Kill(0, t.Interrupt)
	}
}

// suspend stops this process with the program. alone means that the rest of the job has to be stopped,
// too. If no shell can continue the job, the program goes on.
func (r *run) suspend(alone bool) {
	session, _ := unix.Getsid(0)
	switch {
	case session == unix.Getpgrp():
		r.send(order{Continue: true})
	case alone:
		r.stopping = true
		_ = syscall.Kill(0, syscall.SIGTSTP) // this process also gets it
	default:
		r.stop()
	}
}

// control is called for a signal of job control.
func (r *run) control(s os.Signal) {
	switch {
	case s == syscall.SIGCONT:
		r.send(order{Continue: true})
	case r.stopping:
		r.stopping = false
		r.stop()
	default:
		r.send(order{Signal: syscall.SIGTSTP}) // this process is stopped when the program is
	}
}

// stop stops this process. The shell sees that, and continues it with SIGCONT.
func (r *run) stop() { _ = syscall.Kill(syscall.Getpid(), syscall.SIGSTOP) }

// end waits until the guardian has ended, and returns the outcome. If o is nil, the guardian was
// killed.
func (r *run) end(o *Outcome) (Outcome, error) {
	err := r.guardian.Wait()
	if o != nil {
		return *o, nil
	}
	newFamily(r.program, r.Say).killAll()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return Outcome{}, err
	}
	return Outcome{}, fmt.Errorf("the process that guards the program has ended (%s), so the program was killed", r.guardian.ProcessState)
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
