package embedded

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/agreement"
	"github.com/zklab/zklab/ensemble/embedded/internal/zab"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// restarted ends an ensemble and starts another one, which the clock tells from it.
func restarted(t *testing.T, e *Ensemble, next Config) *Ensemble {
	t.Helper()
	if e != nil {
		must.Do(t, e.Close())
		<-time.After(epochUnit)
	}
	again := must.Get(Start(next))(t)
	t.Cleanup(func() { again.Close() })
	return again
}

// An ensemble with files goes on on the ports that it had: a client finds its session
// on whichever server it tries, also one that has seen an epoch of which there is no
// transaction, as the leader shows it. Its ephemeral is still there.
func TestClientsOutliveARestart(t *testing.T) {
	cfg := Config{Addrs: ReservePorts(t, 3), Data: t.TempDir()}
	e := restarted(t, nil, cfg)
	c := connect(t, cfg.Addrs[0], zkclient.Config{Session: wire.Session{Timeout: time.Minute}})
	if r, err := c.Do(t.Context(), wire.Create, &wire.CreateRequest{Path: "/e", Mode: wire.Ephemeral, ACL: []wire.ACL{{Perms: wire.PermAll, ID: wire.ID{Scheme: "world", ID: "anyone"}}}}); err != nil || r.Header.Err != wire.OK {
		t.Fatal(r.Header.Err, err)
	}
	session, seen := c.Session(), c.LastZxid()
	for range 3 { // nobody writes: each time the last transaction stays the one of the first run
		e = restarted(t, e, cfg)
		var most int64
		for _, addr := range cfg.Addrs {
			c, err := zkclient.Connect(t.Context(), way(addr, zkclient.Config{Session: session, LastZxid: seen}))
			if err != nil {
				t.Fatalf("%s answers the session of a client that has seen %#x: %v", addr, seen, err)
			}
			r, err := c.Do(t.Context(), wire.Exists, &wire.ReadRequest{Path: "/e"})
			if err != nil || r.Header.Err != wire.OK {
				t.Errorf("the ephemeral at %s: %v, %v", addr, r.Header.Err, err)
			}
			if c.LastZxid() < seen {
				t.Errorf("%s is at %#x, behind %#x", addr, c.LastZxid(), seen)
			}
			most = max(most, c.LastZxid())
			c.Close()
		}
		seen = most
	}
}

// A clock that was set back between two runs does not bring zxids back: what begins is
// later than any epoch that one of the servers knows of.
func TestEpochsDoNotFollowTheClockBack(t *testing.T) {
	const ahead = 1 << 20 // of the first epoch of free ports, which is 1
	cfg := Config{Nodes: 3, Data: t.TempDir()}
	e := restarted(t, nil, cfg)
	e.Server(2).withDisk(func(d *zab.Disk) {
		if !e.Server(2).files.Epochs(ahead, d.CurrentEpoch()) {
			t.Fatal("not written")
		}
	})
	e = restarted(t, e, cfg)
	for _, addr := range e.Addrs() {
		if s, err := ensemble.AskStatus(t.Context(), e.Dial, addr); err != nil || s.Zxid < (ahead+1)<<32 {
			t.Errorf("%s: %#x, %v", addr, s.Zxid, err)
		}
	}
}

// With another folder it is another ensemble, although it has the ports of the one
// before: every server tells the clients of that one that their sessions are over.
func TestClientsOfOtherDataExpire(t *testing.T) {
	cfg := Config{Addrs: ReservePorts(t, 3), Data: t.TempDir()}
	e := restarted(t, nil, cfg)
	c := connect(t, cfg.Addrs[0], zkclient.Config{})
	must.Get(c.Do(t.Context(), wire.Exists, &wire.ReadRequest{Path: "/"}))(t)
	session, seen := c.Session(), c.LastZxid()
	cfg.Data = t.TempDir()
	restarted(t, e, cfg)
	for _, addr := range cfg.Addrs {
		_, err := zkclient.Connect(t.Context(), way(addr, zkclient.Config{Session: session, LastZxid: seen}))
		if !errors.Is(err, wire.ErrRefused) {
			t.Errorf("%s answers a client that has seen %#x: %v, want %v", addr, seen, err, wire.ErrRefused)
		}
	}
}

