package sweep

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/zklab/zklab/checker"
)

// Runner runs one seed and returns its line. It leaves a run that failed ([Line.Failed]) in the
// task's folder, which did not exist before, and no folder for any other run. An error means that
// there was no run. If ctx ends, the run ends early and counts as not begun.
type Runner func(ctx context.Context, t Task) (Line, error)

// Task is one seed to run.
type Task struct {
	Seed   int64  `json:"seed"`
	Folder string `json:"folder"`
}

// Config says how to run a sweep. A zero field means no bound.
type Config struct {
	// Each of the Runners runs one seed at a time, so there are as many concurrent runs.
	Runners []Runner
	// For is how long new seeds begin.
	For time.Duration
	// Violations is how many runs with a violation end the sweep, those of earlier sessions
	// included.
	Violations int
	// Once Interrupt is closed, runs under way finish and no others begin.
	Interrupt <-chan struct{}
	// Grace is how long runs may go on after the end of the sweep; the default is 30 s.
	Grace time.Duration
	// Progress is called a few times per second, by one goroutine, with the progress of the sweep.
	Progress func(Progress)
}

// Progress describes how far a sweep has come.
type Progress struct {
	Done, Seeds int64
	Violations  int // runs
	Undecided   int
	Errors      int
	Causes      int
	PerSecond   float64       // runs, in this session
	Virtual     float64       // seconds of the runs' own clocks a second
	Left        time.Duration // estimated; 0: not known yet
}

const (
	usualGrace    = 30 * time.Second
	progressEvery = 200 * time.Millisecond
	// mostErrors is the number of runs in a row that cannot be performed after which the sweep gives
	// up: the seeds are then not the reason.
	mostErrors = 5
)

// Run runs the seeds of a journal that have no line yet, and returns why it ended. It also writes the
// reason into the journal. If ctx ends, it returns the error of ctx. Any other error means that the
// journal could not be written, or that no run could be performed; the journal then has no lines for
// these runs.
func Run(ctx context.Context, l *Journal, c Config) (End, error) {
	if len(c.Runners) == 0 {
		return "", errors.New("a sweep needs somebody who runs it")
	}
	r := &running{
		Journal: l, Config: c, began: time.Now(), tasks: make(chan Task), results: make(chan taskResult), stop: make(chan struct{}),
		before: l.Tally.seen.n, virtual: l.Tally.virtual,
	}
	end, err := r.run(ctx)
	if err != nil {
		return "", err
	}
	if ctx.Err() != nil { // other processes still need the archive: systems signal every process of a job
		return "", errors.Join(context.Cause(ctx), l.End(Interrupted))
	}
	return end, l.End(end)
}

// running is a sweep under way.
type running struct {
	*Journal
	Config
	began   time.Time
	tasks   chan Task
	results chan taskResult
	stop    chan struct{} // closed when nothing more is to begin
	stopped bool
	before  int64 // lines of earlier sessions, and their virtual time
	virtual time.Duration
	held    []Line // lines of runs that could not be performed, held until another run succeeds
}

// taskResult is the result of a task.
type taskResult struct {
	task Task
	line Line
	err  error
	cut  bool // the run was cut off before its end
}

func (r *running) run(ctx context.Context) (End, error) {
	runs, cancel := context.WithCancel(ctx)
	defer cancel()
	var workers sync.WaitGroup
	for _, runner := range r.Runners {
		workers.Go(func() { r.work(runs, runner) })
	}
	go r.deal()
	go func() {
		workers.Wait()
		close(r.results)
	}()
	end, err := r.collect(ctx, cancel)
	if err == nil && end == AllSeeds {
		err = r.believe()
	}
	return end, err
}

// believe writes, at the end of the sweep, the lines of runs that could not be performed, unless no run
// ever succeeded.
func (r *running) believe() error {
	if n := len(r.held); n > 0 && len(r.Tally.verdicts) == 0 {
		return fmt.Errorf("no run succeeded; the last one, of seed %d: %s", r.held[n-1].Seed, r.held[n-1].Error)
	}
	return r.release()
}

