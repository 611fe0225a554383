package monitor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// churn is a follower of a tree that changes much while connections break, servers die and sessions
// expire.
type churn struct {
	*lab
	f    *Follower
	told []Change

	mu      sync.Mutex
	conns   []net.Conn // of the follower
	refused bool       // the follower gets no new connections
}

// Whatever happens, in the end the copy equals the servers' tree, and the reported changes are those in the
// transaction log, except those reported as missed.
func TestNothingIsLost(t *testing.T) {
	for seed := range churns(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			if wrong := churned(t, seed, connect); wrong != "" {
				t.Error(wrong)
			}
		})
	}
}

// In the end the copy also equals the tree of servers without persistent watches.
func TestNothingIsLostOfOldServers(t *testing.T) {
	for seed := range churns(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			if wrong := churned(t, seed, connectOld); wrong != "" {
				t.Error(wrong)
			}
		})
	}
}

// churns returns how many churns to run: n, or only one if tests are to be short.
func churns(n uint64) uint64 {
	if testing.Short() {
		return 1
	}
	return n
}

// churned returns what is wrong after a churn.
func churned(t *testing.T, seed uint64, connect connector) (wrong string) {
	virtuallyOf(t, seed+1, func(l *lab) {
		c := &churn{lab: l}
		l.create("/r", "")
		l.create("/r/0", "")
		l.create("/r/0/1", "")
		cfg := Config{Root: "/r", All: true, LogLines: 1 << 20, Client: l.config(client.Config{Timeout: 4 * time.Second, Dial: c.dial})}
		f, err := follow(l.ctx, cfg, connect)
		l.ok(err)
		defer f.Close()
		c.f = f
		c.disturb(rand.New(rand.NewPCG(seed, 1)))
		c.settle()
		for {
			ctx, cancel := context.WithTimeout(l.ctx, time.Second)
			change, err := f.NextChange(ctx)
			cancel()
			if err != nil {
				break
			}
			c.told = append(c.told, change)
		}
		txns, err := l.e.Transactions(l.ctx)
		l.ok(err)
		wrong = c.differences()
		if !f.feed.reach.own { // else several events are reported as one change
			wrong += judge(c.told, steps(txns, "/r"))
		}
		if seed == 0 {
			l.Logf("%d changes told, %d found, %d transactions, %d znodes, %d reads", f.changes.ofZnodes, count(c.told, func(c Change) bool { return c.Found }), len(txns), f.tree.znodes, f.reads.sent)
			l.Log(slices.Collect(kinds(c.told)))
		}
	})
	return wrong
}

func count(list []Change, which func(Change) bool) (n int) {
	for _, c := range list {
		if which(c) {
			n++
		}
	}
	return n
}

func kinds(list []Change) func(func(Kind) bool) {
	return func(yield func(Kind) bool) {
		for _, c := range list {
			if !c.Kind.OfZnode() && !yield(c.Kind) {
				return
			}
		}
	}
}

func (c *churn) dial(ctx context.Context, addr string) (net.Conn, error) {
	c.mu.Lock()
	refused := c.refused
	c.mu.Unlock()
	if refused {
		return nil, errors.New("refused")
	}
	conn, err := zkclient.To(c.e.Dial, addr)(ctx)
	if err == nil {
		c.mu.Lock()
		c.conns = append(c.conns, conn)
		c.mu.Unlock()
	}
	return conn, err
}

func (c *churn) refuse(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused = on
}

// cut ends the follower's connections.
func (c *churn) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		conn.Close()
	}
	c.conns = nil
}

