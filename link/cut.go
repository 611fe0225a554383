package link

import (
	"net"
	"os"
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

// cut closes a connection that the client is using: the client gets nothing more, not even
// what was read ahead for it.
func (c *conn) cut() {
	c.setCause(ErrCut)
	c.pipe.end(false)
	c.recordEnd()
}

// reset is a cut that both ends see as a reset.
func (c *conn) reset() {
	c.setCause(&net.OpError{Op: "read", Net: "tcp", Addr: address{"tcp", c.addr}, Err: os.NewSyscallError("read", syscall.ECONNRESET)})
	c.pipe.end(true)
	c.recordEnd()
}

// sendReset makes the peer see a reset when the connection is closed.
func sendReset(c net.Conn) {
	switch c := c.(type) {
	case interface{ SetLinger(sec int) error }: // TCP
		c.SetLinger(0)
	case interface{ Reset() }: // in memory
		c.Reset()
	}
}
