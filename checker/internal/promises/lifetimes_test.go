package promises_test

import (
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/promises"
	"github.com/zklab/zklab/history"
)

// TestLifetimes lets a client create /x, and perhaps a child of it, and lets the servers delete
// it. The client looks at /x at the end, after a write.
func TestLifetimes(t *testing.T) {
	const (
		client = history.ID(7)
		sweep  = 2 * time.Second
		hour   = time.Hour
	)
	began := time.Unix(1000, 0)
	for name, c := range map[string]struct {
		made    string // the request that created it
		ttl     time.Duration
		child   bool          // it gets a child
		emptied bool          // the child is deleted again
		set     time.Duration // when it is written again; 0 means never
		swept   time.Duration // when the servers delete it; 0 means never
		deleted bool          // a request that is not in the record deletes it instead
		epoch   bool          // under a new leader
		look    time.Duration
		fault   bool
		ahead   time.Duration // of the leader's wall clock, from the third second on
		without bool          // the promise is found broken without the transactions, and
		with    bool          // with them
	}{
		"a container that had a child":               {made: "createContainer", child: true, emptied: true, swept: 5 * time.Second, look: 6 * time.Second},
		"a container that never had one":             {made: "createContainer", swept: 5 * time.Second, look: 6 * time.Second, without: true, with: true},
		"a container that has one":                   {made: "createContainer", child: true, swept: 5 * time.Second, look: 6 * time.Second, without: true, with: true},
		"a container that somebody deleted":          {made: "createContainer", swept: 5 * time.Second, deleted: true, look: 6 * time.Second, without: true, with: true},
		"a container that stays empty":               {made: "createContainer", child: true, emptied: true, look: 9 * time.Second, with: true},
		"a container that stays empty for a while":   {made: "createContainer", child: true, emptied: true, look: 5 * time.Second},
		"a container that stays empty by a fault":    {made: "createContainer", child: true, emptied: true, look: 9 * time.Second, fault: true},
		"a container that stays, never used":         {made: "createContainer", look: 9 * time.Second},
		"a container that stays, with a child":       {made: "createContainer", child: true, look: 9 * time.Second},
		"a TTL that is over":                         {made: "createTTL", ttl: 3 * time.Second, swept: 5 * time.Second, look: 6 * time.Second},
		"a TTL that is not over":                     {made: "createTTL", ttl: hour, swept: 5 * time.Second, look: 6 * time.Second, without: true, with: true},
		"a TTL that a write began anew":              {made: "createTTL", ttl: 3 * time.Second, set: 4 * time.Second, swept: 6 * time.Second, look: 7 * time.Second, with: true},
		"a TTL that a write began anew just now":     {made: "createTTL", ttl: 3 * time.Second, set: 4900 * time.Millisecond, swept: 5 * time.Second, look: 7 * time.Second},
		"a TTL not over before such a write":         {made: "createTTL", ttl: hour, set: 4900 * time.Millisecond, swept: 5 * time.Second, look: 7 * time.Second, without: true, with: true},
		"a TTL by the clocks of two leaders":         {made: "createTTL", ttl: hour, swept: 5 * time.Second, epoch: true, look: 6 * time.Second},
		"a znode with a TTL that stays":              {made: "createTTL", ttl: time.Second, look: 9 * time.Second, with: true},
		"a znode with a TTL that stays with a child": {made: "createTTL", ttl: time.Second, child: true, look: 9 * time.Second},
		"a znode with a TTL that somebody deleted":   {made: "createTTL", ttl: hour, swept: 5 * time.Second, deleted: true, look: 6 * time.Second, without: true, with: true},
		"a container that stays by a wrong clock":    {made: "createContainer", child: true, emptied: true, look: 9 * time.Second, ahead: hour},
		"a znode that stays by a wrong clock":        {made: "createTTL", ttl: time.Second, look: 9 * time.Second, ahead: -hour},
		"a TTL that is over by a wrong clock":        {made: "createTTL", ttl: hour, swept: 5 * time.Second, look: 6 * time.Second, ahead: 2 * hour},
		"a TTL that is not over by a wrong clock":    {made: "createTTL", ttl: 3 * hour, swept: 5 * time.Second, look: 6 * time.Second, ahead: hour, with: true},
		"never a child, and a wrong clock":           {made: "createContainer", swept: 5 * time.Second, look: 6 * time.Second, ahead: hour, without: true, with: true},
		"a persistent znode":                         {made: "create", swept: 5 * time.Second, look: 6 * time.Second, with: true},
	} {
		t.Run(name, func(t *testing.T) {
			run := promises.Run{Final: time.Hour, Sweep: sweep, Tick: time.Second}
			if c.fault {
				run.Faults = []history.Span{{From: 6 * time.Second, To: 7 * time.Second}}
			}
			if c.ahead != 0 {
				run.Clocks = []history.Span{{From: 3 * time.Second, To: 4 * time.Second}}
			}
			zxid := history.ID(1 << 32)
			xid := int32(0)
			add := func(at time.Duration, f string, z history.ID, v any) {
				run.Events = append(run.Events, history.Event{
					Index: len(run.Events), Time: at, Process: history.SessionProcess, Client: int(client), Type: history.Info,
					F: f, Session: client, Zxid: z, Value: history.Value(v),
				})
			}
			txn := func(at time.Duration, x history.Txn) {
				zxid++
				x.Zxid, x.Wall = zxid, began.Add(at)
				if at > 3*time.Second {
					x.Wall = x.Wall.Add(c.ahead)
				}
				run.Transactions = append(run.Transactions, x)
			}
			write := func(at time.Duration, q history.Request, x history.Txn) {
				xid++
				q.Xid, x.Session, x.Cxid, x.Type, x.Path = xid, client, xid, q.Op, q.Path
				add(at, history.FRequest, 0, q)
				txn(at, x)
				got := history.Reply{Xid: xid}
				if q.Op != "delete" && q.Op != "setData" && q.Op != "multi" {
					got.Path = q.Path
				}
				if q.Op == "multi" {
					got.Parts = []history.Reply{{}}
				}
				add(at, history.FReply, zxid, got)
			}
			add(0, history.FConnected, 0, history.Connected{})
			write(time.Second, history.Request{Op: c.made, Path: "/x", TTL: c.ttl}, history.Txn{TTL: c.ttl, ParentCversion: 1})
			stat := &history.Stat{Czxid: zxid, Mzxid: zxid, Pzxid: zxid}
			if c.child {
				write(2*time.Second, history.Request{Op: "create", Path: "/x/c"}, history.Txn{ParentCversion: 1})
				stat.Pzxid, stat.NumChildren = zxid, 1
			}
			if c.emptied {
				write(3*time.Second, history.Request{Op: "delete", Path: "/x/c"}, history.Txn{})
				stat.Pzxid, stat.NumChildren = zxid, 0
			}
			if c.set != 0 {
				write(c.set, history.Request{Op: "setData", Path: "/x"}, history.Txn{Version: 1})
			}
			look := history.Reply{Stat: stat}
			if c.swept != 0 {
				if c.epoch {
					zxid = 2 << 32
				}
				gone := history.Txn{Type: "deleteContainer", Path: "/x"}
				if c.deleted {
					gone = history.Txn{Type: "delete", Path: "/x", Session: client, Cxid: 99}
				}
				txn(c.swept, gone)
				look = history.Reply{Error: -101}
			}
			write(c.look, history.Request{Op: "multi", Parts: []history.Request{{Op: "check", Path: "/"}}}, history.Txn{Parts: []history.Txn{{Type: "check", Path: "/"}}})
			look.Xid = xid + 1
			add(c.look, history.FRequest, 0, history.Request{Xid: look.Xid, Op: "exists", Path: "/x"})
			add(c.look, history.FReply, zxid, look)
			run.Decode = func(e *history.Event, v any) {
				if err := e.Decode(v); err != nil && len(e.Value) > 0 {
					t.Fatal(err)
				}
			}
			if got := promises.Check(t.Context(), run)[promises.Lifetimes].Text; (got != "") != c.with {
				t.Errorf("with transactions: %q", got)
			}
			run.Transactions = nil
			if got := promises.Check(t.Context(), run)[promises.Lifetimes].Text; (got != "") != c.without {
				t.Errorf("without transactions: %q", got)
			}
		})
	}
}
