package queues

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/checker/internal/zones"
	"github.com/zklab/zklab/history"
)

// strict requires that, at a moment between its call and its return, a dequeue takes an item that
// is at least as good as all others. It applies to subjects that promise this.
//
// The procedure takes each item as early as possible, from the best priority to the worst, at a
// moment when certainly no better item is there; an answer that the queue was empty counts as the
// worst. A worse item never hinders a better one. The procedure is exact except for two questions,
// which porcupine has to answer: whether items of one priority have to wait for each other, and
// which items the dequeues of unknown outcome took.
//
// With a log, the same is required of the states between two transactions: there must be a state, not
// older than the call, in which nothing better is there.
var strict = &frame.Property{
	Name:    "strict",
	Meaning: "each dequeue took an item that was the best at some moment during the call",
	Decider: "best first",
	Evidence: func(a *evidence.Record) string {
		if settlesQueues(a) {
			return "R, L"
		}
		return "R"
	},
	Applies: func(a *evidence.Record) bool { return a.Offers.Strict },
	Decide: onQueue(func(_ context.Context, f *frame.Finding, q *queue) {
		q.countChoices(f)
		s := strictly(q)
		for _, w := range s.wrong {
			if !f.Again() {
				names, events := s.because(w)
				f.Violated(events, "client %d asked %s at %s and %s by %s, while %s was there all the time: %s",
					w.op.Client, q.Name, words.At(w.op.Began()), w.got(), words.At(w.op.Return.Time), w.better(), names)
			}
		}
		if q.wholeLog() {
			decideStrictByLog(f, q)
		}
	}),
	Exercise: choiceExercise,
}

// misplaced is a dequeue of an item, or of nothing (nil), that better items forbid from a
// position to the dequeue's end. ahead is the number of presences before it.
type misplaced struct {
	op       *history.Operation
	it       *item
	from, to int32
	ahead    int32
}

func (w *misplaced) got() string {
	if w.it == nil {
		return "found it empty"
	}
	return "got " + w.it.ranked()
}

func (w *misplaced) better() string {
	if w.it == nil {
		return "something"
	}
	return w.it.better()
}

// strictness is the state of the procedure that takes each item as early as possible.
type strictness struct {
	q     *queue
	axis  *axis[time.Duration]
	items []*item          // that certainly were there, in order of priority, the best first
	there []zones.Presence // of items, on the axis
	busy  int32            // how many of there the axis has: those of better priorities
	wrong []misplaced
}

var strictlyOf = evidence.OncePerKey(func(k *evidence.Key) *strictness {
	q := queueOf(k)
	s := &strictness{q: q, axis: newAxis(q.moments())}
	items := best(q)
	for i, it := range items {
		if i > 0 && items[i-1].priority != it.priority {
			s.settle()
		}
		s.place(it)
	}
	s.settle()
	for _, op := range q.noneThere() {
		s.free(op, nil, s.axis.at(op.Began()))
	}
	return s
})

func strictly(q *queue) *strictness { return strictlyOf(q.Key) }

// noneThere returns the dequeues that found nothing in the queue. If items have due times,
// such an answer means only that nothing was due, and noneThere returns none.
func (q *queue) noneThere() []*history.Operation {
	if q.delays {
		return nil
	}
	return q.empties
}

// moments lists the moments at which anything began or ended.
func (q *queue) moments() (all []time.Duration) {
	add := func(op *history.Operation) {
		if all = append(all, op.Began()); op.Return != nil {
			all = append(all, op.Return.Time)
		}
	}
	for _, it := range q.items {
		if op := it.enqueue(); op != nil {
			add(op)
		}
		for _, op := range it.out {
			add(op)
		}
	}
	for _, op := range slices.Concat(q.unknown, q.empties) {
		add(op)
	}
	return all
}

// best returns the items that may have been put in, in order of priority, and within a
// priority in the order in which they were put in.
func best(q *queue) []*item {
	all := slices.DeleteFunc(slices.Clone(q.items), func(it *item) bool { return it.enqueue() == nil })
	slices.SortStableFunc(all, func(x, y *item) int {
		return cmp.Or(cmp.Compare(x.priority, y.priority), cmp.Compare(x.enqueue().Began(), y.enqueue().Began()))
	})
	return all
}

// settle makes the items of the current priority hinder the worse ones. Items of one priority do
// not hinder each other.
func (s *strictness) settle() {
	for _, p := range s.there[s.busy:] {
		s.axis.occupy(p.From, p.To)
	}
	s.busy = int32(len(s.there))
}

