package experiment

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/zklab/zklab/internal/base/atomicfile"
	"github.com/zklab/zklab/internal/lab/sweep"
)

// Sweep runs the experiment with the seed of a task as one run of a sweep, and returns its line. The
// run is judged even if some kinds of faults did not take effect. It leaves a folder with its report only
// if it failed.
func (x Experiment) Sweep(ctx context.Context, t sweep.Task, simulate bool) (sweep.Line, error) {
	x.Seed, x.AllowUnknown, x.OptionalFaults = t.Seed, true, true
	x.KeepMessages = true
	x.MinLoad = min(x.MinLoad, SweptLoad)
	if simulate {
		return x.simulatedSweepRun(ctx, t)
	}
	return x.realSweepRun(ctx, t)
}

// SweptLoad is the number of operations that a run needs before its first fault. It is low because
// the first fault comes soon, and because the other runs also show that the subject works.
const SweptLoad = 10

// simulatedSweepRun writes files only if the run failed.
func (x Experiment) simulatedSweepRun(ctx context.Context, t sweep.Task) (line sweep.Line, err error) {
	began := time.Now()
	x.Out = ""
	o, err := x.Simulate(ctx, nil)
	if err != nil {
		return line, err
	}
	line = sweep.Of(o.Result, o.History, o.Messages, time.Since(began))
	line.Record = o.Fingerprint()
	if !line.Failed() {
		return line, nil
	}
	place := t.Folder + ".part" // beside it, so that a folder with the final name is always complete
	defer func() { err = errors.Join(err, os.RemoveAll(place)) }()
	o.Replay, o.Made.MovedTo = x.command("replay", t.Folder), t.Folder
	if err := errors.Join(os.RemoveAll(place), o.Keep(place)); err != nil {
		return line, notKept(t, err)
	}
	return line, o.moveTo(t)
}

// notKept returns the error of a run that cannot be kept in its folder. It does not name the temporary folder
// of the run.
func notKept(t sweep.Task, err error) error {
	if why, ok := errors.AsType[syscall.Errno](err); ok {
		err = why
	}
	return fmt.Errorf("cannot keep the run in %s: %w", t.Folder, err)
}

// realSweepRun keeps the run's folder only if the run failed.
func (x Experiment) realSweepRun(ctx context.Context, t sweep.Task) (line sweep.Line, err error) {
	began := time.Now()
	place := t.Folder + ".part" // beside it, so that a folder with the final name is always complete
	defer func() { err = errors.Join(err, os.RemoveAll(place)) }()
	if err := os.RemoveAll(place); err != nil {
		return line, err
	}
	x.Out, x.Brief, x.MovedTo = place, true, t.Folder
	x.Replay = x.command("run", "--config", filepath.Join(t.Folder, "experiment.yaml"))
	outcome, err := x.Run(ctx)
	var path *fs.PathError
	if errors.As(err, &path) && strings.HasPrefix(path.Path, place) {
		err = notKept(t, err)
	}
	if err != nil {
		return line, err
	}
	line = sweep.Of(outcome.Result, outcome.History, outcome.Messages, time.Since(began))
	if line.Failed() {
		err = outcome.moveTo(t)
	}
	return line, err
}

// moveTo moves the folder of a run to the place that the task names, if it is complete.
func (o *Outcome) moveTo(t sweep.Task) error {
	if o.Unwritten != nil {
		return notKept(t, o.Unwritten)
	}
	return atomicfile.Rename(o.Run.Dir, t.Folder)
}
