//go:build real

package link

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

// These tests put the link between the real client and Apache ZooKeeper's servers: they show that these
// behave like the servers in memory of the link's other tests.

// TestRealFaultsOnAClient runs the experiments, each with its own client.
func TestRealFaultsOnAClient(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	for _, c := range experiments {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x := newLab(t, e, 40*time.Second, time.Minute, dialing)
			c.test(t, x)
			mustBeClean(t, x.link)
		})
	}
}

// real is a client with a link, and an admin client without one.
type real struct {
	ensemble ensemble.Ensemble
	link     *Link
	record   *record
	conn     *zk.Conn
	events   <-chan zk.Event
	admin    *zk.Conn
	root     string
}

func openReal(t *testing.T) *real {
	t.Helper()
	r := &real{ensemble: dockertest.Ensemble(t, 3), record: &record{}, root: fmt.Sprintf("/link-%d", time.Now().UnixNano())}
	var addrs []string
	for _, s := range r.ensemble.Servers() {
		addrs = append(addrs, s.Addr())
	}
	r.link = New(Config{Dial: r.ensemble.Dial, Record: r.record.add})
	direct := New(Config{Dial: r.ensemble.Dial})
	var adminEvents <-chan zk.Event
	r.admin, adminEvents = openZK(t, direct, 40*time.Second, addrs...)
	r.conn, r.events = openZK(t, r.link, 40*time.Second, addrs...)
	t.Cleanup(func() {
		r.conn.Close()
		r.admin.Close()
		r.link.Close()
		direct.Close()
	})
	await(t, adminEvents, zk.StateHasSession)
	await(t, r.events, zk.StateHasSession)
	must.Get(r.admin.Create(r.root, nil, 0, zk.WorldACL(zk.PermAll)))(t)
	// The client's server may lag behind the admin's.
	must.Get(r.conn.Sync(r.root))(t)
	return r
}

