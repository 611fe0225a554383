package zkconn_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/virtual/bubble"
	"github.com/zklab/zklab/internal/zk/zkconn"
)

// A connection that several goroutines close never stops virtual time, whatever it does and whenever
// they close it.
func TestClosersDoNotWait(t *testing.T) {
	usual := bubble.Patience
	bubble.Patience = 100 * time.Millisecond
	defer func() { bubble.Patience = usual }()

	refused := func(string, string, time.Duration) (net.Conn, error) { return nil, errors.New("refused") }
	slow := func(_, _ string, timeout time.Duration) (net.Conn, error) {
		time.Sleep(timeout)
		return nil, errors.New("no answer")
	}
	silent := func(string, string, time.Duration) (net.Conn, error) {
		near, _ := net.Pipe()
		return near, nil
	}
	mute := func(string, string, time.Duration) (net.Conn, error) { // a server that reads and answers nothing
		near, far := net.Pipe()
		go func() {
			b := make([]byte, 1<<10)
			for {
				if _, err := far.Read(b); err != nil {
					return
				}
			}
		}()
		return near, nil
	}
	for _, network := range []struct {
		name string
		dial zk.Dialer // nil: connects to a server
	}{{"a server", nil}, {"refused", refused}, {"no connection", slow}, {"nothing sent", silent}, {"no answer", mute}} {
		for _, closers := range []struct {
			name string
			f    func(conn *zk.Conn)
		}{
			{"at once", closeAtOnce},
			{"one after the other", closeLater},
			{"by a context and the call that it ends", closeByContext},
			{"by a context and a call of its own", closeByCall},
		} {
			t.Run(network.name+"/"+closers.name, func(t *testing.T) {
				if u := bubble.Run(t, 1, func(func()) {
					e := must.Get(embedded.Start(embedded.Config{Nodes: 3, InMemory: true, Latency: time.Millisecond}))(t)
					defer e.Close()
					dial := e.Dial
					if network.dial != nil {
						dial = network.dial
					}
					conn, events, err := zkconn.Start(zkconn.Config{Servers: e.Addrs(), Timeout: 4 * time.Second, Dial: dial})
					if err != nil {
						t.Fatal(err)
					}
					go func() {
						time.Sleep(time.Second / 2)
						closers.f(conn)
					}()
					for !errors.Is(err, zk.ErrConnectionClosed) { // the client's first request waits before anything else
						_, _, err = conn.Get("/")
					}
					conn.Close()
					for range events.All() { // the channel is closed when the client's goroutines have ended
					}
				}); u != nil {
					t.Error(u)
				}
			})
		}
	}
}

func closeAtOnce(conn *zk.Conn) {
	for range 5 {
		go conn.Close()
	}
	conn.Close()
}

func closeLater(conn *zk.Conn) {
	go conn.Close()
	time.Sleep(time.Microsecond)
	conn.Close()
}

func closeByContext(conn *zk.Conn) {
	ctx, cancel := context.WithCancel(context.Background())
	stop := context.AfterFunc(ctx, conn.Close)
	defer stop()
	time.AfterFunc(50*time.Microsecond, cancel)
	defer conn.Close()
	for ctx.Err() == nil {
		_, _, _ = conn.Get("/")
	}
}

func closeByCall(conn *zk.Conn) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer conn.Close()
		for ctx.Err() == nil {
			_, _, _ = conn.Exists("/")
		}
	}()
	synctest.Wait()
	go func() {
		<-ctx.Done()
		conn.Close()
	}()
	cancel()
	defer conn.Close()
	_, _, _ = conn.Get("/")
}
