package link

import (
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/testkit/cputime"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/virtual/memnet"
	"github.com/zklab/zklab/internal/zk/wire"
)

// canned is a connection that accepts everything and returns the same reply again and again, so that
// only the link is measured.
type canned struct {
	net.Conn
	data  []byte
	rest  []byte
	reply []byte
}

func (c *canned) Write(p []byte) (int, error)      { return len(p), nil }
func (c *canned) Close() error                     { return nil }
func (c *canned) SetReadDeadline(time.Time) error  { return nil }
func (c *canned) SetWriteDeadline(time.Time) error { return nil }

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

var (
	benchResponse = wire.AppendFrame(nil, wire.ConnectResponse{Timeout: time.Second, Session: 7, Password: make([]byte, 16)}.Append(nil))
	benchReply    = wire.AppendFrame(nil, wire.AppendString(wire.ReplyHeader{Xid: 1, Zxid: 5}.Append(nil), "/locks/a/n-0000000001"))
	benchRequest  = wire.AppendFrame(nil, wire.AppendString(wire.RequestHeader{Xid: 1, Op: wire.Create}.Append(nil), "/locks/a/n-"))
)

// BenchmarkRoundTrip measures one create and its reply, read like go-zookeeper: the length first, then
// the body. "plain" is the same without the link; the others have a link with a rule that nothing
// matches, and a link on which everything was done and undone.
func BenchmarkRoundTrip(b *testing.B) {
	for _, c := range []struct {
		name string
		cfg  Config
		do   func(*Link)
	}{
		{"plain", Config{}, nil},
		{"link", Config{}, func(*Link) {}},
		{"root", Config{Root: "/locks"}, func(*Link) {}},
		{"on-request", Config{OnRequest: func(wire.Op, string) {}}, func(*Link) {}},
		{"wire", Config{Wire: true}, func(*Link) {}},
		{"loss", Config{}, func(l *Link) { l.Lose(Rule{Op: wire.Delete, Path: "/other"}) }},
		{"held-events", Config{}, func(l *Link) { l.HoldEvents(EventRule{Path: "/other"}) }},
		{"healed", Config{}, func(l *Link) {
			l.Stall(Both)()
			l.Slow(Shape{Delay: time.Second})()
			l.Bar("a:2181")()
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			var conn net.Conn = &canned{data: benchResponse, reply: benchReply}
			if c.do != nil {
				inner := conn
				c.cfg.Dial = func(string, string, time.Duration) (net.Conn, error) { return inner, nil }
				l := New(c.cfg)
				conn, _ = l.Dial("tcp", "a:2181", 0)
				defer c.do(l)
				c.do(l)
			}
			buf := make([]byte, 1000)
			wire.WriteFrame(conn, wire.ConnectRequest{Password: make([]byte, 16)}.Append(nil))
			io.ReadFull(conn, buf[:len(benchResponse)])
			b.ReportAllocs()
			for b.Loop() {
				roundTrip(conn, buf)
			}
		})
	}
}

func roundTrip(c net.Conn, buf []byte) error {
	c.Write(benchRequest)
	io.ReadFull(c, buf[:4])
	_, err := io.ReadFull(c, buf[:len(benchReply)-4])
	return err
}

// BenchmarkClients measures requests of many clients, each with its own link and one request in flight,
// to a server in memory that answers at once. cpu-ns/op is the processor time that the whole process
// used for one request.
func BenchmarkClients(b *testing.B) {
	for _, clients := range []int{1, 100} {
		for _, c := range []struct {
			name string
			do   func(*Link)
		}{
			{"idle", func(*Link) {}},
			{"delay-1ms", func(l *Link) { l.Slow(Shape{Delay: time.Millisecond}) }},
			{"throttle-1MB", func(l *Link) { l.Slow(Shape{BytesPerSecond: 1 << 20}) }},
			{"held-events", func(l *Link) { l.HoldEvents(EventRule{}) }},
		} {
			b.Run(fmt.Sprintf("%d/%s", clients, c.name), func(b *testing.B) { benchClients(b, clients, c.do) })
		}
	}
}

func benchClients(b *testing.B, clients int, do func(*Link)) {
	dial := answering(b)
	var conns []net.Conn
	for range clients {
		l := New(Config{Dial: dial})
		defer l.Close()
		c := must.Get(l.Dial("tcp", "a:2181", 0))(b)
		conns = append(conns, c)
		wire.WriteFrame(c, wire.ConnectRequest{Password: make([]byte, 16)}.Append(nil))
		io.ReadFull(c, make([]byte, len(benchResponse)))
		do(l)
	}
	b.ReportAllocs()
	before := cputime.Used()
	b.ResetTimer()
	var wg sync.WaitGroup
	for i, c := range conns {
		wg.Go(func() {
			buf := make([]byte, 1000)
			for range b.N/clients + count1(i < b.N%clients) {
				if err := roundTrip(c, buf); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(cputime.Used()-before)/float64(b.N), "cpu-ns/op")
}

// answering starts a server in memory, and returns a function that dials it.
func answering(b *testing.B) func(network, addr string, timeout time.Duration) (net.Conn, error) {
	network := new(memnet.Network)
	ln := must.Get(network.Listen("a:2181"))(b)
	b.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				answer := benchResponse
				for body := make([]byte, 0, 1000); ; answer = benchReply {
					if _, err := wire.ReadFrame(c, body, 0); err != nil {
						return
					}
					c.Write(answer)
				}
			}()
		}
	}()
	return network.DialTimeout
}