// place takes an item at the earliest possible moment.
func (s *strictness) place(it *item) {
	op := it.enqueue()
	in, out, could := s.axis.end(), s.axis.end(), int32(zones.Never)
	if op.Outcome() == history.OK {
		in = s.axis.at(op.Return.Time)
	}
	if len(it.out) > 0 {
		could = s.axis.at(max(it.out[0].Began(), op.Began()))
		out = s.free(it.out[0], it, could)
	} else if until := s.q.certainUntil(it); until != evidence.Never {
		out = s.axis.at(until)
	}
	if in < out {
		s.items = append(s.items, it)
		s.there = append(s.there, zones.Presence{From: in, To: out, Could: could, Better: s.busy})
	}
}

// free returns the first position, from one on, at which a dequeue can have taken an item,
// or found nothing; the position of its return if there is none.
func (s *strictness) free(op *history.Operation, it *item, from int32) int32 {
	p, to := s.axis.From(from), s.axis.at(op.Return.Time)
	switch {
	case from > to: // it was put in later, which integrity reports
		return to
	case p > to:
		s.wrong = append(s.wrong, misplaced{op, it, from, to, s.busy})
		return to
	}
	return p
}

// because names the items that were there all the time, and returns the events that show
// that.
func (s *strictness) because(w misplaced) (names string, events []int) {
	events = evidence.EventsOf(w.op)
	if w.it != nil {
		events = append(events, evidence.EventsOf(w.it.enqueue())...)
	}
	var said []string
	for _, i := range zones.Cover(s.there, w.ahead, w.from, w.to, nil) {
		it := s.items[i]
		events = append(events, evidence.EventsOf(it.enqueue())...)
		if len(it.out) > 0 {
			events = append(events, evidence.EventsOf(it.out[0])...)
		}
		said = append(said, it.ranked()+" ("+stayed(it)+")")
	}
	return strings.Join(said, ", "), events
}

func stayed(it *item) string {
	if len(it.out) == 0 {
		return "in by " + words.At(it.entered()) + ", and no client took it"
	}
	return "in by " + words.At(it.entered()) + ", taken from " + words.At(it.leaves()) + " on"
}

// decideStrictByLog looks for the state in the log on which each dequeue can rest.
func decideStrictByLog(f *frame.Finding, q *queue) {
	nodes := nodesOf(q.Record)
	var zxids []uint64
	for _, s := range q.loggedItems() {
		zxids = append(zxids, s.from, s.to)
	}
	states := newAxis(zxids)
	before := f.Result
	settled := 0
	items := best(q)
	for _, it := range items {
		for ; items[settled].priority < it.priority; settled++ {
			for _, n := range nodes.copies(items[settled]) {
				states.occupy(states.at(n.Created), states.at(n.Deleted))
			}
		}
		for _, op := range it.out {
			n := nodes.deletedBy(q.Record, it, op)
			if n == nil {
				continue
			}
			since := max(q.Zxids.Floor(op.Began()), n.Created)
			if states.From(states.after(since)) < states.at(n.Deleted) || f.Again() {
				continue
			}
			names, events := q.betterInLog(it, since, n.Deleted)
			f.Violated(append(evidence.EventsOf(op), append(evidence.EventsOf(it.enqueue()), events...)...), "client %d asked %s at %s and got %s by %s, while in the transaction log, from %s on until it took that at %s, %s was there all the time: %s",
				op.Client, q.Name, words.At(op.Began()), it.ranked(), words.At(op.Return.Time), words.Zxid(since), words.Zxid(n.Deleted), it.better(), names)
			f.ByLog = f.ByLog || before != frame.Violation
		}
	}
}

// betterInLog names the items between two zxids that were better than an item.
func (q *queue) betterInLog(it *item, from, to uint64) (names string, events []int) {
	var said []string
	for at := from; at < to; {
		var last *orderedItem
		for _, s := range q.loggedItems() {
			if s.priority < it.priority && s.from <= at && s.to > at && (last == nil || s.to > last.to) {
				last = &s
			}
		}
		if last == nil {
			break
		}
		at = last.to
		said = append(said, fmt.Sprintf("%s (put in at %s%s)", last.ranked(), words.Zxid(last.from), last.node.Until()))
		if events = append(events, evidence.EventsOf(last.enqueue())...); len(last.out) > 0 {
			events = append(events, evidence.EventsOf(last.out[0])...)
		}
	}
	return strings.Join(said, ", "), events
}
