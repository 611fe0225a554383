package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/base/nearest"
	"github.com/zklab/zklab/link"
)

// Parse reads a schedule as it is written on the command line and in experiment files:
// items separated by commas, each
//
//	name{:argument}[@at][+for][/period]
//
// An argument is a word or key=value. @10s is the time at which a fault begins, or
// @client1/acquire#2/create#1 the message at which it is injected ([link.Point]). +5s is
// how long it lasts. /30s repeats it every 30 s (without @, first after 30 s). Items
// without @ and / take turns in a [Mix], or, if the first item is "sequence" or
// "sequence:times=2", in a [Sequence]. Among these, "all" means every fault that the
// ensemble has ("all,-move" leaves out move), "quiet" or "quiet:20s" means nothing happens,
// and pause:weight=3 comes three times as often as others. "with:expire" begins at the same
// time as the item before it. The empty text has no faults.
//
// Interval is the time between two turns; faults without a duration of their own last half
// of it. An error is a [*SyntaxError].
func Parse(text string, interval time.Duration) (Schedule, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	if err := printable(text); err != nil {
		return nil, err
	}
	r := reader{turns: Part{Interval: interval}}
	all := span{text, 0, len(text)}
	for i, part := range all.split(',') {
		if err := r.add(part.trim(), i); err != nil {
			return nil, err
		}
	}
	if err := r.leaveOut(); err != nil {
		return nil, err
	}
	if err := r.aims(all); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(r.items, func(i item) bool { return !i.turn.quiet() }) {
		return nil, all.wrong("it contains no fault; write, for example, %s,pause,expire", all.trim())
	}
	return r.schedule(), nil
}

// leastInterval is the shortest interval that [ParseWithin] chooses. A shorter one leaves faults no time to take effect.
const leastInterval = 2 * time.Second

// ParseWithin is like [Parse], for a list that may lack an interval. It takes the usual interval, or,
// if the load is limited (limit is not 0), the longest interval with which each turn of a mix or a
// sequence ends within the limit, but at least 2 s. With "all", the number of turns depends on the
// ensemble, so [Schedule.Choose] shortens the interval; if not all turns fit, the turns that the list
// names come first. Aimed faults come ten times as often: there are many kinds of places, and each such
// fault hits one message.
func ParseWithin(text string, usual, limit time.Duration) (Schedule, error) {
	s, err := Parse(text, usual)
	if slices.ContainsFunc(s, func(p Part) bool { return p.Order == Aimed }) {
		return Parse(text, usual/10)
	}
	if err != nil || limit <= 0 {
		return s, err
	}
	if slices.ContainsFunc(s.turns(), func(t Turn) bool { return t.all }) {
		for i := range s {
			s[i].within = limit
		}
		return s, nil
	}
	for _, p := range s {
		p.within = limit
		if interval := p.fitting(); interval < p.Interval {
			return Parse(text, interval) // faults of their own times last by the interval, too
		}
	}
	return s, nil
}

// reader holds what has been read so far: the items, and options of the items that take
// turns.
type reader struct {
	turns   Part
	items   []item
	without []span // the kinds that "all" leaves out
}

// item is a turn with its times, as far as they are given.
type item struct {
	turn   Turn
	at     time.Duration
	point  link.Point
	period time.Duration // 0: once
	fixed  bool          // has its own time: at, period or both
}

// schedule puts the items with their own times first.
func (r reader) schedule() Schedule {
	var s Schedule
	for _, i := range r.items {
		if i.fixed {
			s = append(s, i.timed(r.turns.Interval))
		} else {
			r.turns.Turns = append(r.turns.Turns, i.turn)
		}
	}
	if len(r.turns.Turns) > 0 {
		s = append(s, r.turns)
	}
	return s
}

// timed returns a part with one turn at its own time. A repeated turn must end before the next one
// begins.
func (i item) timed(interval time.Duration) Part {
	if i.turn.For == 0 {
		i.turn.For = max(interval/2, 1)
		if i.period > 0 {
			i.turn.For = min(i.turn.For, i.period/2)
		}
	}
	return Part{Order: Timed, At: i.at, Point: i.point, Interval: i.period, Turns: []Turn{i.turn}}
}

// SyntaxError says what is wrong with an expression, and where.
type SyntaxError struct {
	Text     string // the whole expression
	Position int    // of the first wrong character, from 1
	Problem  string
}

// shown is how many characters of an expression an error shows.
const shown = 120

// Error returns one line.
func (e *SyntaxError) Error() string {
	text := strconv.Quote(e.Text)
	if len(text) > shown {
		at := min(max(0, e.Position-shown/2), len(e.Text))
		text = strconv.Quote(strings.ToValidUTF8(e.Text[at:min(at+shown, len(e.Text))], "?")) + " (a part of it)"
	}
	return fmt.Sprintf("%s: position %d: %s", text, e.Position, e.Problem)
}

// span is a part of an expression that knows its position.
type span struct {
	whole    string
	from, to int
}

func (s span) String() string { return s.whole[s.from:s.to] }

// wrong returns an error at the beginning of the span. Spans among the arguments are user
// input of any length.
func (s span) wrong(format string, args ...any) error {
	for i, a := range args {
		if a, ok := a.(span); ok {
			args[i] = brief(a.String())
		}
	}
	return &SyntaxError{
		Text: s.whole, Position: utf8.RuneCountInString(s.whole[:s.from]) + 1,
		Problem: fmt.Sprintf(format, args...),
	}
}