// What a reconfiguration made stays, from the log and from a snapshot; the rest names
// the ports that the servers have now.
func TestMembershipOutlivesARestart(t *testing.T) {
	for name, keep := range map[string]int{"log": 0, "snapshot": 1} {
		t.Run(name, func(t *testing.T) {
			cfg := Config{Addrs: ReservePorts(t, 3), Data: t.TempDir(), Reconfig: true, SuperDigest: "super:" + superSum}
			e := restarted(t, nil, cfg)
			for id := range e.Servers() {
				e.Server(id + 1).Fold(keep)
			}
			c := connect(t, cfg.Addrs[0], zkclient.Config{})
			for _, x := range []struct {
				op  wire.Op
				rec any
			}{
				{wire.Auth, &wire.AuthRequest{Scheme: "digest", Auth: []byte("super:secret")}},
				{wire.Reconfig, &wire.ReconfigRequest{Joining: "server.9=127.0.0.1:1:2;3", FromConfig: -1}},
				{wire.Delete, &wire.VersionRequest{Path: "/a"}},
				{wire.Delete, &wire.VersionRequest{Path: "/b"}},
				{wire.Delete, &wire.VersionRequest{Path: "/c"}},
			} {
				if r, err := c.Do(t.Context(), x.op, x.rec); err != nil || x.op != wire.Delete && r.Header.Err != wire.OK {
					t.Fatalf("%v: %v, %v", x.op, r.Header.Err, err)
				}
			}
			want := configOf(t, cfg.Addrs[0])
			if !strings.Contains(want, "server.9=") {
				t.Fatalf("nobody joined: %s", want)
			}
			restarted(t, e, cfg)
			for _, addr := range cfg.Addrs {
				if got := configOf(t, addr); got != want {
					t.Errorf("%s: %s\nwant %s", addr, got, want)
				}
			}
		})
	}
	cfg := Config{Nodes: 3, Data: t.TempDir()}
	first := restarted(t, nil, cfg)
	before := configOf(t, first.Addrs()[0])
	again := restarted(t, first, cfg)
	if now := configOf(t, again.Addrs()[0]); now == before || now != again.members().Text(0) {
		t.Errorf("on other ports: %s", now)
	}
}

const superSum = "lK75jTNcA+U9vtVEw5vB51mj/w4="

func configOf(t *testing.T, addr string) string {
	t.Helper()
	c := connect(t, addr, zkclient.Config{})
	r := must.Get(c.Do(t.Context(), wire.GetData, &wire.ReadRequest{Path: "/zookeeper/config"}))(t)
	body := must.Get(r.Decode())(t)
	return string(body.(wire.DataReply).Data)
}

