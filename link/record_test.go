package link

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkconn"
)

// wire returns what was recorded of each session. It fails unless all of that was recorded between the
// beginning and the end of a connection of the session.
func (r *record) wire(t *testing.T) map[int64]*seen {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	sessions, connected := map[int64]*seen{}, map[int64]bool{}
	for _, e := range r.events {
		id := int64(e.Session)
		s := sessions[id]
		if s == nil {
			s = &seen{}
			sessions[id] = s
		}
		switch e.F {
		case history.FConnected:
			connected[id] = true
			continue
		case history.FDisconnected:
			connected[id] = false
			continue
		case history.FRequest:
			var q history.Request
			must.Do(t, e.Decode(&q))
			s.got = append(s.got, q.Xid)
		case history.FReply:
			var a history.Reply
			must.Do(t, e.Decode(&a))
			s.sent = append(s.sent, fmt.Sprintf("reply %d", a.Xid))
		case history.FEvent:
			var w history.WatchEvent
			must.Do(t, e.Decode(&w))
			s.sent = append(s.sent, "event "+w.Path)
		default:
			continue
		}
		if !connected[id] {
			t.Errorf("%s of session %#x, which is not connected", e.F, id)
		}
	}
	return sessions
}

// overheard is the real client on an embedded ensemble, with a record of its messages.
type overheard struct {
	*record
	t    *testing.T
	link *Link
	conn *zk.Conn
	e    *embedded.Ensemble
}

func inWire(t *testing.T, test func(t *testing.T, x *overheard)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e, err := embedded.Start(embedded.Config{InMemory: true})
		must.Do(t, err)
		defer e.Close()
		x := &overheard{record: &record{}, t: t, e: e}
		x.link = New(Config{Client: 7, Dial: e.Dial, Record: x.add, Wire: true})
		defer x.link.Close()
		conn, events, err := zkconn.Open(t.Context(), zkconn.Config{Servers: e.Addrs(), Timeout: 4 * time.Second, Dial: x.link.Dial})
		must.Do(t, err)
		defer conn.Close()
		go func() {
			for range events {
			}
		}()
		x.conn = conn
		test(t, x)
		x.wire(t)
	})
}

// since returns the facts from the i-th on, in short form.
func (r *record) since(i int) (all []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events[i:] {
		all = append(all, strings.TrimSpace(e.F+" "+tell(e)))
	}
	return all
}

// tell returns a fact's value without the numbers that differ from run to run.
func tell(e history.Event) string {
	if e.F != history.FRequest && e.F != history.FReply {
		return string(e.Value)
	}
	var v map[string]any
	if err := json.Unmarshal(e.Value, &v); err != nil {
		return err.Error()
	}
	for _, stat := range append([]any{v}, parts(v)...) {
		if s, ok := stat.(map[string]any)["stat"].(map[string]any); ok {
			delete(s, "czxid")
			delete(s, "mzxid")
			delete(s, "pzxid")
			if s["owner"] != nil {
				s["owner"] = s["owner"] == e.Session.String()
			}
		}
	}
	delete(v, "xid")
	b, _ := json.Marshal(v)
	return string(b)
}

func parts(v map[string]any) []any {
	list, _ := v["parts"].([]any)
	return list
}

func (r *record) all() []history.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

func (r *record) len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.events)
}

