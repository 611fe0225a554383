package conformance

import (
	"bytes"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/zk/wire"
)

// TestDifferencesAreFound alters the server's replies on their way to the clients, a little and seldom.
// Generated scripts notice each of the alterations.
func TestDifferencesAreFound(t *testing.T) {
	for name, alter := range map[string]func(wire.Op, wire.ReplyHeader, []byte) []byte{
		"a code": func(_ wire.Op, h wire.ReplyHeader, record []byte) []byte {
			if h.Err == wire.NotEmpty {
				h.Err = wire.BadVersion
			}
			return append(h.Append(nil), record...)
		},
		"the zxid of a failed write": func(op wire.Op, h wire.ReplyHeader, record []byte) []byte {
			if op == wire.Delete && h.Err == wire.NoNode {
				h.Zxid--
			}
			return append(h.Append(nil), record...)
		},
		"a node's pzxid": func(op wire.Op, h wire.ReplyHeader, record []byte) []byte {
			if op == wire.Exists && len(record) > 0 {
				record[len(record)-1]++
			}
			return append(h.Append(nil), record...)
		},
		"a node's cversion": func(op wire.Op, h wire.ReplyHeader, record []byte) []byte {
			const cversion = 36 // after two zxids, two times, version
			if op == wire.Exists && len(record) > 0 {
				record[cversion+3]++
			}
			return append(h.Append(nil), record...)
		},
		"the time of a write": func(op wire.Op, h wire.ReplyHeader, record []byte) []byte {
			const ctime, mtime = 16, 24 // after two zxids
			if op == wire.Exists && len(record) > 0 {
				record[ctime+7]++
				record[mtime+7]++
			}
			return append(h.Append(nil), record...)
		},
		"a kind of event": func(_ wire.Op, h wire.ReplyHeader, record []byte) []byte {
			e, err := wire.DecodeWatchEvent(record)
			if h.Xid == wire.XidEvent && err == nil && e.Type == wire.EventDeleted {
				e.Type = wire.EventDataChanged
				record = e.Append(nil)
			}
			return append(h.Append(nil), record...)
		},
		"an event's zxid": func(_ wire.Op, h wire.ReplyHeader, record []byte) []byte {
			if h.Xid == wire.XidEvent && h.Zxid > 0 {
				h.Zxid--
			}
			return append(h.Append(nil), record...)
		},
		"an empty list of children": func(op wire.Op, h wire.ReplyHeader, record []byte) []byte {
			if op == wire.GetChildren && h.Err == wire.OK {
				record = wire.AppendInt(nil, 0)
			}
			return append(h.Append(nil), record...)
		},
		"a lost event": func(_ wire.Op, h wire.ReplyHeader, record []byte) []byte {
			if h.Xid == wire.XidEvent {
				return nil
			}
			return append(h.Append(nil), record...)
		},
		"an event after its reply": nil,
	} {
		t.Run(name, func(t *testing.T) {
			if !noticed(t, alter) {
				t.Error("no script noticed")
			}
		})
	}
}

// noticed reports whether the trace of a generated script differs from the recorded one when
// replies are altered on the way.
func noticed(t *testing.T, alter func(wire.Op, wire.ReplyHeader, []byte) []byte) (differs bool) {
	want := generated.traces(t)
	for i, s := range generated.scripts {
		synctest.Test(t, func(t *testing.T) {
			right := generated.place(t)
			wrong := *right
			wrong.dial = liar{right.dial, alter}.Dial
			differs = s.play(t.Context(), &wrong).String() != want[s.Name]
		})
		if differs {
			t.Logf("script %d is the first that notices", i)
			return true
		}
	}
	return false
}

// liar is a dialer that alters the servers' replies on the way. Without alter, it swaps an event and
// the frame after it.
type liar struct {
	dial  ensemble.DialFunc
	alter func(wire.Op, wire.ReplyHeader, []byte) []byte
}

func (l liar) Dial(network, addr string, timeout time.Duration) (net.Conn, error) {
	c, err := l.dial(network, addr, timeout)
	if err != nil {
		return nil, err
	}
	return &lyingConn{Conn: c, alter: l.alter, ops: map[int32]wire.Op{}}, nil
}

// lyingConn relies on a client that writes complete frames.
type lyingConn struct {
	net.Conn
	alter   func(wire.Op, wire.ReplyHeader, []byte) []byte
	mu      sync.Mutex        // guards ops: a connection may ping while it reads
	ops     map[int32]wire.Op // by the xids of the requests
	greeted bool
	held    []byte // an event that comes late
	in      []byte // bytes from the server that are not a complete frame yet
	out     bytes.Buffer
}

func (c *lyingConn) Write(b []byte) (int, error) {
	if h, _, err := wire.DecodeRequestHeader(b[4:]); err == nil && c.greeted {
		c.mu.Lock()
		c.ops[h.Xid] = h.Op
		c.mu.Unlock()
	}
	return c.Conn.Write(b)
}

func (c *lyingConn) Read(b []byte) (int, error) {
	for c.out.Len() == 0 {
		if err := c.receive(); err != nil {
			return 0, err
		}
	}
	return c.out.Read(b)
}

// receive reads once from the server and passes on the complete frames.
func (c *lyingConn) receive() error {
	c.in = slices.Grow(c.in, 4<<10)
	n, err := c.Conn.Read(c.in[len(c.in):cap(c.in)])
	if n == 0 && len(c.in) > 0 {
		c.out.Write(c.in) // the answer to a four-letter word is no frame
		c.in = nil
		return nil
	}
	if n == 0 {
		return err
	}
	c.in = c.in[:len(c.in)+n]
	for {
		rest := bytes.NewReader(c.in)
		body, err := wire.ReadFrame(rest, nil, 0)
		if err != nil {
			return nil
		}
		c.in = c.in[len(c.in)-rest.Len():]
		c.pass(body)
	}
}

func (c *lyingConn) pass(body []byte) {
	h, record, err := wire.DecodeReplyHeader(body)
	switch {
	case !c.greeted || err != nil:
		c.greeted = true
	case c.alter != nil:
		c.mu.Lock()
		op := c.ops[h.Xid]
		c.mu.Unlock()
		body = c.alter(op, h, record)
	case h.Xid == wire.XidEvent && c.held == nil:
		c.held = body
		return
	}
	c.emit(body)
	c.emit(c.held)
	c.held = nil
}

func (c *lyingConn) emit(body []byte) {
	if body != nil {
		wire.WriteFrame(io.Writer(&c.out), body)
	}
}
