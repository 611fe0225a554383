package explain

import (
	"bytes"
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// connected adds the connection of a client's session to a server.
func (r *record) connected(at int64, client, server int) {
	r.h.Header.Params.Addresses = []string{"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"}
	r.add(at, history.Event{
		Process: history.SessionProcess, Client: client, Type: history.Info, F: history.FConnected, Session: history.ID(0x100 + client),
		Value: history.Value(history.Connected{Server: r.h.Header.Params.Addresses[server-1]}),
	})
}

// shown records what the session of the last event had been shown by then.
func (r *record) shown(alive int64, zxid history.ID) {
	e := &r.h.Events[len(r.h.Events)-1]
	e.Alive, e.Seen = time.Duration(alive)*time.Microsecond, zxid
}

// lostReply is a lock whose create was carried out, although its client never heard of that: the
// client tried again, and another client met the znode that the first create had left.
func lostReply() (*Scene, *Sequence) {
	r := newRecord(models.Lock.Name)
	r.h.Header.Params.Root = "/zklab/1"
	r.connected(100, 0, 1)
	r.connected(200, 1, 3)
	w := []int{r.invoke(1_000_000, 0, models.FAcquire, "k", nil)}
	r.fault(1_001_000, "lose-reply", history.FaultStep{Fault: 1, Step: history.StepInject, Spec: "lose-reply:create", Clients: []int{0}})
	r.add(1_010_000, history.Event{
		Process: history.SessionProcess, Client: 0, Type: history.Info, F: history.FUnanswered, Session: 0x100,
		Value: history.Value(history.Unanswered{Requests: []history.UnansweredRequest{{Xid: 7, Op: "create2", Path: "/zklab/1/k/lock-", Sent: 1_002 * time.Millisecond}}}),
	})
	r.fault(1_011_000, "lose-reply", history.FaultStep{Fault: 1, Step: history.StepVerified, Spec: "lose-reply:create", Clients: []int{0}})
	w = append(w, r.end(1_020_000, 0, history.Info, models.FAcquire, "k", nil))
	w = append(w, r.invoke(1_100_000, 1, models.FAcquire, "k", nil), r.end(3_000_000, 1, history.Fail, models.FAcquire, "k", nil))
	r.shown(1_101_000, 0x12)
	of := Read(&r.h)
	s := of.Scene(StepsOnly, "k", w)
	return s, of.Sequence(s, []Sent{
		{Client: 1, Session: 0x101, Zxid: 0x12, Type: "create", Path: "/zklab/1/k/lock-0000000002"},
		{Client: 0, Session: 0x100, Zxid: 0x11, Type: "create", Path: "/zklab/1/k/lock-0000000001"},
		{Client: 0, Session: 0x100, Zxid: 0x99, Type: "closeSession", Path: "/zklab/1/k/lock-0000000001"}, // nothing dates it
	})
}

func TestSequence(t *testing.T) {
	_, d := lostReply()
	golden(t, "sequence.txt", d.Text(Screen{Width: 100}))
	golden(t, "sequence-60.txt", d.Text(Screen{Width: 60}))
	ascii := d.Text(Screen{ASCII: true})
	golden(t, "sequence-ascii.txt", ascii)
	for _, r := range ascii {
		if r > 0x7f {
			t.Errorf("%q in a drawing in ASCII", r)
		}
	}
	svg := string(d.SVG())
	for _, text := range []string{">server 1<", ">server 3<", "the reply to create is lost, and the connection ends", "k/lock-0000000001, zxid 0x11"} {
		if !strings.Contains(svg, text) {
			t.Errorf("the SVG does not say %q", text)
		}
	}
	if n := strings.Count(svg, "m0 -10 l-10 10"); n != 1 {
		t.Errorf("%d crosses, want that of the lost reply", n)
	}
	wellFormedSVG(t, svg)
}

func wellFormedSVG(t *testing.T, svg string) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader([]byte(svg))); ; {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("the SVG is no XML: %v\n%s", err, svg)
		}
	}
}

