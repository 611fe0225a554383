package queues

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
)

// bounded requires that a queue with a capacity never has more items.
//
// An item certainly is in the queue from the time by which it was put in until a client began to
// take it. An item that never came out may have been taken by any dequeue of unknown outcome.
var bounded = &frame.Property{
	Name:     "bounded",
	Meaning:  "the queue never held more items than its bound",
	Decider:  "sweep over stays",
	Evidence: frame.FromTimes,
	Applies:  isBounded,
	Decide:   onQueue(decideBounded),
	Exercise: func(_ *evidence.Record, figures map[string]float64) string {
		return frame.Because(frame.Few(figures["full"], 10, "items that were put into the last free place, or when there was none"), frame.MoreMeetings)
	},
}

func isBounded(a *evidence.Record) bool { return a.Offers.Capacity > 0 }

// edge is the moment at which an item's certain stay begins or ends, or at which an
// unknown dequeue begins.
type edge struct {
	at   time.Duration
	kind edgeKind
	item *item // the item whose stay it is
	op   *history.Operation
}

type edgeKind int

// At equal times, everything ends before anything begins.
const (
	stayEnds edgeKind = iota
	mayTakeOne
	stayBegins
)

// edges returns the edges of a queue, in order of time.
func (q *queue) edges() []edge {
	var all []edge
	for _, it := range q.items {
		op := it.enqueue()
		if op == nil || op.Outcome() != history.OK {
			continue
		}
		until, from := it.leaves(), op.Return.Time
		if until > from {
			all = append(all, edge{at: from, kind: stayBegins, item: it})
		}
		if until > from && len(it.out) > 0 {
			all = append(all, edge{at: until, kind: stayEnds, item: it})
		}
	}
	for _, op := range q.unknown {
		all = append(all, edge{at: op.Began(), kind: mayTakeOne, op: op})
	}
	slices.SortStableFunc(all, func(a, b edge) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.kind, b.kind)) })
	return all
}

// certain counts the items that certainly are in a queue at a moment.
type certain struct {
	taken   map[*item]bool // items that are taken later
	forever []*item        // items that never came out
	unknown []*history.Operation
}

func (c *certain) pass(e edge) {
	switch {
	case e.kind == mayTakeOne:
		c.unknown = append(c.unknown, e.op)
	case e.kind == stayEnds:
		delete(c.taken, e.item)
	case len(e.item.out) == 0:
		c.forever = append(c.forever, e.item)
	default:
		c.taken[e.item] = true
	}
}

// items returns the least number of items in the queue.
func (c *certain) items() int { return len(c.taken) + max(0, len(c.forever)-len(c.unknown)) }

// counterexample returns the events that show this: those of the puts and takes of the items, and
// of the unknown dequeues that may have taken some.
func (c *certain) counterexample() (events []int) {
	for it := range c.taken {
		events = append(events, evidence.EventsOf(it.enqueue())...)
		for _, op := range it.out {
			events = append(events, evidence.EventsOf(op)...)
		}
	}
	if len(c.forever) <= len(c.unknown) {
		return events
	}
	for _, it := range c.forever {
		events = append(events, evidence.EventsOf(it.enqueue())...)
	}
	for _, op := range c.unknown {
		events = append(events, evidence.EventsOf(op)...)
	}
	return events
}

func decideBounded(ctx context.Context, f *frame.Finding, q *queue) {
	f.Count("full", 0)
	in := certain{taken: map[*item]bool{}}
	for _, e := range q.edges() {
		if ctx.Err() != nil {
			return
		}
		in.pass(e)
		if e.kind != stayBegins {
			continue
		}
		n := in.items()
		if n >= q.Offers.Capacity {
			f.CountSpan(q.Record, "full", evidence.Span{From: e.at, To: e.at})
		}
		if n > q.Offers.Capacity && !f.Again() {
			f.Violated(in.counterexample(), "at %s there were at least %s in %s, which has room for %d",
				words.At(e.at), prose.Count(n, "item"), q.Name, q.Offers.Capacity)
		}
	}
}

// boundedReference is a queue with a capacity for the reference model. Its state is all
// its items, in any order.
var boundedReference = &frame.Reference{
	Covers:     []string{"integrity", "bounded"},
	Refines:    true,
	Applies:    isBounded,
	Operations: boundedSteps,
	Model:      func(a *evidence.Record) porcupine.Model { return boundedSpec(a.Offers.Capacity) },
	Size:       listSize,
}

// boundedSteps returns the steps of a queue. It leaves out the puts of unknown outcome whose items
// no client saw: if such a put never happened, its item takes no room.
func boundedSteps(k *evidence.Key) ([]porcupine.Operation, bool) {
	all, ok := queueOperations(k)
	return slices.DeleteFunc(all, func(op porcupine.Operation) bool {
		in := op.Input.(queueStep)
		return in.kind == isEmpty || in.maybe && !in.taken[number(in.code)].known
	}), ok
}

func boundedSpec(capacity int) porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{""} },
		Step: func(state, input, _ any) []any {
			there, in := state.(string), input.(queueStep)
			at := position(there, in.code)
			switch {
			case in.kind == puts && len(there)/width < capacity:
				return []any{insert(there, in.code)}
			case in.kind == takes && at >= 0:
				return []any{there[:at] + there[at+width:]}
			case in.kind == mayTake:
				return without(there, in.taken)
			}
			return nil
		},
		DescribeOperation: func(input, _ any) string { return input.(queueStep).text },
		DescribeState:     func(state any) string { return prose.Count(len(state.(string))/width, "item") },
	}
	return m.ToModel()
}

// position returns the place of an item among those that are in the queue, in order of their codes;
// -1 if it is not there.
func position(there, code string) int {
	for i := 0; i < len(there) && code != ""; i += width {
		if there[i:i+width] == code {
			return i
		}
	}
	return -1
}

func insert(there, code string) string {
	i := 0
	for i < len(there) && there[i:i+width] < code {
		i += width
	}
	return there[:i] + code + there[i:]
}

// without returns the states that an unknown dequeue can leave.
func without(there string, taken []span) []any {
	next := []any{there}
	for i := 0; i < len(there); i += width {
		if !taken[number(there[i:])].known {
			next = append(next, there[:i]+there[i+width:])
		}
	}
	return next
}
