package link

import (
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
)

// frameLength is the length, in bytes, of the length field before each frame.
const frameLength = 4

// TakeTraffic returns what has passed since the last call, or since the link was made. A lost
// request counts, a lost reply does not, and a watch event that is held back counts when it is
// delivered.
func (l *Link) TakeTraffic() history.Traffic {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.traffic
	l.traffic = history.Traffic{}
	return t
}

// countRequest counts a request from the client. Call it with l.mu held.
func (l *Link) countRequest(op wire.Op, f wire.Frame) {
	if op != wire.Ping {
		l.traffic.Requests++
		l.traffic.Sent += frameLength + f.Size
	}
}

// countReply counts a reply or a watch event that goes to the client. Call it with l.mu held.
func (l *Link) countReply(xid int32, size int) {
	switch xid {
	case wire.XidPing:
		return
	case wire.XidEvent:
		l.traffic.AddEvent(l.cfg.Clock())
	}
	l.traffic.Received += frameLength + size
}