// The messages of the wire are also drawn: a reply, a refusal, a watch event, a request without a
// reply.
func TestSequenceOfTheWire(t *testing.T) {
	r := newRecord("session")
	r.connected(100, 0, 2)
	wire := func(at int64, f string, v any) int {
		return r.add(at, history.Event{Process: history.SessionProcess, Client: 0, Type: history.Info, F: f, Session: 0x100, Value: history.Value(v)})
	}
	w := []int{
		wire(1000, history.FRequest, history.Request{Xid: 5, Op: "getData", Path: "/a<b>", Watch: true}),
		wire(2000, history.FReply, history.Reply{Xid: 5, Data: []byte("x")}),
		wire(2500, history.FRequest, history.Request{Xid: 6, Op: "delete", Path: "/b"}),
		wire(3000, history.FReply, history.Reply{Xid: 6, Error: -101}),
		wire(4000, history.FEvent, history.WatchEvent{Type: "nodeDataChanged", Path: "/a<b>"}),
		wire(5000, history.FRequest, history.Request{Xid: 7, Op: "setData", Path: "/a"}),
	}
	of := Read(&r.h)
	d := of.Sequence(of.Scene(StepsOnly, "", w), nil)
	golden(t, "sequence-wire.txt", d.Text(Screen{}))
	wellFormedSVG(t, string(d.SVG()))
}

// A message that a fault takes is crossed out: a reply even though the link saw it arrive, and a
// request, which no server received. What the fault took elsewhere is left out.
func TestSequenceOfLosses(t *testing.T) {
	r := newRecord(models.Lock.Name)
	r.connected(100, 0, 2)
	w := []int{r.invoke(1_000_000, 0, models.FAcquire, "k", nil)}
	took := []history.LostMessage{
		{What: history.LostReply, Client: 0, Session: 0x100, Op: "create2", Path: "/k/lock-", At: 1_010 * time.Millisecond},
		{What: history.LostRequest, Client: 0, Session: 0x100, Op: "getChildren", Path: "/k", At: 1_015 * time.Millisecond},
		{What: history.LostRequest, Client: 0, Session: 0x100, Op: "getChildren", Path: "/other", At: 1_015 * time.Millisecond},
		{What: history.LostRequest, Client: 7, Session: 0x107, Op: "getChildren", Path: "/k", At: 1_015 * time.Millisecond},
		{What: history.LostRequest, Client: 0, Session: 0x100, Op: "getChildren", Path: "/k", At: 9 * time.Second},
	}
	r.fault(1_016_000, "lose-reply", history.FaultStep{Fault: 1, Step: history.StepVerified, Spec: "lose-reply", Clients: []int{0}, Lost: took[:1]})
	w = append(w, r.end(1_020_000, 0, history.Info, models.FAcquire, "k", nil))
	r.shown(1_005_000, 0x11) // the link saw the reply
	r.fault(1_030_000, "lose-reply", history.FaultStep{Fault: 1, Step: history.StepHealed, Spec: "lose-reply", Clients: []int{0}, Lost: took})
	of := Read(&r.h)
	d := of.Sequence(of.Scene(StepsOnly, "k", w), []Sent{{Client: 0, Session: 0x100, Zxid: 0x11, Type: "create", Path: "/k/lock-1"}})
	var got []rowKind
	for _, w := range d.rows {
		if w.kind != moment && w.kind != pressure {
			got = append(got, w.kind)
		}
	}
	if diff := cmp.Diff([]rowKind{request, lost, unsent}, got); diff != "" {
		t.Errorf("%s\n%s", diff, d.Text(Screen{}))
	}
	if n := strings.Count(string(d.SVG()), "m0 -10 l-10 10"); n != 2 {
		t.Errorf("%d crosses", n)
	}
}

// When a session sends two equal requests and the first has no answer, the second is not drawn as
// lost.
func TestSequenceOfARepeatedRequest(t *testing.T) {
	r := newRecord(models.Lock.Name)
	r.connected(100, 0, 2)
	w := []int{r.invoke(1_000_000, 0, models.FAcquire, "k", nil)}
	r.add(1_010_000, history.Event{
		Process: history.SessionProcess, Client: 0, Type: history.Info, F: history.FUnanswered, Session: 0x100,
		Value: history.Value(history.Unanswered{Requests: []history.UnansweredRequest{{Xid: 7, Op: "create", Path: "/k/lock-", Sent: 1_002 * time.Millisecond}}}),
	})
	r.shown(500_000, 0x0f)
	w = append(w, r.end(1_020_000, 0, history.Info, models.FAcquire, "k", nil), r.invoke(2_000_000, 0, models.FAcquire, "k", nil))
	r.shown(1_500_000, 0x10) // the zxid of a write after the first request
	w = append(w, r.end(2_020_000, 0, history.OK, models.FAcquire, "k", models.Grant{}))
	r.shown(2_010_000, 0x12)
	of := Read(&r.h)
	s := of.Scene(StepsOnly, "k", w)
	for zxid, want := range map[history.ID]bool{0x10: true, 0x12: false} {
		d := of.Sequence(s, []Sent{{Client: 0, Session: 0x100, Zxid: zxid, Type: "create", Path: "/k/lock-1"}})
		if got := slices.ContainsFunc(d.rows, func(w row) bool { return w.kind == lost }); got != want {
			t.Errorf("%s is lost: %v\n%s", zxid, got, d.Text(Screen{}))
		}
	}
}

