package foreign

import (
	"bytes"
	"cmp"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/zklab/zklab/history"
)

// Clock is how the times of a history are written.
type Clock string

// The clocks. All times of a history must be written in the same way: a whole number among decimal
// ones may be seconds or nanoseconds.
const (
	NoClock     Clock = ""                          // no event has a time
	Nanoseconds Clock = "whole nanoseconds"         // 1250000000, as Jepsen and zklab write them
	Seconds     Clock = "seconds with a decimal"    // 1.25; what is smaller than a nanosecond is cut off
	Unit        Clock = "numbers of a unit"         // that the field's name says, or the user: {"start_ms":1250}
	Dates       Clock = "dates with a time zone"    // RFC 3339: 2026-02-26T23:39:01.3Z
	LocalDates  Clock = "dates without a time zone" // 2026-02-26 23:39:01.3
)

// clock reads the times of a history.
type clock struct {
	kind  Clock
	unit  time.Duration // of all numbers, if the user says it
	said  string        // the unit in words, and where it is said
	line  int           // of the first time
	first Value         // the time on that line
}

// NoTime is the time of an event if the file does not say.
const NoTime = math.MinInt64

// unsaid is how Jepsen and others write that there is no time. In a file with times below zero it can be one.
const unsaid = -1

// read returns the time in a field of an event, or NoTime if the event has none, or -1, as in Jepsen's
// histories.
func (c *clock) read(line int, label string, f *field) (int64, error) {
	if f == nil || f.v.Kind == Nil || f.v.Kind == Int && f.v.Int == unsaid && f.meaning != startField {
		return NoTime, nil
	}
	v, unit := f.v, cmp.Or(c.unit, f.unit)
	t, kind := parse(v, unit)
	switch {
	case kind == NoClock:
		return NoTime, wrong(line, "%s is %s: expected nanoseconds (1250000000), seconds with a decimal point (1.25), or a date (2026-02-26T23:39:01.25Z)", label, v)
	case t == NoTime:
		return NoTime, wrong(line, "%s is %s: expected nanoseconds from %d to %d, or a date from 1970 to 2116", label, v, -int64(history.MaxTime), int64(history.MaxTime))
	case c.kind == NoClock:
		c.kind, c.line, c.first = kind, line, v
		if kind == Unit {
			c.said = nameOf(unit)
			if c.unit == 0 {
				c.said += ", as the name of " + f.name + " says"
			}
		}
	case c.kind != kind:
		return NoTime, wrong(line, "%s is %s, but in line %d it is %s: all times of a history must be written in the same way, as whole numbers of nanoseconds, as seconds with a decimal point, or as dates with or without a time zone", label, v, c.line, c.first)
	}
	return t, nil
}

// parse returns a time in nanoseconds, NoTime if it is out of range, and how it is written: NoClock if it cannot be
// read. Numbers are in a unit, if it is not 0.
func parse(v Value, unit time.Duration) (int64, Clock) {
	switch v.Kind {
	case Int:
		return parseTime(strconv.FormatInt(v.Int, 10), unit)
	case Word, Text:
		return parseTime(v.Text, unit)
	}
	return NoTime, NoClock
}

// Units are the words for units of time, as in the field start_ms.
var units = []struct {
	unit  time.Duration
	names string
}{
	{time.Nanosecond, "ns nanos nanoseconds"},
	{time.Microsecond, "us micros microseconds"},
	{time.Millisecond, "ms millis milliseconds"},
	{time.Second, "s sec secs seconds"},
}

// Units returns the words for units of time that a user can say, and the units.
func Units() (names []string, of map[string]time.Duration) {
	of = map[string]time.Duration{}
	for _, u := range units {
		name, _, _ := strings.Cut(u.names, " ")
		names, of[name] = append(names, name), u.unit
	}
	return names, of
}

// nameOf returns a unit of time in a word.
func nameOf(unit time.Duration) string {
	for _, u := range units {
		if names := strings.Fields(u.names); u.unit == unit {
			return names[len(names)-1]
		}
	}
	return unit.String()
}

// inUnit returns a field's name without the unit of time at its end, as in start_ms, call-ns and timeMs.
func inUnit(name string) (bare string, unit time.Duration) {
	at := strings.LastIndexAny(name, "_-")
	end := at + 1
	if at < 0 {
		at = strings.LastIndexFunc(name, unicode.IsUpper)
		end = at
	}
	if at <= 0 {
		return name, 0
	}
	for _, u := range units {
		if slices.Contains(strings.Fields(u.names), strings.ToLower(name[end:])) {
			return name[:at], u.unit
		}
	}
	return name, 0
}

func parseTime(text string, unit time.Duration) (int64, Clock) {
	token := bytes.TrimSuffix([]byte(text), []byte("M")) // EDN's exact decimals
	if digits, ok := wholeTime(token); ok && unit == 0 {
		n, fits := number(digits)
		if !fits {
			n = NoTime
		}
		return inRange(n), Nanoseconds
	}
	if r, ok := rational(token); ok {
		kind := Unit
		if unit == 0 {
			kind, unit = Seconds, time.Second
		}
		r.Mul(r, big.NewRat(int64(unit), 1))
		n := new(big.Int).Div(r.Num(), r.Denom())
		if !n.IsInt64() {
			return NoTime, kind
		}
		return inRange(n.Int64()), kind
	}
	for _, form := range dateForms {
		if t, err := time.Parse(form.layout, text); err == nil {
			if t.Year() < 1970 || t.Year() > 2200 { // beyond that UnixNano overflows
				return NoTime, form.clock
			}
			return inRange(t.UnixNano()), form.clock
		}
	}
	return NoTime, NoClock
}

// wholeTime returns the digits of a time that is written as a whole number: 1e9 is, 1.0 is not.
func wholeTime(token []byte) ([]byte, bool) {
	if bytes.ContainsAny(token, "eE") {
		return whole(token)
	}
	return digitsOf(token)
}

// dateForms lists the forms of RFC 3339 and ISO 8601. Package time accepts a fraction of a second, after
// a point or a comma, in all of them.
var dateForms = []struct {
	layout string
	clock  Clock
}{
	{time.RFC3339, Dates},
	{"2006-01-02 15:04:05Z07:00", Dates},
	{"2006-01-02T15:04:05Z0700", Dates},
	{"2006-01-02 15:04:05Z0700", Dates},
	{"2006-01-02 15:04:05 Z0700", Dates},
	{"2006-01-02T15:04:05", LocalDates},
	{"2006-01-02 15:04:05", LocalDates},
}

func inRange(n int64) int64 {
	if n < -int64(history.MaxTime) || n > int64(history.MaxTime) {
		return NoTime
	}
	return n
}
