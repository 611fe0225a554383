package embedded_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
)

// TestPromisesSeeLies changes what was seen of a correct ensemble: a check that does not notice the
// change would not notice the same mistake of a wrong ensemble either.
func TestPromisesSeeLies(t *testing.T) {
	for _, lie := range append(lies, lieAbout{name: "nothing", tell: func(*check) {}}) {
		t.Run(lie.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tr := newTrial(t, 1, embedded.Config{Nodes: 3, Latency: time.Millisecond})
				defer tr.e.Close()
				tr.phase.Store(quiet)
				tr.employ(4)
				time.Sleep(8 * time.Second)
				k := tr.finish()
				k.problem = tr.problem
				lie.tell(k)
				k.run()
				found := strings.Join(tr.problems, "\n")
				if !strings.Contains(found, lie.found) || lie.found == "" && found != "" {
					t.Errorf("found %q, want %q", found, lie.found)
				}
			})
		})
	}
}

// lieAbout is a change of what was seen, with the problem that the check must find.
type lieAbout struct {
	name, found string
	tell        func(*check)
}

var lies = []lieAbout{
	{"a write that was acknowledged is lost", "it was answered, and there is no transaction", func(k *check) {
		c := k.find(acked(wire.SetData))
		k.txns = slices.DeleteFunc(k.txns, func(t history.Txn) bool { return int64(t.Zxid) == c.zxid })
	}},
	{"a write is done twice", "it was done before", func(k *check) {
		i := k.index(func(t history.Txn) bool { return t.Type == "setData" && t.Error == 0 })
		again := k.txns[i]
		again.Zxid = k.txns[len(k.txns)-1].Zxid + 1
		k.txns = append(k.txns, again)
	}},
	{"a write that nobody asked for", "nobody asked for it", func(k *check) {
		i := k.index(func(t history.Txn) bool { return t.Type == "setData" && t.Error == 0 })
		k.txns[i].Cxid = 1e6
	}},
	{"a write with other data", "it is not what was asked for", func(k *check) {
		i := k.index(func(t history.Txn) bool { return t.Type == "setData" && t.Error == 0 })
		k.txns[i].Data = []byte("other")
	}},
	{"a refused write has an effect", "it ended in ok", func(k *check) {
		c := k.find(acked(wire.SetData))
		c.code, c.result = wire.BadVersion, nil
	}},
	{"a write without an effect is acknowledged", "it ended in bad version", func(k *check) {
		c := k.find(func(c *seenCall) bool { return c.op == wire.Delete && c.code == wire.BadVersion })
		c.code = wire.OK
	}},
	{"a write that took effect before it was asked for", "when it was asked for", func(k *check) {
		first := k.find(acked(wire.SetData))
		last := k.findLast(acked(wire.SetData))
		first.sent, first.got = last.got, last.got
	}},
	{"a reply with another zxid", "the reply has another zxid", func(k *check) {
		c := k.find(acked(wire.SetData))
		c.zxid--
	}},
	{"a write that left another version", "it left", func(k *check) {
		c := k.find(acked(wire.SetData))
		stat := c.result.(wire.Stat)
		stat.Version++
		c.result = stat
	}},
	{"two creates of one sequential name", "it made", func(k *check) {
		c := k.find(func(c *seenCall) bool {
			r, ok := c.req.(*wire.CreateRequest)
			return ok && c.op == wire.Create && c.code == wire.OK && r.Mode == wire.PersistentSequential
		})
		c.result = wire.CreateReply{Path: pathOf(c.req) + "0000000000x"}
	}},
	{"a read from the past", "back in time", func(k *check) {
		c := k.find(func(c *seenCall) bool { return c.op == wire.GetData && c.code == wire.OK && c.got.seq > 500 })
		c.zxid = int64(k.txns[0].Zxid)
	}},
	{"a read of other data", "the data of", func(k *check) {
		c := k.find(func(c *seenCall) bool { return c.op == wire.GetData && c.code == wire.OK })
		r := c.result.(wire.DataReply)
		r.Data = []byte("other")
		c.result = r
	}},
	{"a list without a child", "the children of", func(k *check) {
		c := k.find(func(c *seenCall) bool {
			r, ok := c.result.(wire.ChildrenReply)
			return ok && len(r.Children) > 0
		})
		c.result = wire.ChildrenReply{Stat: c.result.(wire.ChildrenReply).Stat}
	}},
	{"a znode that is not there", "is there, the reply is no node", func(k *check) {
		c := k.find(func(c *seenCall) bool { return c.op == wire.Exists && c.code == wire.OK })
		c.code = wire.NoNode
	}},
	{"a sync that does nothing", "when it was sent", func(k *check) {
		// This sync is of the last client, which makes no request after it.
		c := k.findLast(func(c *seenCall) bool { return c.op == wire.Sync })
		k.calls = slices.DeleteFunc(k.calls, func(o *seenCall) bool { return o.actor == c.actor && o != c })
		c.zxid = int64(k.txns[0].Zxid)
	}},
	{"a watch event is lost", "watch events before", func(k *check) {
		k.frames(func(f []seenFrame, i int) []seenFrame { return slices.Delete(f, i, i+1) })
	}},
	{"a watch event comes twice", "watch events before", func(k *check) {
		k.frames(func(f []seenFrame, i int) []seenFrame { return slices.Insert(f, i, f[i]) })
	}},
	{"a watch event comes behind the reply that shows the change", "watch events before", func(k *check) {
		k.frames(func(f []seenFrame, i int) []seenFrame {
			f[i], f[i+1] = f[i+1], f[i]
			return f
		})
	}},
	{"a watch event of another change", "watch events before", func(k *check) {
		k.frames(func(f []seenFrame, i int) []seenFrame {
			f[i].event.zxid--
			return f
		})
	}},
	{"a session ends early", "after its begin", func(k *check) {
		i := k.index(func(t history.Txn) bool { return t.Type == "closeSession" && t.Cxid == 0 })
		k.txns[i].Wall = k.txns[0].Wall
	}},
	{"an ephemeral outlives its session", "the end of session", func(k *check) {
		i := k.index(func(t history.Txn) bool { return t.Type == "closeSession" && len(t.Paths) > 0 })
		k.txns[i].Paths = k.txns[i].Paths[1:]
	}},
	{"a container is swept too early", "its time had not come", func(k *check) {
		i := k.index(func(t history.Txn) bool { return t.Type == "deleteContainer" })
		k.txns[i].Path = "/a"
	}},
}

// acked returns a function that accepts successful requests of a type.
func acked(op wire.Op) func(*seenCall) bool {
	return func(c *seenCall) bool { return c.op == op && c.got.seq != 0 && c.code == wire.OK }
}

func (k *check) find(is func(*seenCall) bool) *seenCall {
	return k.calls[slices.IndexFunc(k.calls, is)]
}

func (k *check) findLast(is func(*seenCall) bool) *seenCall {
	calls := slices.Clone(k.calls)
	slices.Reverse(calls)
	return calls[slices.IndexFunc(calls, is)]
}

func (k *check) index(is func(history.Txn) bool) int { return slices.IndexFunc(k.txns, is) }

// frames changes what came over a connection, at an event that is followed by a reply.
func (k *check) frames(change func([]seenFrame, int) []seenFrame) {
	for _, c := range k.calls {
		for i, f := range c.conn.frames[:max(len(c.conn.frames)-1, 0)] {
			if f.call == nil && f.event.zxid >= 0 && c.conn.frames[i+1].call != nil {
				c.conn.frames = change(c.conn.frames, i)
				return
			}
		}
	}
}
