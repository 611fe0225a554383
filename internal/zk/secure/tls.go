package secure

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"
)

// handshakeTimeout bounds a TLS handshake where the caller has no bound: a paused server accepts
// connections, and answers nothing.
const handshakeTimeout = 10 * time.Second

func aroundTLS(config *tls.Config, dial Dial) Dial {
	return func(network, addr string, timeout time.Duration) (net.Conn, error) {
		began := time.Now()
		plain, err := dial(network, addr, timeout)
		if err != nil {
			return nil, err
		}
		if timeout <= 0 {
			timeout = handshakeTimeout
		}
		c, err := handshake(plain, config, addr, began.Add(timeout))
		if err != nil {
			plain.Close()
			return nil, err
		}
		return c, nil
	}
}

func handshake(plain net.Conn, config *tls.Config, addr string, until time.Time) (net.Conn, error) {
	if config.ServerName == "" {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		config = config.Clone()
		config.ServerName = host
	}
	c := tls.Client(plain, config)
	if err := plain.SetDeadline(until); err != nil {
		return nil, err
	}
	if err := c.Handshake(); err != nil {
		return nil, err
	}
	return &tlsConn{c, plain}, plain.SetDeadline(time.Time{})
}

// tlsConn is a TLS connection that ends in the same way as one without TLS.
type tlsConn struct {
	*tls.Conn
	plain net.Conn
}

// Read also returns io.EOF if the server ended the connection without a TLS alert, as a server that
// crashes and a server with Netty do.
func (c *tlsConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}

// Close ends the connection at once: the farewell of tls.Conn waits up to five seconds for a server
// that reads nothing.
func (c *tlsConn) Close() error { return c.plain.Close() }

// SetLinger makes Close reset the connection if sec is 0, where the network can do that.
func (c *tlsConn) SetLinger(sec int) error {
	if tcp, ok := c.plain.(interface{ SetLinger(sec int) error }); ok {
		return tcp.SetLinger(sec)
	}
	return errors.ErrUnsupported
}

// Alerted reports whether the server ended a TLS connection with an alert: it does not take the
// client's certificate, wants one, or has no version of TLS in common with it.
func Alerted(err error) bool {
	var alert *net.OpError
	return errors.As(err, &alert) && alert.Op == "remote error" // as crypto/tls calls an alert of the other side
}
