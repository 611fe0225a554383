package sweep

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/lab/coverage"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/stats"
)

// Exercised has a row for each thing that a run tried. A row is an operation ("acquire"),
// or a request of it ("acquire create"; "acquire getChildren again" from the second one within
// the operation on). Requests between two operations count for the first.
type Exercised map[string]Row

// Row counts how often something was done, and how often it met a fault of each kind: the
// fault hit its client, and was in force between its beginning and its end. A lost message
// counts for its own request only.
type Row struct {
	Count int            `json:"n"`
	Met   map[string]int `json:"met,omitempty"`
}

// Exercise reads what a run tried from its record, and from the messages that passed.
func Exercise(h *history.History, passed []link.Passed) Exercised {
	x := exercise{h: h, windows: coverage.Windows(h), rows: Exercised{}, sent: map[link.Point]time.Duration{}}
	for i := range h.Events {
		x.event(&h.Events[i])
	}
	for _, m := range passed {
		x.message(m)
	}
	for p, at := range x.sent {
		x.request(p, stats.Span{From: at, Until: x.silence(p, at)})
	}
	return x.rows
}

// exercise collects what one run tried.
type exercise struct {
	h       *history.History
	windows []coverage.Window
	rows    Exercised
	sent    map[link.Point]time.Duration // requests without a reply yet
	lost    map[int][]time.Duration      // when each client lost its connection, in order
}

func (x *exercise) event(e *history.Event) {
	switch {
	case e.Process >= 0 && e.Type == history.Invoke:
		x.invoke(e)
	case e.Process == history.SessionProcess && e.F == history.FDisconnected:
		if x.lost == nil {
			x.lost = map[int][]time.Duration{}
		}
		x.lost[e.Client] = append(x.lost[e.Client], e.Time)
	}
}

func (x *exercise) invoke(e *history.Event) {
	if models.Of(x.h).Operation(e.F).Local {
		return // the operation is answered without a request
	}
	span := stats.Span{From: e.Time, Until: stats.End(x.h)}
	if op := x.h.OperationAt(e.Index); op != nil && op.Return != nil {
		span.Until = op.Return.Time
	}
	x.count(e.F, "", e.Client, span)
}

func (x *exercise) message(m link.Passed) {
	switch p := m.Point; p.Kind() {
	case link.Requests:
		x.sent[p] = m.At
	case link.Replies:
		p.Reply = false
		if at, ok := x.sent[p]; ok {
			delete(x.sent, p)
			x.request(p, stats.Span{From: at, Until: m.At})
		}
	}
}

// silence returns until when a request without a reply was under way: until its client's connection
// ended.
func (x *exercise) silence(p link.Point, from time.Duration) time.Duration {
	lost := x.lost[p.Client]
	if i, _ := slices.BinarySearch(lost, from); i < len(lost) {
		return lost[i]
	}
	return stats.End(x.h)
}

func (x *exercise) request(p link.Point, in stats.Span) {
	row := p.Operation + " " + p.Message
	if p.Which > 1 {
		row += again
	}
	x.count(row, p.Message, p.Client, in)
}

// count adds one to a row, and to each kind of fault that it met.
func (x *exercise) count(row, request string, client int, in stats.Span) {
	r := x.rows[row]
	r.Count++
	var met []string
	for i := range x.windows {
		if w := &x.windows[i]; w.Met(client, in, request) && !slices.Contains(met, w.Kind) {
			met = append(met, w.Kind)
		}
	}
	for _, kind := range met {
		if r.Met == nil {
			r.Met = map[string]int{}
		}
		r.Met[kind]++
	}
	x.rows[row] = r
}
