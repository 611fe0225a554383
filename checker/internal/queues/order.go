package queues

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/explain"
)

// fifo requires that items come out in the order in which they were put in, as far as
// the record shows: there are no items x and y such that x was put in before y but y
// was taken before x.
var fifo = &frame.Property{
	Name:     "order",
	Meaning:  "items were delivered in the order in which they were put",
	Decider:  "sweep over enqueues",
	Telling:  explain.Overtaken,
	Evidence: frame.FromTimes,
	Decide:   onQueue(decideOrder),
	Exercise: queueExercise,
}

// decideOrder decides the items of each priority separately.
func decideOrder(_ context.Context, f *frame.Finding, q *queue) {
	f.Add(q.figures)
	of := byPriority(q.taken())
	for _, p := range slices.Sorted(maps.Keys(of)) {
		decideFIFO(f, q.Name, of[p])
	}
}

// byPriority groups items by their priority.
func byPriority(all []*item) map[int64][]*item {
	of := map[int64][]*item{}
	for _, it := range all {
		of[it.priority] = append(of[it.priority], it)
	}
	return of
}

// taken returns the items that were put in and came out.
func (q *queue) taken() []*item {
	var of []*item
	for _, it := range q.items {
		if len(it.out) > 0 && it.enqueue() != nil {
			of = append(of, it)
		}
	}
	return of
}

func decideFIFO(f *frame.Finding, key string, taken []*item) {
	byEntry := slices.Clone(taken)
	slices.SortFunc(byEntry, func(x, y *item) int { return cmp.Compare(x.entered(), y.entered()) })
	byCall := slices.Clone(taken)
	slices.SortFunc(byCall, func(x, y *item) int { return cmp.Compare(x.enqueue().Began(), y.enqueue().Began()) })
	var latest *item // of the items that were put in before y, the one whose dequeue began last
	i := 0
	for _, y := range byCall {
		for ; i < len(byEntry) && byEntry[i].entered() < y.enqueue().Began(); i++ {
			if x := byEntry[i]; latest == nil || x.out[0].Began() > latest.out[0].Began() {
				latest = x
			}
		}
		if latest == nil || latest.out[0].Began() <= y.out[0].Return.Time {
			continue
		}
		x := latest
		f.Violated(slices.Concat(evidence.EventsOf(x.enqueue()), evidence.EventsOf(y.enqueue()), evidence.EventsOf(x.out[0]), evidence.EventsOf(y.out[0])),
			"item %q went into %s by %s, before %q at %s, yet client %d took %q by %s and client %d took %q only from %s on",
			x.value, key, words.At(x.entered()), y.value, words.At(y.enqueue().Began()),
			y.out[0].Client, y.value, words.At(y.out[0].Return.Time), x.out[0].Client, x.value, words.At(x.out[0].Began()))
	}
}

// successorsOf returns the successors of each priority.
func successorsOf(taken []*item) map[int64]*successors {
	of := map[int64]*successors{}
	for p, items := range byPriority(taken) {
		of[p] = newSuccessors(items)
	}
	return of
}

// successors finds, for a time t, the earliest return of a dequeue of an item that was
// put in after t: by then all items of its priority that were put in before t are out.
type successors struct {
	calls  []time.Duration // invocations of enqueues, ascending
	items  []*item
	oldest []*item // among items[i:], the one that was taken first
}

func newSuccessors(taken []*item) *successors {
	s := &successors{items: slices.Clone(taken)}
	slices.SortFunc(s.items, func(x, y *item) int { return cmp.Compare(x.enqueue().Began(), y.enqueue().Began()) })
	s.oldest = make([]*item, len(s.items))
	for i := len(s.items) - 1; i >= 0; i-- {
		s.oldest[i] = s.items[i]
		if i+1 < len(s.items) && s.oldest[i+1].out[0].Return.Time < s.items[i].out[0].Return.Time {
			s.oldest[i] = s.oldest[i+1]
		}
	}
	for _, it := range s.items {
		s.calls = append(s.calls, it.enqueue().Began())
	}
	return s
}

// after returns the first item to be taken among those that were put in after t; nil if there
// is none.
func (s *successors) after(t time.Duration) *item {
	if s == nil {
		return nil
	}
	i, _ := slices.BinarySearch(s.calls, t+1)
	if i == len(s.items) {
		return nil
	}
	return s.oldest[i]
}
