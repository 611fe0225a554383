package foreign

import (
	"bytes"
	"math/big"
	"time"

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
	Dates       Clock = "dates with a time zone"    // RFC 3339: 2026-02-26T23:39:01.3Z
	LocalDates  Clock = "dates without a time zone" // 2026-02-26 23:39:01.3
)

// clock reads the times of a history.
type clock struct {
	kind  Clock
	line  int   // of the first time
	first Value // the time on that line
}

// noTime is the time of an event if the file does not say.
const noTime = -1

// read returns the time of an event. It returns noTime if the event has none, or -1, as in
// Jepsen's histories.
func (c *clock) read(line int, field string, v Value) (int64, error) {
	if v.Kind == Nil || v.Kind == Int && v.Int == noTime {
		return noTime, nil
	}
	t, kind := c.parse(v)
	switch {
	case kind == NoClock:
		return noTime, wrong(line, "%s is %s: expected nanoseconds (1250000000), seconds with a decimal point (1.25), or a date (2026-02-26T23:39:01.25Z)", field, v)
	case t == noTime:
		return noTime, wrong(line, "%s is %s: expected nanoseconds from 0 to %d, or a date from 1970 to 2116", field, v, int64(history.MaxTime))
	case c.kind == NoClock:
		*c = clock{kind, line, v}
	case c.kind != kind:
		return noTime, wrong(line, "%s is %s, but in line %d it is %s: all times of a history must be written in the same way, as whole numbers of nanoseconds, as seconds with a decimal point, or as dates with or without a time zone", field, v, c.line, c.first)
	}
	return t, nil
}

// parse returns a time in nanoseconds, noTime if it is out of range, and how it is written: NoClock
// if it cannot be read.
func (c *clock) parse(v Value) (int64, Clock) {
	switch v.Kind {
	case Int:
		return inRange(v.Int), Nanoseconds
	case Word, Text:
		return parseTime(v.Text)
	}
	return noTime, NoClock
}

func parseTime(text string) (int64, Clock) {
	token := bytes.TrimSuffix([]byte(text), []byte("M")) // EDN's exact decimals
	if digits, ok := wholeTime(token); ok {
		n, fits := number(digits)
		if !fits {
			n = noTime
		}
		return inRange(n), Nanoseconds
	}
	if r, ok := rational(token); ok {
		r.Mul(r, big.NewRat(int64(time.Second), 1))
		n := new(big.Int).Div(r.Num(), r.Denom())
		if !n.IsInt64() {
			return noTime, Seconds
		}
		return inRange(n.Int64()), Seconds
	}
	for _, form := range dateForms {
		if t, err := time.Parse(form.layout, text); err == nil {
			if t.Year() < 1970 || t.Year() > 2200 { // beyond that UnixNano overflows
				return noTime, form.clock
			}
			return inRange(t.UnixNano()), form.clock
		}
	}
	return noTime, NoClock
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
	if n < 0 || n > int64(history.MaxTime) {
		return noTime
	}
	return n
}
