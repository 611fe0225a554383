package zkconn

import (
	"encoding/binary"
	"net"

	"github.com/go-zookeeper/zk"
)

// usualAnswer is the initial size, in bytes, of go-zookeeper's buffer for answers: by default it
// allocates 1.5 MB each time it connects, and clearing that takes longer than everything else in a
// short session.
const usualAnswer = 32 << 10

// largestAnswer is a limit that keeps data that no ZooKeeper server sends, such as HTTP, from being
// read as the length of an answer: go-zookeeper would allocate a gigabyte.
const largestAnswer = 256 << 20

// room controls a client's buffer for answers. go-zookeeper (v1.0.4, recvLoop) refuses answers that are
// larger than a limit that was set, and enlarges its buffer if no limit is set. It looks at the limit
// only after it has read the length of an answer, in the goroutine that read it. So that goroutine
// removes the limit before the length is returned, and no answer up to largestAnswer is refused.
type room struct{ conn *zk.Conn }

// limit is an option of zk.Connect: it is called before the client has any goroutine.
func (r *room) limit(c *zk.Conn) {
	r.conn = c
	zk.WithMaxBufferSize(usualAnswer)(c)
}

// around wraps a client's connection so that large answers are noticed.
func (r *room) around(c net.Conn) net.Conn { return &roomyConn{Conn: c, room: r} }

type roomyConn struct {
	net.Conn
	room *room
	head []byte // the bytes of the next frame's length that have come
	left int    // number of bytes of the present frame that are still to come
}

// Read reads from the connection. Only one goroutine may call it at a time.
func (c *roomyConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	for came := b[:n]; len(came) > 0; {
		came = c.pass(came)
	}
	return n, err
}

// pass follows the frames, and returns the bytes after the present one.
func (c *roomyConn) pass(b []byte) (rest []byte) {
	if c.left > 0 {
		n := min(c.left, len(b))
		c.left -= n
		return b[n:]
	}
	n := min(4-len(c.head), len(b))
	c.head = append(c.head, b[:n]...)
	if len(c.head) == 4 {
		c.left = int(binary.BigEndian.Uint32(c.head))
		c.head = c.head[:0]
	}
	if c.left > usualAnswer && c.left <= largestAnswer {
		zk.WithMaxBufferSize(0)(c.room.conn)
	}
	return b[n:]
}
