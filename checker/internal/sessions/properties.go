package sessions

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/promises"
	"github.com/zklab/zklab/checker/internal/servers"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// This file is about what the servers themselves promise ("Programmer's Guide,
// Consistency Guarantees"): one property for each promise, decided by package
// promises over the whole record. There is one key, "".

// Session is the store itself, as its sessions see it.
var Session = frame.Model{Object: models.Session, Properties: append([]*frame.Property{
	promise(promises.Fifo, "the writes of each session took effect in the order in which they were sent", "order of zxids", "Z", frame.Wants("writes", 50, "writes")),
	promise(promises.SingleImage, "no session saw an older state than before", "order of zxids", "Z", func(a *evidence.Record, figures map[string]float64) string {
		if reconnecting(a) && figures["reconnects"] == 0 {
			return "no client connected again with its session"
		}
		return frame.Few(figures["replies"], 100, "replies")
	}),
	promise(promises.OwnWrites, "every session saw its own writes", "greedy versions", "Z", frame.Wants("reads", 20, "reads of paths that the same session had written")),
	promise(promises.Atomic, "every client saw all changes of a multi or none", "greedy versions", "Z", frame.Wants("reads", 20, "reads of znodes that a multi was the last to change")),
	onlyLogged(promise(promises.Views, "every reply shows the store at a single moment", "greedy versions", "", frame.Wants("reads", 100, "reads"))),
	promise(promises.Fenced, "every read after a write of the same session was fresh", "greedy versions", "RZ", frame.Wants("reads", 10, "reads behind a write that makes others' writes visible")),
	promise(promises.Sync, "every read after a sync was fresh while the servers were undisturbed", "greedy versions", "RZ", frame.Wants("reads", 10, "reads behind a sync that makes others' writes visible, while no server was disturbed")),
	promise(promises.Durable, "each acknowledged write was there at the end, or was overwritten", "greedy versions", "Z", func(_ *evidence.Record, figures map[string]float64) string {
		if missing := frame.Few(figures["final_reads"], 1, "fenced reads at the end"); missing != "" {
			return missing
		}
		return frame.Few(figures["acknowledged"], 50, "acknowledged writes")
	}),
	promise(promises.WatchBeforeData, "no client saw a change before the event of its watch", "replay of watches", "Z", frame.Wants("events", 20, "events followed by a reply that shows the change")),
	promise(promises.OneEvent, "every one-time watch fired at most once", "replay of watches", "Z", frame.Wants("events", 20, "events")),
	dated(promise(promises.EventOrder, "events arrived in the order of their changes", "replay of watches", "Z", frame.Wants("events", 20, "events whose change is known"))),
	promise(promises.Ephemeral, "ephemeral znodes existed exactly as long as their sessions", "greedy versions", "Z", frame.Wants("ends_seen", 1, "looks at znodes whose session had ended")),
	timedLog(promise(promises.Expiry, "silent sessions expired after their timeout, and soon after it", "times of neighbours", "R", frame.Wants("ends", 1, "ends of sessions by timeout while nothing was disturbed"))),
	aged(promise(promises.Timeliness, "no session saw a state older than the servers' settings allow", "order of zxids", "RZ", frame.Wants("reads", 1, "reads on connections that had lasted for longer than the bound"))),
	restricted(promise(promises.Rights, "clients could do exactly what the access control lists permit", "lists in force", "Z", frame.Wants("kept", 10, "requests that their clients had no right to"))),
	passing(promise(promises.Lifetimes, "containers and znodes with a TTL were deleted when due, and not earlier", "lives of znodes", "RZ", frame.Wants("looks", 10, "looks at containers and znodes with a TTL"))),
	staying(promise(promises.PersistentWatches, "persistent watches reported each change once, until they were removed", "replay of watches", "Z", frame.Wants("events", 20, "events of watches that stay"))),
	promise(promises.Names, "sequential names increased, and none was assigned twice", "order of zxids", "Z", frame.Wants("created", 20, "sequential znodes")),
}, servers.Properties...)}

// promise returns the property that the servers keep a given promise.
func promise(name, meaning, decider, by string, exercise func(*evidence.Record, map[string]float64) string) *frame.Property {
	return &frame.Property{
		Name:    name,
		Meaning: meaning,
		Decider: decider,
		NoModel: "TestSmallRecordsAgreeWithAReference of checker/internal/promises decides all of a session once more",
		Evidence: func(a *evidence.Record) string {
			if len(a.Transactions) > 0 {
				return by + "L"
			}
			return by
		},
		Decide: func(ctx context.Context, k *evidence.Key) frame.Finding {
			got := reportOf(k.Record).findings(ctx, k.Record)[name]
			f := frame.Finding{Counterexample: got.Counterexample, Notes: got.Notes, Figures: got.Figures}
			if got.Text != "" {
				f.Result, f.Reason = frame.Violation, got.Text
			}
			return f
		},
		Exercise: exercise,
	}
}

