package linear

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/foreign"
)

// Events are in the order of the file, as long as their times agree with it. They do not agree if
// the logs of several clients were concatenated, or if a line is a whole operation. Then the times
// decide, if every event has one: a client takes the time of an invocation before it calls, and
// that of a completion after the call has returned, so the operation took effect between them.
//
// zklab's own histories are in order, and their lines are numbered.

// timing holds what reading the events showed about their times. Events are places in
// History.times.
type timing struct {
	latest  int32   // the event with the latest time so far
	last    []int32 // by process: its last event
	back    int32   // the first event with a time before the time of an earlier one
	untimed int32   // the first event without a time
	moved   int     // events that come later in the file than in time
	first   string  // the place of the first of these
	// apart has the processes with several operations at the same time: the process's number
	// does not show which operation followed which, so each operation becomes a process of its
	// own.
	apart map[int32]bool
}

func newTiming() timing {
	return timing{latest: none, back: none, untimed: none, apart: map[int32]bool{}}
}

// follow records the time of an event of a process. It returns an error if times go back
// although the order of the file has to count.
func (l *loader) follow(e *foreign.Event, process, now int32) error {
	if l.reader.Model() != "" {
		return nil
	}
	t, times := &l.timing, l.h.times
	for int(process) >= len(t.last) {
		t.last = append(t.last, none)
	}
	last := t.last[process]
	t.last[process] = now
	if e.Time == foreign.NoTime {
		if t.untimed == none {
			t.untimed = now
		}
		return nil
	}
	if last != none && e.Time < times[last] {
		switch {
		case !e.Record:
			return bad(e, "the time of process %d goes back from %s to %s: give each client a process of its own; or, if the order of the lines is right, leave the times out", e.Process, l.h.at(last), seconds(e.Time))
		case l.h.Model.kind.held:
			return bad(e, "process %d begins at %s, before the end of its operation at %s: the holder of a %s is a process, which does one thing at a time; give each holder a process of its own", e.Process, seconds(e.Time), l.h.at(last), l.h.Model.name)
		}
		t.apart[process] = true
	}
	switch {
	case t.latest == none || e.Time >= times[t.latest]:
		t.latest = now
		return nil
	case t.back == none:
		t.back = now
	}
	if !e.Record {
		if t.moved == 0 {
			t.first = l.h.place(now)
		}
		t.moved++
	}
	return nil
}

// inTime puts the events in the order of their times, if the file has another order. It returns an
// error if an event has no time.
func (l *loader) inTime() error {
	h, t := l.h, &l.timing
	if t.back == none {
		return nil
	}
	if t.untimed != none {
		err := &foreign.LineError{Line: int(h.lines[t.back])}
		if h.byEvent {
			err.Event = int(h.indices[t.back]) + 1
		}
		err.Reason = fmt.Sprintf("the time goes back to %s, though an earlier event has a later one, and %s has none: give every event a time; or, if the order of the lines is right, leave the times out", seconds(h.times[t.back]), h.place(t.untimed))
		return err
	}
	h.sorted, h.moved, h.movedFirst = true, t.moved, t.first
	order := make([]int32, len(h.times))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(x, y int32) int { return cmp.Compare(h.times[x], h.times[y]) })
	h.lines, h.indices, h.times = picked(h.lines, order), picked(h.indices, order), picked(h.times, order)
	place := make([]int32, len(order))
	for at, event := range order {
		place[event] = int32(at)
	}
	l.move(place, l.ops, l.extra, h.failed)
	return nil
}

// move gives operations other ranks.
func (l *loader) move(rank []int32, all ...[]op) {
	for _, ops := range all {
		for i := range ops {
			o := &ops[i]
			o.inv = rank[o.inv]
			if o.ret != never {
				o.ret = rank[o.ret]
			}
		}
	}
	slices.SortStableFunc(l.ops, func(x, y op) int { return int(x.inv) - int(y.inv) })
}

// picked returns the items in an order.
func picked[T any](items []T, order []int32) []T {
	out := make([]T, len(order))
	for at, from := range order {
		out[at] = items[from]
	}
	return out
}

// divideProcesses turns each operation of the processes in apart into a process of its
// own.
func (l *loader) divideProcesses() {
	if len(l.timing.apart) == 0 {
		return
	}
	of := map[int32]int32{} // by invocation, since the dequeues of a drain stay in order
	for _, ops := range [][]op{l.ops, l.extra} {
		for i := range ops {
			o := &ops[i]
			if !l.timing.apart[o.process] {
				continue
			}
			id, known := of[o.inv]
			if !known {
				id = int32(len(l.h.processes))
				of[o.inv] = id
				l.h.processes = append(l.h.processes, l.h.processes[o.process])
			}
			o.process = id
		}
	}
}

// countFromFirst converts dates, and times below zero, to times since the earliest.
func (l *loader) countFromFirst() {
	first := int64(history.MaxTime)
	for _, t := range l.h.times {
		if t != foreign.NoTime {
			first = min(first, t)
		}
	}
	switch {
	case l.h.clock == foreign.Dates || l.h.clock == foreign.LocalDates:
		l.h.since = time.Unix(0, first).UTC()
	case first < 0:
		l.h.offset = first
	default:
		return
	}
	for i, t := range l.h.times {
		if t != foreign.NoTime {
			l.h.times[i] = t - first
		}
	}
}

// seconds formats a time for people. Times that count events are a few nanoseconds, which six
// digits would not show.
func seconds(t int64) string {
	digits := 6
	if t%1000 != 0 && -1e6 < t && t < 1e6 {
		digits = 9
	}
	return fmt.Sprintf("%.*f s", digits, time.Duration(t).Seconds())
}
