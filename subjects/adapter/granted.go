package adapter

import (
	"encoding/binary"
	"net"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/zk/zkconn"
)

// granted is the session timeout that the servers granted. go-zookeeper does not expose it,
// so it is read from the connect response as it passes.
type granted struct{ ms atomic.Int64 }

func (g *granted) timeout() time.Duration { return time.Duration(g.ms.Load()) * time.Millisecond }

// through wraps dial to read connect responses.
func (g *granted) through(dial zk.Dialer) zk.Dialer {
	return zkconn.Through(dial, func(c net.Conn) net.Conn { return &grantedConn{Conn: c, granted: g} })
}

// A connect response begins with its length, the protocol's version and the timeout, four
// bytes each; a timeout of 0 refuses the session.
const grantedAt, grantedEnd = 8, 12

type grantedConn struct {
	net.Conn
	granted *granted
	head    []byte // what was read so far, up to grantedEnd bytes
}

func (c *grantedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if missing := grantedEnd - len(c.head); missing > 0 && n > 0 {
		c.head = append(c.head, b[:min(n, missing)]...)
		if len(c.head) == grantedEnd {
			if ms := binary.BigEndian.Uint32(c.head[grantedAt:]); ms > 0 {
				c.granted.ms.Store(int64(ms))
			}
		}
	}
	return n, err
}
