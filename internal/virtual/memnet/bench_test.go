package memnet

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/testkit/must"
)

// transports lists the transports that the benchmarks compare.
var transports = []struct {
	name    string
	connect func(testing.TB) (a, b net.Conn)
}{
	{"memnet", func(t testing.TB) (net.Conn, net.Conn) { return connect(t) }},
	{"pipe", func(t testing.TB) (net.Conn, net.Conn) {
		a, b := net.Pipe()
		t.Cleanup(func() { a.Close(); b.Close() })
		return a, b
	}},
	{"tcp", loopback},
}

func loopback(t testing.TB) (net.Conn, net.Conn) {
	l := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer l.Close()
	a := must.Get(net.Dial("tcp", l.Addr().String()))(t)
	b := must.Get(l.Accept())(t)
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

// BenchmarkPingPong measures one request and one reply of 50 bytes, with a deadline for each read, as
// clients set it.
func BenchmarkPingPong(b *testing.B) {
	for _, tr := range transports {
		b.Run(tr.name, func(b *testing.B) {
			client, server := tr.connect(b)
			go func() {
				buf := make([]byte, 50)
				for {
					if _, err := io.ReadFull(server, buf); err != nil {
						return
					}
					server.Write(buf)
				}
			}()
			buf := make([]byte, 50)
			b.ReportAllocs()
			for b.Loop() {
				client.SetReadDeadline(time.Now().Add(time.Second))
				client.Write(buf)
				must.Get(io.ReadFull(client, buf))(b)
			}
			client.Close()
		})
	}
}

// BenchmarkStream measures writes of several sizes, which another goroutine reads.
func BenchmarkStream(b *testing.B) {
	for _, size := range []int{100, 32 << 10} {
		for _, tr := range transports {
			b.Run(tr.name, func(b *testing.B) {
				client, server := tr.connect(b)
				go io.CopyBuffer(struct{ io.Writer }{io.Discard}, server, make([]byte, 32<<10))
				buf := make([]byte, size)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					must.Get(client.Write(buf))(b)
				}
				client.Close()
			})
		}
	}
}

// BenchmarkConnect measures the cost of a connection over which one word is sent.
func BenchmarkConnect(b *testing.B) {
	var n Network
	l := must.Get(n.Listen("zk1:2181"))(b)
	defer l.Close()
	buf := make([]byte, 4)
	b.ReportAllocs()
	for b.Loop() {
		c := must.Get(n.DialTimeout("tcp", "zk1:2181", 0))(b)
		s := must.Get(l.Accept())(b)
		c.Write(buf)
		s.Read(buf)
		c.Close()
		s.Close()
	}
}
