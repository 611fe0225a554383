package corruptproxy

import (
	"net"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// This file has the corruptions of sessions.

// otherSession opens a new session when a client wants to resume its own.
type otherSession struct{ unchanged }

func (otherSession) asks(c *conn, r wire.ConnectRequest) wire.ConnectRequest {
	if r.Session != 0 && c.proxy.corrupts() {
		r.Session, r.Password = 0, make([]byte, wire.PasswordSize)
	}
	return r
}

// longTimeout reports a longer session timeout to a client than the servers granted.
type longTimeout struct{ unchanged }

func (longTimeout) opened(c *conn, r wire.ConnectResponse) wire.ConnectResponse {
	if c.proxy.corrupts() {
		r.Timeout *= 2
	}
	return r
}

// expiredAlive cuts the connection of a client after a read, and makes a server refuse the session
// when the client reconnects.
type expiredAlive struct {
	unchanged
	expired map[int64]bool // sessions
}

func (t expiredAlive) asks(_ *conn, r wire.ConnectRequest) wire.ConnectRequest {
	if t.expired[r.Session] {
		r.Password = make([]byte, wire.PasswordSize) // a wrong one is answered like an expired session
	}
	return r
}

func (t expiredAlive) toClient(c *conn, q *request, f frame) []frame {
	if q.asks(wire.GetData) && c.proxy.corrupts() {
		t.expired[c.session], c.cut = true, true
	}
	return []frame{f}
}

// undying keeps the session of a client alive that has left without closing it.
type undying struct {
	unchanged
	leaves bool // the client closes its session, or its connection is already kept
}

func (t *undying) toServer(_ *conn, q *request) []*request {
	t.leaves = t.leaves || q.asks(wire.CloseSession)
	return []*request{q}
}

func (t *undying) ends(c *conn) bool {
	if t.leaves || c.opaque || !c.connected || !c.proxy.corrupts() {
		return true
	}
	t.leaves = true
	c.proxy.kept = append(c.proxy.kept, &keptConn{Conn: c.Conn, every: c.timeout / 3})
	return false
}

// keptConn is a connection that the client has closed, but on which the proxy continues to ping.
type keptConn struct {
	net.Conn
	every  time.Duration
	pinged time.Time
}

// tend sends the pings that are due on kept connections. It is called whenever a frame passes,
// which is often enough, so that no pings continue after the clients have finished. mu must be
// held.
func (p *Proxy) tend() {
	if len(p.kept) == 0 {
		return
	}
	now := time.Now()
	ping := wire.AppendFrame(nil, wire.RequestHeader{Xid: wire.XidPing, Op: wire.Ping}.Append(nil))
	for _, k := range p.kept {
		if now.Sub(k.pinged) >= k.every {
			k.pinged = now
			_ = k.SetWriteDeadline(now.Add(time.Second)) // the deadline that the link has set may have passed
			_, _ = k.Write(ping)
		}
	}
}
