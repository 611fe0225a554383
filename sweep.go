package zklab

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/zklab/zklab/internal/base/atomicfile"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/lab/sweep"
)

// sweepRun runs the experiment as one run of a sweep; see hooks.Sweep.
func (x Experiment) sweepRun(ctx context.Context, t sweep.Task, simulate bool) (sweep.Line, error) {
	x.Seed, x.AllowUnknown, x.OptionalFaults = t.Seed, true, true
	x.messages = true
	x.MinLoad = min(x.MinLoad, sweptLoad)
	if simulate {
		return x.simulatedSweepRun(ctx, t)
	}
	return x.realSweepRun(ctx, t)
}

// sweptLoad is the number of operations that a run needs before its first fault. It is low because
// the first fault comes soon, and because the other runs also show that the subject works.
const sweptLoad = 10

// simulatedSweepRun writes files only if the run failed.
func (x Experiment) simulatedSweepRun(ctx context.Context, t sweep.Task) (line sweep.Line, err error) {
	began := time.Now()
	x.Out = ""
	o, err := x.Simulate(ctx)
	if err != nil {
		return line, err
	}
	line = sweep.Of(o.Result, o.History, o.messages, time.Since(began))
	line.Record = fingerprint(o)
	if !line.Failed() {
		return line, nil
	}
	place := t.Folder + ".part" // beside it: a folder that is there is whole
	defer func() { err = errors.Join(err, os.RemoveAll(place)) }()
	o.replay = printable.Command("zklab", "replay", t.Folder)
	if err := errors.Join(os.RemoveAll(place), o.Keep(place)); err != nil {
		return line, err
	}
	return line, atomicfile.Rename(o.Run.Dir, t.Folder)
}

// fingerprint returns the beginning of a hash of a simulated run's record.
func fingerprint(o *Outcome) string {
	history, transactions := o.Record()
	h := sha256.New()
	h.Write(history)
	h.Write(transactions)
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// realSweepRun keeps the run's folder only if the run failed.
func (x Experiment) realSweepRun(ctx context.Context, t sweep.Task) (line sweep.Line, err error) {
	began := time.Now()
	place := t.Folder + ".part" // beside it: a folder that is there is whole
	defer func() { err = errors.Join(err, os.RemoveAll(place)) }()
	if err := os.RemoveAll(place); err != nil {
		return line, err
	}
	x.Out, x.brief = place, true
	x.Replay = printable.Command("zklab", "run", "--config", filepath.Join(t.Folder, "experiment.yaml"))
	outcome, err := x.Run(ctx)
	if err != nil {
		return line, err
	}
	line = sweep.Of(outcome.Result, outcome.History, outcome.messages, time.Since(began))
	if line.Failed() {
		err = atomicfile.Rename(outcome.Run.Dir, t.Folder)
	}
	return line, err
}
