package sweep

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/zklab/zklab/internal/procgroup"
)

// worker.go runs seeds in another process, which is reused for many: one JSON object a line
// each way, a Task to it and an answer from it. A worker whose input ends stops what it runs
// and ends, so that none outlives the process that started it.

// answer is what a worker says of a task.
type answer struct {
	Line  *Line  `json:"line,omitempty"`
	Error string `json:"error,omitempty"` // there was no run
}

// WorkerConfig is how workers are started.
type WorkerConfig struct {
	Command []string // the program with its arguments, which calls [ServeWorker]
	Env     []string // beside this process's own
	Stderr  io.Writer
	// Patience is how long a worker may take to end when it is asked to: 10 s.
	Patience time.Duration
}

// Worker is another process that runs seeds, or the one after it: one that dies is started
// again. Use it from one goroutine at a time.
type Worker struct {
	cfg  WorkerConfig
	life *workerLife // nil: none runs
}

// workerLife is one process.
type workerLife struct {
	group  *procgroup.Group
	stdin  *os.File
	stdout *os.File
	lines  *bufio.Reader
}

// NewWorker is a worker, whose process begins with the first seed. Close it in the end.
func NewWorker(cfg WorkerConfig) *Worker {
	if cfg.Patience == 0 {
		cfg.Patience = 10 * time.Second
	}
	return &Worker{cfg: cfg}
}

// errDied says that a worker's process ended, or did not keep to the protocol.
var errDied = errors.New("the process that ran it ended")

// Run is a [Runner]. If the process dies, the seed is run once more in another one; if that
// dies, too, it is the seed's, and the line says so.
func (w *Worker) Run(ctx context.Context, t Task) (Line, error) {
	line, err := w.try(ctx, t)
	if !errors.Is(err, errDied) || ctx.Err() != nil {
		return line, err
	}
	if err := os.RemoveAll(t.Folder); err != nil {
		return line, err
	}
	line, err = w.try(ctx, t)
	if errors.Is(err, errDied) && ctx.Err() == nil {
		return Line{Seed: t.Seed, Error: "twice " + err.Error()}, nil
	}
	return line, err
}

func (w *Worker) try(ctx context.Context, t Task) (Line, error) {
	if ctx.Err() != nil {
		return Line{}, context.Cause(ctx)
	}
	if w.life == nil {
		life, err := w.start()
		if err != nil {
			return Line{}, err
		}
		w.life = life
	}
	life := w.life
	done := context.AfterFunc(ctx, func() { life.stdin.Close() }) // it then stops
	a, err := life.ask(t)
	if !done() || err != nil {
		state := w.end()
		if ctx.Err() != nil {
			return Line{}, context.Cause(ctx)
		}
		return Line{}, fmt.Errorf("%w: %s (%w)", errDied, state, err)
	}
	if a.Line == nil {
		return Line{}, errors.New(a.Error)
	}
	return *a.Line, nil
}

func (w *Worker) start() (*workerLife, error) {
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
	cmd := exec.Command(w.cfg.Command[0], w.cfg.Command[1:]...)
	cmd.Env = append(os.Environ(), w.cfg.Env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs, output, w.cfg.Stderr
	group, err := procgroup.Start(cmd)
	if err != nil {
		stdin.Close()
		stdout.Close()
		return nil, fmt.Errorf("start a worker: %w", err)
	}
	return &workerLife{group: group, stdin: stdin, stdout: stdout, lines: bufio.NewReader(stdout)}, nil
}

func (l *workerLife) ask(t Task) (a answer, err error) {
	b, err := json.Marshal(t)
	if err != nil {
		return a, err
	}
	if _, err := l.stdin.Write(append(b, '\n')); err != nil {
		return a, err
	}
	b, err = l.lines.ReadBytes('\n')
	if err != nil {
		return a, err
	}
	err = json.Unmarshal(b, &a)
	if err == nil && (a.Line == nil) == (a.Error == "") {
		err = fmt.Errorf("it said %.80q", b)
	}
	return a, err
}

// end ends the process, by force if it takes longer than it may, and tells how it ended.
func (w *Worker) end() string {
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

// Close ends the process.
func (w *Worker) Close() {
	if w.life != nil {
		w.end()
	}
}

// ServeWorker is what a worker's process does: it runs the tasks that come in, one after the
// other. At the end of r the run under way is stopped; it has patience to obey, and then
// giveUp is called, which ends the process.
func ServeWorker(ctx context.Context, r io.Reader, w io.Writer, run Runner, patience time.Duration, giveUp func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	tasks := make(chan Task)
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
		line, err := run(ctx, t)
		if ctx.Err() != nil {
			break // nobody is there to be told
		}
		a := answer{Line: &line}
		if err != nil {
			a = answer{Error: err.Error()}
		}
		b, err := json.Marshal(a)
		if err != nil {
			return err
		}
		if _, err := w.Write(append(b, '\n')); err != nil {
			return err
		}
	}
	return unread
}

func readTasks(r io.Reader, tasks chan<- Task, over <-chan struct{}) error {
	for d := json.NewDecoder(r); ; {
		var t Task
		if err := d.Decode(&t); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("a worker is for a sweep alone, which talks with it: %w", err)
		}
		select {
		case tasks <- t:
		case <-over:
			return nil
		}
	}
}