// A server whose disk was emptied takes over everything from the others, whether they still have the whole log or a
// snapshot in its place, and what is on its disk outlives the ensemble as before. A disk in use is not emptied.
func TestEmptiedDisk(t *testing.T) {
	for name, keep := range map[string]int{"log": 0, "snapshot and log": 5} {
		t.Run(name, func(t *testing.T) {
			cfg := Config{Addrs: ReservePorts(t, 3), Data: t.TempDir(), KeepLog: keep == 0}
			e := restarted(t, nil, cfg)
			for id := range e.Servers() {
				e.Server(id + 1).Fold(keep)
			}
			leader, _, err := ensemble.LeaderOf(t.Context(), e.Servers())
			if err != nil {
				t.Fatal(err)
			}
			make := func(path string, mode wire.CreateMode) {
				t.Helper()
				c := connect(t, leader.Addr(), zkclient.Config{Session: wire.Session{Timeout: time.Minute}})
				if r, err := c.Do(t.Context(), wire.Create, &wire.CreateRequest{Path: path, Mode: mode, ACL: []wire.ACL{{Perms: wire.PermAll, ID: wire.ID{Scheme: "world", ID: "anyone"}}}}); err != nil || r.Header.Err != wire.OK {
					t.Fatal(r.Header.Err, err)
				}
			}
			make("/a", wire.Persistent)
			for range 20 {
				make("/a/s", wire.PersistentSequential)
			}
			make("/e", wire.Ephemeral)
			s := e.Server(leader.ID()%3 + 1)
			if err := s.EmptyDisk(t.Context()); err == nil {
				t.Error("the disk of a server that runs was emptied")
			}
			for range 2 { // what it took over can be lost, too
				must.Do(t, s.Kill(t.Context()))
				must.Do(t, s.EmptyDisk(t.Context()))
				if empty, err := s.DiskEmpty(t.Context()); err != nil || !empty {
					t.Errorf("empty: %v, %v", empty, err)
				}
				make("/b", wire.PersistentSequential)
				must.Do(t, s.Start(t.Context()))
				must.Get(ensemble.WaitHealthy(t.Context(), e, time.Minute))(t)
			}
			e = restarted(t, e, cfg)
			a := agreement.Config{Servers: e.Servers(), Dial: e.Dial, Root: "/", Fence: "/"}.Compare(t.Context())
			if len(a.Differences) > 0 || a.Znodes < 25 {
				t.Errorf("%+v", a)
			}
			if txns, err := e.Transactions(t.Context()); keep == 0 && (err != nil || len(txns) < 25) {
				t.Errorf("%d transactions, %v", len(txns), err)
			}
		})
	}
}

// A loss of power leaves in the files what was acknowledged. Files that are not forced tell nothing of that.
func TestPowerLossWithFiles(t *testing.T) {
	cfg := Config{Addrs: ReservePorts(t, 3), Data: t.TempDir(), Fsync: true}
	e := restarted(t, nil, cfg)
	c := connect(t, cfg.Addrs[0], zkclient.Config{Session: wire.Session{Timeout: time.Minute}})
	for range 5 {
		if r, err := c.Do(t.Context(), wire.Create, &wire.CreateRequest{Path: "/a", Mode: wire.PersistentSequential, ACL: []wire.ACL{{Perms: wire.PermAll, ID: wire.ID{Scheme: "world", ID: "anyone"}}}}); err != nil || r.Header.Err != wire.OK {
			t.Fatal(r.Header.Err, err)
		}
	}
	for _, s := range e.servers {
		if _, _, err := s.LosePower(t.Context(), 1); err == nil {
			t.Error("more than all is to remain")
		}
		if _, _, err := s.LosePower(t.Context(), 0); err != nil {
			t.Error(err)
		}
		if down, err := s.Down(t.Context()); err != nil || !down {
			t.Errorf("server %d runs without power: %v", s.id, err)
		}
		if again, _, err := s.LosePower(t.Context(), 0); again > 0 || err != nil {
			t.Errorf("server %d has %d unforced after it lost its power, %v", s.id, again, err)
		}
	}
	restarted(t, e, cfg)
	c = connect(t, cfg.Addrs[0], zkclient.Config{})
	if r, err := c.Do(t.Context(), wire.Exists, &wire.ReadRequest{Path: "/a0000000004"}); err != nil || r.Header.Err != wire.OK {
		t.Errorf("what was acknowledged: %v, %v", r.Header.Err, err)
	}

	loose := restarted(t, nil, Config{Nodes: 1, Data: t.TempDir()})
	if _, _, err := loose.Server(1).LosePower(t.Context(), 0); !errors.Is(err, errNoFsync) {
		t.Errorf("servers that do not force lost power: %v", err)
	}
	if _, err := Start(Config{Data: t.TempDir(), Hasty: true}); !errors.Is(err, ErrConfig) {
		t.Errorf("hasty with files: %v", err)
	}
}
