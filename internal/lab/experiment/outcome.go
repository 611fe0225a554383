package experiment

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/virtual/bubble"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/store"
)

// Outcome is a finished run; see zklab.Outcome.
type Outcome struct {
	Run     *store.Run // nil for a simulated run that was not kept
	Result  *store.Result
	History *history.History

	Made     Experiment       // the experiment of a simulated run
	Unkept   *engine.Finished // the record of a simulated run that was not kept when it ended
	Messages []link.Passed    // nil unless KeepMessages was set
	Replay   string           // the command to repeat it
	Unheld   *bubble.Unheld   // code that a simulated run left running; nil if none
	Cost     checker.Cost     // of the checks of a simulated run

	// Unwritten says why the folder of the run has no result.json, as on a full disk; nil if it has one. The verdict
	// is then in Result only.
	Unwritten error
}

// InFull decides again, for at most the given time, a simulated run that was decided with Quick. If it does not find
// the same property violated, it returns the outcome as it was.
func (o *Outcome) InFull(ctx context.Context, most time.Duration, property string) *Outcome {
	x := o.Made
	x.Quick, x.CheckFor = false, func() time.Duration { return most }
	again, err := x.judgeSimulated(ctx, o.Unkept)
	if err != nil || !slices.Contains(again.Result.Violated(), property) {
		return o
	}
	again.Unheld, again.Made = o.Unheld, o.Made
	return again
}

// Record returns the history and the transactions of a simulated run, in the formats of
// history.jsonl and transactions.jsonl. It returns nil for any other run.
func (o *Outcome) Record() (history, transactions []byte) {
	if o.Unkept == nil {
		return nil, nil
	}
	return o.Unkept.Record(), o.Unkept.Transactions()
}

// Fingerprint returns the beginning of a hash of a simulated run's record.
func (o *Outcome) Fingerprint() string {
	h := sha256.New() // never fails, and neither do the writers: see Record
	if o.Unkept != nil {
		_ = history.Write(h, o.Unkept.History)
		_ = history.WriteTxns(h, o.Unkept.Txns)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Keep writes a simulated run, with its report, into a folder of a store. It does nothing if the run
// already has a folder. The error is about the record only: if Keep cannot write the result or the
// report, it adds a warning to Result.Warnings. A missing result also sets Unwritten.
func (o *Outcome) Keep(out string) error { return o.keep(context.Background(), out) }

// keep is Keep with a report that is written only until ctx ends.
func (o *Outcome) keep(ctx context.Context, out string) error {
	if o.Run != nil {
		return nil
	}
	if err := o.Unkept.Keep(out, time.Now()); err != nil {
		return err
	}
	o.Run = o.Unkept.Run
	o.Result.Replay = cmp.Or(o.Replay, o.Made.command("replay", o.Run.Dir))
	o.Result.Started, _ = o.Run.Started()
	_ = o.Made.noteResult(o.Run, o.Result) // it is written again at the end
	o.Made.noteReport(ctx, o.Run, o.History, o.Result)
	o.Unwritten = o.Made.noteResult(o.Run, o.Result)
	return nil
}
