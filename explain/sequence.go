package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/printable"
)

// Sent is a committed request that explains a violation, or the end of a session (Type closeSession).
type Sent struct {
	Client  int // -1: of no client
	Session history.ID
	Zxid    history.ID
	Type    string
	Path    string
}

// Sequence holds the few messages of a scene between clients and servers, in order of time, with the
// calls that they belong to. The times of messages are often known only within bounds; the order
// respects these bounds and the order of the zxids.
type Sequence struct {
	lifelines []string // clients, then servers
	rows      []row
	left      int // rows left out
	clock     Clock
}

// row is a line of the diagram. A message has two lifelines, a moment one, and a row that concerns
// all has none.
type row struct {
	kind     rowKind
	from, to string // lifelines
	at       time.Duration
	by       bool // it happened at this time or earlier
	never    bool // for a reply without a time, since it is in no record: it has the time of its request
	text     string
}

type rowKind int

const (
	moment   rowKind = iota
	request          // from a client to a server
	reply            // from a server to a client
	lost             // a reply that never arrived
	unsent           // a request that never arrived
	over             // a session ended
	pressure         // a fault began or ended
)

// rank orders rows of one time: a call ends after the reply to its request, and begins before the request.
func (w row) rank() int {
	switch {
	case w.never:
		return 3
	case w.kind == reply || w.kind == lost:
		return 0
	case w.kind == request || w.kind == unsent:
		return 2
	}
	return 1
}

// The maximum numbers of rows and lifelines of a diagram.
const (
	mostRows      = 28
	mostLifelines = 8
)

// Sequence returns the messages of a scene: those of its steps, and the committed requests. It returns
// nil if no message is known, or there are too many lifelines to draw.
func (r *Reader) Sequence(s *Scene, sent []Sent) *Sequence {
	q := &sequence{Reader: r, clock: s.clock()}
	if s.Lines || len(s.Steps) == 0 {
		return nil
	}
	for i := range s.Steps {
		q.step(&s.Steps[i])
	}
	q.requests(sent)
	if len(q.rows) == 0 {
		return nil
	}
	first, last := q.rows[0].at, q.rows[0].at
	for _, w := range q.rows {
		first, last = min(first, w.at), max(last, w.at)
	}
	q.losses(s, first, last)
	isMessage := func(w row) bool { return w.kind == request || w.kind == lost || w.kind == unsent }
	if !slices.ContainsFunc(q.rows, isMessage) {
		return nil
	}
	for i := range s.Faults {
		q.fault(&s.Faults[i], first, last)
	}
	slices.SortStableFunc(q.rows, func(a, b row) int { return cmp.Or(cmp.Compare(a.at, b.at), a.rank()-b.rank()) })
	return q.drawn()
}

// sequence is a diagram under construction.
type sequence struct {
	*Reader
	rows  []row
	clock Clock
	told  []history.LostMessage // those that are among the rows
}

func (q *sequence) add(w row) { q.rows = append(q.rows, w) }

// step adds a call with its end, a request with its reply, or the end of a session.
func (q *sequence) step(st *Step) {
	who := ""
	if st.Row >= 0 {
		who = client(st.Row)
	}
	name := printable.Text(st.Name, 40)
	switch {
	case st.f == history.FRequest:
		server := q.server(st.session, st.From)
		q.add(row{kind: request, from: who, to: server, at: st.From, text: name})
		switch {
		case st.To == Never:
			q.add(row{kind: lost, from: server, to: who, at: st.From, never: true, text: "no reply is in the record"})
		case st.Fate == history.Fail:
			q.add(row{kind: reply, from: server, to: who, at: st.To, text: "refused"})
		default:
			q.add(row{kind: reply, from: server, to: who, at: st.To, text: "reply"})
		}
	case st.event:
		q.add(row{kind: reply, from: q.server(st.session, st.At), to: who, at: st.At, text: "event " + name})
	case st.Death:
		q.add(row{kind: over, from: who, at: st.At, text: "session over"})
	case st.op == nil:
		if st.Name != "alive" {
			q.add(row{from: who, at: st.At, text: name})
		}
	default:
		q.add(row{from: who, at: st.From, text: "calls " + name})
		if st.To != Never {
			q.add(row{from: who, at: st.To, text: name + map[history.Type]string{
				history.OK: " succeeds", history.Fail: " fails", history.Info: " ends, outcome unknown",
			}[st.Fate]})
		}
	}
}

