// Package judge decides a run from its record, and makes the result that is stored, printed and
// drawn.
package judge

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/advice"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/base/version"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/store"
)

// Run checks a stored run or a bare history again; see zklab.Judge.
func Run(ctx context.Context, run *store.Run, opts checker.Options) (*store.Result, error) {
	h, err := record(run, opts)
	if err != nil {
		return nil, err
	}
	result := earlier(run)
	began := result.Started
	result.RanBy, result.Label = run.RanBy(), run.Label()
	var unread []string
	switch {
	case opts.Transactions != nil:
	case h.Packed():
		opts.Packed, unread = transactions(run, history.OpenPackedTxns)
	default:
		opts.Transactions, unread = transactions(run, history.OpenTxns)
	}
	Decide(ctx, h, opts, result)
	leaveOpen(result, declaredBefore(run))
	judgeGates(result, h)
	Warn(result, unread)
	if t, ok := run.Started(); ok {
		result.Started = t
	} else if !began.IsZero() {
		result.Started = began
	}
	return result, nil
}

// record reads the record. The checks that a program declares may need it as a list of events.
func record(run *store.Run, opts checker.Options) (*history.History, error) {
	if len(opts.Extra) > 0 {
		return run.ReadHistory()
	}
	return run.ReadPacked(store.Large)
}

// Fault is the kind of [checker.NotAvailable] entries that only the run itself can make: the faults that the
// fault expression "all" left out.
const Fault = "fault"

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
	why := advice.OwnTest.Text()
	if program := result.Program(); program != "" {
		why = advice.OwnProgram.Text(program)
	}
	if first := result.Verdicts[0]; first.Property == checker.OtherObjects {
		why = first.Reason
	}
	if len(declared) > 0 && slices.Contains([]string{checker.NoModel, checker.OtherObjects}, result.Verdicts[0].Property) {
		result.Verdicts = nil // each open verdict says why
	}
	for _, name := range declared {
		if !slices.ContainsFunc(result.Verdicts, func(v checker.Verdict) bool { return v.Property == name }) {
			result.Verdicts = append(result.Verdicts, checker.Verdict{
				Property: name, Result: checker.Unknown, Declared: true,
				Reason: why,
			})
			if result.Account != nil {
				result.Account.Properties = append(result.Account.Properties, checker.PropertyAccount{Property: name, LeftOut: []string{why}})
			}
			if result.Verdict == checker.Valid {
				result.Verdict = checker.Unknown
			}
		}
	}
}

// judgeGates judges the gates of an earlier result again. It leaves them as they are if this zklab
// does not know their metrics.
func judgeGates(result *store.Result, h *history.History) {
	var texts []string
	for _, g := range result.Gates {
		texts = append(texts, g.Gate)
	}
	if gates, err := gates.JudgeAll(texts, models.Of(h), result.Stats.Samples); err == nil {
		result.Gates = gates
	}
}

// Decide adds to a result what follows from the record and from the transactions in opts, and returns the cost of the
// checks.
func Decide(ctx context.Context, h *history.History, opts checker.Options, result *store.Result) checker.Cost {
	report := checker.Run(ctx, h, opts)
	result.Verdict, result.Verdicts, result.Assumptions = report.Verdict, report.Verdicts, report.Assumptions
	result.Account, result.Unanswered, result.Uncalled = report.Account, report.Unanswered, report.Uncalled
	result.NotAvailable = slices.Concat(report.NotAvailable, result.NotAvailable)
	result.Recipe, result.Subject, result.Seed = h.Header.Model, h.Header.Params.Subject, h.Header.Params.Seed
	result.Started, result.Strict, result.Zklab = h.Header.Wall, opts.Strict, version.Line()
	result.Stats, result.Leftovers = stats.Compute(h), report.Leftovers
	Warn(result, warnings(h, result.Stats))
	if result.Leftovers != nil {
		Warn(result, result.Leftovers.Warnings())
	}
	return report.Cost
}

// Warn adds the warnings of the checks to a result, each once.
func Warn(result *store.Result, texts []string) {
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
func transactions[T any](run *store.Run, open func(path string) (T, error)) (all T, warnings []string) {
	folder := run
	if run.Bare() {
		folder = &store.Run{Dir: filepath.Dir(run.History())}
		if folder.History() != filepath.Clean(run.History()) {
			return all, nil
		}
	}
	list, err := open(folder.Transactions())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return all, []string{fmt.Sprintf("the committed transactions were left out because they cannot be read: %v", err)}
	}
	return list, nil
}

// earlier returns the parts of an earlier result of the run that the record does not contain.
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
		NotAvailable: slices.DeleteFunc(old.NotAvailable, func(n checker.NotAvailable) bool { return n.Kind != Fault }),
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
	for op := range h.EachOperation() {
		if model.Knows(op.F) {
			continue
		}
		if counts[op.F]++; counts[op.F] == 1 {
			names = append(names, op.F)
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
	for op := range h.EachOperation() {
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
