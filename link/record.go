package link

import (
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/link/internal/content"
)

// This file records what goes over the wire (Config.Wire). It records while Link.events is
// held, so that the events of one connection are in the order of the wire, and between its
// FConnected and its FDisconnected.

// recordRequest records a request that is about to go to the server. Once the connection
// has ended for the client, no server receives what the client writes.
func (c *conn) recordRequest(h wire.RequestHeader, f wire.Frame, record []byte) {
	if h.Op == wire.Ping {
		return
	}
	value := history.Value(content.Request(h, f, record))
	l := c.l
	l.events.Lock()
	defer l.events.Unlock()
	l.mu.Lock()
	ended := c.ended
	id := c.request.Session // for a client that does not wait for the connect response
	if c.session != nil {
		id = c.session.ID
	}
	l.mu.Unlock()
	if !ended {
		l.cfg.Record(l.wireEvent(history.FRequest, id, value))
	}
}

// recordReply records a reply or an event when it comes from the server, whether or not the
// client ever gets it. After the connection has ended for the client, or the session has
// moved on, it counts as having come too late.
func (c *conn) recordReply(f wire.Frame) {
	h, record, err := wire.DecodeReplyHeader(f.Body)
	if err != nil || h.Xid == wire.XidPing {
		return
	}
	l := c.l
	l.mu.Lock()
	op, asked := c.waiting.op(h.Xid) // only this reader removes it
	present := c.present()
	l.mu.Unlock()
	if !present {
		return
	}
	name, value := content.Reply(op, asked, h, f, record) // slow, so outside the lock
	l.events.Lock()
	defer l.events.Unlock()
	l.mu.Lock()
	present = c.present()
	id := c.session.ID
	l.mu.Unlock()
	if !present {
		return
	}
	e := l.wireEvent(name, id, value)
	e.Zxid = history.ID(h.Zxid)
	l.cfg.Record(e)
}

// present reports whether the connection currently carries its session. Call it with l.mu held.
func (c *conn) present() bool { return !c.ended && c.session.carrier == c.pipe.Serial() }
