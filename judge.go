package zklab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/reports"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/store"
)

// judge checks the recorded run and writes its report.
func (x Experiment) judge(ctx context.Context, done *engine.Finished, p *reporter) (*Outcome, error) {
	p.Phase("checking")
	began := time.Now()
	result, err := Judge(ctx, done.Run, checker.Options{Strict: x.Strict, Extra: x.Checks})
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil { // an undecided property may only mean that checking was stopped
		return nil, engine.Stopped(ctx)
	}
	done.Timings["check"] = time.Since(began)
	x.describe(result, done)
	result.Replay = cmp.Or(x.Replay, printable.Command("zklab", "run", "--config", done.Run.Experiment()))
	h, err := done.Run.ReadHistory()
	if err != nil {
		return nil, err
	}
	noteResult(done.Run, result)
	if !x.silent && (!x.brief || !x.passes(result)) {
		p.Phase("writing the report")
		began := time.Now()
		noteReport(done.Run, h, result)
		result.Timings["report"] = time.Since(began)
	}
	result.Timings["finish"] = time.Since(done.Ended)
	noteResult(done.Run, result)
	return &Outcome{Run: done.Run, Result: result, History: h, messages: done.Messages}, nil
}

// noteResult writes result.json. If that fails, for example on a full disk, the verdict stands, and
// one warning reports the failure.
func noteResult(run *store.Run, result *store.Result) {
	if err := run.WriteResult(result); err != nil {
		warn(result, []string{fmt.Sprintf("result.json could not be written; %s decides the run again: %v", printable.Command("zklab", "check", run.Dir), err)})
	}
}

// noteReport writes the report. It handles errors as noteResult does.
func noteReport(run *store.Run, h *history.History, result *store.Result) {
	if err := reports.Render(run.Dir, h, result); err != nil {
		warn(result, []string{fmt.Sprintf("the report is not complete; %s writes it again: %v", printable.Command("zklab", "report", run.Dir), err)})
	}
}

