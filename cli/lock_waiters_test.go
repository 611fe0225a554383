//go:build unix

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/cli/internal/clients"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkconn"
	"github.com/zklab/zklab/recipes"
)

// waiters are contenders for one lock, in a few sessions.
type waiters struct {
	conns    []*zk.Conn
	sessions []*recipes.Client
	places   []string // the znodes of locks
	locks    []*recipes.Lock
	got      []chan error
}

// lineUp makes n contenders wait for the lock at a path, one behind the other.
func lineUp(ctx context.Context, t *testing.T, servers []string, path string, sessions, n int) *waiters {
	t.Helper()
	w := &waiters{}
	for range sessions {
		conn, events, err := zkconn.Open(ctx, zkconn.Config{Servers: servers, Timeout: time.Minute, Dial: net.DialTimeout})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(conn.Close)
		w.conns = append(w.conns, conn)
		w.sessions = append(w.sessions, recipes.NewClient(conn, events, time.Minute))
	}
	for i := range n {
		l, got, inLine := recipes.NewLock(w.sessions[i%sessions], path), make(chan error, 1), make(chan string, 1)
		traced := recipes.WithTrace(ctx, recipes.Trace{LinedUp: func(path string) { inLine <- path }})
		go func() { got <- l.Lock(traced) }()
		select {
		case path := <-inLine:
			w.places = append(w.places, path)
		case <-ctx.Done():
			t.Fatalf("contender %d is not in line", i)
		}
		w.locks, w.got = append(w.locks, l), append(w.got, got)
	}
	return w
}

// standBehind adds contenders that do nothing but wait in line: znodes with names like those of the others.
func (w *waiters) standBehind(t *testing.T, n int) {
	t.Helper()
	const batch = 100
	place := w.places[0][:strings.LastIndex(w.places[0], "-")+1]
	for i := 0; i < n; i += batch {
		var ops []any
		for range min(batch, n-i) {
			ops = append(ops, &zk.CreateRequest{Path: place, Acl: zk.WorldACL(zk.PermAll), Flags: zk.FlagEphemeral | zk.FlagSequence})
		}
		if _, err := w.conns[i/batch%len(w.conns)].Multi(ops...); err != nil {
			t.Fatal(err)
		}
	}
}

// requests counts the requests of all sessions so far.
func (w *waiters) requests() (n int64) {
	for _, s := range w.sessions {
		n += s.Stats().Requests
	}
	return n
}

// Two thousand contenders wait for one lock: zklab lock lists all of them in their order, and a command that
// does not want to wait sends no more requests than with one contender.
func TestTwoThousandWaiters(t *testing.T) {
	const all, real = 2000, 50
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := startCuttable(t)
	w := lineUp(ctx, t, strings.Split(c.direct, ","), "/big", 4, real)
	w.standBehind(t, all-real)
	must.Do(t, <-w.got[0])
	tried := answerTo("lock", "/big", "--servers", c.servers, "--try", "--session-timeout", "1m", "--", "true")
	asked := 0
	for op, n := range c.Requests() {
		if op != wire.Ping {
			asked += n
		}
	}
	if tried.code != clients.ExitNotObtained || asked > 20 {
		t.Errorf("%d after %d requests: %v", tried.code, asked, c.Requests())
	}
	listed := answerTo("lock", "/big", "--servers", c.direct)
	if want := fmt.Sprintf("/big: 1 holds, %d wait\n", all-1); listed.code != 0 || !strings.HasPrefix(listed.stdout, want) || strings.Count(listed.stdout, "\n") != all+1 {
		t.Errorf("%d, %.300s, %d lines", listed.code, listed.stdout, strings.Count(listed.stdout, "\n"))
	}
	var entries []struct {
		Path, Behind string
		Holds        bool
	}
	if err := json.Unmarshal([]byte(answerTo("lock", "/big", "--servers", c.direct, "--json").stdout), &entries); err != nil || len(entries) != all {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	for i, entry := range entries {
		if entry.Holds != (i == 0) || i > 0 && entry.Behind != entries[i-1].Path {
			t.Fatalf("entry %d: %+v", i, entry)
		}
	}
	for i := range 20 {
		before := w.requests()
		must.Do(t, w.locks[i].Unlock(ctx))
		if err := <-w.got[i+1]; err != nil {
			t.Fatalf("contender %d: %v", i+1, err)
		}
		// A handover takes four requests; the sessions also send pings now and then.
		if n := w.requests() - before; n > 100 {
			t.Errorf("%d requests to hand over to contender %d", n, i+1)
		}
	}
	cancel() // the contenders leave
	for i := 21; i < real; i++ {
		if err := <-w.got[i]; err == nil {
			t.Errorf("contender %d has the lock", i)
		}
	}
}
