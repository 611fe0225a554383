package subjects

import (
	"errors"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
)

// connecting runs a test with a client of an ensemble in virtual time. dialed points to the
// servers that the client has dialed.
func connecting(t *testing.T, test func(t *testing.T, c *Client, dialed *[]string)) {
	synctest.Test(t, func(t *testing.T) {
		e := must.Get(embedded.Start(embedded.Config{Nodes: 3, InMemory: true}))(t)
		defer e.Close()
		var dialed []string
		servers := e.Addrs()
		slices.Reverse(servers)
		test(t, &Client{Servers: servers, Timeout: 4 * time.Second, Dial: func(network, addr string, timeout time.Duration) (net.Conn, error) {
			dialed = append(dialed, addr)
			return e.Dial(network, addr, timeout)
		}}, &dialed)
	})
}

// awaitSession reads events until there is a session.
func awaitSession(t *testing.T, events <-chan zk.Event) {
	t.Helper()
	for e := range events {
		if e.State == zk.StateHasSession {
			return
		}
	}
	t.Fatal("no session")
}

// Sessions of Connect go to the first server, have all their events, and end with the client.
// A session that its subject closes leaves its place to the next.
func TestConnect(t *testing.T) {
	connecting(t, func(t *testing.T, c *Client, dialed *[]string) {
		first, events, err := c.Connect()
		if err != nil {
			t.Fatal(err)
		}
		awaitSession(t, events)
		called := 0
		second, others, err := c.Connect(zk.WithEventCallback(func(zk.Event) { called++ }))
		if err != nil {
			t.Fatal(err)
		}
		awaitSession(t, others)
		if called == 0 || first.SessionID() == second.SessionID() {
			t.Errorf("the callback was called %d times; sessions %x and %x", called, first.SessionID(), second.SessionID())
		}
		if want := c.Servers[:1]; !slices.Equal(*dialed, slices.Repeat(want, 2)) {
			t.Errorf("it dialed %v, not %v", *dialed, want)
		}
		first.Close()
		synctest.Wait()
		if _, _, err := c.Connect(); err != nil || len(c.own) != 2 {
			t.Errorf("%d places, %v", len(c.own), err)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
		for open := true; open; {
			select {
			case _, open = <-others:
			case <-time.After(time.Minute):
				t.Error("the session goes on after the end of its client")
				second.Close()
			}
		}
		if _, _, err := second.Get("/"); !errors.Is(err, zk.ErrConnectionClosed) {
			t.Errorf("after the end of the client: %v", err)
		}
		if _, _, err := c.Connect(); !errors.Is(err, zk.ErrClosing) || !NoEffect(err) {
			t.Errorf("Connect after the end of the client: %v", err)
		}
	})
}

// Sessions of several clients that lose their connections at the same instant dial again at
// different instants.
func TestConnectApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dials := map[time.Time]int{}
		var clients []*Client
		for id := range 5 {
			c := &Client{ID: id, Servers: []string{"a:1"}, Timeout: time.Second, Dial: func(string, string, time.Duration) (net.Conn, error) {
				dials[time.Now()]++
				return nil, errors.New("no server")
			}}
			for range 5 {
				if _, _, err := c.Connect(); err != nil {
					t.Fatal(err)
				}
			}
			clients = append(clients, c)
		}
		time.Sleep(3500 * time.Millisecond)
		if len(dials) != 25*4 {
			t.Errorf("dials at %d instants", len(dials))
		}
		for _, c := range clients {
			_ = c.Close(t.Context())
		}
	})
}