// describe adds to the result what the record does not contain.
func (x Experiment) describe(result *store.Result, done *engine.Finished) {
	result.Subject, result.Seed, result.Strict, result.Label = x.Subject, x.Seed, x.Strict, x.Label
	result.Interrupted, result.RanBy = done.Interrupted, Version()
	result.Ensemble = done.Profile
	result.Gates, _ = stats.JudgeGates(x.Gates, x.Workload.Name(), result.Stats.Samples) // Complete has parsed them
	result.Timings = done.Timings
	result.Warnings = slices.Concat(x.advice(done, result), done.Warnings, result.Warnings)
	for _, l := range done.LeftOut {
		result.NotAvailable = append(result.NotAvailable, checker.NotAvailable{Kind: notAvailableFault, Name: l.Kind, Why: l.Why.Error()})
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

// notAvailableFault is the kind of entries that only the run itself can make: the faults that "all"
// omits.
const notAvailableFault = "fault"

// advice returns what a user should know about the setup of the experiment, as far as the user
// chose it.
func (x Experiment) advice(done *engine.Finished, result *store.Result) (advice []string) {
	if x.usualFaults {
		dropFaultWarnings(result)
	} else {
		advice = done.Missed(done.Schedule)
	}
	if asked, got := done.Rate, result.Stats.Rate; !x.usualRate && !done.Interrupted && done.Ops == 0 && done.Arrivals == nil && got < asked/2 {
		advice = append(advice, fmt.Sprintf("%.0f of the requested %.0f operations per second succeeded: the ensemble, the faults or contention limit the rate", got, asked))
	}
	return advice
}

// Judge checks a stored run or a bare history again, from its record alone. It takes from
// result.json what only the run itself knew, and from transactions.jsonl the committed
// transactions, unless opts has them; either file may be missing. If the transactions cannot be
// read, Judge leaves them out and adds a warning. It writes nothing. It returns an error if the
// record cannot be read; see history.Open.
func Judge(ctx context.Context, run *store.Run, opts checker.Options) (*store.Result, error) {
	h, err := run.ReadHistory()
	if err != nil {
		return nil, err
	}
	result := earlier(run)
	began := result.Started
	result.RanBy, result.Label = run.RanBy(), run.Label()
	var unread []string
	if opts.Transactions == nil {
		opts.Transactions, unread = transactions(run)
	}
	decide(ctx, h, opts, result)
	leaveOpen(result, declaredBefore(run))
	judgeGates(result)
	warn(result, unread)
	if t, ok := run.Started(); ok {
		result.Started = t
	} else if !began.IsZero() {
		result.Started = began
	}
	return result, nil
}

// declaredBefore returns the properties of an earlier result that the program which ran the experiment
// declared.
func declaredBefore(run *store.Run) (names []string) {
	if run.Bare() {
		return nil
	}
	old, err := run.ReadResult()
	if err != nil {
		return nil
	}
	for _, v := range old.Verdicts {
		if v.Declared && !slices.Contains(names, v.Property) {
			names = append(names, v.Property)
		}
	}
	return names
}

// leaveOpen adds an unknown verdict for each property that only the program which ran the experiment
// can decide, if this one did not.
func leaveOpen(result *store.Result, declared []string) {
	how := "run its test again"
	if result.Replay != "" {
		how = "run it again: " + result.Replay
	}
	if len(declared) > 0 && result.Verdicts[0].Property == checker.NoModel {
		result.Verdicts = nil // each of them says why
	}
	for _, name := range declared {
		if !slices.ContainsFunc(result.Verdicts, func(v checker.Verdict) bool { return v.Property == name }) {
			result.Verdicts = append(result.Verdicts, checker.Verdict{
				Property: name, Result: checker.Unknown, Declared: true,
				Reason: "only the program that ran the experiment can decide this; " + how,
			})
			if result.Verdict == checker.Valid {
				result.Verdict = checker.Unknown
			}
		}
	}
}

// judgeGates judges the gates of an earlier result again. It leaves them as they are if this zklab
// does not know their metrics.
func judgeGates(result *store.Result) {
	var texts []string
	for _, g := range result.Gates {
		texts = append(texts, g.Gate)
	}
	if gates, err := stats.JudgeGates(texts, result.Recipe, result.Stats.Samples); err == nil {
		result.Gates = gates
	}
}

// decide adds to a result what follows from the record and from the transactions in opts.
func decide(ctx context.Context, h *history.History, opts checker.Options, result *store.Result) {
	report := checker.Run(ctx, h, opts)
	result.Verdict, result.Verdicts, result.Assumptions = report.Verdict, report.Verdicts, report.Assumptions
	result.NotAvailable = slices.Concat(report.NotAvailable, result.NotAvailable)
	result.Recipe, result.Subject, result.Seed = h.Header.Model, h.Header.Params.Subject, h.Header.Params.Seed
	result.Started, result.Strict, result.Zklab = h.Header.Wall, opts.Strict, Version()
	result.Stats, result.Leftovers = stats.Compute(h), report.Leftovers
	warn(result, warnings(h, result.Stats))
	if result.Leftovers != nil {
		warn(result, result.Leftovers.Warnings())
	}
}

// warn adds the warnings of the checks to a result, each once.
func warn(result *store.Result, texts []string) {
	for _, w := range texts {
		if !slices.Contains(result.Warnings, w) {
			result.Warnings = append(result.Warnings, w)
			result.JudgedWarnings = append(result.JudgedWarnings, w)
		}
	}
}

// transactions returns the stored transactions that the ensemble committed during a run. Many runs
// have none, and are checked without: the ensemble could not report them, or the run crashed before
// they were collected. A run's history has the same evidence whether the caller named its folder or
// the file in it.
func transactions(run *store.Run) (list []history.Txn, warnings []string) {
	folder := run
	if run.Bare() {
		folder = &store.Run{Dir: filepath.Dir(run.History())}
		if folder.History() != filepath.Clean(run.History()) {
			return nil, nil
		}
	}
	list, err := history.OpenTxns(folder.Transactions())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, []string{fmt.Sprintf("the committed transactions were left out because they cannot be read: %v", err)}
	}
	return list, nil
}

// earlier returns what an earlier result of the run has beyond the record.
func earlier(run *store.Run) *store.Result {
	if run.Bare() {
		return &store.Result{}
	}
	old, err := run.ReadResult()
	if errors.Is(err, store.ErrNoResult) {
		return &store.Result{} // the run crashed
	}
	if err != nil {
		return &store.Result{Warnings: []string{fmt.Sprintf("the run's own facts were left out because they cannot be read: %v", err)}}
	}
	return &store.Result{
		NotAvailable: slices.DeleteFunc(old.NotAvailable, func(n checker.NotAvailable) bool { return n.Kind != notAvailableFault }),
		Ensemble:     old.Ensemble, Interrupted: old.Interrupted, Replay: old.Replay, Timings: old.Timings,
		Shrunk: old.Shrunk, Started: old.Started, Gates: old.Gates,
		Warnings: slices.DeleteFunc(old.Warnings, func(w string) bool { return slices.Contains(old.JudgedWarnings, w) }),
	}
}

// strangers lists the operations of a history that its model does not know: the first few, each
// with its number of calls.
func strangers(h *history.History) string {
	const most = 4
	model := models.Of(h)
	counts := map[string]int{}
	var names []string
	for i := range h.Events {
		e := &h.Events[i]
		if e.Process < 0 || e.Type != history.Invoke || model.Knows(e.F) {
			continue
		}
		if counts[e.F]++; counts[e.F] == 1 {
			names = append(names, e.F)
		}
	}
	for i, name := range names {
		if i == most {
			names = append(names[:most], fmt.Sprintf("and %d more", len(names)-most))
			break
		}
		names[i] = fmt.Sprintf("%.40s (%d)", name, counts[name])
	}
	return strings.Join(names, ", ")
}

// unanswered counts the operations that timed out, among those that wait for servers only.
func unanswered(h *history.History) (silent, all int) {
	m := models.Of(h)
	for _, op := range h.Operations() {
		if of := m.Operation(op.F); of.Waits || of.Local {
			continue
		}
		all++
		if op.Return != nil && op.Return.Error != nil && op.Return.Error.Code == history.CodeTimeout {
			silent++
		}
	}
	return silent, all
}

// warnings returns the warnings that follow from the record itself.
func warnings(h *history.History, s stats.Stats) []string {
	var texts []string
	if h.Truncated {
		texts = append(texts, "the last line of the history is incomplete and was left out: the run crashed")
	}
	texts = append(texts, h.Damage...)
	if odd := strangers(h); odd != "" {
		texts = append(texts, fmt.Sprintf("operations unknown to model %s were ignored: %s", h.Header.Model, odd))
	}
	if len(s.Faults) == 0 && h.Header.Version != 0 {
		if silent, all := unanswered(h); silent > 0 {
			texts = append(texts, fmt.Sprintf("%d of %s got no answer in time although no fault was injected: check whether the servers answer, and whether this machine is overloaded", silent, prose.Count(all, "operation")))
		}
	}
	for _, f := range s.Faults {
		for _, w := range f.Warnings {
			if !slices.Contains(texts, w) {
				texts = append(texts, w)
			}
		}
	}
	return texts
}
