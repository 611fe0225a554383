package explain

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/printable"
)

// This file handles facts of the wire. A request and its reply are one step, although a
// counterexample may name only one of them.

// mostBetween limits the distance, in events, at which the other half of a request and its reply is
// searched.
const mostBetween = 100_000

// exchange returns a request and its reply, given the index of one of them; nil for one that is not
// in the record.
func (r *Reader) exchange(at int) (request, reply *history.Event) {
	e := &r.h.Events[at]
	if e.F == history.FRequest {
		return e, r.find(at, +1, history.FReply, xidOf(e))
	}
	return r.find(at, -1, history.FRequest, xidOf(e)), e
}

// xidOf returns the number of a request or reply.
func xidOf(e *history.Event) int32 {
	var v struct {
		Xid int32 `json:"xid"`
	}
	_ = e.Decode(&v)
	return v.Xid
}

// find returns the next fact of a session about a request, in one direction.
func (r *Reader) find(at, step int, f string, xid int32) *history.Event {
	session := r.h.Events[at].Session
	for n, i := 0, at+step; n < mostBetween && i >= 0 && i < len(r.h.Events); n, i = n+1, i+step {
		if e := &r.h.Events[i]; e.F == f && e.Session == session && e.Process == history.SessionProcess && xidOf(e) == xid {
			return e
		}
	}
	return nil
}

// exchanged adds a request with its reply, if they are in the record.
func (t *narrator) exchanged(request, reply *history.Event) {
	first := request
	if first == nil {
		first = reply
	}
	st := Step{
		Row: first.Client, Who: client(first.Client), From: first.Time, To: Never, At: first.Time,
		Fate: history.Info, f: history.FRequest, index: first.Index, session: first.Session,
	}
	asked, got := "sent a request that is not in the record", ""
	st.Name = "request"
	if request != nil {
		var v history.Request
		_ = request.Decode(&v)
		st.Name = strings.TrimSpace(printable.Text(v.Op, 20) + " " + printable.Text(v.Path, mostKey))
		asked = "sent " + requestText(&v)
	}
	if reply != nil {
		var v history.Reply
		_ = reply.Decode(&v)
		st.To, st.At, st.index, st.Fate = reply.Time, reply.Time, reply.Index, history.OK
		if v.Error != 0 {
			st.Fate = history.Fail
		}
		got = replyText(&v)
		if reply.Zxid > 0 {
			got += " (zxid " + reply.Zxid.String() + ")"
		}
	}
	asked += models.InSession(first.Session)
	who, from, to := st.Who, st.From, st.To
	st.Text = func(clock Clock) string {
		begin := who + " " + asked + " at " + clock(from)
		switch {
		case reply == nil:
			return begin + ", and no reply is in the record"
		case clock(from) == clock(to):
			return begin + " and was sent " + got
		}
		return begin + " and was sent " + got + " at " + clock(to)
	}
	t.s.Add(st)
}

func requestText(v *history.Request) string {
	text := printable.Text(v.Op, 20)
	if v.Path != "" {
		text += " of " + printable.Text(v.Path, mostKey)
	}
	if len(v.Data) > 0 {
		text += " with " + dataText(v.Data)
	}
	if v.Version != nil && *v.Version >= 0 {
		text += fmt.Sprintf(" for version %d", *v.Version)
	}
	if v.Watch {
		text += ", leaving a watch,"
	}
	const some = 3
	for i := range v.Parts[:min(some, len(v.Parts))] {
		text += map[bool]string{true: ": ", false: ", "}[i == 0] + requestText(&v.Parts[i])
	}
	if n := len(v.Parts) - some; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

// codes are the protocol's errors that are normal answers.
var codes = map[int32]string{
	-4: "connection loss", -101: "no node", -103: "bad version", -108: "no children for ephemerals", -110: "node exists",
	-111: "not empty", -112: "session expired", -118: "session moved",
}

func replyText(v *history.Reply) string {
	if v.Error != 0 {
		if name := codes[v.Error]; name != "" {
			return `"` + name + `"`
		}
		return fmt.Sprintf("the error %d", v.Error)
	}
	var parts []string
	if v.Path != "" {
		parts = append(parts, printable.Text(v.Path, mostKey))
	}
	if len(v.Data) > 0 {
		parts = append(parts, dataText(v.Data))
	}
	if len(v.Children) > 0 {
		const some = 4
		names := make([]string, 0, some)
		for _, c := range v.Children[:min(some, len(v.Children))] {
			names = append(names, printable.Text(c, mostKey))
		}
		text := "children " + strings.Join(names, ", ")
		if n := len(v.Children) - some; n > 0 {
			text += fmt.Sprintf(" and %d more", n)
		}
		parts = append(parts, text)
	}
	if v.Stat != nil {
		parts = append(parts, fmt.Sprintf("version %d", v.Stat.Version))
	}
	if len(parts) == 0 {
		return "its reply"
	}
	return strings.Join(parts, ", ")
}

// dataText returns a znode's data if it is text, or otherwise its length.
func dataText(data []byte) string {
	if utf8.Valid(data) {
		return models.Quoted(string(data))
	}
	return count(len(data), "byte")
}

// watchEvent describes a watch event.
func watchEvent(e *history.Event, st *Step) {
	var v history.WatchEvent
	_ = e.Decode(&v)
	st.Name, st.session, st.event = printable.Text(v.Type, 24), e.Session, true
	did := "was sent the event " + printable.Text(v.Type, 40) + " of " + printable.Text(v.Path, mostKey)
	if e.Zxid > 0 {
		did += " (zxid " + e.Zxid.String() + ")"
	}
	did += models.InSession(e.Session)
	st.Text = func(clock Clock) string { return st.Who + " " + did + " at " + clock(st.At) }
}
