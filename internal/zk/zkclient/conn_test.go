package zkclient

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/internal/virtual/memnet"
	"github.com/zklab/zklab/internal/zk/wire"
)

func TestMain(m *testing.M) { testmain.Main(m) }

// server is the other end of a connection, and does what a test tells it.
type server struct{ net.Conn }

func (s server) read() []byte {
	body, _ := wire.ReadFrame(s, nil, 0)
	return body
}

// request reads a request and returns its header.
func (s server) request() wire.RequestHeader {
	h, _, _ := wire.DecodeRequestHeader(s.read())
	return h
}

func (s server) accept() {
	req, _ := wire.DecodeConnectRequest(s.read())
	wire.WriteFrame(s, wire.ConnectResponse{
		Timeout: req.Timeout, Session: max(req.Session, 7), Password: []byte("0123456789abcdef"), HasReadOnly: req.HasReadOnly,
	}.Append(nil))
}

func (s server) reply(xid int32, zxid int64, record ...byte) {
	wire.WriteFrame(s, append(wire.ReplyHeader{Xid: xid, Zxid: zxid}.Append(nil), record...))
}

func (s server) event(path string) {
	e := wire.WatchEvent{Type: wire.EventCreated, State: wire.StateConnected, Path: path}
	wire.WriteFrame(s, e.Append(wire.ReplyHeader{Xid: wire.XidEvent, Zxid: -1}.Append(nil)))
}

// dial connects to a server that runs do, and waits for it when the test ends.
func dial(t *testing.T, do func(server)) func(context.Context) (net.Conn, error) {
	var network memnet.Network
	l := must.Get(network.Listen("server:2181"))(t)
	var served sync.WaitGroup
	served.Go(func() {
		defer l.Close()
		if c, err := l.Accept(); err == nil {
			defer c.Close()
			do(server{c})
		}
	})
	t.Cleanup(func() {
		l.Close()
		served.Wait()
	})
	return func(ctx context.Context) (net.Conn, error) { return network.Dial(ctx, "tcp", "server:2181") }
}

// open connects to a server that accepts the session and then runs do.
func open(t *testing.T, do func(server)) *Conn {
	t.Helper()
	c := must.Get(Connect(t.Context(), Config{Dial: dial(t, func(s server) { s.accept(); do(s) })}))(t)
	t.Cleanup(func() { c.Close() })
	return c
}

func TestConnectSendsWhatItIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  Config
		want wire.ConnectRequest
	}{
		"zero": {Config{}, wire.ConnectRequest{Timeout: DefaultTimeout, Password: make([]byte, 16), HasReadOnly: true}},
		"short": {
			Config{Short: true, LastZxid: 5, Session: wire.Session{ID: 3, Password: []byte("no"), Timeout: time.Second}},
			wire.ConnectRequest{LastZxid: 5, Timeout: time.Second, Session: 3, Password: []byte("no")},
		},
	} {
		var got wire.ConnectRequest
		c.cfg.Dial = dial(t, func(s server) { got, _ = wire.DecodeConnectRequest(s.read()) })
		if _, err := Connect(t.Context(), c.cfg); !errors.Is(err, wire.ErrNoReply) {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestConnectRefused(t *testing.T) {
	_, err := Connect(t.Context(), Config{Dial: dial(t, func(s server) {
		s.read()
		wire.WriteFrame(s, wire.ConnectResponse{Password: make([]byte, 16)}.Append(nil))
	})})
	if !errors.Is(err, wire.ErrRefused) {
		t.Error(err)
	}
}

func TestEventsKeepTheirPlace(t *testing.T) {
	c := open(t, func(s server) {
		h := s.request()
		s.event("/a")
		s.reply(h.Xid, 4)
		s.event("/b")
		h = s.request()
		s.event("/c")
		s.reply(h.Xid, 6, wire.AppendSyncReply(nil, "/d")...)
	})
	var got [][]string
	for range 2 {
		r := must.Get(c.Do(t.Context(), wire.Sync, &wire.PathRequest{Path: "/"}))(t)
		var paths []string
		for _, e := range r.Events {
			paths = append(paths, e.Event.Path)
		}
		got = append(got, paths)
		if r.Header.Zxid == 6 {
			if v, err := r.Decode(); v != "/d" || err != nil {
				t.Error(v, err)
			}
		}
	}
	if d := cmp.Diff([][]string{{"/a"}, {"/b", "/c"}}, got); d != "" {
		t.Error(d)
	}
	if c.LastZxid() != 6 {
		t.Error(c.LastZxid())
	}
}

func TestPipeline(t *testing.T) {
	ops := []wire.Op{wire.WhoAmI, wire.Auth, wire.Ping, wire.GetChildren}
	c := open(t, func(s server) {
		var xids []int32
		for range ops {
			xids = append(xids, s.request().Xid)
		}
		slices.Reverse(xids[:2]) // a server answers auth at once
		for _, xid := range xids {
			s.reply(xid, 1)
		}
	})
	requests := map[wire.Op]any{wire.Auth: &wire.AuthRequest{}, wire.GetChildren: Raw{1, 2}}
	for _, op := range ops {
		must.Get(c.Send(t.Context(), op, requests[op]))(t)
	}
	var got []wire.Op
	for c.Pending() > 0 {
		f := must.Get(c.Next(t.Context()))(t)
		got = append(got, f.Op)
	}
	if d := cmp.Diff([]wire.Op{wire.Auth, wire.WhoAmI, wire.Ping, wire.GetChildren}, got); d != "" {
		t.Error(d)
	}
}

// Requests of connections that share a counter have xids of their own.
func TestConnectionsCountTogether(t *testing.T) {
	var xids atomic.Int32
	for _, want := range []int32{1, 2} {
		c, err := Connect(t.Context(), Config{Xids: &xids, Dial: dial(t, func(s server) {
			s.accept()
			s.reply(s.request().Xid, 1)
		})})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if r, err := c.Do(t.Context(), wire.WhoAmI, nil); err != nil || r.Header.Xid != want {
			t.Errorf("xid %d, %v", r.Header.Xid, err)
		}
	}
}

func TestAReadThatGaveUpLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, func(s server) {
			frame := wire.AppendFrame(nil, wire.ReplyHeader{Xid: 1, Zxid: 9}.Append(nil))
			s.request()
			s.Write(frame[:7])
			time.Sleep(2 * time.Second)
			s.Write(frame[7:])
		})
		must.Get(c.Send(t.Context(), wire.WhoAmI, nil))(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if f, err := c.Next(t.Context()); err != nil || f.Header.Zxid != 9 {
			t.Errorf("%+v, %v", f, err)
		}
		if _, err := c.Next(t.Context()); !errors.Is(err, wire.ErrNoReply) {
			t.Error(err)
		}
	})
}

func TestPingsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pings := 0
		d := dial(t, func(s server) {
			s.accept()
			for {
				h := s.request()
				if h.Op != wire.Ping {
					s.reply(h.Xid, 2)
					return
				}
				pings++
				s.reply(wire.XidPing, 1)
			}
		})
		c := must.Get(Connect(t.Context(), Config{Dial: d, PingEvery: time.Second}))(t)
		defer c.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		if f, err := c.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%+v, %v", f, err)
		}
		if r, err := c.Do(t.Context(), wire.WhoAmI, nil); err != nil || r.Header.Zxid != 2 || pings != 3 {
			t.Errorf("%+v, %v, %d pings", r, err, pings)
		}
	})
}

func TestDecodeByType(t *testing.T) {
	stat := wire.Stat{Czxid: 1, NumChildren: 2}
	for name, c := range map[string]struct {
		frame Frame
		want  any
	}{
		"create":     {Frame{Op: wire.Create, Record: wire.AppendCreateReply(nil, wire.Create, wire.CreateReply{Path: "/a"})}, wire.CreateReply{Path: "/a"}},
		"container":  {Frame{Op: wire.CreateContainer, Record: wire.AppendCreateReply(nil, wire.CreateContainer, wire.CreateReply{Path: "/a", Stat: stat})}, wire.CreateReply{Path: "/a", Stat: stat}},
		"exists":     {Frame{Op: wire.Exists, Record: stat.Append(nil)}, stat},
		"data":       {Frame{Op: wire.GetData, Record: wire.DataReply{Data: []byte{1}, Stat: stat}.Append(nil)}, wire.DataReply{Data: []byte{1}, Stat: stat}},
		"acl":        {Frame{Op: wire.GetACL, Record: wire.ACLReply{ACL: []wire.ACL{{Perms: 1}}, Stat: stat}.Append(nil)}, wire.ACLReply{ACL: []wire.ACL{{Perms: 1}}, Stat: stat}},
		"children":   {Frame{Op: wire.GetEphemerals, Record: wire.AppendChildrenReply(nil, wire.GetEphemerals, wire.ChildrenReply{Children: []string{"/a"}})}, wire.ChildrenReply{Children: []string{"/a"}}},
		"number":     {Frame{Op: wire.GetAllChildrenNumber, Record: wire.AppendChildrenNumberReply(nil, 3)}, 3},
		"add watch":  {Frame{Op: wire.AddWatch, Record: wire.AppendAddWatchReply(nil)}, wire.OK},
		"who am i":   {Frame{Op: wire.WhoAmI, Record: wire.AppendWhoAmIReply(nil, []wire.ClientInfo{{AuthScheme: "ip"}})}, []wire.ClientInfo{{AuthScheme: "ip"}}},
		"multi":      {Frame{Op: wire.Multi, Record: wire.AppendMultiReply(nil, []wire.OpResult{{Op: wire.Check}})}, []wire.OpResult{{Op: wire.Check}}},
		"no record":  {Frame{Op: wire.GetData}, nil},
		"none known": {Frame{Op: wire.Delete, Record: []byte{1}}, nil},
	} {
		got, err := c.frame.Decode()
		if d := cmp.Diff(c.want, got); d != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, d)
		}
	}
}

// Requests that are sent together arrive in one piece, and their replies in the same order.
func TestSendAll(t *testing.T) {
	c := open(t, func(s server) {
		together := make([]byte, 1<<10)
		n, _ := s.Read(together)
		for rest := together[:n]; len(rest) > 0; {
			h, _, _ := wire.DecodeRequestHeader(rest[4:])
			s.reply(h.Xid, int64(h.Op))
			rest = rest[4+binary.BigEndian.Uint32(rest):]
		}
	})
	err := c.SendAll(t.Context(),
		Request{wire.Sync, &wire.PathRequest{Path: "/a"}}, Request{wire.GetData, &wire.ReadRequest{Path: "/a"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range []wire.Op{wire.Sync, wire.GetData} {
		if f, err := c.Next(t.Context()); err != nil || f.Op != op || f.Header.Zxid != int64(op) {
			t.Errorf("%+v, %v, want one to %s", f, err, op)
		}
	}
	if n := c.Pending(); n != 0 {
		t.Errorf("%d are unanswered", n)
	}
}