// brief shortens user input for an error.
func brief(text string) string {
	if len(text) > 60 {
		return text[:60] + "..."
	}
	return text
}

// cut divides the span at index i; that character belongs to the second part.
func (s span) cut(i int) (before, after span) {
	return span{s.whole, s.from, s.from + i}, span{s.whole, s.from + i, s.to}
}

// skip drops the first n characters.
func (s span) skip(n int) span { return span{s.whole, s.from + n, s.to} }

func (s span) trim() span {
	for s.from < s.to && s.whole[s.from] == ' ' {
		s.from++
	}
	for s.from < s.to && s.whole[s.to-1] == ' ' {
		s.to--
	}
	return s
}

func (s span) split(at byte) []span {
	var parts []span
	for i := s.from; i < s.to; i++ {
		if s.whole[i] == at {
			parts = append(parts, span{s.whole, s.from, i})
			s.from = i + 1
		}
	}
	return append(parts, s)
}

// printable refuses characters that cannot be in any expression.
func printable(text string) error {
	for i, r := range text {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		if !letter && !strings.ContainsRune("-_.%:=@+/#, ", r) {
			return span{text, i, len(text)}.wrong("%q is not allowed in a list of faults", r)
		}
	}
	return nil
}

// add reads the n-th item of an expression.
func (r *reader) add(part span, n int) error {
	if part.String() == "" {
		return part.wrong("a fault is missing: there are two commas in a row, or one at the end")
	}
	if strings.HasPrefix(part.String(), withoutSign) {
		r.without = append(r.without, part.skip(len(withoutSign)))
		return nil
	}
	name := part
	if i := strings.IndexAny(part.String(), ":@+/"); i >= 0 {
		name, _ = part.cut(i)
	}
	rest := part.skip(name.to - name.from)
	switch name.String() {
	case "":
		return part.wrong("a name is missing")
	case sequenceName, mixName, aimedName:
		return r.order(name, rest, n)
	case withName:
		return r.with(rest)
	}
	i, err := parseItem(name, rest)
	if err == nil {
		r.items = append(r.items, i)
	}
	return err
}

// leaveOut removes the unwanted kinds from AllFaults.
func (r *reader) leaveOut() error {
	for _, kind := range r.without {
		if _, ok := faults.Named(kind.String()); !ok {
			return kind.wrong("unknown fault %q%s%s leaves a kind of fault out of %q, as in %s,%smove", kind, nearest.DidYouMean(kind.String(), names()), withoutSign, allName, allName, withoutSign)
		}
		found := false
		for i := range r.items {
			if t := &r.items[i].turn; t.all {
				t.without, found = append(t.without, kind.String()), true
			}
		}
		if !found {
			return kind.wrong("without %q, %s has nothing to leave out: write %s,%s%s", allName, kind, allName, withoutSign, kind)
		}
	}
	return nil
}

// aims refuses a fault in an aimed schedule that is not injected at messages.
func (r *reader) aims(all span) error {
	for _, i := range r.items {
		for _, f := range i.turn.Faults {
			if r.turns.Order == Aimed && !i.fixed && !faults.Aimable(f) {
				return all.wrong("%s cannot be injected at messages, where %s faults are", f.Spec(), aimedName)
			}
		}
	}
	return nil
}

// order reads the word that says in which order turns come.
func (r *reader) order(name, rest span, n int) error {
	if n > 0 {
		return name.wrong("%s must come before all faults", name)
	}
	switch name.String() {
	case sequenceName:
		r.turns.Order = InOrder
	case aimedName:
		r.turns.Order = Aimed
	}
	if rest.String() == "" {
		return nil
	}
	times, ok := strings.CutPrefix(rest.String(), ":"+timesKey+"=")
	if r.turns.Order != InOrder || !ok {
		return rest.wrong("%s takes no %q; write %s, %s or %s:%s=2", name, rest, mixName, sequenceName, sequenceName, timesKey)
	}
	var err error
	r.turns.Times, err = number(rest.skip(len(rest.String())-len(times)), 1000)
	return err
}

// with reads a fault that begins together with the item before it.
func (r *reader) with(rest span) error {
	if !strings.HasPrefix(rest.String(), ":") {
		return rest.wrong("%s needs a colon and a fault: with:expire", withName)
	}
	if len(r.items) == 0 || len(r.items[len(r.items)-1].turn.Faults) == 0 {
		return rest.wrong("%s begins together with the fault before it, but there is none", withName)
	}
	rest = rest.skip(1)
	name := rest
	if i := strings.IndexAny(rest.String(), ":@+/"); i >= 0 {
		name, rest = rest.cut(i)
	} else {
		rest = rest.skip(len(rest.String()))
	}
	i, err := parseItem(name, rest)
	switch {
	case err != nil:
		return err
	case len(i.turn.Faults) == 0:
		return name.wrong("%s cannot begin together with another fault", name)
	case i.fixed || i.turn.For > 0 || i.turn.Weight > 0:
		return rest.wrong("faults that begin together get their times and weights from the first: %s+5s,%s:%s", r.items[len(r.items)-1].turn.Faults[0].Spec(), withName, i.turn.Faults[0].Spec())
	}
	last := &r.items[len(r.items)-1]
	if err := last.takes(name, i.turn.Faults[0]); err != nil {
		return err
	}
	last.turn.Faults = append(last.turn.Faults, i.turn.Faults[0])
	return nil
}
