package experiment

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/version"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/judge"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// command returns a command line of the program that runs the experiment.
func (x Experiment) command(words ...string) string {
	return printable.Command(append([]string{cmp.Or(x.Program, workloads.Own)}, words...)...)
}

// placeOf returns the folder where users find a run.
func (x Experiment) placeOf(run *store.Run) string { return cmp.Or(x.MovedTo, run.Dir) }

// noteResult writes result.json. If that fails, for example on a full disk, one warning of the result reports
// the failure, which noteResult returns.
func (x Experiment) noteResult(run *store.Run, result *store.Result) error {
	err := run.WriteResult(result)
	if err != nil {
		judge.Warn(result, []string{fmt.Sprintf("result.json could not be written; %s decides the run again: %v", x.command("check", x.placeOf(run)), err)})
	}
	return err
}

// noteReport writes the report. If that fails, the verdict stands, and one warning reports the failure. It returns as soon as ctx
// ends; the page that is being drawn then may still read the result.
func (x Experiment) noteReport(ctx context.Context, run *store.Run, h *history.History, result *store.Result) {
	err := await.Until(ctx, func() error { return onerun.Render(ctx, run.Dir, x.placeOf(run), h, result) })
	if err != nil && ctx.Err() == nil {
		judge.Warn(result, []string{fmt.Sprintf("the report is not complete; %s writes it again: %v", x.command("report", x.placeOf(run)), err)})
	}
}

// describe adds to the result what the record does not contain.
func (x Experiment) describe(result *store.Result, done *engine.Finished) {
	result.Subject, result.Seed, result.Strict, result.Label = x.Subject, x.Seed, x.Strict, x.Label
	result.Interrupted, result.RanBy = done.Interrupted, version.Line()
	result.Ensemble = done.Profile
	result.Gates, _ = gates.JudgeAll(x.Gates, workloads.ModelOf(x.Workload), result.Stats.Samples) // Complete has parsed them
	result.Timings = done.Timings
	result.Warnings = slices.Concat(x.advice(done, result), done.Warnings, result.Warnings)
	for _, l := range done.LeftOut {
		result.NotAvailable = append(result.NotAvailable, checker.NotAvailable{Kind: judge.Fault, Name: l.Kind, Why: l.Why.Error()})
	}
}

// dropFaultWarnings removes the warnings of faults.
func dropFaultWarnings(result *store.Result) {
	for _, f := range result.Stats.Faults {
		ofFault := func(w string) bool { return slices.Contains(f.Warnings, w) }
		result.Warnings = slices.DeleteFunc(result.Warnings, ofFault)
		result.JudgedWarnings = slices.DeleteFunc(result.JudgedWarnings, ofFault)
	}
}

// advice returns what a user should know about the setup of the experiment, as far as the user
// chose it.
func (x Experiment) advice(done *engine.Finished, result *store.Result) (advice []string) {
	if x.UsualFaults {
		dropFaultWarnings(result)
	} else {
		advice = done.Missed(done.Schedule)
	}
	if asked, got := done.Rate, result.Stats.Rate; !x.UsualRate && !done.Interrupted && done.Ops == 0 && done.Arrivals == nil && got < asked/2 {
		advice = append(advice, fmt.Sprintf("%.0f of the requested %.0f operations per second succeeded: the ensemble, the faults or contention limit the rate", got, asked))
	}
	return advice
}

// Passes reports whether a test with this result passes.
func (x Experiment) Passes(r *store.Result) bool { return x.Decided(r) && x.KeepsGates(r.Gates) }

// Decided reports whether enough is decided, and nothing violated, for a test to pass.
func (x Experiment) Decided(r *store.Result) bool {
	return r.Verdict == checker.Valid || r.Verdict == checker.Unknown && x.AllowUnknown
}

// KeepsGates reports whether the results of all gates let a test pass.
func (x Experiment) KeepsGates(judged []gates.Result) bool {
	return !slices.ContainsFunc(judged, func(g gates.Result) bool {
		return g.Result == gates.Exceeded || g.Result == gates.Undecided && !x.AllowUnknown
	})
}
