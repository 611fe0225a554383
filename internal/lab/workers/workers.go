// Package workers runs tasks in other processes, each of which is reused for many: tasks and
// answers are JSON objects, one per line. A worker whose input ends stops its task and ends, so
// that none outlives the process that started it. The package must not know what the tasks are.
package workers

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/zklab/zklab/internal/base/procgroup"
)

// Config is how workers are started.
type Config struct {
	Command []string // the program with its arguments, which calls [Serve]
	Env     []string // beside this process's own
	Stderr  io.Writer
	// Patience is how long a worker may take to end when it is asked to; the default is 10 s.
	Patience time.Duration
}

// Worker is another process that performs tasks T with answers A. If the process dies, the next
// task starts another one. Use it from one goroutine at a time.
type Worker[T, A any] struct {
	cfg  Config
	life *life // nil: none runs
}

// life is one process.
type life struct {
	group  *procgroup.Group
	stdin  *os.File
	stdout *os.File
	lines  *bufio.Reader
}

// said is a worker's answer about a task.
type said[A any] struct {
	Answer *A     `json:"answer,omitempty"`
	Error  string `json:"error,omitempty"` // there is no answer
}

// New returns a worker. Its process starts with the first task. The caller must close it.
func New[T, A any](cfg Config) *Worker[T, A] {
	cfg.Patience = cmp.Or(cfg.Patience, 10*time.Second)
	return &Worker[T, A]{cfg: cfg}
}

// ErrDied means that a worker's process ended, or did not keep to the protocol.
var ErrDied = errors.New("the process that ran it ended")

// Do lets the process perform a task. It returns the task's own error, the error of ctx, or an
// error that wraps [ErrDied].
func (w *Worker[T, A]) Do(ctx context.Context, task T) (answer A, err error) {
	if ctx.Err() != nil {
		return answer, context.Cause(ctx)
	}
	if w.life == nil {
		if w.life, err = start(w.cfg); err != nil {
			return answer, err
		}
	}
	life := w.life
	done := context.AfterFunc(ctx, func() { life.stdin.Close() }) // it then stops
	s, err := ask[T, A](life, task)
	if !done() || err != nil {
		state := w.end()
		if ctx.Err() != nil {
			return answer, context.Cause(ctx)
		}
		return answer, fmt.Errorf("%w: %s (%w)", ErrDied, state, err)
	}
	if s.Answer == nil {
		return answer, errors.New(s.Error)
	}
	return *s.Answer, nil
}

func start(cfg Config) (*life, error) {
	theirs, stdin, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	stdout, output, err := os.Pipe()
	if err != nil {
		stdin.Close()
		return nil, err
	}
	defer output.Close()
	cmd := exec.Command(cfg.Command[0], cfg.Command[1:]...)
	cmd.Env = append(os.Environ(), cfg.Env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs, output, cfg.Stderr
	group, err := procgroup.Start(cmd)
	if err != nil {
		stdin.Close()
		stdout.Close()
		return nil, fmt.Errorf("start a worker: %w", err)
	}
	return &life{group: group, stdin: stdin, stdout: stdout, lines: bufio.NewReader(stdout)}, nil
}

func ask[T, A any](l *life, task T) (s said[A], err error) {
	b, err := json.Marshal(task)
	if err != nil {
		return s, err
	}
	if _, err := l.stdin.Write(append(b, '\n')); err != nil {
		return s, err
	}
	b, err = l.lines.ReadBytes('\n')
	if err != nil {
		return s, err
	}
	err = json.Unmarshal(b, &s)
	if err == nil && (s.Answer == nil) == (s.Error == "") {
		err = fmt.Errorf("it said %.80q", b)
	}
	return s, err
}

// end ends the process, by force if it takes longer than it may, and returns how it ended, in
// words.
func (w *Worker[T, A]) end() string {
	l := w.life
	w.life = nil
	l.stdin.Close()
	select {
	case <-l.group.Ended():
	case <-time.After(w.cfg.Patience):
		_ = l.group.Kill()
		<-l.group.Ended()
	}
	l.stdout.Close()
	return l.group.State()
}

// PID returns the process's id; 0 if there is none.
func (w *Worker[T, A]) PID() int {
	if w.life == nil {
		return 0
	}
	return w.life.group.PID()
}

// Close ends the process.
func (w *Worker[T, A]) Close() {
	if w.life != nil {
		w.end()
	}
}

// Serve runs in a worker's process: it performs the tasks that it reads, one after the other. At
// the end of r, it stops the task under way. If that does not return within patience, it calls
// giveUp, which ends the process.
func Serve[T, A any](ctx context.Context, r io.Reader, w io.Writer, do func(context.Context, T) (A, error), patience time.Duration, giveUp func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	tasks := make(chan T)
	over := make(chan struct{})
	defer close(over)
	var unread error
	go func() {
		unread = readTasks(r, tasks, over)
		cancel()
		close(tasks)
		select {
		case <-over:
		case <-time.After(patience):
			giveUp()
		}
	}()
	for t := range tasks {
		answer, err := do(ctx, t)
		if ctx.Err() != nil {
			break // the other process has gone
		}
		s := said[A]{Answer: &answer}
		if err != nil {
			s = said[A]{Error: err.Error()}
		}
		b, err := json.Marshal(s)
		if err != nil {
			return err
		}
		if _, err := w.Write(append(b, '\n')); err != nil {
			return err
		}
	}
	return unread
}

func readTasks[T any](r io.Reader, tasks chan<- T, over <-chan struct{}) error {
	for d := json.NewDecoder(r); ; {
		var t T
		if err := d.Decode(&t); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("only the command that starts a worker can use it: %w", err)
		}
		select {
		case tasks <- t:
		case <-over:
			return nil
		}
	}
}
