package promises_test

import (
	"math/rand/v2"
	"path"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/promises"
	"github.com/zklab/zklab/history"
)

// TestViewsAgreeWithAllChoices compares the greedy choice of versions with a search
// through all choices, on small cases: a few transactions, a few reads.
func TestViewsAgreeWithAllChoices(t *testing.T) {
	t.Parallel()
	const runs = 10_000
	explained, not := 0, 0
	for seed := range uint64(runs) {
		c := newSmallCase(rand.New(rand.NewPCG(seed, 3)))
		want := c.explainable(0, 0)
		r := promises.Check(t.Context(), c.run())
		if got := len(broken(r)) == 0; got != want {
			t.Fatalf("seed %d: explained: %v, should be %v; %v\n%+v", seed, got, want, broken(r), c)
		}
		if want {
			explained++
		} else {
			not++
		}
	}
	t.Logf("%d explained, %d not", explained, not)
	if explained < runs/10 || not < runs/10 {
		t.Errorf("%d explained, %d not: one kind is rare", explained, not)
	}
}

// smallCase is a log with the times at which its transactions were asked for, and
// reads of one connection.
type smallCase struct {
	txns   []history.Txn
	asked  []time.Duration
	states []map[string]smallZnode // after so many transactions
	reads  []smallRead
}

type smallZnode struct {
	stat     history.Stat
	data     string
	children []string
	creates  int32
}

type smallRead struct {
	op, path string
	znode    *smallZnode // nil if there is none
	header   history.ID  // 0 if there is none
	at       time.Duration
}

func newSmallCase(rng *rand.Rand) *smallCase {
	c := &smallCase{states: []map[string]smallZnode{{}}}
	for range 2 + rng.IntN(5) {
		c.commit(rng)
	}
	v := 0
	honest := rng.IntN(2) == 0
	for i := range 1 + rng.IntN(5) {
		if honest {
			v += rng.IntN(len(c.states) - v)
		} else {
			v = rng.IntN(len(c.states))
		}
		p := []string{"/a", "/a/b", "/a/c", "/d"}[rng.IntN(4)]
		r := smallRead{op: []string{"exists", "getData", "getChildren", "getChildren2"}[rng.IntN(4)], path: p, at: time.Duration(2*i + 2)}
		if n, ok := c.states[v][p]; ok {
			r.znode = &n
		}
		if h := c.header(v); rng.IntN(3) == 0 && (i == 0 || h >= c.reads[i-1].header) {
			r.header = h
		} else if i > 0 {
			r.header = c.reads[i-1].header
		}
		c.reads = append(c.reads, r)
	}
	return c
}

func (c *smallCase) header(v int) history.ID {
	if v == 0 {
		return 0
	}
	return c.txns[v-1].Zxid
}

// commit adds a possible transaction.
func (c *smallCase) commit(rng *rand.Rand) {
	i := len(c.txns)
	state := map[string]smallZnode{}
	for p, n := range c.states[i] {
		n.children = slices.Clone(n.children)
		state[p] = n
	}
	z := history.ID(1<<32 + i + 1)
	x := history.Txn{Zxid: z, Session: 9, Cxid: int32(i + 1), Type: "multi"}
	for range 1 + rng.IntN(2) {
		if part, ok := smallChange(rng, state, z); ok {
			x.Parts = append(x.Parts, part)
		}
	}
	if len(x.Parts) == 1 {
		p := x.Parts[0]
		p.Zxid, p.Session, p.Cxid = x.Zxid, x.Session, x.Cxid
		x = p
	}
	var after time.Duration
	if i > 0 {
		after = c.asked[i-1]
	}
	c.txns = append(c.txns, x)
	c.asked = append(c.asked, after+time.Duration(2*rng.IntN(3)*rng.IntN(2)))
	c.states = append(c.states, state)
}

