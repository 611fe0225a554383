package zkconn

import (
	"encoding/binary"
	"net"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"
)

// Granted learns the session timeout that the servers grant, which go-zookeeper does not expose. The zero
// value is ready. It is safe for concurrent use.
type Granted struct{ millis atomic.Int64 }

// Around returns a dialer whose connections tell g the timeout.
func (g *Granted) Around(dial zk.Dialer) zk.Dialer {
	return Through(dial, func(c net.Conn) net.Conn { return &grantingConn{Conn: c, granted: g} })
}

// Timeout returns the session timeout of the latest session, 0 before there is one.
func (g *Granted) Timeout() time.Duration {
	return time.Duration(g.millis.Load()) * time.Millisecond
}

// grantingConn also reads the beginning of the first frame, the answer to the connect request: its length,
// the version of the protocol, and the timeout in milliseconds, each of 4 bytes.
type grantingConn struct {
	net.Conn
	granted *Granted
	head    []byte
}

const untilTimeout = 12

// Read reads from the connection. Only one goroutine may call it at a time.
func (c *grantingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if missing := untilTimeout - len(c.head); missing > 0 {
		c.head = append(c.head, b[:min(n, missing)]...)
		if millis := int32(0); len(c.head) == untilTimeout {
			if millis = int32(binary.BigEndian.Uint32(c.head[8:])); millis > 0 { // otherwise the server refuses the session
				c.granted.millis.Store(int64(millis))
			}
		}
	}
	return n, err
}
