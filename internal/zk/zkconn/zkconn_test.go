package zkconn_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/internal/zk/zkconn"
)

func TestMain(m *testing.M) { testmain.Main(m) }

// Without a server, Open ends with its context, names the servers that it tried, and leaves nothing
// running.
func TestOpenGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, _, err := zkconn.Open(ctx, zkconn.Config{
			Servers: []string{"one:1", "two:2"}, Timeout: time.Second,
			Dial: func(string, string, time.Duration) (net.Conn, error) { return nil, errors.New("nobody there") },
		})
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "one:1") {
			t.Fatalf("error %v", err)
		}
	})
}

// Servers are tried in the order that was given, round and round.
func TestOrderOfServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		want := []string{"c:1", "a:1", "b:1", "c:1"}
		tried := make(chan string, len(want))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, _, err := zkconn.Open(ctx, zkconn.Config{
			Servers: want[:3], Timeout: time.Second,
			Dial: func(_, addr string, _ time.Duration) (net.Conn, error) {
				select {
				case tried <- addr:
				default:
					cancel()
				}
				return nil, errors.New("nobody there")
			},
		})
		if err == nil {
			t.Fatal("connected to nobody")
		}
		for i, w := range want {
			if got := <-tried; got != w {
				t.Errorf("attempt %d went to %s, want %s", i, got, w)
			}
		}
	})
}

// A late reader still gets every event, and then the end of the channel.
func TestEventsWaitForTheirReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := must.Get(embedded.Start(embedded.Config{Nodes: 1, InMemory: true}))(t)
		defer e.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		conn, events, err := zkconn.Open(ctx, zkconn.Config{
			Servers: []string{e.Servers()[0].Addr()}, Timeout: 4 * time.Second, Dial: e.Dial,
		})
		if err != nil {
			t.Fatal(err)
		}
		// More events than go-zookeeper's own channel holds.
		const watches = 20
		const path = "/events"
		must.Get(conn.Create(path, nil, 0, zk.WorldACL(zk.PermAll)))(t)
		for range watches {
			_, _, changed, err := conn.GetW(path)
			if err != nil {
				t.Fatal(err)
			}
			must.Get(conn.Set(path, nil, -1))(t)
			<-changed
		}
		states, changes := []zk.State{}, 0
		for changes < watches {
			select {
			case e := <-events:
				if e.Type == zk.EventSession {
					states = append(states, e.State)
				} else {
					changes++
				}
			case <-ctx.Done():
				t.Fatalf("only %d of %d events came", changes, watches)
			}
		}
		if n := len(states); n == 0 || states[n-1] != zk.StateHasSession {
			t.Errorf("states %v", states)
		}
		conn.Close()
		for range events {
		}
	})
}
