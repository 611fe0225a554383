package embedded_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

var _ ensemble.SequenceSetter = (*embedded.Ensemble)(nil)

// sequential creates a child of /q and returns its name, or the error code.
func (l *lab) sequential(c *zkclient.Conn, prefix string) string {
	l.Helper()
	r, err := l.try(c, wire.Create, &wire.CreateRequest{Path: "/q/" + prefix, ACL: openToAll, Mode: wire.PersistentSequential})
	l.ok(err)
	if r.Header.Err != wire.OK {
		return r.Header.Err.Error()
	}
	record, err := r.Decode()
	l.ok(err)
	return record.(wire.CreateReply).Path[len("/q/"):]
}

func (l *lab) cversion(c *zkclient.Conn) int32 {
	l.Helper()
	record, err := l.do(c, wire.Exists, &wire.ReadRequest{Path: "/q"}).Decode()
	l.ok(err)
	return record.(wire.Stat).Cversion
}

// At the end of its range, the counter of a running ensemble behaves like that of Apache ZooKeeper
// 3.9.3 when it was started from such a log: see TestCounterAtItsEndAsMeasured in package prep, which
// has the same steps.
func TestSequenceAtItsEnd(t *testing.T) {
	for _, nodes := range []int{1, 3} {
		virtually(t, embedded.Config{Nodes: nodes}, func(l *lab) {
			c := l.client(pinged(l.to(nodes)))
			l.create(c, "/q", "", wire.Persistent)
			l.create(c, "/q/first", "", wire.Persistent)
			l.ok(l.SetSequence(l.ctx, "/q", 1<<31-4))
			for i, step := range []struct {
				prefix, got string
				cversion    int32
			}{
				{"n", "n2147483644", -8},
				{"n", "n2147483645", -7},
				{"n", "n2147483646", -6},
				{"n", "n2147483647", -7},
				{"n", wire.NodeExists.Error(), -7},
				{"m", "m2147483647", -8},
				{"m", wire.NodeExists.Error(), -8},
			} {
				if got := l.sequential(c, step.prefix); got != step.got || l.cversion(c) != step.cversion {
					t.Errorf("%d servers, step %d: %s, cversion %d; want %s, %d", nodes, i, got, l.cversion(c), step.got, step.cversion)
				}
			}
		})
	}
}

// A counter that was set stays set on every server, over changes of leader and restarts of all servers,
// and is in the record of transactions.
func TestSequenceLasts(t *testing.T) {
	virtually(t, embedded.Config{KeepLog: true}, func(l *lab) {
		c := l.client(pinged(l.to(1)))
		l.create(c, "/q", "", wire.Persistent)
		l.ok(l.SetSequence(l.ctx, "/q", 1_000_000))
		if got := l.sequential(c, "a"); got != "a0001000000" {
			t.Error(got)
		}
		old := l.leader()
		l.ok(l.Server(old).Kill(l.ctx))
		next := l.others(old)[0]
		l.until("another leads", func() bool { return l.writable(next) })
		if got := l.sequential(l.client(l.to(next)), "b"); got != "b0001000001" {
			t.Errorf("after a change of leader: %s", got)
		}
		l.ok(l.Server(old).Start(l.ctx))
		for _, id := range l.others() {
			l.ok(l.Server(id).Kill(l.ctx))
		}
		for _, id := range l.others() {
			l.ok(l.Server(id).Start(l.ctx))
		}
		for i, id := range l.others() {
			l.until("it serves again", func() bool { return l.writable(id) })
			want := "c000100000" + string(rune('2'+i))
			if got := l.sequential(l.client(l.to(id)), "c"); got != want {
				t.Errorf("after a restart of all, through server %d: %s, want %s", id, got, want)
			}
		}
		txns, err := l.Transactions(l.ctx)
		l.ok(err)
		i := slices.IndexFunc(txns, func(x history.Txn) bool { return x.Type == "setSequence" })
		if i < 0 || txns[i].Path != "/q" || txns[i].ParentCversion != 1_000_000 || txns[i].Error != 0 {
			t.Errorf("transaction %d of %d", i, len(txns))
		}
	})
}

// The counter can also be set back, and does not affect names in other folders.
func TestSequenceSetBack(t *testing.T) {
	virtually(t, embedded.Config{}, func(l *lab) {
		c := l.client(l.to(1))
		l.create(c, "/q", "", wire.Persistent)
		l.create(c, "/other", "", wire.Persistent)
		l.sequential(c, "a")
		l.ok(l.SetSequence(l.ctx, "/q", 0))
		if got := l.sequential(c, "a"); got != wire.NodeExists.Error() {
			t.Error(got)
		}
		if got := l.sequential(c, "b"); got != "b0000000000" {
			t.Error(got)
		}
	})
}

// Errors are reported in bounded time.
func TestSequenceErrors(t *testing.T) {
	virtually(t, embedded.Config{}, func(l *lab) {
		if err := l.SetSequence(l.ctx, "/nothing", 1); !errors.Is(err, wire.NoNode) {
			t.Errorf("of a znode that is not there: %v", err)
		}
		patient := func() error {
			ctx, cancel := context.WithTimeout(l.ctx, 10*time.Second)
			defer cancel()
			return l.SetSequence(ctx, "/", 1)
		}
		leader := l.leader()
		l.isolate(leader)
		if err := patient(); err == nil {
			t.Error("an isolated leader set the counter")
		}
		l.until("another leads", func() bool { now := l.leader(); return now != 0 && now != leader })
		l.ok(patient()) // now there is another leader
		for _, id := range l.others() {
			l.ok(l.Server(id).Stop(l.ctx))
		}
		if err := patient(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with all servers down: %v", err)
		}
		l.ok(l.Close())
		if err := l.SetSequence(context.Background(), "/", 1); !errors.Is(err, embedded.ErrClosed) {
			t.Errorf("when closed: %v", err)
		}
	})
}
