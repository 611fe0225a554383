package memnet

import (
	"io"
	"net"
	"testing"
	"time"
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
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
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
				if _, err := io.ReadFull(client, buf); err != nil {
					b.Fatal(err)
				}
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
					if _, err := client.Write(buf); err != nil {
						b.Fatal(err)
					}
				}
				client.Close()
			})
		}
	}
}

// BenchmarkConnect measures the cost of a connection over which one word is sent.
func BenchmarkConnect(b *testing.B) {
	var n Network
	l, err := n.Listen("zk1:2181")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	buf := make([]byte, 4)
	b.ReportAllocs()
	for b.Loop() {
		c, err := n.DialTimeout("tcp", "zk1:2181", 0)
		if err != nil {
			b.Fatal(err)
		}
		s, err := l.Accept()
		if err != nil {
			b.Fatal(err)
		}
		c.Write(buf)
		s.Read(buf)
		c.Close()
		s.Close()
	}
}