// deal hands out the seeds that have no line.
func (r *running) deal() {
	defer close(r.tasks)
	d := r.Tally.Description
	done := r.Tally.seen.copy() // a copy, since lines of dealt seeds are added meanwhile
	for seed := range d.Seeds.of(d.Shard) {
		if done.has(seed) {
			continue
		}
		select {
		case r.tasks <- Task{seed, r.Folder(seed)}:
		case <-r.stop:
			return
		}
	}
}

// work runs tasks until there are no more.
func (r *running) work(ctx context.Context, run Runner) {
	for t := range r.tasks {
		began := time.Now()
		line, err := run(ctx, t)
		line.Seed = t.Seed
		if line.WallMS == 0 {
			line.WallMS = time.Since(began).Milliseconds()
		}
		r.results <- taskResult{task: t, line: line, err: err, cut: err != nil && ctx.Err() != nil}
	}
}

// collect writes lines until nothing is under way any more.
func (r *running) collect(ctx context.Context, cancel context.CancelFunc) (end End, err error) {
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	over := after(r.For)
	interrupt := r.Interrupt
	var late <-chan time.Time
	finish := func(why End) {
		if end == "" {
			end = why
			late = time.After(cmp.Or(r.Grace, usualGrace))
			r.end()
		}
	}
	for {
		select {
		case <-ticker.C:
			r.tell()
		case <-over:
			finish(TimeIsUp)
		case <-interrupt:
			interrupt = nil
			finish(Interrupted)
		case <-ctx.Done():
			finish(Interrupted)
			ctx = context.Background()
		case <-late:
			cancel()
		case res, more := <-r.results:
			if !more {
				r.tell()
				return cmp.Or(end, AllSeeds), err
			}
			if failed := r.take(res); failed != nil && err == nil {
				err = failed
				finish(Interrupted)
				cancel()
			}
			if r.Violations > 0 && r.Tally.verdicts[checker.Violation] >= r.Violations {
				finish(Enough)
			}
		}
	}
}

// after returns a channel that receives when d has passed; never if d is 0.
func after(d time.Duration) <-chan time.Time {
	if d == 0 {
		return nil
	}
	return time.After(d)
}

// end makes sure that no more tasks begin.
func (r *running) end() {
	if !r.stopped {
		r.stopped = true
		close(r.stop)
	}
}

// take writes a line. It holds back the lines of runs that could not be performed until a run
// succeeds: if none ever does, the seeds are not the reason.
func (r *running) take(res taskResult) error {
	if res.cut {
		return os.RemoveAll(res.task.Folder)
	}
	if res.err != nil {
		res.line = Line{Seed: res.task.Seed, WallMS: res.line.WallMS, Error: res.err.Error()}
		r.held = append(r.held, res.line)
		if len(r.held) >= mostErrors {
			return fmt.Errorf("%d runs in a row could not be run; the last one, of seed %d: %w", len(r.held), res.task.Seed, res.err)
		}
		return nil
	}
	if err := r.Write(res.line); err != nil {
		return err
	}
	return r.release()
}

// release writes the lines that were held back.
func (r *running) release() error {
	for _, l := range r.held {
		if err := r.Write(l); err != nil {
			return err
		}
	}
	r.held = nil
	return nil
}

func (r *running) tell() {
	if r.Progress == nil {
		return
	}
	t, d := r.Tally, r.Tally.Description
	p := Progress{
		Done: t.seen.n, Seeds: d.Shard.Seeds(d.Seeds), Causes: t.deciding,
		Violations: t.verdicts[checker.Violation], Undecided: t.verdicts[checker.Unknown], Errors: t.failed,
	}
	elapsed := time.Since(r.began)
	if n := p.Done - r.before; n > 0 {
		p.PerSecond = float64(n) / elapsed.Seconds()
		p.Virtual = (t.virtual - r.virtual).Seconds() / elapsed.Seconds()
		left := float64(p.Seeds-p.Done) / p.PerSecond // for a sweep without an end, a Duration would overflow
		p.Left = time.Duration(min(left, 1e9) * float64(time.Second))
	}
	if r.For > 0 && (p.Left == 0 || r.For-elapsed < p.Left) {
		p.Left = max(0, r.For-elapsed)
	}
	r.Progress(p)
}
