package link

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/zklab/zklab/internal/zk/wire"
)

// eventFilter lets a conn hold back some frames of the server. The bytes of a
// frame must not reach the client before the filter knows that the frame may pass. It
// belongs to the reader.
type eventFilter struct {
	passing bool   // the client has the beginning of the present frame
	partial []byte // otherwise: the frame so far
	out     []byte // for the client
}

// add adds bytes to the present frame. A frame that is no event can be large, so its bytes
// pass as they come.
func (s *eventFilter) add(p []byte) {
	if s.passing {
		s.out = append(s.out, p...)
		return
	}
	s.partial = append(s.partial, p...)
	if !mayBeEvent(s.partial) {
		s.pass()
	}
}

// pass lets the present frame go to the client.
func (s *eventFilter) pass() {
	s.out = append(s.out, s.partial...)
	s.partial, s.passing = s.partial[:0], true
}

// mayBeEvent judges a frame by its beginning.
func mayBeEvent(partial []byte) bool {
	if len(partial) < 8 {
		return true
	}
	d := wire.NewDecoder(partial[4:])
	return d.Int() == wire.XidEvent
}

// filterEvents is like incoming, while there are rules about events. Its result is valid until the next
// call.
func (c *conn) filterEvents(p []byte, one bool) (pass []byte, loss *Loss) {
	s := &c.filter
	// A frame that began to pass before there was a rule passes whole.
	s.passing = c.in.inside && len(s.partial) == 0
	s.out = s.out[:0]
	if !s.passing {
		s.out = c.deliver(s.out)
	}
	for off := 0; off < len(p); {
		n, f, done, err := c.in.Next(p[off:])
		if err != nil {
			c.becomeOpaque()
			s.pass()
			return append(s.out, p[off:]...), nil
		}
		begin := len(s.out)
		s.add(p[off : off+n])
		off += n
		if c.in.inside = !done; c.in.inside {
			continue
		}
		if loss := c.wholeFrame(f); loss != nil {
			return s.out[:begin], loss
		}
		if one {
			c.rest = bytes.Clone(p[off:])
			break
		}
	}
	return s.out, nil
}

// wholeFrame handles a complete frame.
func (c *conn) wholeFrame(f wire.Frame) *Loss {
	s := &c.filter
	stopped := c.arrives(f)
	if !s.passing && c.holdBack(s.partial, stopped) {
		if c.l.cfg.Wire {
			c.recordReply(f)
		}
		s.partial = nil
		return nil
	}
	s.pass()
	s.passing = false
	loss := c.handle(f, stopped)
	if loss == nil {
		s.out = c.deliver(s.out)
	}
	return loss
}

// holdBack keeps a frame if it is an event that a rule matches, or if a stopped message is
// to be late. It then retains the slice.
func (c *conn) holdBack(frame []byte, stopped *message) bool {
	h, record, err := wire.DecodeReplyHeader(frame[4:])
	if err != nil || h.Xid != wire.XidEvent {
		return false
	}
	e, err := wire.DecodeWatchEvent(record)
	if err != nil {
		return false
	}
	l := c.l
	l.mu.Lock()
	defer l.mu.Unlock()
	rule := cmp.Or(stopped.late(), ruleFor(l.held.all, e))
	if rule == nil || c.session == nil || c.ended {
		return false
	}
	event := &HeldEvent{Type: e.Type, Path: e.Path, Session: c.session.ID, At: l.cfg.Clock(), Zxid: h.Zxid}
	rule.events = append(rule.events, event)
	if len(rule.events) == 1 {
		close(rule.happened)
	}
	c.held = append(c.held, heldFrame{frame, event, rule})
	return true
}

// deliver appends the events that are due to out.
func (c *conn) deliver(out []byte) []byte {
	l := c.l
	l.mu.Lock()
	defer l.mu.Unlock()
	c.held = slices.DeleteFunc(c.held, func(h heldFrame) bool {
		if !h.due() {
			return false
		}
		out = append(out, h.frame...)
		h.event.Delivered = true
		l.down++
		l.countReply(wire.XidEvent, len(h.frame)-frameLength)
		return true
	})
	return out
}

// wake makes readers deliver the events that a rule holds back. Call it with l.mu held.
func (l *Link) wake(h *HeldEvents) {
	for _, c := range l.inOrder() {
		if slices.ContainsFunc(c.held, func(f heldFrame) bool { return f.rule == h }) {
			c.deadlines.Interrupt()
		}
	}
}
