package zkconn

import (
	"net"
	"time"

	"github.com/go-zookeeper/zk"
)

// Lossy returns a dialer whose connections never fail a write: instead the connection ends, and its
// reader notices, as happens in most networks anyway.
//
// If a write fails, go-zookeeper answers its request twice, and a third time if the request was made
// while the connection was being closed. There is no room for the third answer, so a goroutine waits
// for ever (v1.0.4, flushRequests).
func Lossy(dial zk.Dialer) zk.Dialer {
	return Through(dial, func(c net.Conn) net.Conn { return lossyConn{c} })
}

type lossyConn struct{ net.Conn }

func (c lossyConn) Write(b []byte) (int, error) {
	if _, err := c.Conn.Write(watchesInOrder(b)); err != nil {
		c.Close()
	}
	return len(b), nil
}

// Through returns a dialer that wraps each connection of dial with around.
func Through(dial zk.Dialer, around func(net.Conn) net.Conn) zk.Dialer {
	return func(network, addr string, timeout time.Duration) (net.Conn, error) {
		conn, err := dial(network, addr, timeout)
		if err != nil {
			return nil, err
		}
		return around(conn), nil
	}
}