// Every kind of request, its reply, and the events that it causes are recorded unchanged.
func TestWireRecordsEveryKind(t *testing.T) {
	open := zk.WorldACL(zk.PermAll)
	inWire(t, func(t *testing.T, x *overheard) {
		for _, c := range []struct {
			name string
			do   func() (zxid int64) // the zxid of the reply, if the client knows it
			want []string
		}{
			{"create", func() int64 { x.conn.Create("/a", []byte("1"), 0, open); return 0 }, []string{
				`request {"data":"MQ==","op":"create","path":"/a"}`,
				`reply {"path":"/a"}`,
			}},
			{"create ephemeral sequential", func() int64 { x.conn.Create("/a/n-", nil, zk.FlagEphemeral|zk.FlagSequence, open); return 0 }, []string{
				`request {"ephemeral":true,"op":"create","path":"/a/n-","sequential":true}`,
				`reply {"path":"/a/n-0000000000"}`,
			}},
			{"create that is refused", func() int64 { x.conn.Create("/a", nil, 0, open); return 0 }, []string{
				`request {"op":"create","path":"/a"}`,
				`reply {"error":-110}`,
			}},
			{"exists with a watch", func() int64 { x.conn.ExistsW("/b"); return 0 }, []string{
				`request {"op":"exists","path":"/b","watch":true}`,
				`reply {"error":-101}`,
			}},
			{"exists", func() int64 { x.conn.Exists("/a/n-0000000000"); return 0 }, []string{
				`request {"op":"exists","path":"/a/n-0000000000"}`,
				`reply {"stat":{"aversion":0,"children":0,"cversion":0,"owner":true,"version":0}}`,
			}},
			{"getData with a watch", func() int64 { x.conn.GetW("/a"); return 0 }, []string{
				`request {"op":"getData","path":"/a","watch":true}`,
				`reply {"data":"MQ==","stat":{"aversion":0,"children":1,"cversion":1,"version":0}}`,
			}},
			{"getChildren with a watch", func() int64 { x.conn.ChildrenW("/a"); return 0 }, []string{
				`request {"op":"getChildren2","path":"/a","watch":true}`,
				`reply {"children":["n-0000000000"],"stat":{"aversion":0,"children":1,"cversion":1,"version":0}}`,
			}},
			{"setData", func() int64 { s, _ := x.conn.Set("/a", []byte("2"), 0); return s.Mzxid }, []string{
				`request {"data":"Mg==","op":"setData","path":"/a","version":0}`,
				`event {"type":"nodeDataChanged","path":"/a"}`,
				`reply {"stat":{"aversion":0,"children":1,"cversion":1,"version":1}}`,
			}},
			{"delete", func() int64 { x.conn.Delete("/a/n-0000000000", -1); return 0 }, []string{
				`request {"op":"delete","path":"/a/n-0000000000","version":-1}`,
				`event {"type":"nodeChildrenChanged","path":"/a"}`,
				`reply {}`,
			}},
			{"multi", func() int64 {
				x.conn.Multi(
					&zk.CheckVersionRequest{Path: "/a", Version: 1},
					&zk.CreateRequest{Path: "/b", Data: []byte("3"), Acl: open},
					&zk.SetDataRequest{Path: "/a", Data: []byte("4"), Version: -1},
					&zk.DeleteRequest{Path: "/b", Version: 0},
				)
				return 0
			}, []string{
				`request {"op":"multi","parts":[{"op":"check","path":"/a","version":1,"xid":0},` +
					`{"data":"Mw==","op":"create","path":"/b","xid":0},` +
					`{"data":"NA==","op":"setData","path":"/a","version":-1,"xid":0},{"op":"delete","path":"/b","version":0,"xid":0}]}`,
				`event {"type":"nodeCreated","path":"/b"}`,
				`reply {"parts":[{"xid":0},{"path":"/b","xid":0},{"stat":{"aversion":0,"children":0,"cversion":2,"version":2},"xid":0},{"xid":0}]}`,
			}},
			{"multi that is refused", func() int64 {
				x.conn.Multi(&zk.DeleteRequest{Path: "/a", Version: -1}, &zk.DeleteRequest{Path: "/b", Version: -1}, &zk.DeleteRequest{Path: "/c", Version: -1})
				return 0
			}, []string{
				`request {"op":"multi","parts":[{"op":"delete","path":"/a","version":-1,"xid":0},{"op":"delete","path":"/b","version":-1,"xid":0},{"op":"delete","path":"/c","version":-1,"xid":0}]}`,
				`reply {"parts":[{"xid":0},{"error":-101,"xid":0},{"error":-2,"xid":0}]}`,
			}},
			{"sync", func() int64 { x.conn.Sync("/a"); return 0 }, []string{
				`request {"op":"sync","path":"/a"}`,
				`reply {}`,
			}},
			{"getACL", func() int64 { x.conn.GetACL("/a"); return 0 }, []string{
				`request {"op":"getACL","path":"/a"}`,
				`reply {"stat":{"aversion":0,"children":0,"cversion":2,"version":2}}`,
			}},
			{"setACL", func() int64 { x.conn.SetACL("/a", open, 0); return 0 }, []string{
				`request {"op":"setACL","path":"/a","version":0}`,
				`reply {"stat":{"aversion":1,"children":0,"cversion":2,"version":2}}`,
			}},
			{"auth", func() int64 { x.conn.AddAuth("digest", []byte("u:secret")); return 0 }, []string{
				`request {"auth":"digest:u","op":"auth"}`,
				`reply {}`,
			}},
			{"ping", func() int64 { time.Sleep(3 * time.Second); return 0 }, nil},
			{"closeSession", func() int64 { x.conn.Close(); return 0 }, []string{
				`request {"op":"closeSession"}`,
				`reply {}`,
				`dead {"by":"close-reply","sent":3000000000}`,
				`disconnected`,
			}},
		} {
			before := x.len()
			zxid := c.do()
			synctest.Wait()
			if diff := gocmp.Diff(c.want, x.since(before)); diff != "" {
				t.Errorf("%s: -want +got\n%s", c.name, diff)
			}
			for _, e := range x.all()[before:] {
				if e.Client != 7 || e.Process != history.SessionProcess || e.Type != history.Info || e.Session == 0 {
					t.Errorf("%s: %+v", c.name, e)
				}
				if zxid != 0 && (e.F == history.FReply || e.F == history.FEvent) && int64(e.Zxid) != zxid {
					t.Errorf("%s: %s has zxid %s, not %#x", c.name, e.F, e.Zxid, zxid)
				}
			}
		}
	})
}