// dated makes a property apply only if it is known which change an event reports: by its zxid, or by
// the transactions. Servers before 3.9 send events without a zxid.
func dated(p *frame.Property) *frame.Property {
	p.Logged, p.Applies = true, func(a *evidence.Record) bool {
		events := 0
		for i := range a.History.Events {
			if e := &a.History.Events[i]; e.F == history.FEvent && e.Process == history.SessionProcess {
				if e.Zxid > 0 {
					return true
				}
				events++
			}
		}
		return events == 0 || len(a.Transactions) > 0
	}
	return p
}

// onlyLogged makes a property apply only if the transactions are known, since nothing
// else can show it.
func onlyLogged(p *frame.Property) *frame.Property {
	p.Logged, p.Applies = true, func(a *evidence.Record) bool { return len(a.Transactions) > 0 }
	return p
}

// timedLog makes a property apply only if the transactions are known, the times of the
// record can be compared with the servers' times, and the load was long enough for
// several sessions to time out.
func timedLog(p *frame.Property) *frame.Property {
	const timeouts = 4
	p.Logged, p.Applies = true, func(a *evidence.Record) bool {
		load := a.Phase(history.PhaseHeal) - a.Phase(history.PhaseLoad)
		return len(a.Transactions) > 0 && a.Params.SameClock && load >= timeouts*a.Params.SessionTimeout
	}
	p.NoModel = frame.Timed
	return p
}

// aged makes a property apply only if the servers' settings are known and some connection
// lasted for long enough.
func aged(p *frame.Property) *frame.Property {
	p.Applies = (*evidence.Record).Ages
	p.NoModel = frame.Timed
	return p
}

// restricted makes a property apply only if clients made requests that not every client may make.
func restricted(p *frame.Property) *frame.Property {
	p.Applies = func(a *evidence.Record) bool { return did(a, models.FRights) }
	p.NoModel = frame.Given
	return p
}

// passing makes a property apply only if clients made containers or znodes with a TTL.
func passing(p *frame.Property) *frame.Property {
	p.Applies = func(a *evidence.Record) bool { return did(a, models.FLifetimes) }
	p.NoModel = frame.Timed
	return p
}

// staying makes a property apply only if a client set a persistent watch.
func staying(p *frame.Property) *frame.Property {
	p.Applies = func(a *evidence.Record) bool {
		return slices.ContainsFunc(a.History.Events, func(e history.Event) bool {
			return e.F == history.FRequest && bytes.Contains(e.Value, []byte(`"addWatch"`))
		})
	}
	p.NoModel = frame.Given
	return p
}

// did reports whether an operation with a name was called.
func did(a *evidence.Record, f string) bool {
	return slices.ContainsFunc(a.History.Events, func(e history.Event) bool { return e.F == f && e.Type == history.Invoke })
}

// report computes the findings about all promises once.
type report struct {
	once sync.Once
	of   promises.Report
}

var reportOf = evidence.Once(func(*evidence.Record) *report { return &report{} })

// findings returns the findings. The first call makes them, as far as ctx allows.
func (r *report) findings(ctx context.Context, a *evidence.Record) promises.Report {
	r.once.Do(func() { r.of = promises.Check(ctx, wireRun(a)) })
	return r.of
}

// wireRun converts the record to the form that package promises takes.
func wireRun(a *evidence.Record) promises.Run {
	run := promises.Run{
		Events:       a.History.Events,
		Transactions: a.Transactions,
		Decode:       func(e *history.Event, v any) { a.Decode(e, v) },
		Wait:         a.Bound,
		Lag:          a.SyncLag,
		Copied:       a.Faults.Copied,
		Final:        a.Phase(history.PhaseQuiesce),
		Tick:         a.Params.Tick,
		Timed:        a.Params.SameClock,
		Sweep:        a.Params.Sweep,
		Age:          a.Age(),
		Halted:       a.Halted,
	}
	for _, s := range a.Stalls {
		if s.Length() > evidence.StallLimit {
			run.Stalled = append(run.Stalled, s)
		}
	}
	for _, f := range a.Faults.All {
		if f.Traits.Clocks {
			run.Clocks = append(run.Clocks, history.Span{From: f.From, To: f.Over})
			continue // it disturbs no right server
		}
		run.Faults = append(run.Faults, history.Span{From: f.From, To: f.Over})
		if f.OnServers() {
			run.Disturbed = append(run.Disturbed, history.Span{From: f.From, To: f.Over})
		}
		run.Denied = run.Denied || f.Traits.Denies
		run.Removed = run.Removed || f.Traits.Deletes
	}
	return run
}

// reconnecting reports whether a fault took effect that makes clients connect again.
func reconnecting(a *evidence.Record) bool {
	for _, f := range a.Faults.All {
		if f.Took && f.Traits.Reconnects {
			return true
		}
	}
	return false
}
