package zkconn

import (
	"encoding/binary"
	"net"

	"github.com/go-zookeeper/zk"
)

// usualAnswer is the room, in bytes, that go-zookeeper has at first for what a server sends:
// left to itself it takes 1.5 MB each time it connects, which takes longer to clear than all
// else of a short session.
const usualAnswer = 32 << 10

// largestAnswer keeps what is no answer of a ZooKeeper server, such as HTTP, from being taken for the
// length of one: go-zookeeper would make room for a gigabyte.
const largestAnswer = 256 << 20

// room is the one that a client has for answers. go-zookeeper (v1.0.4, recvLoop) refuses what
// is larger than a limit that was set, and makes room for it where none is. It looks at the
// limit only after it has read the length of an answer, in the goroutine that read it; so the
// limit is taken away there, before the length is returned, and no answer up to largestAnswer is refused.
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
	head []byte // of the length of the next frame, what has come
	left int    // bytes of the present frame that are to come
}

// Read reads from the connection. Only one goroutine may call it at a time.
func (c *roomyConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	for came := b[:n]; len(came) > 0; {
		came = c.pass(came)
	}
	return n, err
}

// pass follows the frames, and gives what is not of the present one.
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
