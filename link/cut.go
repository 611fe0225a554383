package link

import (
	"maps"
	"net"
	"os"
	"slices"
	"syscall"
)

// Cut closes all present connections and returns how many. The client's reads and writes
// return ErrCut, and nothing on its way arrives. The client may connect again; see Hold.
func (l *Link) Cut() int {
	return l.cut(func(*conn) bool { return true })
}

// Reset is like Cut, but the client's reads and writes return syscall.ECONNRESET, and the
// server gets a reset if the network can send one (TCP, and servers in memory).
func (l *Link) Reset() int {
	return l.endAll(func(*conn) bool { return true }, (*conn).reset)
}

func (l *Link) cut(which func(*conn) bool) int { return l.endAll(which, (*conn).cut) }

// endAll ends the connections that which picks, and returns how many the client had open.
// It also ends, but does not count, those that the client has closed while some of what it
// wrote is still on its way.
func (l *Link) endAll(which func(*conn) bool, end func(*conn)) (n int) {
	var cs []*conn
	l.mu.Lock()
	for _, c := range l.inOrder() {
		if !which(c) {
			continue
		}
		cs = append(cs, c)
		if !c.ended {
			n++
		}
	}
	l.mu.Unlock()
	for _, c := range cs {
		end(c)
	}
	return n
}

func (c *conn) cut() { c.breakOff(ErrCut, false) }

// reset is a cut that both ends see as a reset.
func (c *conn) reset() {
	c.breakOff(&net.OpError{Op: "read", Net: "tcp", Addr: address{"tcp", c.addr}, Err: os.NewSyscallError("read", syscall.ECONNRESET)}, true)
}

// Close cuts all connections and ends listeners. Waiting and later dials fail with ErrClosed.
// Information about sessions stays available. Close may be called more than once.
func (l *Link) Close() error {
	var proxies []*proxy
	l.change(func() {
		l.closed = true
		proxies = slices.Collect(maps.Keys(l.proxies))
	})
	l.Cut()
	for _, p := range proxies {
		p.shut()
	}
	return nil
}
