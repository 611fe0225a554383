package zkconn

import (
	"net"
	"time"

	"github.com/go-zookeeper/zk"
)

// Lossy makes connections on which no write fails: they end instead, and their
// reader is told, as happens in most networks anyway.
//
// go-zookeeper answers a request whose write fails twice, and a third time when
// it was made while the connection is being closed; for the third answer there
// is no room, and its goroutine waits for ever (v1.0.4, flushRequests).
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
