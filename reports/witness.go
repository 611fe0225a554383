package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
)

// mostEvents bounds what is shown of a witness; checkers look for the fewest.
const mostEvents = 60

// witnessRow is one event of a witness, for people.
type witnessRow struct {
	Index   int
	Time    string
	After   string // time since the row before
	Who     string
	Short   string // Who in few letters
	Type    string
	F       string
	Key     string
	Value   string
	Error   string
	Session string
	Zxid    string
}

// witness is what shows a violation.
type witness struct {
	Property string
	Key      string
	Reason   string
	Measured bool
	Rows     []witnessRow
	Left     int // events left out
}

func witnessOf(h *history.History, v checker.Verdict) witness {
	w := witness{Property: v.Property, Key: v.Key, Reason: v.Reason, Measured: v.Measured}
	var before time.Duration
	for _, i := range v.Witness {
		e := eventAt(h, i)
		if e == nil {
			continue
		}
		if len(w.Rows) == mostEvents {
			w.Left++
			continue
		}
		row := rowOf(e)
		if len(w.Rows) > 0 {
			row.After = signed(e.Time - before)
		}
		before = e.Time
		w.Rows = append(w.Rows, row)
	}
	return w
}

// Witness is what shows a violation, as lines of text: the reason, and each
// event with its position, time and details.
func Witness(h *history.History, v checker.Verdict) string {
	w := witnessOf(h, v)
	var b strings.Builder
	fmt.Fprintf(&b, "\n  %s", w.Property)
	if w.Key != "" {
		fmt.Fprintf(&b, " of %s", label(w.Key, 40))
	}
	b.WriteByte('\n')
	for _, part := range wrap(w.Reason, summaryWidth-4) {
		fmt.Fprintf(&b, "    %s\n", part)
	}
	for _, r := range w.Rows {
		fmt.Fprintf(&b, "    %6s  %14s  %-9s %-7s %s\n", "#"+strconv.Itoa(r.Index), r.Time, r.Short, r.Type, label(r.what(), 60))
	}
	if w.Left > 0 {
		fmt.Fprintf(&b, "    and %s\n", plural(w.Left, "more event"))
	}
	return b.String()
}

// what is the operation with everything that is known of it.
func (r witnessRow) what() string {
	var parts []string
	for _, s := range []string{r.F, r.Key, r.Value, r.Error} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " ")
}

// eventAt is the one with that index, nil if there is none: a result can be
// older than its history.
func eventAt(h *history.History, index int) *history.Event {
	if index < 0 || index >= len(h.Events) {
		return nil
	}
	if e := &h.Events[index]; e.Index == index {
		return e
	}
	for i := range h.Events {
		if h.Events[i].Index == index {
			return &h.Events[i]
		}
	}
	return nil
}

func rowOf(e *history.Event) witnessRow {
	r := witnessRow{
		Index: e.Index, Time: instant(e.Time), Who: who(e), Short: shortly(e), Type: string(e.Type), F: e.F, Key: e.Key, Value: facts(e.Value),
	}
	if e.Error != nil {
		r.Error = e.Error.Code
		if e.Error.Message != "" {
			r.Error += ": " + e.Error.Message
		}
	}
	if e.Session != 0 {
		r.Session = e.Session.String()
	}
	if e.Zxid != 0 {
		r.Zxid = e.Zxid.String()
	}
	return r
}

func who(e *history.Event) string {
	switch e.Process {
	case history.Nemesis:
		return "harness"
	case history.SessionProcess:
		return fmt.Sprintf("session of client %d", e.Client)
	}
	return fmt.Sprintf("client %d (process %d)", e.Client, e.Process)
}

func shortly(e *history.Event) string {
	if e.Process == history.Nemesis {
		return "harness"
	}
	return fmt.Sprintf("client %d", e.Client)
}

func signed(d time.Duration) string {
	if d < 0 {
		return "−" + length(-d)
	}
	return "+" + length(d)
}

// facts writes a value for people: {"held":true,"token":"0x5"} is "held, token 0x5".
func facts(raw json.RawMessage) string {
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return string(raw)
	}
	var out []string
	for d.More() {
		key, err := d.Token()
		var v json.RawMessage
		if err != nil || d.Decode(&v) != nil {
			return string(raw)
		}
		out = append(out, fact(fmt.Sprint(key), v))
	}
	return strings.Join(out, ", ")
}

func fact(key string, raw json.RawMessage) string {
	var text string
	switch {
	case string(raw) == "true":
		return key
	case string(raw) == "false":
		return "not " + key
	case json.Unmarshal(raw, &text) == nil:
		return key + " " + text
	}
	return key + " " + string(raw)
}