// exists asks through the admin client, which has caught up with the leader.
func (r *real) exists(t *testing.T, path string) bool {
	t.Helper()
	must.Get(r.admin.Sync(r.root))(t)
	ok, _, err := r.admin.Exists(path)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func (r *real) session(t *testing.T) Session {
	t.Helper()
	s, ok := r.link.Session()
	if !ok || !s.Connected || s.ID != r.conn.SessionID() {
		t.Fatalf("the link knows of %+v, the client has %#x", s, r.conn.SessionID())
	}
	return s
}

func TestRealExpiry(t *testing.T) {
	for _, own := range []bool{true, false} {
		t.Run(fmt.Sprintf("own server %v", own), func(t *testing.T) {
			r := openReal(t)
			node := r.root + "/mine"
			must.Get(r.conn.Create(node, nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll)))(t)
			s := r.session(t)
			if s.Alive == 0 || s.Zxid == 0 {
				t.Errorf("the create left no evidence: %+v", s)
			}
			via := ""
			for _, server := range r.ensemble.Servers() {
				if (server.Addr() == s.Server) == own {
					via = server.Addr()
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			zxid := must.Get(r.link.ExpireSession(ctx, s.ID, via))(t)
			if zxid <= s.Zxid {
				t.Errorf("closed at %#x, the create was seen at %#x", zxid, s.Zxid)
			}
			if r.exists(t, node) {
				t.Error("the ephemeral lives on")
			}
			await(t, r.events, zk.StateExpired)
			await(t, r.events, zk.StateHasSession)
			if next := r.session(t); next.ID == s.ID {
				t.Error("the session lives on")
			}
			facts := r.record.facts()
			for _, want := range []string{"connected", "dead", "disconnected", "expired"} {
				if !slices.Contains(facts, fmt.Sprintf("%s 0x%x", want, uint64(s.ID))) {
					t.Errorf("no %s in %v", want, facts)
				}
			}
		})
	}
}

func TestRealLosses(t *testing.T) {
	r := openReal(t)
	request := lose(t, r.link, Rule{What: Request, Op: wire.Create, Path: r.root})
	if _, err := r.conn.Create(r.root+"/request", nil, 0, zk.WorldACL(zk.PermAll)); !errors.Is(err, zk.ErrConnectionClosed) {
		t.Errorf("lost request: %v", err)
	}
	if !happened(request) || r.exists(t, r.root+"/request") {
		t.Error("the request was not lost")
	}
	await(t, r.events, zk.StateHasSession)

	reply := lose(t, r.link, Rule{What: Reply, Op: wire.Create, Path: r.root})
	if _, err := r.conn.Create(r.root+"/reply", nil, 0, zk.WorldACL(zk.PermAll)); !errors.Is(err, zk.ErrConnectionClosed) {
		t.Errorf("lost reply: %v", err)
	}
	if !happened(reply) || !r.exists(t, r.root+"/reply") {
		t.Error("the request of the lost reply did nothing")
	}
	_, stat, err := r.admin.Get(r.root + "/reply")
	if lost := reply.Lost(); err != nil || lost[0].Zxid != stat.Czxid {
		t.Errorf("lost %+v, the znode was made at %#x, %v", lost, stat.Czxid, err)
	}
}

// Requests that count as evidence that a session is alive get their own zxid, and others do not:
// servers commit even failed requests.
func TestRealEvidence(t *testing.T) {
	r := openReal(t)
	for _, c := range []struct {
		name  string
		do    func() error
		want  error
		alive bool
	}{
		{"create", func() error {
			_, err := r.conn.Create(r.root+"/a", nil, 0, zk.WorldACL(zk.PermAll))
			return err
		}, nil, true},
		{"node exists", func() error {
			_, err := r.conn.Create(r.root+"/a", nil, 0, zk.WorldACL(zk.PermAll))
			return err
		}, zk.ErrNodeExists, true},
		{"no node", func() error { return r.conn.Delete(r.root+"/none", -1) }, zk.ErrNoNode, true},
		{"not empty", func() error { return r.conn.Delete(r.root, -1) }, zk.ErrNotEmpty, true},
		{"bad version", func() error {
			_, err := r.conn.Set(r.root, nil, 77)
			return err
		}, zk.ErrBadVersion, true},
		{"invalid acl", func() error {
			_, err := r.conn.Create(r.root+"/b", nil, 0, nil)
			return err
		}, zk.ErrInvalidACL, true},
		{"check", func() error {
			_, err := r.conn.Multi(&zk.CheckVersionRequest{Path: r.root, Version: -1})
			return err
		}, nil, true},
		{"failed multi", func() error {
			res, err := r.conn.Multi(&zk.CheckVersionRequest{Path: r.root, Version: 77})
			if err == nil && len(res) == 1 {
				err = res[0].Error
			}
			return err
		}, zk.ErrBadVersion, true},
		{"empty multi", func() error {
			_, err := r.conn.Multi()
			return err
		}, nil, false},
		{"read", func() error {
			_, _, err := r.conn.Get(r.root)
			return err
		}, nil, false},
		{"sync", func() error {
			_, err := r.conn.Sync(r.root)
			return err
		}, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := r.session(t)
			if err := c.do(); !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			after := r.session(t)
			if (after.Alive > before.Alive) != c.alive {
				t.Errorf("alive went from %s to %s", before.Alive, after.Alive)
			}
			if c.alive && after.Zxid <= before.Zxid {
				t.Errorf("zxid went from %#x to %#x: nothing was committed", before.Zxid, after.Zxid)
			}
		})
	}
}

// A paused server accepts connections and answers nothing: the client, which would otherwise stay for
// minutes, leaves it.
func TestRealPausedServer(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	paused := e.Servers()[0]
	must.Do(t, paused.(ensemble.Pauser).Pause(t.Context()))
	defer paused.(ensemble.Pauser).Resume(context.Background())
	l := New(Config{Dial: e.Dial})
	conn, events := openZK(t, l, time.Minute, paused.Addr())
	defer conn.Close()
	defer l.Close() // closed first: otherwise the client would wait for an answer to its close
	await(t, events, zk.StateConnected)
	await(t, events, zk.StateDisconnected)
}