// requests adds the committed requests with their replies, in order of zxids.
func (q *sequence) requests(sent []Sent) {
	sent = slices.Clone(sent)
	slices.SortStableFunc(sent, func(a, b Sent) int { return a.Zxid.Compare(b.Zxid) })
	before := time.Duration(0)
	var ends []int // rows of ends of sessions, which are as late as the zxids allow
	for _, m := range sent {
		p, known := q.passage(m)
		if !known {
			continue
		}
		at := max(p.from, q.called(m, p.to), before)
		before = at
		for _, i := range ends {
			q.rows[i].at = min(q.rows[i].at, at)
		}
		server := q.server(m.Session, at)
		what := strings.TrimSpace(m.Type+" "+q.shown(m.Path)) + ", zxid " + m.Zxid.String()
		if m.Type == "closeSession" || m.Client < 0 {
			whose := "the session"
			if m.Client >= 0 {
				whose += " of " + client(m.Client)
			}
			ends = append(ends, len(q.rows))
			q.add(row{kind: over, from: server, at: max(at, p.to), by: p.from != p.to, text: whose + " ends: " + what})
			continue
		}
		who, reason := client(m.Client), "reply to "+printable.Text(m.Type, 20)
		q.add(row{kind: request, from: who, to: server, at: at, by: p.from != p.to, text: what})
		switch {
		case p.broke != 0:
			q.add(row{kind: lost, from: server, to: who, at: max(at, p.broke), text: "the " + reason + " is lost, and the connection ends"})
		case p.seen != 0:
			q.add(row{kind: reply, from: server, to: who, at: max(at, p.seen), by: true, text: reason})
		}
	}
}

// shown shortens the path of a znode: without the root of the run.
func (q *sequence) shown(path string) string {
	return printable.Text(strings.TrimPrefix(strings.TrimPrefix(path, q.h.Header.Params.Root), "/"), 60)
}

// passage holds what is known of a request: the times between which it was sent, when its client had
// certainly got the reply, and when the connection ended without one; 0 if that is not known.
type passage struct{ from, to, seen, broke time.Duration }

// passage follows a request by the highest zxid that its session was shown. Servers answer the requests
// of a session in the order in which they were sent, so an answer with a lower zxid belongs to an
// earlier request, and one with the request's own zxid to the request itself. An equal request that was
// never answered cannot be the one if a later request was answered with a lower zxid.
func (q *sequence) passage(m Sent) (p passage, known bool) {
	committed := time.Duration(0) // by then, as any client saw it
	doubt := false                // a request was not answered: a later answer may not be the one to this
	for i := range q.h.Events {
		e := &q.h.Events[i]
		if e.Seen.Compare(m.Zxid) >= 0 && committed == 0 {
			committed = e.Time
		}
		if e.Session != m.Session {
			continue
		}
		if u, lost := withoutAnswer(e, m); lost {
			p.broke, p.from, p.to = e.Time, u.Sent, u.Sent
		}
		doubt = doubt || e.F == history.FUnanswered && e.Process == history.SessionProcess
		switch {
		case e.Alive == 0 || e.Seen == 0:
		case e.Seen.Compare(m.Zxid) < 0:
			if p.broke == 0 || e.Alive > p.from {
				p = passage{from: max(p.from, e.Alive)} // it was sent later than what is answered here
			}
		case p.broke != 0:
			return p, true
		case e.Seen == m.Zxid && e.Alive > p.from && !doubt:
			return q.unlessLost(m, passage{from: e.Alive, to: e.Alive, seen: e.Time}), true
		default:
			p.to, p.seen = e.Time, e.Time
			return q.unlessLost(m, p), p.from <= p.to
		}
	}
	if p.broke != 0 {
		return p, true
	}
	p.to = committed
	return q.unlessLost(m, p), committed != 0 && p.from <= p.to
}

// unlessLost corrects the passage of a request whose reply arrived at the link, where a fault took
// it.
func (q *sequence) unlessLost(m Sent, p passage) passage {
	for _, l := range q.lost {
		if l.What == history.LostReply && l.Refused == "" && l.Session == m.Session && isOf(l.Op, l.Path, m) && l.At >= p.from && (p.seen == 0 || l.At <= p.seen) {
			q.told = append(q.told, l)
			p.seen, p.broke = 0, l.At
			p.to = min(p.to, l.At)
			p.from = min(p.from, p.to)
			return p
		}
	}
	return p
}

// isOf reports whether a request made a transaction: their types are the same, and so are their
// paths, except that the transaction's path is longer for a sequential znode.
func isOf(op, path string, m Sent) bool {
	return path != "" && strings.HasPrefix(m.Path, path) && strings.HasPrefix(op, strings.TrimRight(m.Type, "2"))
}

