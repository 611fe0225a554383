package traits

import (
	"context"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
)

// This file adds to the counterexamples of nested holds the inner begins and ends that a reader
// needs: without them, a hold seems to end at an inner end, or to last longer than the begins of
// its client explain.

// withInner returns the property with counterexamples that show the inner begins and
// ends.
func (x *Hold) withInner(p *frame.Property) *frame.Property {
	shown := *p
	shown.Decide = func(ctx context.Context, k *evidence.Key) frame.Finding {
		f := p.Decide(ctx, k)
		if f.Result == frame.Violation {
			f.Counterexample = evidence.Indices(append(slices.Clone(f.Counterexample), x.inner(k, f.Counterexample)...)...)
		}
		return f
	}
	return &shown
}

// inner returns the events of inner begins and ends of the holds in a counterexample.
func (x *Hold) inner(k *evidence.Key, counterexample []int) (events []int) {
	shows := func(e *history.Event) bool { return e != nil && slices.Contains(counterexample, e.Index) }
	for i, op := range k.Ops() {
		if !x.begins(op) || !shows(op.Return) {
			continue
		}
		until := evidence.Always // events of others, up to the last that is shown
		for _, other := range k.Ops() {
			if other.Client != op.Client && (shows(other.Invoke) || shows(other.Return)) {
				until = max(until, min(evidence.Ended(other), k.End))
			}
		}
		for _, pair := range x.pairs(k.Ops()[i+1:], op.Client, until) {
			events = append(events, evidence.EventsOf(pair)...)
		}
	}
	return events
}

// pairs returns the first and the last inner end of a hold up to a time, each with its begin. ops
// are the operations after the outermost begin.
func (x *Hold) pairs(ops []*history.Operation, client int, until time.Duration) []*history.Operation {
	var open []*history.Operation
	var pairs [][]*history.Operation
	for _, op := range ops {
		switch {
		case op.Client != client || op.Outcome() == history.Fail:
		case op.Began() >= until:
			return firstAndLast(pairs)
		case x.begins(op):
			open = append(open, op)
		case x.part(op) == asRelease && len(open) == 0: // the end of the outermost begin
			return firstAndLast(pairs)
		case x.part(op) == asRelease:
			pairs = append(pairs, []*history.Operation{open[len(open)-1], op})
			open = open[:len(open)-1]
		}
	}
	return firstAndLast(pairs)
}

func firstAndLast(pairs [][]*history.Operation) []*history.Operation {
	if len(pairs) == 0 {
		return nil
	}
	return append(slices.Clone(pairs[0]), pairs[len(pairs)-1]...)
}

// begins reports whether an operation certainly began a hold, or deepened one.
func (x *Hold) begins(op *history.Operation) bool {
	return x.part(op) == asGrant && op.Outcome() == history.OK && !no(op.Return.Value)
}
