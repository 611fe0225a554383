package traits

import (
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
)

// This file makes holds of a lock out of nested ones.

// nesting turns nested holds into simple ones: a hold lasts from the outermost begin to the end
// that may be the last. Where it is unknown whether a client begins or deepens a hold, the outcome
// of the hold's begin becomes unknown, so that nothing rests on it. If longest is true, holds are
// instead as long as they may have been: a hold that may be deeper than is known lasts until its
// session ends.
//
// The end of the session of a hold ends it, however deep it is, so that the next begin is an
// outermost one. A client may have other sessions, which say nothing about the hold.
type nesting struct {
	*Hold
	h       *history.History // the view
	a       *evidence.Record
	longest bool
}

// depth is the least number of begins of a client that it has not ended yet.
type depth struct {
	least  int
	life   evidence.Life       // the client's life when the outermost begin was called
	owners []*evidence.Session // sessions of which one has the hold; none if that is not known
	// doubtful means that a begin or an end of unknown outcome may have left the hold deeper, or
	// have begun it.
	doubtful bool
}

// run changes the view of the history.
func (n nesting) run() {
	type holder struct {
		client int
		key    string
	}
	of := map[holder]*depth{}
	for _, op := range n.a.History.Operations() {
		d := of[holder{op.Client, op.Key}]
		if d == nil {
			d = &depth{}
			of[holder{op.Client, op.Key}] = d
		}
		switch part := n.part(op); part {
		case asGrant:
			n.begin(op, d)
		case asRelease:
			n.end(op, d)
		default:
			n.play(n.h, op, part)
		}
	}
}

// end handles an end by a client at some depth.
func (n nesting) end(op *history.Operation, d *depth) {
	part := asRelease
	if n.longest && d.least > 1 && op.Outcome() == history.Info {
		d.doubtful = true
	}
	if d.least != 1 || op.Outcome() == history.Fail || n.longest && d.doubtful {
		part = ""
	}
	if op.Outcome() != history.Fail {
		d.least = max(0, d.least-1)
	}
	n.play(n.h, op, part)
}

// begin handles a begin by a client at some depth.
func (n nesting) begin(op *history.Operation, d *depth) {
	if op.Outcome() != history.Info && !n.begins(op) {
		n.play(n.h, op, asGrant) // it began nothing
		return
	}
	owners := n.a.Owners(op)
	if over, maybe := n.over(d, op, owners); over {
		*d = depth{}
	} else if maybe {
		n.unsure(op, d, owners)
		return
	}
	if d.least == 0 && !d.doubtful {
		d.life, d.owners = n.a.LifeOf(op), owners
	}
	n.deeper(op, d)
}

// deeper handles a begin by a client that is in the session of its hold, if it has one.
func (n nesting) deeper(op *history.Operation, d *depth) {
	part := asGrant
	if d.least > 0 {
		part = ""
	}
	n.play(n.h, op, part)
	if op.Outcome() == history.Info {
		d.doubtful = true
		return
	}
	if d.least++; part != "" && d.doubtful && !n.longest {
		n.unknown(op)
	}
}

// over reports whether, for its client, the session of a hold was over when a begin was answered,
// so that this begin is an outermost one. maybe means that this is possible.
func (n nesting) over(d *depth, op *history.Operation, owners []*evidence.Session) (over, maybe bool) {
	if d.least == 0 && !d.doubtful {
		return true, false
	}
	if n.a.LifeOf(op) != d.life {
		return true, false
	}
	if len(owners) == 0 || len(d.owners) == 0 {
		return false, false
	}
	if !slices.ContainsFunc(owners, func(s *evidence.Session) bool { return slices.Contains(d.owners, s) }) {
		return true, false
	}
	return false, op.Return != nil && slices.ContainsFunc(d.owners, func(s *evidence.Session) bool { return s.LeftBy(op.Return) })
}

// unsure handles a begin by a client whose hold may be over. The begin may start a new outermost
// hold, which the next end may end; then the previous hold has ended. Otherwise the previous hold
// goes on.
func (n nesting) unsure(op *history.Operation, d *depth, owners []*evidence.Session) {
	part, before := asGrant, d.least
	if before > 0 && !n.longest {
		part, before = asRelease, 0
	}
	*d = depth{least: before, life: d.life, owners: slices.Concat(d.owners, owners), doubtful: true}
	if op.Outcome() == history.OK {
		d.least++
	}
	if n.play(n.h, op, part); !n.longest {
		n.unknown(op)
	}
}

// unknown makes the outcome of an operation unknown.
func (n nesting) unknown(op *history.Operation) {
	if op.Return == nil {
		return
	}
	e := at(n.h, op.Return)
	e.Type, e.Value = history.Info, nil
}
