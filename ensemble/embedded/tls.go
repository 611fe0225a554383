package embedded

import (
	"crypto/tls"
	"fmt"
	"net"
	"syscall"
)

// secured is a listener whose clients speak TLS.
type secured struct {
	net.Listener
	config *tls.Config
}

// Accept takes a connection. The handshake comes with the first Read.
func (l *secured) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &securedConn{tls.Server(nc, l.config), nc}, nil
}

// securedConn ends at once when it is closed, as the connections of a killed server do. A server that
// has time calls Goodbye before.
type securedConn struct {
	*tls.Conn
	plain net.Conn
}

// Read reads what the client sent. A handshake that fails, or takes longer than the
// server waits for a first request, is the end of the connection.
func (c *securedConn) Read(b []byte) (int, error) {
	if err := c.Handshake(); err != nil {
		return 0, fmt.Errorf("TLS: %v", err) //nolint:errorlint // a deadline is final here
	}
	return c.Conn.Read(b)
}

// Goodbye tells the client that nothing more comes.
func (c *securedConn) Goodbye() { _ = c.CloseWrite() }

// Close ends the connection without a word.
func (c *securedConn) Close() error { return c.plain.Close() }

// dialInside connects to a server without its listener: the ensemble's owner needs
// no certificate.
func (e *Ensemble) dialInside(addr string) (net.Conn, error) {
	for _, s := range e.servers {
		if s.addr != addr {
			continue
		}
		ours, theirs := net.Pipe()
		if run := s.current(); run != nil && run.Take(theirs) {
			return ours, nil
		}
		ours.Close()
		return nil, &net.OpError{Op: "dial", Net: "inside", Err: syscall.ECONNREFUSED}
	}
	return nil, fmt.Errorf("no server is at %s", addr)
}
