package link

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/wire"
)

// canned is a connection that takes everything and gives out one reply again
// and again, so that what is left to measure is the link.
type canned struct {
	net.Conn
	data  []byte
	rest  []byte
	reply []byte
}

func (c *canned) Write(p []byte) (int, error)     { return len(p), nil }
func (c *canned) Close() error                    { return nil }
func (c *canned) SetReadDeadline(time.Time) error { return nil }

func (c *canned) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		c.rest = c.data
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	if len(c.rest) == 0 {
		c.data = c.reply
	}
	return n, nil
}

// BenchmarkRoundTrip is one create and its reply, read as go-zookeeper reads:
// length first, then the body. "plain" is the same without the link.
func BenchmarkRoundTrip(b *testing.B) {
	response := wire.AppendFrame(nil, wire.ConnectResponse{Timeout: time.Second, Session: 7, Password: make([]byte, 16)}.Append(nil))
	reply := wire.AppendFrame(nil, wire.AppendString(wire.ReplyHeader{Xid: 1, Zxid: 5}.Append(nil), "/locks/a/n-0000000001"))
	request := wire.AppendFrame(nil, wire.AppendString(wire.RequestHeader{Xid: 1, Op: wire.Create}.Append(nil), "/locks/a/n-"))
	server := func() net.Conn { return &canned{data: response, reply: reply} }
	dial := func(string, string, time.Duration) (net.Conn, error) { return server(), nil }
	linked := func(cfg Config) func() net.Conn {
		return func() net.Conn {
			cfg.Dial = dial
			c, _ := New(cfg).Dial("tcp", "a:2181", 0)
			return c
		}
	}
	for name, open := range map[string]func() net.Conn{
		"plain":      server,
		"link":       linked(Config{}),
		"on-request": linked(Config{OnRequest: func(wire.Op, string) {}}),
	} {
		b.Run(name, func(b *testing.B) {
			c := open()
			buf := make([]byte, 1000)
			wire.WriteFrame(c, wire.ConnectRequest{Password: make([]byte, 16)}.Append(nil))
			io.ReadFull(c, buf[:len(response)])
			b.ReportAllocs()
			for b.Loop() {
				c.Write(request)
				io.ReadFull(c, buf[:4])
				io.ReadFull(c, buf[:len(reply)-4])
			}
		})
	}
}
