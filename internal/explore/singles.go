package explore

import (
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/link"
)

// single is one fault at one point.
type single struct {
	point link.Point
	fault faults.Fault
}

// singlesAt are all faults at all points where they can be injected, in the order of the
// points.
func singlesAt(points []link.Point, choices []Choice) (all []single) {
	for _, p := range points {
		for _, c := range choices {
			at := p
			at.After = c.After
			// A fault of replies would take the request for its reply, which is another point.
			if where, err := faults.PointOf(c.Fault, at); err == nil && where == at {
				all = append(all, single{at, c.Fault})
			}
		}
	}
	return all
}

// sort is what kind of single it is: of a sort are those that differ by the client, and
// by how often the client did that before.
type sort struct {
	fault, operation, message string
	reply, after              bool
}

func (s single) sort() sort {
	p := s.point
	return sort{s.fault.Spec(), p.Operation, p.Message, p.Reply, p.After}
}

// differs counts in what two sorts differ.
func (a sort) differs(b sort) (n int) {
	for _, other := range []bool{a.fault != b.fault, a.operation != b.operation, a.message != b.message, a.reply != b.reply, a.after != b.after} {
		if other {
			n++
		}
	}
	return n
}
