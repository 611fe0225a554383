package checker

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/traits"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/faults"
)

// This file has checks for a user's own operations, which need no model, and what a user's own
// properties need from a history. Such a check never changes and is safe for concurrent use.

// Hold names the operations that begin and end an exclusive hold of their key: see [Exclusive].
type Hold = traits.Hold

// ItemQueue names the operations that put items in and take them out: see [Queued].
type ItemQueue = traits.Queue

// Exclusive returns the checks of a lock for operations of other names: exclusion, belief and progress;
// with Confirm, lost; and with tokens, tokens. docs/checking.md says what each means. They are the same
// checks as those of [For] the model "lock", except that for lost only answers of Confirm count.
func Exclusive(x Hold) []Check { return asChecks(traits.Exclusive(x)) }

// Queued returns the checks of a queue for operations of other names: integrity (nothing comes out
// twice, or without having gone in), loss and, unless the queue is unordered, order.
func Queued(x ItemQueue) []Check { return asChecks(traits.Queued(x)) }

// Distinct returns the check that no two answers of an operation on a key are equal, as JSON.
func Distinct(operation string) Check { return propertyCheck{traits.Distinct(operation)} }

// Rising returns the check that no answer of an operation on a key, which must be a number, is less
// than one that had been given before the call began.
func Rising(operation string) Check { return propertyCheck{traits.Rising(operation)} }

func asChecks(properties []*frame.Property) []Check {
	checks := make([]Check, len(properties))
	for i, p := range properties {
		checks[i] = propertyCheck{p}
	}
	return checks
}

// propertyCheck makes a property a [Check] of histories of any model.
type propertyCheck struct{ property *frame.Property }

// Name returns the property's name.
func (c propertyCheck) Name() string { return c.property.Name }

// Check decides each key, several at a time. A property that does not apply has no verdict.
func (c propertyCheck) Check(ctx context.Context, h *history.History) []Verdict {
	a := evidence.Read(ctx, h, nil, nil)
	if ctx.Err() != nil {
		return []Verdict{{Property: c.property.Name, Result: Unknown, Reason: budgetSpent}}
	}
	if c.property.Applies != nil && !c.property.Applies(a) {
		return nil
	}
	findings := make([][]frame.Finding, len(a.Keys))
	decideKeys(ctx, a, func(i int, k *evidence.Key) { findings[i] = []frame.Finding{decideOn(ctx, c.property, k)} })
	return summarise(c.property, a, accountOf(a), keyNames(a), column(findings, 0))
}

// Func returns the check that a function decides. The function must be safe for concurrent use; it
// should name the property in its verdicts.
func Func(name string, decide func(*history.History) []Verdict) Check { return funcCheck{name, decide} }

type funcCheck struct {
	name   string
	decide func(*history.History) []Verdict
}

func (c funcCheck) Name() string { return c.name }

func (c funcCheck) Check(_ context.Context, h *history.History) []Verdict { return c.decide(h) }

// Keys yields the keys of a history, k2 before k10, each with its operations, in order of
// invocation: an invocation with its completion, if there is one. [history.Operation.Outcome] says
// what is known about it. They must not be changed.
func Keys(h *history.History) iter.Seq2[string, []*history.Operation] {
	return func(yield func(string, []*history.Operation) bool) {
		for _, k := range evidence.Read(context.Background(), h, nil, nil).Keys {
			if !yield(k.Name, k.Ops()) {
				return
			}
		}
	}
}

// Session holds what a history knows of the end of a ZooKeeper session.
type Session struct {
	ID     history.ID
	Client int // the client that opened it
	// EndedFrom and EndedBy are the earliest and the latest time at which the session can have ended on
	// the servers, since the run began. EndedBy is history.Never if nothing shows that it ended.
	EndedFrom, EndedBy time.Duration
	// Told is when the hold's client knew that the hold was over; history.Never if it did not.
	Told time.Duration
}

// Sessions yields the sessions of a history, in order of the events that first name them.
func Sessions(h *history.History) iter.Seq[Session] {
	return func(yield func(Session) bool) {
		byID := evidence.Read(context.Background(), h, nil, nil).ByID
		for _, s := range slices.SortedFunc(maps.Values(byID), func(x, y *evidence.Session) int { return cmp.Compare(x.First, y.First) }) {
			if !yield(Session{s.ID, s.Client, s.DiedFrom, s.DiedBy, s.Expired}) {
				return
			}
		}
	}
}

// FaultWindows yields the faults that took effect, in the order in which they began. Each was in force
// from its From to its Over, history.Never if it was not healed.
func FaultWindows(h *history.History) iter.Seq[*faults.Fault] {
	return func(yield func(*faults.Fault) bool) {
		for _, f := range faults.Of(h).All {
			if f.Took && !yield(f) {
				return
			}
		}
	}
}
