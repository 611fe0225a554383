package link

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/internal/zk/wire"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv(visitorEnv); addr != "" {
		visitorMain(addr)
		return
	}
	testmain.Main(m)
}

// scripted is a server in memory that keeps sessions, knows no znodes, and
// answers as it is told.
type scripted struct {
	mu       sync.Mutex
	last     int64 // session
	zxid     int64
	sessions map[int64]net.Conn // living sessions, each with the connection that carries it, or nil
	got      []string           // requests: "create /a"
	silent   bool               // accepts, and answers nothing
	codes    map[wire.Op]wire.Code
	bodies   map[wire.Op][]byte
	dials    int
	out      map[int64]chan<- []byte // frames for the connection that carries each session
}

func newScripted() *scripted {
	return &scripted{sessions: map[int64]net.Conn{}, codes: map[wire.Op]wire.Code{}, bodies: map[wire.Op][]byte{}, out: map[int64]chan<- []byte{}, last: 0x1a0, zxid: 0x100}
}

func (s *scripted) Dial(_, addr string, _ time.Duration) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dials++
	if addr == "down:2181" {
		return nil, errors.New("connection refused")
	}
	near, far := net.Pipe()
	go s.serve(far)
	return near, nil
}

func (s *scripted) serve(c net.Conn) {
	defer c.Close()
	body, err := wire.ReadFrame(c, nil, 0)
	if err != nil {
		return
	}
	id, res, ok := s.connect(c, body)
	if !ok {
		readAll(c)
		return
	}
	if id == 0 { // the other side closes the connection
		wire.WriteFrame(c, res)
		readAll(c)
		return
	}
	replies := make(chan []byte, 200) // a pipe has no buffer of its own
	s.tell(func() { s.out[id] = replies })
	defer s.tell(func() {
		if s.out[id] == replies {
			delete(s.out, id)
		}
		close(replies)
	})
	if wire.WriteFrame(c, res) != nil {
		return
	}
	go func() {
		for reply := range replies {
			wire.WriteFrame(c, reply)
		}
	}()
	for {
		body, err := wire.ReadFrame(c, nil, 0)
		if err != nil {
			return
		}
		if reply := s.answer(id, body); reply != nil {
			s.tell(func() { replies <- reply })
		}
	}
}

func readAll(c net.Conn) {
	b := make([]byte, 1000)
	for {
		if _, err := c.Read(b); err != nil {
			return
		}
	}
}

func password(id int64) []byte { return wire.AppendLong(make([]byte, 8), id*7) }

// connect answers a connect request; id is 0 if it refuses.
func (s *scripted) connect(c net.Conn, body []byte) (id int64, response []byte, answer bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	req, err := wire.DecodeConnectRequest(body)
	if err != nil || s.silent {
		return 0, nil, false
	}
	id = req.Session
	if id == 0 {
		s.last++
		id = s.last
		s.sessions[id] = nil
	} else if old, alive := s.sessions[id]; !alive || !bytes.Equal(req.Password, password(id)) {
		return 0, wire.ConnectResponse{Password: make([]byte, 16)}.Append(nil), true
	} else if old != nil {
		old.Close()
	}
	s.sessions[id] = c
	res := wire.ConnectResponse{Timeout: min(req.Timeout, 4*time.Second), Session: id, Password: password(id)}
	return id, res.Append(nil), true
}

func (s *scripted) answer(id int64, body []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, record, err := wire.DecodeRequestHeader(body)
	if err != nil {
		return nil
	}
	if h.Op != wire.Ping {
		path, _ := wire.Path(h.Op, record)
		s.got = append(s.got, fmt.Sprintf("%s %s", h.Op, path))
	}
	if h.Op == wire.CloseSession {
		delete(s.sessions, id)
	}
	s.zxid++
	reply := wire.ReplyHeader{Xid: h.Xid, Zxid: s.zxid, Err: s.codes[h.Op]}.Append(nil)
	if s.codes[h.Op] == wire.OK {
		reply = append(reply, s.record(h.Op, record)...)
	}
	return reply
}

// record returns the record after the header of a reply, as far as a client reads it.
func (s *scripted) record(op wire.Op, request []byte) []byte {
	if b, ok := s.bodies[op]; ok {
		return b
	}
	stat := make([]byte, 68)
	switch op {
	case wire.Create:
		path, _ := wire.Path(op, request)
		return wire.AppendString(nil, path)
	case wire.Exists, wire.SetData:
		return stat
	case wire.GetChildren2:
		return append(wire.AppendInt(nil, 0), stat...)
	}
	return nil
}

// fire sends a watch event.
func (s *scripted) fire(id int64, kind wire.EventType, path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zxid++
	e := wire.WatchEvent{Type: kind, State: wire.StateConnected, Path: path}
	if out := s.out[id]; out != nil {
		out <- e.Append(wire.ReplyHeader{Xid: wire.XidEvent, Zxid: s.zxid}.Append(nil))
	}
}

func (s *scripted) tell(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *scripted) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

// record collects events.
type record struct {
	mu     sync.Mutex
	events []history.Event
}

func (r *record) add(e history.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// facts returns the events in short form: "connected 0x1a1".
func (r *record) facts() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []string
	for _, e := range r.events {
		list = append(list, e.F+" "+e.Session.String())
	}
	return list
}

// client is a plain client with one connection, for tests that need to see bytes.
type client struct {
	net.Conn
	t    *testing.T
	xid  int32
	seen int64 // the zxid that the client claims to have seen
}

func dial(t *testing.T, l *Link) *client {
	t.Helper()
	c := must.Get(l.Dial("tcp", "a:2181", time.Second))(t)
	t.Cleanup(func() { c.Close() })
	return &client{Conn: c, t: t}
}

// connect opens or resumes a session.
func (c *client) connect(id int64) wire.ConnectResponse {
	c.t.Helper()
	req := wire.ConnectRequest{LastZxid: c.seen, Timeout: 4 * time.Second, Session: id, Password: make([]byte, 16)}
	if id != 0 {
		req.Password = password(id)
	}
	if err := wire.WriteFrame(c, req.Append(nil)); err != nil {
		c.t.Fatal(err)
	}
	body, err := wire.ReadFrame(c, nil, 0)
	if err != nil {
		c.t.Fatal(err)
	}
	res, err := wire.DecodeConnectResponse(body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res
}

// frame returns a request about a path.
func (c *client) frame(op wire.Op, path string) []byte {
	c.xid++
	body := wire.RequestHeader{Xid: c.xid, Op: op}.Append(nil)
	if path != "" {
		body = wire.AppendString(body, path)
	}
	return wire.AppendFrame(nil, body)
}

// do sends a request and waits for the reply.
func (c *client) do(op wire.Op, path string) (wire.ReplyHeader, error) {
	if _, err := c.Write(c.frame(op, path)); err != nil {
		return wire.ReplyHeader{}, err
	}
	return c.reply()
}

func (c *client) reply() (wire.ReplyHeader, error) {
	body, err := wire.ReadFrame(c, nil, 0)
	if err != nil {
		return wire.ReplyHeader{}, err
	}
	h, _, err := wire.DecodeReplyHeader(body)
	return h, err
}
