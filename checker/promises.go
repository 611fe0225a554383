package checker

import (
	"context"
	"fmt"
	"slices"

	"github.com/zklab/zklab/checker/internal/promises"
	"github.com/zklab/zklab/history"
)

// This file is about what the servers themselves promise ("Programmer's Guide,
// Consistency Guarantees"): one property for each promise, decided by package
// promises over the whole record. There is one key, "".

// sessionProperties are those of the store itself.
var sessionProperties = []*property{
	promise(promises.Fifo, "order of zxids", "Z", wants("writes", 50, "writes")),
	promise(promises.SingleImage, "order of zxids", "Z", func(a *analysis, figures map[string]float64) string {
		if a.reconnecting() && figures["reconnects"] == 0 {
			return "no client connected again with its session"
		}
		return few(figures["replies"], 100, "replies")
	}),
	promise(promises.OwnWrites, "greedy versions", "Z", wants("reads", 20, "reads of paths that the same session had written")),
	promise(promises.Atomic, "greedy versions", "Z", wants("reads", 20, "reads of znodes that a multi was the last to change")),
	onlyLogged(promise(promises.Views, "greedy versions", "", wants("reads", 100, "reads"))),
	promise(promises.Fenced, "greedy versions", "RZ", wants("reads", 10, "reads behind a write that makes others' writes visible")),
	promise(promises.Sync, "greedy versions", "RZ", wants("reads", 10, "reads behind a sync that makes others' writes visible, while no server was disturbed")),
	promise(promises.Durable, "greedy versions", "Z", func(_ *analysis, figures map[string]float64) string {
		if missing := few(figures["final_reads"], 1, "fenced reads at the end"); missing != "" {
			return missing
		}
		return few(figures["acknowledged"], 50, "acknowledged writes")
	}),
	promise(promises.WatchBeforeData, "replay of watches", "Z", wants("events", 20, "events followed by a reply that shows the change")),
	promise(promises.OneEvent, "replay of watches", "Z", wants("events", 20, "events")),
	promise(promises.EventOrder, "replay of watches", "Z", wants("events", 20, "events whose change is known")),
	promise(promises.Ephemeral, "greedy versions", "Z", wants("ends_seen", 1, "looks at znodes whose session had ended")),
	timedLog(promise(promises.Expiry, "times of neighbours", "R", wants("ends", 1, "ends of sessions by time-out while nothing was disturbed"))),
	promise(promises.Names, "order of zxids", "Z", wants("created", 20, "sequential znodes")),
}

// promise is the property that the servers keep a promise.
func promise(name, decider, evidence string, exercise func(*analysis, map[string]float64) string) *property {
	return &property{
		name:    name,
		decider: decider,
		evidence: func(a *analysis) string {
			if len(a.transactions) > 0 {
				return evidence + "L"
			}
			return evidence
		},
		decide: func(ctx context.Context, a *analysis, k *keyRecord) finding {
			got := k.promises(ctx, a)[name]
			f := finding{witness: got.Witness, notes: got.Notes, figures: got.Figures}
			if got.Text != "" {
				f.result, f.reason = Violation, got.Text
			}
			return f
		},
		exercise: exercise,
	}
}

// onlyLogged makes a property apply only where the transactions are known:
// nothing less can show it.
func onlyLogged(p *property) *property {
	p.applies = func(a *analysis) bool { return len(a.transactions) > 0 }
	return p
}

// timedLog makes a property apply only where, beside that, times of the record can
// be held against the servers', and the load was long enough for several sessions
// to time out.
func timedLog(p *property) *property {
	const timeouts = 4
	p.applies = func(a *analysis) bool {
		load := a.phase(history.PhaseHeal) - a.phase(history.PhaseLoad)
		return len(a.transactions) > 0 && a.params.SameClock && load >= timeouts*a.params.SessionTimeout
	}
	return p
}

// promises are the findings about all promises. They are made once.
func (k *keyRecord) promises(ctx context.Context, a *analysis) promises.Report {
	if k.kept == nil {
		k.kept = promises.Check(ctx, a.wireRun())
	}
	return k.kept
}

// wireRun is the record as package promises wants it.
func (a *analysis) wireRun() promises.Run {
	run := promises.Run{
		Events:       a.h.Events,
		Transactions: a.transactions,
		Decode:       func(e *history.Event, v any) { a.decode(e, v) },
		Wait:         a.bound,
		Final:        a.phase(history.PhaseQuiesce),
		Tick:         a.params.Tick,
		Timed:        a.params.SameClock,
	}
	for _, s := range a.stalls {
		if s.length() > stallLimit {
			run.Stalled = append(run.Stalled, promises.Span{From: s.from, To: s.to})
		}
	}
	for _, f := range a.faults {
		run.Faults = append(run.Faults, promises.Span{From: f.from, To: f.over})
		if f.onServers {
			run.Disturbed = append(run.Disturbed, promises.Span{From: f.from, To: f.over})
		}
		run.Denied = run.Denied || f.kind == "acl"
		run.Removed = run.Removed || f.kind == "recreate"
	}
	return run
}

// severing are the kinds of faults behind which clients connect again, mostly in
// time to keep their sessions.
var severing = []string{"cut", "reset", "refuse", "move", "lose-request", "lose-reply", "kill", "restart", "rolling", "pause"}

// reconnecting says that a fault was done that makes clients connect again.
func (a *analysis) reconnecting() bool {
	for _, f := range a.faults {
		if f.verified && slices.Contains(severing, f.kind) {
			return true
		}
	}
	return false
}

// wants is the exercise condition that something was counted often enough.
func wants(figure string, least float64, of string) func(*analysis, map[string]float64) string {
	return func(_ *analysis, figures map[string]float64) string { return few(figures[figure], least, of) }
}

// few says that there were too few of something; "" if there were enough.
func few(n, least float64, of string) string {
	if n >= least {
		return ""
	}
	return fmt.Sprintf("too few %s: %.0f, of %.0f wanted", of, n, least)
}