func smallChange(rng *rand.Rand, state map[string]smallZnode, z history.ID) (history.Txn, bool) {
	p := []string{"/a", "/a/b", "/a/c", "/d"}[rng.IntN(4)]
	n, there := state[p]
	up := path.Dir(p)
	parent, ok := state[up]
	switch {
	case !there && (ok || up == "/"):
		data := string(rune('a' + rng.IntN(3)))
		state[p] = smallZnode{stat: history.Stat{Czxid: z, Mzxid: z, Pzxid: z}, data: data}
		next := int32(1)
		if ok {
			parent.stat.Cversion++ // of creates; not compared
			next = parent.stat.Cversion
			parent.children = append(parent.children, path.Base(p))
			parent.stat.Pzxid = z
			parent.stat.NumChildren++
			state[up] = parent
		}
		return history.Txn{Type: "create", Path: p, Data: []byte(data), ParentCversion: next}, true
	case there && rng.IntN(2) == 0:
		n.data = string(rune('a' + rng.IntN(3)))
		n.stat.Version++
		n.stat.Mzxid = z
		state[p] = n
		return history.Txn{Type: "setData", Path: p, Data: []byte(n.data), Version: n.stat.Version}, true
	case there && len(n.children) == 0:
		delete(state, p)
		if ok {
			parent.children = slices.DeleteFunc(parent.children, func(c string) bool { return c == path.Base(p) })
			parent.stat.Pzxid = z
			parent.stat.NumChildren--
			state[up] = parent
		}
		return history.Txn{Type: "delete", Path: p}, true
	}
	return history.Txn{}, false
}

// explainable reports whether the reads from i on can be explained by versions that
// begin with least.
func (c *smallCase) explainable(i, least int) bool {
	if i == len(c.reads) {
		return true
	}
	r := c.reads[i]
	for v := least; v < len(c.states); v++ {
		if c.header(v) < r.header || v > 0 && c.asked[v-1] > r.at {
			continue
		}
		if c.shows(v, r) && c.explainable(i+1, v) {
			return true
		}
	}
	return false
}

func (c *smallCase) shows(v int, r smallRead) bool {
	n, ok := c.states[v][r.path]
	if !ok || r.znode == nil {
		return !ok && r.znode == nil
	}
	a, b := n, *r.znode
	a.stat.Cversion, b.stat.Cversion = 0, 0
	slices.Sort(a.children)
	slices.Sort(b.children)
	same := len(a.children) == len(b.children) && (len(a.children) == 0 || reflect.DeepEqual(a.children, b.children))
	switch r.op {
	case "exists":
		return a.stat == b.stat
	case "getData":
		return a.stat == b.stat && a.data == b.data
	case "getChildren":
		return same
	}
	return same && a.stat == b.stat
}

// run returns the case as a record, in which the writer's requests have no answers.
func (c *smallCase) run() promises.Run {
	var events []history.Event
	add := func(at time.Duration, f string, s history.ID, z history.ID, v any) {
		events = append(events, history.Event{
			Time: at, Process: history.SessionProcess, Type: history.Info, F: f, Session: s, Zxid: z, Value: history.Value(v),
		})
	}
	add(0, history.FConnected, 8, 0, history.Connected{})
	for i, x := range c.txns {
		q := history.Request{Xid: x.Cxid, Op: x.Type, Path: x.Path, Data: x.Data}
		for _, p := range x.Parts {
			q.Parts = append(q.Parts, history.Request{Op: p.Type, Path: p.Path})
		}
		add(c.asked[i], history.FRequest, 9, 0, q)
	}
	for i, r := range c.reads {
		xid := int32(i + 1)
		add(r.at-1, history.FRequest, 8, 0, history.Request{Xid: xid, Op: r.op, Path: r.path})
		got := history.Reply{Xid: xid, Error: -101}
		if n := r.znode; n != nil {
			got = history.Reply{Xid: xid, Stat: &n.stat}
			switch r.op {
			case "getData":
				got.Data = []byte(n.data)
			case "getChildren":
				got.Stat, got.Children = nil, n.children
			case "getChildren2":
				got.Children = n.children
			}
		}
		add(r.at, history.FReply, 8, r.header, got)
	}
	slices.SortStableFunc(events, func(x, y history.Event) int { return int(x.Time - y.Time) })
	for i := range events {
		events[i].Index = i
	}
	return promises.Run{
		Events: events, Transactions: c.txns, Final: 1 << 40,
		Decode: func(e *history.Event, v any) {
			if err := e.Decode(v); err != nil {
				panic(err)
			}
		},
	}
}