// disturb has clients change znodes for a while, with faults all the time.
func (c *churn) disturb(r *rand.Rand) {
	ctx, cancel := context.WithTimeout(c.ctx, 40*time.Second)
	defer cancel()
	var busy sync.WaitGroup
	for range 3 {
		mine := rand.New(rand.NewPCG(r.Uint64(), 1))
		busy.Go(func() {
			for ctx.Err() == nil {
				c.write(ctx, mine)
			}
		})
	}
	for ctx.Err() == nil {
		c.fault(ctx, r)
		pause(ctx, time.Duration(r.IntN(3000))*time.Millisecond)
	}
	busy.Wait()
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// write changes znodes in one session, which it closes or leaves to expire.
func (c *churn) write(ctx context.Context, r *rand.Rand) {
	w, err := client.Connect(ctx, c.config(client.Config{Timeout: 4 * time.Second, Patience: 2 * time.Second}))
	if err != nil {
		return
	}
	defer w.Close()
	for range 20 + r.IntN(200) {
		if change(ctx, w, r); ctx.Err() != nil {
			return
		}
		pause(ctx, time.Duration(r.IntN(20))*time.Millisecond)
	}
	if r.IntN(4) == 0 {
		_ = c.e.ExpireSession(ctx, w.Session().ID)
	}
}

func change(ctx context.Context, w *client.Client, r *rand.Rand) {
	name := func() string { return "/" + fmt.Sprint(r.IntN(6)) }
	path := "/r" + name()
	for r.IntN(2) == 0 {
		path += name()
	}
	switch r.IntN(12) {
	default:
		mode := []wire.CreateMode{wire.Persistent, wire.Persistent, wire.Ephemeral, wire.EphemeralSequential}[r.IntN(4)]
		_, _, _ = w.Create(ctx, path, []byte(fmt.Sprint(r.IntN(100))), nil, mode, 0)
	case 0, 1, 2:
		_, _ = w.Set(ctx, path, []byte(fmt.Sprint(r.IntN(100))), -1)
	case 3, 4:
		_ = w.Delete(ctx, path, -1)
	case 5:
		if strings.Count(path, "/") > 2 {
			removeAll(ctx, w, path)
		}
	case 6:
		_, _ = w.Multi(ctx, []wire.MultiOp{
			client.CreateOp(path+"/m", nil, nil, wire.Persistent, 0),
			client.CreateOp(path+"/m/n", nil, nil, wire.Persistent, 0),
			{Op: wire.SetData, Request: &wire.SetDataRequest{Path: path, Version: -1}},
			{Op: wire.Delete, Request: &wire.VersionRequest{Path: path + "/m/n", Version: -1}},
		})
	}
}

func removeAll(ctx context.Context, w *client.Client, path string) {
	names, _, _ := w.Children(ctx, path, false)
	for _, name := range names {
		removeAll(ctx, w, path+"/"+name)
	}
	_ = w.Delete(ctx, path, -1)
}

// fault injects one fault at the follower or its server, and heals it.
func (c *churn) fault(ctx context.Context, r *rand.Rand) {
	f := c.f
	f.mu.Lock()
	server, session := f.feed.conn.Server, f.feed.conn.Session
	f.mu.Unlock()
	s := c.e.Server(max(slices.Index(c.e.Addrs(), server), 0) + 1)
	for_ := time.Duration(r.IntN(4000)) * time.Millisecond
	switch r.IntN(6) {
	case 0, 1, 2:
		c.cut()
	case 3:
		_ = s.Kill(c.ctx)
		pause(ctx, for_)
		c.ok(s.Start(c.ctx))
	case 4:
		c.ok(s.Pause(c.ctx))
		pause(ctx, for_)
		c.ok(s.Resume(c.ctx))
	case 5:
		within, cancel := context.WithTimeout(ctx, 5*time.Second)
		_ = c.e.ExpireSession(within, session)
		cancel()
	}
}

// settle waits until nothing happens any more, and all stats are up to date.
func (c *churn) settle() {
	time.Sleep(time.Minute)
	c.f.locked(func() {
		for n := range c.f.tree.root.all() {
			c.f.reads.want(&n.target, needStat, true)
		}
	})
	time.Sleep(10 * time.Second)
}

// all yields a znode and the loaded znodes below it.
func (n *node) all() func(func(*node) bool) {
	return func(yield func(*node) bool) {
		if !yield(n) {
			return
		}
		for _, kid := range n.kids {
			for n := range kid.all() {
				if !yield(n) {
					return
				}
			}
		}
	}
}

// differences lists the differences between the copy and the namespace, and work left undone although nothing
// happens any more.
func (c *churn) differences() (wrong string) {
	has, want := make(map[string]wire.Stat), make(map[string]wire.Stat)
	c.f.mu.Lock()
	for n := range c.f.tree.root.all() {
		if n.stat != nil {
			has[n.path()] = *n.stat
		}
		if n.check || n.journal != nil || n.unheard {
			wrong += n.path() + " is left over\n"
		}
	}
	c.f.mu.Unlock()
	var walk func(path string)
	walk = func(path string) {
		names, s, err := c.c.Children(c.ctx, path, false)
		c.ok(err)
		want[path] = s
		for _, name := range names {
			walk(path + "/" + name)
		}
	}
	c.ok(c.c.Sync(c.ctx, "/"))
	walk("/r")
	if c.f.tree.checks != 0 || c.f.tree.znodes != len(has) {
		wrong += fmt.Sprintf("%d to be compared, %d znodes counted\n", c.f.tree.checks, c.f.tree.znodes)
	}
	return wrong + cmp.Diff(want, has)
}

// step is one change that a transaction made.
type step struct {
	Zxid int64
	Kind Kind
	Path string
}

// steps lists the steps of all transactions below a path, in order.
func steps(txns []history.Txn, root string) (list []step) {
	var of func(zxid int64, t history.Txn)
	of = func(zxid int64, t history.Txn) {
		switch kind := t.Type; {
		case t.Error != 0:
		case kind == "multi":
			for _, part := range t.Parts {
				if part.Error != 0 {
					return
				}
			}
			for _, part := range t.Parts {
				of(zxid, part)
			}
		case strings.HasPrefix(kind, "create") && t.Path != "":
			list = append(list, step{zxid, Created, t.Path})
		case kind == "setData":
			list = append(list, step{zxid, Changed, t.Path})
		case strings.HasPrefix(kind, "delete"):
			list = append(list, step{zxid, Deleted, t.Path})
		case kind == "closeSession":
			for _, path := range t.Paths {
				list = append(list, step{zxid, Deleted, path})
			}
		}
	}
	for _, t := range txns {
		of(int64(t.Zxid), t)
	}
	return slices.DeleteFunc(list, func(s step) bool { _, ok := below(root, s.Path); return !ok })
}

// judge compares the reported changes with what happened: everything that happened while the watch was
// set must be reported once and in order.
func judge(told []Change, happened []step) string {
	var want, has []step
	from := int64(-1) // the zxid at which the watch was set; -1: it is not set
	until := func(to int64) {
		for _, s := range happened {
			if from >= 0 && s.Zxid > from && s.Zxid <= to {
				want = append(want, s)
			}
		}
		from = -1
	}
	var end int64
	for i, c := range told {
		switch {
		case c.Kind == Connected:
			until(end) // if the watch was set twice, nothing was lost in between
			from = c.Zxid
			if from == 0 {
				return "the zxid of the watch is not told"
			}
		case c.Kind == Disconnected || c.Kind == Expired:
			until(c.Zxid)
			// The last transaction may have been reported in part.
			for len(has) > 0 && has[len(has)-1].Zxid > c.Zxid {
				if !slices.Contains(happened, has[len(has)-1]) {
					return fmt.Sprintf("told, but never happened: %+v", has[len(has)-1])
				}
				has = has[:len(has)-1]
			}
		case c.Kind == Missed:
			return fmt.Sprintf("%d changes missed", c.Number)
		case c.Kind.OfZnode() && !c.Found:
			if end > c.Zxid {
				return fmt.Sprintf("%d: out of order: %+v", i, c)
			}
			end = c.Zxid
			has = append(has, step{c.Zxid, c.Kind, c.Path})
		case c.Found && c.Zxid != 0 && !slices.ContainsFunc(happened, func(s step) bool { return s.Zxid == c.Zxid && s.Path == c.Path }):
			return fmt.Sprintf("found, but never happened: %+v", c)
		case c.Found && c.Zxid != 0 && slices.ContainsFunc(told, func(o Change) bool { return o.Zxid == c.Zxid && o.Path == c.Path && !o.Found }):
			return fmt.Sprintf("found, and told, too: %+v", c)
		}
	}
	if from < 0 {
		return "in the end no watch is set"
	}
	until(1 << 62)
	return cmp.Diff(sortSame(want), sortSame(has))
}

// sortSame sorts the steps of the same transaction: the order of those of a closeSession is not
// guaranteed.
func sortSame(list []step) []step {
	slices.SortStableFunc(list, func(a, b step) int {
		if a.Zxid != b.Zxid {
			return int(a.Zxid - b.Zxid)
		}
		return strings.Compare(a.Path+string(a.Kind), b.Path+string(b.Kind))
	})
	return list
}
