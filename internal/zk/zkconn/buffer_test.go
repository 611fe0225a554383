package zkconn_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/zkconn"
)

// Answers of every size arrive over one connection, each larger than the one before and then small ones
// again: data, and the names of many children.
func TestLargeAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := must.Get(embedded.Start(embedded.Config{Nodes: 1, InMemory: true}))(t)
		defer e.Close()
		conn, events, err := zkconn.Open(t.Context(), zkconn.Config{Servers: e.Addrs(), Timeout: 10 * time.Second, Dial: e.Dial})
		if err != nil {
			t.Fatal(err)
		}
		var states []zk.State
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for e := range events {
				states = append(states, e.State)
			}
		}()
		for i, size := range []int{10, 32 << 10, 33 << 10, 200 << 10, 1000 << 10, 100} {
			path, data := fmt.Sprintf("/data-%d", i), bytes.Repeat([]byte{byte(i)}, size)
			must.Get(conn.Create(path, data, 0, zk.WorldACL(zk.PermAll)))(t)
			if got, _, err := conn.Get(path); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%d bytes: got %d, %v", size, len(got), err)
			}
		}
		const children = 50_000
		for i := range children {
			must.Get(conn.Create(fmt.Sprintf("/of-a-name-that-is-not-short-%d", i), nil, 0, zk.WorldACL(zk.PermAll)))(t)
		}
		if names, _, err := conn.Children("/"); err != nil || len(names) < children {
			t.Errorf("%d children, %v", len(names), err)
		}
		conn.Close()
		<-ended
		once := []zk.State{zk.StateConnecting, zk.StateConnected, zk.StateHasSession, zk.StateDisconnected}
		if !slices.Equal(states, once) {
			t.Errorf("it connected and disconnected: %v", states)
		}
	})
}
