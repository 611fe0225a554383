package embedded_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
)

// Servers that would fold nearly all of their logs keep what a stream has not returned yet, but no
// more.
func TestStreamHoldsTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const keep = 5
		e := start(t, embedded.Config{InMemory: true})
		stream := must.Get(e.StreamTransactions(t.Context()))(t)
		for id := range e.Addrs() {
			e.Server(id + 1).Fold(keep)
		}
		conn := zkClient(t, e, 4*time.Second)
		write := func(from, to int) {
			t.Helper()
			for i := from; i < to; i++ {
				must.Get(conn.Create(fmt.Sprintf("/%d", i), nil, 0, zk.WorldACL(zk.PermAll)))(t)
			}
		}
		var got []history.Txn
		take := func() {
			t.Helper()
			for {
				txns := must.Get(stream.Next(t.Context()))(t)
				if got = append(got, txns...); len(txns) == 0 {
					return
				}
			}
		}
		write(0, 100)
		take()
		write(100, 200) // meanwhile the entries that the stream returned are folded
		if n := len(e.Server(1).Committed()); n > 100+keep {
			t.Errorf("a server keeps %d transactions, though all but 100 were taken", n)
		}
		take()
		want := []string{""} // the session's beginning
		for i := range 200 {
			want = append(want, fmt.Sprintf("/%d", i))
		}
		for i, txn := range got {
			if i >= len(want) || txn.Path != want[i] {
				t.Fatalf("transaction %d of %d is %+v", i, len(got), txn)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d transactions, want %d", len(got), len(want))
		}
	})
}

// Several streams each return all transactions, however slow one of them is. When all are closed, the
// servers fold their logs, and there is nothing left to stream.
func TestStreamsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := start(t, embedded.Config{InMemory: true})
		for id := range e.Addrs() {
			e.Server(id + 1).Fold(1)
		}
		quick := must.Get(e.StreamTransactions(t.Context()))(t)
		slow := must.Get(e.StreamTransactions(t.Context()))(t)
		conn := zkClient(t, e, 4*time.Second)
		for i := range 10 {
			must.Get(conn.Create(fmt.Sprintf("/%d", i), nil, 0, zk.WorldACL(zk.PermAll)))(t)
			if txns, err := quick.Next(t.Context()); err != nil || len(txns) == 0 || txns[len(txns)-1].Path != fmt.Sprintf("/%d", i) {
				t.Errorf("after %d: %+v, %v", i, txns, err)
			}
		}
		quick.Close()
		if txns, err := slow.Next(t.Context()); err != nil || len(txns) != 11 {
			t.Errorf("the slow one: %+v, %v", txns, err)
		}
		slow.Close()
		slow.Close()
		must.Get(conn.Create("/more", nil, 0, zk.WorldACL(zk.PermAll)))(t)
		if _, err := e.StreamTransactions(t.Context()); !oneLine(err) {
			t.Errorf("a stream that lacks its beginning: %v", err)
		}
		if _, err := e.Transactions(t.Context()); !oneLine(err) {
			t.Errorf("transactions: %v", err)
		}
	})
}
