package memnet

import (
	"io"
	"net"
	"time"

	"github.com/zklab/zklab/internal/virtual/delivery"
)

// Conn is one end of a connection. All methods may be called by many goroutines
// at once. Errors other than io.EOF are *net.OpError and wrap net.ErrClosed,
// os.ErrDeadlineExceeded, syscall.ECONNRESET, or syscall.EPIPE for a Write after
// the peer has closed.
type Conn struct {
	in, out       *half
	local, remote Addr
}

// newConns makes both ends of a connection. requests and replies carry the data to the server and back;
// if they are nil, it arrives at once.
func newConns(client, server Addr, requests, replies *delivery.Stream) (*Conn, *Conn) {
	up, down := newHalf(requests), newHalf(replies)
	return &Conn{in: down, out: up, local: client, remote: server},
		&Conn{in: up, out: down, local: server, remote: client}
}

// Read waits for bytes and returns those that are there, or io.EOF when the peer has closed and
// everything was read.
func (c *Conn) Read(b []byte) (int, error) {
	n, err := c.in.readInto(b)
	if err != nil && err != io.EOF {
		err = c.opError("read", err)
	}
	return n, err
}

// Write puts all of b into the buffer, and waits while that is full. Two Writes
// at once do not mix.
func (c *Conn) Write(b []byte) (int, error) {
	n, err := c.out.writeFrom(b)
	if err != nil {
		err = c.opError("write", err)
	}
	return n, err
}

// Close ends the connection. The peer can read what was written before.
func (c *Conn) Close() error {
	if !c.in.closeReader() {
		return c.opError("close", net.ErrClosed)
	}
	c.out.closeWriter()
	return nil
}

// Reset breaks the connection: both ends fail with syscall.ECONNRESET from now on, and bytes that were
// not read are lost. The caller still has to close this end. After Close, Reset does nothing.
func (c *Conn) Reset() {
	if c.in.reset(true) {
		c.out.reset(false)
	}
}

// LocalAddr returns an [Addr].
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns an [Addr].
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets the deadlines of Read and Write, as net.Conn defines it.
func (c *Conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline sets the deadline of Read, including calls that already wait.
func (c *Conn) SetReadDeadline(t time.Time) error {
	if !c.in.setReadDeadline(t) {
		return c.opError("set", net.ErrClosed)
	}
	return nil
}

// SetWriteDeadline sets the deadline of Write, including calls that already wait.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	if !c.out.setWriteDeadline(t) {
		return c.opError("set", net.ErrClosed)
	}
	return nil
}

func (c *Conn) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: c.local.Network(), Source: c.local, Addr: c.remote, Err: err}
}