// Replies belong to requests, whatever faults do to the client; zxids never decrease within a session,
// and watches are set again after a move.
func TestWireOverReconnects(t *testing.T) {
	inWire(t, func(t *testing.T, x *overheard) {
		x.conn.Create("/a", nil, 0, zk.WorldACL(zk.PermAll))
		for i := range 20 {
			x.conn.GetW("/a")
			x.conn.ChildrenW("/a")
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			must.Do(t, x.link.Move(ctx, x.e.Addrs()[i%3]))
			cancel()
			time.Sleep(10 * time.Millisecond)
			x.conn.Set("/a", fmt.Append(nil, i), -1)
		}
		highest, open, kinds := history.ID(0), map[int32]bool{}, map[string]int{}
		for _, e := range x.all() {
			kinds[e.F]++
			switch e.F {
			case history.FDisconnected:
				clear(open)
			case history.FRequest:
				var q history.Request
				must.Do(t, e.Decode(&q))
				open[q.Xid] = true
				kinds[q.Op]++
				if q.Op == "setWatches" && (q.Since == 0 || len(q.DataWatches)+len(q.ChildWatches) != 2) {
					t.Errorf("%+v", q)
				}
			case history.FReply:
				var a history.Reply
				must.Do(t, e.Decode(&a))
				if !open[a.Xid] || e.Zxid < highest {
					t.Errorf("reply %+v with zxid %s after %s", a, e.Zxid, highest)
				}
				delete(open, a.Xid)
				highest = max(highest, e.Zxid)
			}
		}
		if kinds["setWatches"] < 10 || kinds[history.FEvent] < 10 || kinds[history.FDisconnected] < 10 {
			t.Errorf("%v", kinds)
		}
	})
}

// A lost request is not in the record, but a lost reply is; so is a held event, at the position at
// which the server sent it.
func TestWireUnderLossesAndHolds(t *testing.T) {
	inWire(t, func(t *testing.T, x *overheard) {
		open := zk.WorldACL(zk.PermAll)
		x.conn.Create("/a", nil, 0, open)
		x.conn.GetW("/a")
		h := hold(t, x.link, EventRule{})
		before := x.len()
		x.conn.Set("/a", nil, -1)
		x.conn.Get("/a")
		if diff := gocmp.Diff([]string{"request setData", "event", "reply", "request getData", "reply"}, x.brief(before)); diff != "" {
			t.Error(diff)
		}
		h.Release()
		synctest.Wait()
		if x.len() != before+5 {
			t.Errorf("an event that was held back is recorded again: %v", x.since(before))
		}
		for _, what := range []What{Request, Reply} {
			lose(t, x.link, Rule{What: what, Op: wire.Create})
			before = x.len()
			if _, err := x.conn.Create("/b", nil, 0, open); !errors.Is(err, zk.ErrConnectionClosed) {
				t.Fatal(err)
			}
			want := []string{"disconnected"}
			if what == Reply {
				want = []string{"request create", "reply", "disconnected"}
			}
			if diff := gocmp.Diff(want, x.brief(before)[:len(want)]); diff != "" {
				t.Error(diff)
			}
			time.Sleep(2 * time.Second)
		}
	})
}

// brief returns the facts from the i-th on, requests with their type.
func (r *record) brief(i int) (all []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events[i:] {
		var q history.Request
		if e.F == history.FRequest {
			_ = e.Decode(&q)
		}
		all = append(all, strings.TrimSpace(e.F+" "+q.Op))
	}
	return all
}

// looking is a connection to a server that calls functions before it sends bytes to the server, and
// after it has received some.
type looking struct {
	net.Conn
	write, read func()
}

func (c looking) Write(p []byte) (int, error) {
	c.write()
	return c.Conn.Write(p)
}

func (c looking) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read()
	return n, err
}

