package link

import (
	"bytes"
	"net"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/allocs"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

// nowhere is a server that accepts everything and sends nothing: tests pass its messages directly to
// the conn.
type nowhere struct{ net.Conn }

func (nowhere) Close() error                     { return nil }
func (nowhere) SetReadDeadline(time.Time) error  { return nil }
func (nowhere) SetWriteDeadline(time.Time) error { return nil }

// exchange is a client and a server that send any bytes, in pieces of some size.
type exchange struct {
	l          *Link
	c          *conn
	facts      []history.Event
	up, down   []byte // what passed
	gone, mute bool   // a loss has ended the direction up, or down
}

func newExchange() *exchange {
	x := &exchange{}
	x.l = New(Config{
		Clock: func() time.Duration { return time.Second }, Wire: true, ConnectTimeout: -1,
		Record: func(e history.Event) { x.facts = append(x.facts, e) },
	})
	x.c = newConn(x.l, nowhere{}, "server", 1)
	return x
}

func (x *exchange) sends(p []byte) {
	if x.gone {
		return
	}
	n, loss := x.c.outgoing(p)
	x.up = append(x.up, p[:n]...)
	x.gone = loss != nil
}

func (x *exchange) hears(p []byte) {
	if x.mute {
		return
	}
	pass, loss := x.c.incoming(p)
	x.down = append(x.down, pass...)
	x.mute = loss != nil
}

// talk lets both sides send their bytes, one piece each in turn.
func (x *exchange) talk(up, down []byte, piece int) {
	for len(up)+len(down) > 0 {
		n, m := min(piece, len(up)), min(piece, len(down))
		x.sends(up[:n])
		x.hears(down[:m])
		up, down = up[n:], down[m:]
	}
}

// handshake returns the beginning of a session.
func handshake() (up, down []byte) {
	up = wire.AppendFrame(nil, wire.ConnectRequest{Timeout: time.Second, Password: make([]byte, 16)}.Append(nil))
	down = wire.AppendFrame(nil, wire.ConnectResponse{Timeout: time.Second, Session: 7, Password: make([]byte, 16)}.Append(nil))
	return up, down
}

// conversation returns one request of each of some types, their replies, and an event in between.
func conversation() (up, down []byte) {
	request := func(xid int32, op wire.Op, r any) {
		up = wire.AppendFrame(up, wire.AppendRequest(wire.RequestHeader{Xid: xid, Op: op}.Append(nil), op, r))
	}
	reply := func(xid int32, record []byte) {
		down = wire.AppendFrame(down, append(wire.ReplyHeader{Xid: xid, Zxid: 1 << 32}.Append(nil), record...))
	}
	request(1, wire.Create, &wire.CreateRequest{Path: "/a", Data: []byte("x"), ACL: []wire.ACL{}, Mode: wire.Ephemeral})
	reply(1, wire.AppendCreateReply(nil, wire.Create, wire.CreateReply{Path: "/a"}))
	request(2, wire.GetData, &wire.ReadRequest{Path: "/a", Watch: true})
	reply(wire.XidEvent, wire.WatchEvent{Type: wire.EventCreated, State: wire.StateConnected, Path: "/held"}.Append(nil))
	reply(2, wire.DataReply{Data: []byte("x")}.Append(nil))
	request(3, wire.Multi, []wire.MultiOp{{Op: wire.Check, Request: &wire.VersionRequest{Path: "/a", Version: -1}}, {Op: wire.Delete, Request: &wire.VersionRequest{Path: "/a"}}})
	reply(3, wire.AppendMultiReply(nil, []wire.OpResult{{Op: wire.Check}, {Op: wire.Delete}}))
	request(4, wire.GetChildren2, &wire.ReadRequest{Path: "/"})
	reply(4, wire.AppendChildrenReply(nil, wire.GetChildren2, wire.ChildrenReply{Children: []string{"a", ""}}))
	up = wire.AppendFrame(up, wire.RequestHeader{Xid: 5, Op: wire.CloseSession}.Append(nil))
	reply(5, nil)
	return up, down
}

// rule applies one of several rules that lose or hold back messages of the conversation.
func (x *exchange) rule(t *testing.T, which uint8) (held *HeldEvents) {
	t.Helper()
	var err error
	switch which % 4 {
	case 1:
		_, err = x.l.Lose(Rule{What: Request, Op: wire.Multi, Path: "/a"})
	case 2:
		_, err = x.l.Lose(Rule{What: Reply, Nth: 2})
	case 3:
		held, err = x.l.HoldEvents(EventRule{Path: "/held", Behind: int(which) / 4 % 4})
	}
	must.Do(t, err)
	return held
}

// Whatever client and server send, in pieces of any size: what no rule affects passes unchanged, what
// passes before a loss is a prefix of what was sent, held messages pass later, and the facts equal
// those in the record. Memory stays in proportion to what was sent.
func FuzzFrames(f *testing.F) {
	up, down := conversation()
	for rule := range uint8(8) {
		f.Add(up, down, true, rule, uint16(1000))
		f.Add(up, down, true, rule, uint16(7))
	}
	f.Add([]byte("ruok"), []byte("imok"), false, uint8(0), uint16(2))
	asks, answers := handshake()
	f.Add(append(asks, up...), append(answers, down...), false, uint8(0), uint16(50))
	f.Fuzz(func(t *testing.T, up, down []byte, connected bool, which uint8, piece uint16) {
		x := newExchange()
		if connected {
			asks, answers := handshake()
			x.talk(asks, nil, len(asks))
			x.talk(nil, answers, len(answers))
			x.up, x.down = nil, nil
		}
		held := x.rule(t, which)
		size := max(1+int(piece), max(len(up), len(down))/64) // many pieces take long
		allocs.Within(t, len(up)+len(down), 2000, func() { x.talk(up, down, size) })
		if held != nil {
			held.Release()
			x.hears(nil)
		}
		x.check(t, up, down)
		for _, e := range x.facts {
			checkFact(t, e)
		}
	})
}

// check compares what passed with what was sent.
func (x *exchange) check(t *testing.T, up, down []byte) {
	t.Helper()
	if !bytes.HasPrefix(up, x.up) || !x.gone && len(x.up) < len(up) {
		t.Errorf("%x passed of %x to the server", x.up, up)
	}
	passed := slices.Concat(x.down, x.c.filter.partial)
	for _, h := range x.c.held { // within a frame that began before
		passed = append(passed, h.frame...)
	}
	unread, _ := x.c.writeMode()
	switch {
	case x.mute && len(passed) > len(down), !x.mute && !unread && len(passed) != len(down):
		t.Errorf("%x passed of %x to the client", passed, down)
	case x.mute || unread || len(x.c.held) > 0:
	default:
		if want, got := frames(down), frames(passed); !slices.Equal(want, got) {
			t.Error(cmp.Diff(want, got))
		}
	}
}

// frames lists the frames of a stream, sorted by their bytes, because events may come late, with the
// incomplete rest at the end.
func frames(stream []byte) (all []string) {
	r := bytes.NewReader(stream)
	for {
		body, err := wire.ReadFrame(r, nil, passLimit)
		all = append(all, string(body))
		if err != nil {
			slices.Sort(all)
			return all
		}
	}
}

// checkFact reads a fact as a checker of the record does.
func checkFact(t *testing.T, e history.Event) {
	t.Helper()
	values := map[string]any{
		history.FRequest: &history.Request{}, history.FReply: &history.Reply{}, history.FEvent: &history.WatchEvent{},
		history.FConnected: &history.Connected{}, history.FUnanswered: &history.Unanswered{}, history.FDead: &history.Dead{},
	}
	if v, ok := values[e.F]; ok {
		if err := e.Decode(v); err != nil {
			t.Errorf("%s: %v", e.F, err)
		}
	}
	if len(e.Value) > history.MaxLine*3/4 {
		t.Errorf("%s has a value of %d bytes", e.F, len(e.Value))
	}
}

// Waiting requests are found by their xids, the oldest first, as in a plain list.
func FuzzRequests(f *testing.F) {
	f.Add([]byte{1, 2, 3, 0x81, 0x83, 0x82})
	f.Add([]byte{1, 1, 0x81, 0x85, 2, 0x81})
	many := make([]byte, 200)
	f.Add(append(many, bytes.Repeat([]byte{0x80}, 150)...))
	f.Fuzz(func(t *testing.T, script []byte) {
		var q requests
		var list []request
		for i, b := range script[:min(len(script), 300)] { // the list is searched from its beginning
			xid := int32(b & 0x7f)
			if b < 0x80 {
				r := request{xid: xid, op: wire.Create, sent: time.Duration(i)}
				q.push(r)
				list = append(list, r)
				continue
			}
			at := slices.IndexFunc(list, func(r request) bool { return r.xid == xid })
			got, ok := q.take(xid)
			if ok != (at >= 0) || ok && !reflect.DeepEqual(got, list[at]) {
				t.Fatalf("took %+v, %v from %+v", got, ok, list)
			}
			if ok {
				list = slices.Delete(list, at, at+1)
			}
		}
		if !slices.EqualFunc(q.all(), list, func(a, b request) bool { return reflect.DeepEqual(a, b) }) {
			t.Fatalf("%+v wait, want %+v", q.all(), list)
		}
		if v := q.unanswered(); len(v.Requests)+v.Older != len(list) {
			t.Fatalf("%d and %d unanswered of %d", len(v.Requests), v.Older, len(list))
		}
	})
}