// losses adds the messages about the scene's key that faults took from its clients between two times, unless
// they are among the rows.
func (q *sequence) losses(s *Scene, first, last time.Duration) {
	rows := s.rows()
	for _, l := range q.lost {
		if l.At < first || l.At > last || !slices.Contains(rows, l.Client) || slices.Contains(q.told, l) || !strings.HasPrefix(q.shown(l.Path), s.key) {
			continue
		}
		who, server := client(l.Client), q.server(l.Session, l.At)
		what := printable.Text(l.Op, 20) + " " + q.shown(l.Path)
		if l.What == history.LostRequest {
			q.add(row{kind: unsent, from: who, to: server, at: l.At, text: "the request " + what + " is lost"})
		} else {
			q.add(row{kind: lost, from: server, to: who, at: l.At, text: "the reply to " + what + " is lost"})
		}
	}
}

// withoutAnswer finds a request among those that had no answer when their connection ended.
func withoutAnswer(e *history.Event, m Sent) (u history.UnansweredRequest, found bool) {
	if e.F != history.FUnanswered || e.Process != history.SessionProcess {
		return u, false
	}
	var v history.Unanswered
	_ = e.Decode(&v)
	i := slices.IndexFunc(v.Requests, func(u history.UnansweredRequest) bool { return isOf(u.Op, u.Path, m) })
	if i < 0 {
		return u, false
	}
	return v.Requests[i], true
}

// called returns when the call began during which a request was sent, if one of the rows shows that: the
// last call of its client that began before the latest time of the request.
func (q *sequence) called(m Sent, to time.Duration) (at time.Duration) {
	for _, w := range q.rows {
		if w.kind == moment && w.from == client(m.Client) && strings.HasPrefix(w.text, "calls ") && w.at <= to {
			at = max(at, w.at)
		}
	}
	return at
}

// server names the server to which a session was connected at a time.
func (q *sequence) server(id history.ID, at time.Duration) string {
	name := "servers"
	for i := range q.h.Events {
		e := &q.h.Events[i]
		if e.Time > at {
			break
		}
		if e.F != history.FConnected || e.Process != history.SessionProcess || e.Session != id {
			continue
		}
		var v history.Connected
		_ = e.Decode(&v)
		if i := slices.Index(q.h.Header.Params.Addresses, v.Server); i >= 0 {
			name = "server " + strconv.Itoa(i+1)
		}
	}
	return name
}

// fault adds the beginning and the end of a fault, if they are between the other rows.
func (q *sequence) fault(f *Fault, first, last time.Duration) {
	if first <= f.From && f.From <= last {
		text := f.Name + " begins"
		if f.moment {
			text = f.Name
		}
		q.add(row{kind: pressure, at: f.From, text: text})
	}
	if !f.moment && !f.open && first <= f.To && f.To <= last {
		q.add(row{kind: pressure, at: f.To, text: f.Name + " ends"})
	}
}

// drawn finds the lifelines, and leaves out rows in the middle if there are too many.
func (q *sequence) drawn() *Sequence {
	d := &Sequence{rows: q.rows, clock: q.clock}
	if more := len(d.rows) - mostRows; more > 0 {
		d.rows = slices.Concat(d.rows[:mostRows/2], d.rows[mostRows/2+more:])
		d.left = more
	}
	for _, w := range d.rows {
		for _, l := range []string{w.from, w.to} {
			if l != "" && !slices.Contains(d.lifelines, l) {
				d.lifelines = append(d.lifelines, l)
			}
		}
	}
	slices.SortFunc(d.lifelines, byLifeline)
	if len(d.lifelines) > mostLifelines {
		return nil
	}
	return d
}

// byLifeline puts clients before servers, each by number.
func byLifeline(a, b string) int {
	kindOf := func(l string) int { return map[bool]int{true: 1}[strings.HasPrefix(l, "server")] }
	number := func(l string) int {
		_, digits, _ := strings.Cut(l, " ")
		n, _ := strconv.Atoi(digits)
		return n
	}
	return cmp.Or(kindOf(a)-kindOf(b), number(a)-number(b))
}

// time returns the time of a row, as the diagram shows it.
func (d *Sequence) time(w row) string {
	text := strings.TrimSuffix(d.clock(w.at), " s")
	if w.by {
		return "~" + text
	}
	return text
}

// note explains the symbols.
func (d *Sequence) note() string {
	var parts []string
	if slices.ContainsFunc(d.rows, func(w row) bool { return w.by }) {
		parts = append(parts, "~: not known more exactly")
	}
	if d.left > 0 {
		parts = append(parts, fmt.Sprintf("%s in the middle left out", count(d.left, "row")))
	}
	return strings.Join(parts, "; ")
}
