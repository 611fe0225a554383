package faults

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// Expression is a schedule as people write it, but for the interval between
// turns: see [Parse]. The zero value is no fault.
type Expression struct {
	sequence bool
	times    int // of the sequence; 0 is until the load ends
	items    []item
}

// item is a turn with its times, as far as they are given.
type item struct {
	turn   Turn
	at     time.Duration
	period time.Duration // 0 is once
	fixed  bool          // has a time of its own: at, period or both
}

// The words of the grammar that no fault may be called.
const (
	allName      = "all"
	quietName    = "quiet"
	withName     = "with"
	sequenceName = "sequence"
	mixName      = "mix"
	timesKey     = "times"
	weightKey    = "weight"
)

// Schedule is the expression with the time between two turns; faults of which
// nothing else is said last half of that.
func (x Expression) Schedule(interval time.Duration) Schedule {
	var schedules overlay
	var turns []Turn
	for _, i := range x.items {
		if i.fixed {
			schedules = append(schedules, i.schedule(interval))
		} else {
			turns = append(turns, i.turn)
		}
	}
	switch {
	case len(turns) == 0:
	case x.sequence:
		schedules = append(schedules, Sequence{Interval: interval, Turns: turns, Times: x.times})
	default:
		schedules = append(schedules, Mix{Interval: interval, Turns: turns})
	}
	switch len(schedules) {
	case 0:
		return nil
	case 1:
		return schedules[0]
	}
	return schedules
}

// schedule is a turn at a fixed time. One that comes again must be over by then.
func (i item) schedule(interval time.Duration) Schedule {
	t := timed{at: i.at, period: i.period, turn: i.turn}
	if t.turn.For == 0 {
		t.turn.For = interval / 2
		if t.period > 0 {
			t.turn.For = min(t.turn.For, t.period/2)
		}
	}
	return t
}

// Items are the parts of the expression as they are written.
func (x Expression) Items() []string {
	var out []string
	if x.sequence {
		out = append(out, sequenceName)
		if x.times > 0 {
			out[0] += ":" + timesKey + "=" + strconv.Itoa(x.times)
		}
	}
	for _, i := range x.items {
		out = append(out, i.parts()...)
	}
	return out
}

// String is the expression. Parse reads it back.
func (x Expression) String() string { return strings.Join(x.Items(), ",") }

// parts are the item and those that begin together with it.
func (i item) parts() []string {
	parts := strings.Split(i.turn.String(), ",")
	if i.fixed && (i.at != i.period || i.period == 0) {
		parts[0] += "@" + short(i.at)
	}
	if i.turn.For > 0 && !i.turn.quiet() {
		parts[0] += "+" + short(i.turn.For)
	}
	if i.period > 0 {
		parts[0] += "/" + short(i.period)
	}
	return parts
}

// Written gives a schedule as an expression, and the interval that it is meant
// with. Of a schedule that an expression cannot say, it gives the faults alone,
// and false.
func Written(s Schedule) (x Expression, interval time.Duration, ok bool) {
	parts, isOverlay := s.(overlay)
	if !isOverlay {
		parts = overlay{s}
	}
	ok = true
	turned := 0
	for _, part := range parts {
		switch p := part.(type) {
		case timed:
			x.items = append(x.items, item{turn: p.turn, at: p.at, period: p.period, fixed: true})
		case Mix:
			x.items, interval = append(x.items, p.pace().items(p.Turns)...), p.Interval
			turned++
		case Sequence:
			x.items, interval = append(x.items, p.pace().items(p.Turns)...), p.Interval
			x.sequence, x.times = true, p.Times
			turned++
		default:
			ok = false
		}
	}
	if ok && turned <= 1 {
		return x, interval, true
	}
	x = Expression{}
	for _, f := range s.Faults() {
		x.items = append(x.items, item{turn: Together(f)})
	}
	return x, interval, false
}

// items are turns with the times that follow from nothing else.
func (p pace) items(turns []Turn) []item {
	var items []item
	for i, t := range turns {
		if t.chosen { // written as what they were chosen for
			if i > 0 && turns[i-1].chosen {
				continue
			}
			t = Turn{all: true, For: t.For, Weight: t.Weight}
		}
		if p.lasts > 0 && !t.quiet() {
			t.For = cmp.Or(t.For, p.lasts)
		}
		items = append(items, item{turn: t})
	}
	return items
}