// The end of a session is drawn as late as the zxids, and what clients were shown, allow. It is not
// drawn before the server can have known that the session had to end, even if the session was last
// heard of long before.
func TestSequenceOfAnEnd(t *testing.T) {
	r := newRecord(models.Lock.Name)
	r.connected(100, 0, 1)
	r.connected(200, 1, 1)
	var w []int
	w = append(w, r.invoke(1_000_000, 0, models.FAcquire, "k", nil), r.end(1_010_000, 0, history.OK, models.FAcquire, "k", models.Grant{}))
	r.shown(1_005_000, 0x10)
	w = append(w, r.invoke(2_000_000, 1, models.FAcquire, "k", nil), r.end(9_010_000, 1, history.OK, models.FAcquire, "k", models.Grant{}))
	r.shown(9_000_000, 0x12)
	of := Read(&r.h)
	d := of.Sequence(of.Scene(StepsOnly, "k", w), []Sent{
		{Client: 0, Session: 0x100, Zxid: 0x11, Type: "closeSession", Path: "/k"}, {Client: 1, Session: 0x101, Zxid: 0x12, Type: "create", Path: "/k"},
	})
	i := slices.IndexFunc(d.rows, func(w row) bool { return w.kind == over })
	if i < 0 || d.rows[i].at != 9*time.Second || d.rows[i+1].kind != request {
		t.Errorf("the end of the session is at %v:\n%s", d.rows[max(i, 0)].at, d.Text(Screen{}))
	}
}

// Without a message there is nothing to draw that the timeline does not show.
func TestNoSequence(t *testing.T) {
	for _, c := range scenes {
		s := c.scene()
		if d := Read(&history.History{}).Sequence(s, nil); d != nil && !strings.Contains(d.Text(Screen{}), "▶") {
			t.Errorf("%s: a diagram without a message:\n%s", c.name, d.Text(Screen{}))
		}
	}
	r := newRecord(models.Lock.Name)
	var w []int
	var sent []Sent
	for i := range 2 * mostLifelines {
		r.connected(int64(i+1), i, 1)
		w = append(w, r.invoke(int64(1000+10*i), i, models.FAcquire, "k", nil))
		w = append(w, r.end(int64(9000+i), i, history.OK, models.FAcquire, "k", nil))
		r.shown(int64(1005+10*i), history.ID(0x10+i))
		sent = append(sent, Sent{Client: i, Session: history.ID(0x100 + i), Zxid: history.ID(0x10 + i), Type: "create", Path: "/k"})
	}
	of := Read(&r.h)
	if d := of.Sequence(of.Scene(StepsOnly, "k", w), sent); d != nil {
		t.Errorf("a diagram of %d lifelines", len(d.lifelines))
	}
}

// A request whose lost reply was a refusal was not carried out.
func TestLostRefusal(t *testing.T) {
	r := newRecord(models.Lock.Name)
	r.connected(100, 0, 2)
	w := []int{r.invoke(1_000_000, 0, models.FRelease, "k", nil)}
	took := []history.LostMessage{
		{What: history.LostReply, Client: 0, Session: 0x100, Op: "delete", Path: "/k/lock-1", At: 1_010 * time.Millisecond, Refused: "no node"},
	}
	r.fault(1_016_000, "lose-reply", history.FaultStep{Fault: 1, Step: history.StepVerified, Spec: "lose-reply", Clients: []int{0}, Lost: took})
	w = append(w, r.end(1_020_000, 0, history.OK, models.FRelease, "k", nil))
	of := Read(&r.h)
	story := strings.Join(of.Scene(StepsOnly, "k", w).Story(), "\n")
	if want := "server refused the request delete of client 0 (no node), and its reply was lost at 1.010 s"; !strings.Contains(story, want) || strings.Contains(story, "carried out") {
		t.Errorf("no %q in\n%s", want, story)
	}
}