// Messages that come after the connection has ended, or the session has moved on, are not recorded:
// they would follow what the client saw later.
func TestWireOfAnEndedConnection(t *testing.T) {
	for name, meanwhile := range map[string]func(t *testing.T, l *Link){
		"cut":   func(_ *testing.T, l *Link) { l.Cut() },
		"moved": func(t *testing.T, l *Link) { dial(t, l).connect(0x1a1) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, r := newScripted(), &record{}
				var l *Link
				come := func() {}
				l = New(Config{Record: r.add, Wire: true, Dial: func(network, addr string, d time.Duration) (net.Conn, error) {
					c, err := s.Dial(network, addr, d)
					return looking{c, func() {}, func() { come() }}, err
				}})
				defer l.Close()
				c := dial(t, l)
				c.connect(0)
				c.Write(c.frame(wire.Create, "/x"))
				come = func() {
					come = func() {}
					meanwhile(t, l)
				}
				c.reply()
				for _, fact := range r.brief(0) {
					if fact == "reply" {
						t.Errorf("%v", r.brief(0))
					}
				}
			})
		})
	}
}

// A request is in the record before its last byte goes to the server, and a
// reply before its last byte comes to the client, in whatever pieces they come.
func TestWireInPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := newScripted(), &record{}
		var seen []int
		l := New(Config{Record: r.add, Wire: true, Dial: func(network, addr string, d time.Duration) (net.Conn, error) {
			c, err := s.Dial(network, addr, d)
			return looking{c, func() { seen = append(seen, r.len()) }, func() {}}, err
		}})
		defer l.Close()
		c := dial(t, l)
		c.connect(0)
		seen = nil
		frame := c.frame(wire.Delete, "/x")
		frame = append(frame, 0, 0, 0, 1) // the version
		frame[3] += 4
		for _, b := range frame {
			c.Write([]byte{b})
		}
		if last := len(seen) - 1; seen[last] != 2 || seen[last-1] != 1 {
			t.Errorf("facts before each byte: %v", seen)
		}
		synctest.Wait()
		reply := make([]byte, 4+16)
		for i := range reply {
			must.Get(c.Read(reply[i : i+1]))(t)
		}
		want := []string{`request {"op":"delete","path":"/x","version":1}`, `reply {}`}
		if diff := gocmp.Diff(want, r.since(1)); diff != "" {
			t.Error(diff)
		}
	})
}

// Large frames cost the record no more memory than the longest line.
func TestWireOfLargeFrames(t *testing.T) {
	inWire(t, func(t *testing.T, x *overheard) {
		large := bytes.Repeat([]byte{'x'}, 300<<10)
		before := x.len()
		x.conn.Create("/large", large, 0, zk.WorldACL(zk.PermAll))
		data, _, err := x.conn.Get("/large")
		if err != nil || !bytes.Equal(data, large) {
			t.Errorf("%d bytes, %v", len(data), err)
		}
		want := []string{
			`request {"op":"create","path":"/large"}`, `reply {"path":"/large"}`,
			`request {"op":"getData","path":"/large"}`, `reply {"cut":true}`,
		}
		if diff := gocmp.Diff(want, x.since(before)); diff != "" {
			t.Error(diff)
		}
		for i := range 300 { // and a list of their names is not empty
			x.conn.Create(fmt.Sprintf("/large/%0500d", i), nil, 0, zk.WorldACL(zk.PermAll))
		}
		lists := x.len()
		if names, _, err := x.conn.Children("/large"); err != nil || len(names) != 300 {
			t.Errorf("%d names, %v", len(names), err)
		}
		if got := x.since(lists); len(got) != 2 || got[1] != `reply {"cut":true}` {
			t.Errorf("%q", got)
		}
		sizable := large[:50<<10]
		x.conn.Create("/sizable", sizable, 0, zk.WorldACL(zk.PermAll))
		x.conn.Get("/sizable")
		var reply history.Reply
		must.Do(t, x.all()[x.len()-1].Decode(&reply))
		if !bytes.Equal(reply.Data, sizable) || reply.Stat == nil {
			t.Errorf("of a reply of 50 KiB there are %d bytes", len(reply.Data))
		}
		longest := slices.MaxFunc(x.all()[:before+4], func(a, b history.Event) int { return cmp.Compare(len(a.Value), len(b.Value)) })
		if len(longest.Value) > 1000 {
			t.Errorf("%d bytes", len(longest.Value))
		}
	})
}

// Messages are recorded only if that was asked for.
func TestWireIsOffUnlessAskedFor(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, r *record) {
		c := dial(t, l)
		c.connect(0)
		c.do(wire.Create, "/a")
		wantFacts(t, r, "connected 0x1a1")
	})
}
