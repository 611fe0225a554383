package server

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/zklab/zklab/ensemble/embedded/internal/fourletter"
	"github.com/zklab/zklab/internal/zk/wire"
)

// stage is how far a connection has got.
type stage int

const (
	fresh      stage = iota // no connect request yet
	connecting              // waiting for the session
	serving                 // carries a session
	unheard                 // carries none, and never will: what it sends is not looked at
	gone                    // nothing more is taken from it
)

// idleLimit is how long a connection may take to ask for a session.
const idleLimit = 10 * time.Second

// conn is one client's connection. Its reader and its writer are goroutines;
// what is not theirs belongs to the turn.
type conn struct {
	nc   net.Conn
	host string    // the client's, without a port
	most int       // bytes of a frame that is taken
	out  *outgoing // the writer's and the reader's share

	number      uint64 // among all that the server ever had
	stage       stage
	session     int64
	timeout     time.Duration // negotiated
	hasReadOnly bool          // the client's form of the connect messages
	ids         []wire.ID     // who the client is; never changed in place, since requests share it
	queue       []*call       // not answered, in order; the first one waits for the leader, or for room
	buf         []byte        // for the client, since the last flush
	answered    int           // weight of the requests answered since the last flush
	full        bool          // takes no more replies to reads for now
	closing     bool          // close once buf is sent
	dirty       bool          // is in Server.dirty
	since       time.Time
	heard       time.Time // when the last request came
	counters    fourletter.ConnCounters
}

func newConn(nc net.Conn, most int) *conn {
	host := hostOf(nc.RemoteAddr())
	return &conn{nc: nc, host: host, most: most, out: newOutgoing(promptly(nc)), ids: []wire.ID{{Scheme: "ip", ID: host}}, since: time.Now()}
}

// crammed reports whether replies to reads have to wait.
func (c *conn) crammed() bool { return c.full || len(c.buf) > highWater }

func hostOf(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return host
}

// read puts the client's frames into the server's inbox until the connection ends. After the last
// frame that came, it takes a turn, or leaves that to the loop.
func (c *conn) read(s *Server) {
	defer func() { s.inbox.put(event{conn: c, what: ended}) }()
	r := &idleReader{nc: c.nc, limit: idleLimit, idle: func() { s.inbox.put(event{conn: c, what: idle}) }}
	in := bufio.NewReaderSize(r, 2<<10)
	first, err := c.readFirst(in)
	if err != nil {
		return
	}
	if first.connect != nil {
		r.allow(first.connect.Timeout)
	}
	for next := first; c.out.begin(next.weight()); {
		s.inbox.add(event{conn: c, call: next, what: requested})
		switch {
		case holdsFrame(in):
		case s.crowd.few.Load():
			s.run()
		default:
			s.inbox.signal()
		}
		if next, err = c.readCall(in); err != nil {
			return
		}
	}
}

// holdsFrame reports whether a whole frame was read ahead.
func holdsFrame(in *bufio.Reader) bool {
	if in.Buffered() < 4 {
		return false
	}
	head, _ := in.Peek(4)
	return uint64(in.Buffered()) >= 4+uint64(binary.BigEndian.Uint32(head))
}

// readFirst reads a connect request, or a four-letter word in its place.
func (c *conn) readFirst(in *bufio.Reader) (*call, error) {
	head, err := in.Peek(4)
	if err != nil {
		return nil, err
	}
	if word, ok := fourletter.Is([4]byte(head)); ok {
		return &call{conn: c, word: word, size: len(word), mask: maskBehind(word, in)}, nil
	}
	frame, err := wire.ReadFrame(in, nil, c.most)
	if err != nil {
		return nil, err
	}
	req, err := wire.DecodeConnectRequest(frame)
	if err != nil {
		return nil, err
	}
	return &call{conn: c, at: time.Now(), size: len(frame), connect: &req, op: wire.CreateSession}, nil
}

// maskBehind returns the number of eight bytes that came with stmk; one that comes later is
// not waited for.
func maskBehind(word string, in *bufio.Reader) *int64 {
	if word != "stmk" || in.Buffered() < len(word)+8 {
		return nil
	}
	b, _ := in.Peek(len(word) + 8)
	mask := int64(binary.BigEndian.Uint64(b[len(word):]))
	return &mask
}

func (c *conn) readCall(in io.Reader) (*call, error) {
	frame, err := wire.ReadFrame(in, nil, c.most)
	if err != nil {
		return nil, err
	}
	h, record, err := wire.DecodeRequestHeader(frame)
	if err != nil {
		return nil, err
	}
	k := &call{conn: c, at: time.Now(), size: len(frame), xid: h.Xid, op: h.Op}
	k.body, k.err = wire.DecodeRequest(h.Op, record)
	return k, nil
}

// idleReader reads from a connection that may be silent only for so long. It does
// not close the connection then, but tells: a server that is paused must not
// close anything.
type idleReader struct {
	nc    net.Conn
	idle  func()
	limit time.Duration
	until time.Time
}

// allow sets how long the client may be silent from now on: as long as a session
// of that timeout can last, and some more. (The session ends earlier, and the
// connection with it; this is for clients without one.)
func (p *idleReader) allow(timeout time.Duration) { p.limit = max(idleLimit, 2*timeout) }

func (p *idleReader) Read(b []byte) (int, error) {
	for {
		if now := time.Now(); p.until.Sub(now) < p.limit/2 { // not a system call for each frame
			p.until = now.Add(p.limit)
			if err := p.nc.SetReadDeadline(p.until); err != nil {
				return 0, err
			}
		}
		n, err := p.nc.Read(b)
		if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
			p.idle()
			p.until = time.Time{}
			continue
		}
		return n, err
	}
}
