package explore

import (
	"cmp"
	"strings"
	"time"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/link"
)

// single is one fault at one point.
type single struct {
	point link.Point
	fault faults.Fault
	lasts time.Duration
}

// singlesAt returns all faults at all points where they can be injected, in the order of the
// points.
func singlesAt(points []link.Point, choices []Choice) (all []single) {
	for _, p := range points {
		for _, c := range choices {
			at := p
			at.After = c.After
			// At a request, a fault of replies would hit the reply, which is another point.
			if where, err := faults.PointOf(c.Fault, at); err == nil && where == at {
				all = append(all, single{at, c.Fault, cmp.Or(c.Lasts, usualLasts)})
			}
		}
	}
	return all
}

// usualLasts is how long a fault without a duration of its own lasts at most.
const usualLasts = time.Second

// sort is the sort of a single: singles of one sort differ only by the client, and by how often the
// client had done the same before.
type sort struct {
	fault, operation, message string
	reply, after              bool
}

func (s single) sort() sort { return sortOf(s.fault, s.point) }

func sortOf(f faults.Fault, p link.Point) sort {
	return sort{f.Spec(), p.Operation, p.Message, p.Reply, p.After}
}

// sortsOf names the sorts of a schedule's steps: lose-reply at acquire/getChildren/reply.
func sortsOf(steps []plan.Step) string {
	var texts []string
	for _, s := range steps {
		texts = append(texts, sortOf(s.Fault, s.Point).String())
	}
	return strings.Join(texts, " and ")
}

// whereOf names the places of a schedule's faults: for a fault that ends sessions, what its client
// was doing; for any other, its message, whatever the fault did to that.
func whereOf(steps []plan.Step) string {
	var places []string
	for _, s := range steps {
		place := "faults at " + s.Point.Operation + "/" + s.Point.Message
		if t := kinds.Named(s.Fault.Kind()).Traits; t.Sessions != "" || t.Crashes {
			place = s.Fault.Kind() + " in " + s.Point.Operation
		}
		places = append(places, place)
	}
	return strings.Join(places, " and ")
}

// String says where the fault is injected, without numbers.
func (a sort) String() string {
	text := a.fault + " at " + a.operation + "/" + a.message
	if a.reply {
		text += "/reply"
	}
	if a.after {
		text += "/after"
	}
	return text
}

// differs counts the fields in which two sorts differ.
func (a sort) differs(b sort) (n int) {
	for _, other := range []bool{a.fault != b.fault, a.operation != b.operation, a.message != b.message, a.reply != b.reply, a.after != b.after} {
		if other {
			n++
		}
	}
	return n
}
