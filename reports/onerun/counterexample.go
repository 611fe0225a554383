package onerun

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/checker"
	told "github.com/zklab/zklab/explain"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/pages"
	"github.com/zklab/zklab/reports/internal/sheet"
	"github.com/zklab/zklab/reports/internal/words"
)

// mostEvents limits the events that are shown of a counterexample. Checkers look for the smallest
// one.
const mostEvents = 60

// counterexampleRow is one event of a counterexample, for people.
type counterexampleRow struct {
	Index   int
	Time    string
	After   string // time since the row before
	Who     string
	Type    string
	F       string
	Key     string
	Value   string
	Error   string
	Session string
	Zxid    string
}

// counterexample is a counterexample, for people.
type counterexample struct {
	Property string
	Page     string // the documentation of the property, or empty
	Key      string
	Reason   string
	Measured bool
	Story    []string
	Why      []string     // the transactions that explain it
	Cause    string       // the transaction of Why that says most, or ""
	Picture  template.URL // its timeline, or empty
	Sequence template.URL // the messages between clients and servers, or empty
	Rows     []counterexampleRow
	Left     int // events left out
}

func counterexampleOf(h *history.History, r *told.Reader, v checker.Verdict) counterexample {
	w := counterexample{Property: v.Property, Page: PageOf(h.Header.Model, v.Property), Key: v.Key, Reason: v.Reason, Measured: v.Measured}
	scene := r.Scene(checker.Telling(h.Header.Model, v.Property), v.Key, v.Counterexample, v.Calls()...)
	w.Story, w.Why, w.Cause = storyOf(scene, v), whyOf(v), causeOf(v)
	if svg := scene.SVG(); svg != nil {
		w.Picture = pages.Embedded(svg)
	}
	if messages := r.Sequence(scene, sentOf(v)); messages != nil {
		w.Sequence = pages.Embedded(messages.SVG())
	}
	var before time.Duration
	for _, i := range v.Counterexample {
		e := material.EventAt(h, i)
		if e == nil {
			continue
		}
		if len(w.Rows) == mostEvents {
			w.Left++
			continue
		}
		row := rowOf(e)
		if len(w.Rows) > 0 {
			row.After = words.Signed(e.Time - before)
		}
		before = e.Time
		w.Rows = append(w.Rows, row)
	}
	return w
}

// sentOf returns the transactions of a verdict for a diagram of messages.
func sentOf(v checker.Verdict) (sent []told.Sent) {
	for _, t := range v.Committed {
		sent = append(sent, told.Sent{Client: t.Client, Session: t.Session, Zxid: t.Zxid, Type: t.Type, Path: t.Path})
	}
	return sent
}

// Counterexample returns the counterexample of a violation as lines of text: the reason, the events in order of time, the
// transactions that explain it, a timeline, the messages between clients and servers, and the numbers of the events in the
// history. Without screen.Full it has the reason, the last events, one drawing, and the transactions, or the one that
// explains most.
func Counterexample(h *history.History, v checker.Verdict, screen Screen) string {
	s := &sheet.Sheet{Screen: screen}
	s.Fit(sheet.RowsFor(checker.Violation))
	prove(s, h, v, sheet.Always, inTest)
	return s.String()
}

// room is the most rows that parts of a proof have on a screen.
type room struct{ story, committed int }

// A failed Go test has nothing but the proof of a verdict.
var (
	inSummary = room{story: 10, committed: 6}
	inTest    = room{story: 14, committed: 20}
)

// prove writes the counterexample of a violation. Its story and one drawing have a rank, the other parts are for the page.
func prove(s *sheet.Sheet, h *history.History, v checker.Verdict, rank sheet.Rank, most room) {
	s.Gap()
	s.Part(rank, 0)
	fmt.Fprintf(s, "  %s", v.Property)
	if v.Key != "" {
		fmt.Fprintf(s, " of %s", printable.Text(v.Key, 40))
	}
	s.WriteString("\n")
	reason := sheet.Wrap(printable.Text(v.Reason, mostReason), sheet.Width-4)
	r := told.Read(h)
	scene := r.Scene(checker.Telling(h.Header.Model, v.Property), v.Key, v.Counterexample, v.Calls()...)
	story := storyOf(scene, v)
	s.Tell(rank, most.story, reason, v, story)
	if why := whyOf(v); len(why) > 0 {
		const committed = "\n    what was committed:"
		s.Part(rank, most.committed)
		s.WriteString(committed + sheet.Story(why))
		if cause := causeOf(v); cause != "" && len(why) > 1 {
			s.ShortText(committed + sheet.Story([]string{cause, "… and " + prose.Count(len(why)-1, "other change") + "."}))
		}
	}
	if s.Screen.NoTimeline {
		rank = sheet.Page
	}
	if picture := scene.Text(s.Screen.Drawing()); picture != "" && !s.Screen.NoTimeline {
		s.Part(rank, 0)
		s.WriteString("\n" + picture)
		rank = sheet.Page
	}
	s.Part(rank, 0)
	if messages := r.Sequence(scene, sentOf(v)); messages != nil && !s.Screen.NoTimeline && s.Screen.Messages {
		s.WriteString("\n" + messages.Text(s.Screen.Drawing()))
	}
	s.Part(sheet.Page, 0)
	if len(v.Counterexample) > 0 {
		s.WriteString("\n")
		for _, part := range sheet.Wrap(prose.Noun(len(v.Counterexample), "event")+" "+numbers(v.Counterexample)+" of history.jsonl", sheet.Width-4) {
			fmt.Fprintf(s, "    %s\n", part)
		}
	}
}

// mostReason is the maximum length of a reason, in characters.
const mostReason = 600

// storyOf returns the sentences of the verdict. A verdict from before verdicts had any gets new
// ones.
func storyOf(scene *told.Scene, v checker.Verdict) []string {
	if v.Story == nil {
		return scene.Story()
	}
	story := make([]string, len(v.Story))
	for i, sentence := range v.Story {
		story[i] = printable.Text(sentence, mostReason)
	}
	return story
}

// whyOf returns the sentences about transactions.
func whyOf(v checker.Verdict) []string {
	var why []string
	for _, t := range v.Committed {
		why = append(why, printable.Text(t.Text, mostReason))
	}
	return why
}

// causeOf returns the transaction that explains more than the others: what happened to a znode in the
// end, or whose znode another client removed. It returns "" if there is none.
func causeOf(v checker.Verdict) string {
	for _, t := range v.Committed {
		_, more, _ := strings.Cut(t.Text, "zxid "+t.Zxid.String())
		if strings.Trim(more, ". ") != "" || strings.Contains(t.Text, ", which client ") {
			return printable.Text(t.Text, mostReason)
		}
	}
	return ""
}

// numbers returns the first of some event numbers.
func numbers(ns []int) string {
	const most = 12
	parts := make([]string, 0, most)
	for i, n := range ns {
		if i == most-1 && len(ns) > most {
			parts = append(parts, prose.Grouped(len(ns)-i)+" more")
			break
		}
		parts = append(parts, "#"+strconv.Itoa(n))
	}
	return prose.List(parts, "and")
}

func rowOf(e *history.Event) counterexampleRow {
	r := counterexampleRow{
		Index: e.Index, Time: words.Instant(e.Time), Who: who(e), Type: string(e.Type), F: e.F, Key: e.Key, Value: told.Facts(e.Value),
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
