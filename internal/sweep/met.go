package sweep

import (
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats"
)

// Exercised is what a run tried, and under which faults. A row is an operation ("acquire"),
// and where the record has what went over the wire, also a request of it ("acquire create";
// "acquire getChildren again" from the second one within the operation on; "between create"
// for one that was sent in no operation).
type Exercised map[string]Row

// Row is how often something was done, and how often that met a fault of a kind: the
// fault hit its client, and was in force between its beginning and its end. Of a message
// that was lost it is the request alone whose message it was.
type Row struct {
	Count int            `json:"n"`
	Met   map[string]int `json:"met,omitempty"`
}

// between stands for the operation of a request that was sent in none.
const between = "between"

// window is when a fault was in force, and for whom.
type window struct {
	stats.Window
	clients []int // nil: whoever
	message bool  // it hit one message, at the moment it took effect
	at      time.Duration
}

// windowsOf are the windows of the faults that took effect.
func windowsOf(h *history.History) (of []window) {
	faults := map[int]stats.Fault{}
	for _, f := range stats.Faults(h) {
		faults[f.Number] = f
	}
	for _, w := range stats.Windows(h) {
		if f := faults[w.Fault]; w.Verified {
			of = append(of, window{Window: w, clients: f.Clients, message: kinds.Named(f.Kind).Hits == kinds.Messages, at: f.Verified})
		}
	}
	return of
}

// hits says whether a client is one of those that were hit; the harness is none.
func (w *window) hits(client int) bool {
	return client >= 0 && (w.clients == nil || slices.Contains(w.clients, client))
}

// names says whether a request is of the sort that the fault's words name, as
// lose-reply:create does.
func (w *window) names(request string) bool {
	return slices.Contains(strings.Split(w.Spec, ":")[1:], request)
}

// met says whether what a client did in a span met the fault. request is "" for an operation
// as a whole.
func (w *window) met(client int, in stats.Span, request string) bool {
	if !w.hits(client) || in.From > w.Until || in.Until < w.From {
		return false
	}
	if !w.message {
		return true
	}
	return in.Contains(w.at) && (request == "" || w.names(request))
}

// Exercise reads what a run tried from its record.
func Exercise(h *history.History) Exercised {
	x := exercise{h: h, windows: windowsOf(h), rows: Exercised{}, open: map[int]*under{}, sent: map[call]sent{}}
	for i := range h.Events {
		x.event(&h.Events[i])
	}
	x.end()
	return x.rows
}

// exercise is the reading of one record.
type exercise struct {
	h       *history.History
	windows []window
	rows    Exercised
	open    map[int]*under // the latest operation of each client
	sent    map[call]sent  // requests without a reply yet
}

// under is an operation under way.
type under struct {
	f       string
	process history.Process
	asked   map[string]bool // requests that it has sent before
}

// call is a request on its session.
type call struct {
	session history.ID
	xid     int32
}

type sent struct {
	row, request string
	client       int
	at           time.Duration
}

func (x *exercise) event(e *history.Event) {
	switch {
	case e.Process >= 0 && e.Type == history.Invoke:
		x.invoke(e)
	case e.Process >= 0:
		if u := x.open[e.Client]; u != nil && u.process == e.Process && u.f == e.F {
			delete(x.open, e.Client)
		}
	case e.Process == history.SessionProcess && e.F == history.FRequest:
		x.request(e)
	case e.Process == history.SessionProcess && e.F == history.FReply:
		x.reply(e)
	case e.Process == history.SessionProcess && e.F == history.FDisconnected:
		x.disconnected(e)
	}
}

func (x *exercise) invoke(e *history.Event) {
	if models.Of(x.h).Operation(e.F).Local {
		return // it is answered without any request
	}
	x.open[e.Client] = &under{f: e.F, process: e.Process, asked: map[string]bool{}}
	span := stats.Span{From: e.Time, Until: stats.End(x.h)}
	if op := x.h.OperationAt(e.Index); op != nil && op.Return != nil {
		span.Until = op.Return.Time
	}
	x.count(e.F, "", e.Client, span)
}

// xid is all that is read of a reply, and all of a request but its name.
type exchange struct {
	Xid int32  `json:"xid"`
	Op  string `json:"op"`
}

func (x *exercise) request(e *history.Event) {
	var v exchange
	if e.Client < 0 || e.Decode(&v) != nil {
		return
	}
	row := between + " " + v.Op
	if u := x.open[e.Client]; u != nil {
		row = u.f + " " + v.Op
		if u.asked[v.Op] {
			row += again
		}
		u.asked[v.Op] = true
	}
	x.sent[call{e.Session, v.Xid}] = sent{row: row, request: v.Op, client: e.Client, at: e.Time}
}

func (x *exercise) reply(e *history.Event) {
	var v exchange
	if e.Decode(&v) != nil {
		return
	}
	x.answered(call{e.Session, v.Xid}, e.Time)
}

// disconnected ends the requests that are not answered any more.
func (x *exercise) disconnected(e *history.Event) {
	for c := range x.sent {
		if c.session == e.Session {
			x.answered(c, e.Time)
		}
	}
}

func (x *exercise) answered(c call, at time.Duration) {
	if s, ok := x.sent[c]; ok {
		delete(x.sent, c)
		x.count(s.row, s.request, s.client, stats.Span{From: s.at, Until: at})
	}
}

// end counts what nobody answered.
func (x *exercise) end() {
	for c := range x.sent {
		x.answered(c, stats.End(x.h))
	}
}

// count adds one to a row, and to each kind of fault that it met.
func (x *exercise) count(row, request string, client int, in stats.Span) {
	r := x.rows[row]
	r.Count++
	var met []string
	for i := range x.windows {
		if w := &x.windows[i]; w.met(client, in, request) && !slices.Contains(met, w.Kind) {
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
