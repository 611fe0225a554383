package plan

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Words of the grammar that no fault may have as its name.
const (
	allName      = "all"
	quietName    = "quiet"
	withName     = "with"
	sequenceName = "sequence"
	mixName      = "mix"
	aimedName    = "aimed"
	timesKey     = "times"
	weightKey    = "weight"
	withoutSign  = "-"
)

// String returns the schedule as people write it. [Parse] reads it back, with [Schedule.Interval]. It
// writes several parts that take turns as one, and leaves out the draws of given steps
// ([Schedule.HasGiven]).
func (s Schedule) String() string { return strings.Join(s.Items(), ",") }

// Items returns the items that String joins.
func (s Schedule) Items() []string {
	var order, timed, turns []string
	for _, p := range s {
		switch p.Order {
		case Timed:
			timed = append(timed, strings.Split(p.timed(), ",")...)
			continue
		case Given:
			timed = append(timed, p.stepItems()...)
			continue
		case Aimed:
			order = []string{aimedName}
		case InOrder:
			order = []string{sequenceName}
			if p.Times > 0 {
				order[0] += ":" + timesKey + "=" + strconv.Itoa(p.Times)
			}
		}
		turns = append(turns, p.items()...)
	}
	return append(append(order, timed...), turns...)
}

// items returns the turns of a part, with the times that do not follow from its other
// fields.
func (p Part) items() []string {
	var items []string
	for i, t := range p.Turns {
		if t.chosen { // written as AllFaults
			if i > 0 && p.Turns[i-1].chosen {
				continue
			}
			t = Turn{all: true, For: t.For, Weight: t.Weight, without: t.without}
		}
		times := ""
		if lasts := cmp.Or(t.For, p.Lasts); lasts > 0 && !t.quiet() {
			times = "+" + short(lasts)
		}
		items = append(items, strings.Split(t.with(times), ",")...)
		for _, kind := range t.without {
			items = append(items, withoutSign+kind)
		}
	}
	return items
}

// timed returns a part that consists of one turn with its own time.
func (p Part) timed() string {
	times := ""
	switch {
	case !p.Point.Zero():
		times += "@" + p.Point.String()
	case p.At != p.Interval || p.Interval == 0:
		times += "@" + short(p.At)
	}
	times += "+" + short(p.lasting(p.Turns[0]))
	if p.Interval > 0 {
		times += "/" + short(p.Interval)
	}
	return p.Turns[0].with(times)
}

// String returns the turn without its times.
func (t Turn) String() string { return t.with("") }

// with returns the turn with its times, which follow its first fault.
func (t Turn) with(times string) string {
	var words []string
	for _, f := range t.Faults {
		words = append(words, f.Spec())
	}
	switch {
	case t.all:
		words = []string{allName}
	case len(words) == 0 && t.For > 0:
		words = []string{quietName + ":" + short(t.For)}
	case len(words) == 0:
		words = []string{quietName}
	}
	if t.Weight > 1 {
		words[0] += fmt.Sprintf(":%s=%d", weightKey, t.Weight)
	}
	words[0] += times
	return strings.Join(words, ","+withName+":")
}

// short writes a duration without zero units: 1m instead of 1m0s.
func short(d time.Duration) string {
	text := strings.Replace(d.String(), "µ", "u", 1)
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
