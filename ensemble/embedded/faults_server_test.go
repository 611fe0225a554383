package embedded_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// A paused server keeps its connections, accepts new ones, and answers nothing until it resumes, and
// then everything.
func TestPausedServerAnswersNothing(t *testing.T) {
	virtually(t, embedded.Config{}, func(l *lab) {
		paused := l.others(l.leader())[0]
		c := l.client(l.to(paused))
		l.ok(l.Server(paused).Pause(l.ctx))
		l.ok(l.Server(paused).Pause(l.ctx)) // has no further effect
		if yes, err := l.Server(paused).Paused(l.ctx); !yes || err != nil {
			t.Errorf("paused: %v, %v", yes, err)
		}
		xid, err := c.Send(l.ctx, wire.GetData, &wire.ReadRequest{Path: "/"})
		l.ok(err)
		ctx, cancel := context.WithTimeout(l.ctx, time.Second)
		defer cancel()
		if f, err := c.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a paused server answers: %+v, %v", f, err)
		}
		if _, err := l.connect(l.to(paused)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a new connection: %v", err)
		}
		if st, err := l.status(paused); err == nil {
			t.Errorf("srvr: %+v", st)
		}
		l.ok(l.Server(paused).Resume(l.ctx))
		l.ok(l.Server(paused).Resume(l.ctx))
		if f, err := c.Next(l.ctx); err != nil || f.Header.Xid != xid {
			t.Errorf("after the pause: %+v, %v", f, err)
		}
	})
}

// A leader that is silent for less than SyncLimit ticks stays leader, and the
// connections of its clients stay.
func TestShortPauseChangesNoLeader(t *testing.T) {
	virtually(t, embedded.Config{}, func(l *lab) {
		leader := l.leader()
		mine, theirs := l.client(l.to(leader)), l.client(l.to(l.others(leader)[0]))
		l.create(mine, "/a", "", wire.Persistent)
		before := theirs.LastZxid() >> 32
		for range 5 {
			l.ok(l.Server(leader).Pause(l.ctx))
			time.Sleep(3 * tick)
			l.ok(l.Server(leader).Resume(l.ctx))
			l.set(mine, "/a", "")
			l.set(theirs, "/a", "")
			time.Sleep(tick)
		}
		if now := l.leader(); now != leader {
			t.Errorf("server %d leads, it was %d", now, leader)
		}
		if epoch := theirs.LastZxid() >> 32; epoch != max(before, 1) {
			t.Errorf("the epoch went from %d to %d", before, epoch)
		}
	})
}

// A leader that is paused for longer is replaced. After it resumes, it claims to lead for up to a
// second and answers from its old state; then it follows.
func TestLeaderPausedForLong(t *testing.T) {
	virtually(t, embedded.Config{}, func(l *lab) {
		old := l.leader()
		other := l.others(old)[0]
		mine := l.client(l.to(old))
		l.create(mine, "/a", "old", wire.Persistent)
		l.ok(l.Server(old).Pause(l.ctx))
		took := l.until("the others serve", func() bool { return l.writable(other) })
		l.within("until the others serve", took, 3*tick, 4*tick+time.Second)

		theirs := l.client(l.to(other))
		l.set(theirs, "/a", "new")
		_, err := mine.Send(l.ctx, wire.GetData, &wire.ReadRequest{Path: "/a"})
		l.ok(err)
		l.ok(l.Server(old).Resume(l.ctx))
		f, err := mine.Next(l.ctx)
		l.ok(err)
		r, err := f.Decode()
		l.ok(err)
		if got := string(r.(wire.DataReply).Data); got != "old" {
			t.Errorf("the deposed leader answers a waiting read with %q", got)
		}
		if st, err := l.status(old); err != nil || st.Role != ensemble.Leader {
			t.Errorf("the deposed leader says %v, %v", st.Role, err)
		}
		took = l.until("it follows", func() bool {
			st, err := l.status(old)
			return err == nil && st.Role == ensemble.Follower
		})
		l.within("until it follows", took, tick/2, 3*tick)
		if _, err := l.try(mine, wire.Ping, nil); !errors.Is(err, wire.ErrNoReply) {
			t.Errorf("its connection lives on: %v", err)
		}
		back := l.client(l.resume(old, mine))
		l.sync(back)
		if got := l.get(back, "/a"); got != "new" {
			t.Errorf("it has %q", got)
		}
	})
}

// A leader that was paused finds, before it notices anything else, that the sessions it has not heard
// from are overdue, but these have not really expired.
func TestDeposedLeaderTellsOfAnExpiryThatIsNone(t *testing.T) {
	virtually(t, embedded.Config{}, func(l *lab) {
		old := l.leader()
		other := l.others(old)[0]
		before := l.client(l.to(other))
		l.create(before, "/here", "", wire.Ephemeral)
		l.ok(l.Server(old).Pause(l.ctx))
		l.until("the others serve", func() bool { return l.writable(other) })
		alive := l.client(pinged(l.resume(other, before)))
		time.Sleep(4 * time.Second)
		l.ok(l.Server(old).Resume(l.ctx))
		time.Sleep(time.Millisecond)
		cfg := l.resume(old, alive)
		cfg.LastZxid = 0 // a client that has seen the new epoch would not be answered
		if _, err := l.connect(cfg); !errors.Is(err, wire.ErrRefused) {
			t.Errorf("the deposed leader: %v", err)
		}
		if !l.exists(alive, "/here") {
			t.Error("the session is over")
		}
	})
}

// The connections of a killed server end, and it comes back with its data.
func TestKillAndStart(t *testing.T) {
	for name, end := range map[string]func(*embedded.Server) error{
		"kill": func(s *embedded.Server) error { return s.Kill(context.Background()) },
		"stop": func(s *embedded.Server) error { return s.Stop(context.Background()) },
		"kill paused": func(s *embedded.Server) error {
			return errors.Join(s.Pause(context.Background()), s.Kill(context.Background()))
		},
		"stop paused": func(s *embedded.Server) error {
			return errors.Join(s.Pause(context.Background()), s.Stop(context.Background()))
		},
	} {
		for _, nodes := range []int{1, 3} {
			t.Run(name, func(t *testing.T) {
				virtually(t, embedded.Config{Nodes: nodes}, func(l *lab) { l.endAndStart(end) })
			})
		}
	}
}

func (l *lab) endAndStart(end func(*embedded.Server) error) {
	c := l.client(l.to(1))
	l.create(c, "/a", "kept", wire.Persistent)
	l.ok(end(l.Server(1)))
	l.ok(end2(l.Server(1)))
	if _, err := l.try(c, wire.Ping, nil); !errors.Is(err, wire.ErrNoReply) {
		l.Errorf("its connection: %v", err)
	}
	if down, err := l.Server(1).Down(l.ctx); !down || err != nil {
		l.Errorf("down: %v, %v", down, err)
	}
	if _, err := l.connect(l.to(1)); err == nil {
		l.Error("it takes connections")
	}
	if err := l.Server(1).Pause(l.ctx); err == nil {
		l.Error("it can be paused")
	}
	l.ok(l.Server(1).Start(l.ctx))
	l.ok(l.Server(1).Start(l.ctx))
	l.until("it serves again", func() bool { return l.writable(1) })
	back := l.client(l.resume(1, c))
	l.sync(back)
	if got := l.get(back, "/a"); got != "kept" {
		l.Errorf("it has %q", got)
	}
}

// end2 ends a server that is down.
func end2(s *embedded.Server) error {
	return errors.Join(s.Kill(context.Background()), s.Stop(context.Background()))
}

// When all servers are killed at once, nothing acknowledged is lost, but writes that are not yet on the
// disks are.
func TestKillAll(t *testing.T) {
	virtually(t, embedded.Config{}, func(l *lab) {
		c := l.client(l.to(1))
		l.create(c, "/a", "acknowledged", wire.Persistent)
		for _, id := range l.others() {
			_ = l.Server(id).SlowDisk(context.Background(), 100*time.Millisecond)
		}
		begin := time.Now()
		l.set(c, "/a", "acknowledged, too")
		l.within("a write", time.Since(begin), 100*time.Millisecond, 110*time.Millisecond)
		_, err := c.Send(l.ctx, wire.SetData, &wire.SetDataRequest{Path: "/a", Data: []byte("lost"), Version: -1})
		l.ok(err)
		time.Sleep(50 * time.Millisecond)
		for _, id := range l.others() {
			l.ok(l.Server(id).Kill(l.ctx))
		}
		for _, id := range l.others() {
			_ = l.Server(id).SlowDisk(context.Background(), 0)
			l.ok(l.Server(id).Start(l.ctx))
		}
		l.until("they serve again", func() bool {
			return !slices.ContainsFunc(l.others(), func(id int) bool { return !l.writable(id) })
		})
		for _, id := range l.others() {
			back := l.client(l.to(id))
			l.sync(back)
			if got := l.get(back, "/a"); got != "acknowledged, too" {
				t.Errorf("server %d has %q", id, got)
			}
		}
	})
}

// A kill of the leader leads to a short outage: the others notice it at once.
func TestLeaderKilled(t *testing.T) {
	virtually(t, embedded.Config{}, func(l *lab) {
		old := l.leader()
		l.ok(l.Server(old).Kill(l.ctx))
		took := l.until("the others serve", func() bool { return l.writable(l.others(old)[0]) })
		l.within("outage", took, 0, 1500*time.Millisecond)
		if now := l.leader(); now == 0 || now == old {
			t.Errorf("server %d leads", now)
		}
	})
}

// A majority of servers serves, fewer do not; a server without a majority reports that.
func TestWithoutMajority(t *testing.T) {
	virtually(t, embedded.Config{Nodes: 5}, func(l *lab) {
		ids := l.others()
		var c *zkclient.Conn
		for i, id := range ids[:3] {
			c = l.client(l.to(5))
			l.ok(l.Server(id).Kill(l.ctx))
			if i < 2 {
				l.until("the others serve", func() bool { return l.writable(5) })
			}
		}
		took := l.until("the rest gives up", func() bool {
			_, err := l.status(5)
			return errors.Is(err, ensemble.ErrNotServing)
		})
		l.within("until the rest gives up", took, 0, 3*time.Second)
		if _, err := l.try(c, wire.GetData, &wire.ReadRequest{Path: "/"}); !errors.Is(err, wire.ErrNoReply) {
			t.Errorf("its connection: %v", err)
		}
		if _, err := l.connect(l.to(5)); !errors.Is(err, wire.ErrNoReply) {
			t.Errorf("a new connection: %v", err)
		}
		l.ok(l.Server(ids[0]).Start(l.ctx))
		took = l.until("three serve", func() bool { return l.writable(5) })
		l.within("until three serve", took, 0, 3*time.Second)
	})
}

// Observers serve reads and writes, but do not count towards a majority.
func TestObserversDoNotVote(t *testing.T) {
	virtually(t, embedded.Config{Nodes: 3, Observers: 2}, func(l *lab) {
		for _, id := range []int{4, 5} {
			if st, err := l.status(id); err != nil || st.Role != ensemble.Observer {
				t.Errorf("server %d: %v, %v", id, st.Role, err)
			}
			c := l.client(l.to(id))
			l.create(c, "/by-observer-", "x", wire.PersistentSequential)
			if names := l.do(c, wire.GetChildren, &wire.ReadRequest{Path: "/"}); len(names.Record) == 0 {
				t.Error("no children")
			}
		}
		l.ok(l.Server(4).Kill(l.ctx))
		l.ok(l.Server(5).Kill(l.ctx))
		if !l.writable(1) {
			t.Error("the voters need observers")
		}
		l.ok(l.Server(4).Start(l.ctx))
		l.ok(l.Server(5).Start(l.ctx))
		l.until("the observers serve again", func() bool { return l.writable(4) && l.writable(5) })

		dead := l.others(l.leader(), 4, 5)
		for _, id := range dead {
			l.ok(l.Server(id).Kill(l.ctx))
		}
		time.Sleep(5 * time.Second)
		for _, id := range l.others(dead...) {
			if _, err := l.status(id); !errors.Is(err, ensemble.ErrNotServing) {
				t.Errorf("one voter and two observers serve: server %d: %v", id, err)
			}
		}
		l.ok(l.Server(dead[0]).Start(l.ctx))
		l.until("two voters serve, and the observers", func() bool { return l.writable(4) && l.writable(5) })
	})
}

// Containers that had children and have none are deleted, and so are znodes with a TTL that were not
// changed for that long.
func TestSweep(t *testing.T) {
	const sweep = 2 * time.Second
	virtually(t, embedded.Config{Sweep: sweep}, func(l *lab) {
		c := l.client(pinged(l.to(1)))
		for _, path := range []string{"/used", "/unused"} {
			l.do(c, wire.CreateContainer, &wire.CreateRequest{Path: path, ACL: openToAll, Mode: wire.Container})
		}
		ttl := func(path string, by time.Duration) {
			l.do(c, wire.CreateTTL, &wire.CreateRequest{Path: path, ACL: openToAll, Mode: wire.PersistentTTL, TTL: by})
		}
		ttl("/short", time.Second)
		ttl("/set", 3*time.Second)
		ttl("/parent", time.Second)
		l.create(c, "/used/x", "", wire.Persistent)
		l.create(c, "/parent/x", "", wire.Persistent)
		for range 4 {
			time.Sleep(sweep)
			l.set(c, "/set", "")
		}
		here := func(want bool, paths ...string) {
			l.Helper()
			for _, path := range paths {
				if got := l.exists(c, path); got != want {
					l.Errorf("%s is there: %v, want %v", path, got, want)
				}
			}
		}
		here(true, "/used", "/unused", "/set", "/parent")
		here(false, "/short")
		l.do(c, wire.Delete, &wire.VersionRequest{Path: "/used/x", Version: -1})
		l.do(c, wire.Delete, &wire.VersionRequest{Path: "/parent/x", Version: -1})
		here(true, "/used")
		time.Sleep(sweep + 3*time.Second)
		here(false, "/used", "/parent")
		here(true, "/unused")
		time.Sleep(sweep)
		here(false, "/set")
	})
}

// The age of a znode with a TTL is that of the leader's wall clock, and so is the time of the next sweep. A session lives
// by none of that, nor by the clock of the server that it is on, and a server that is started again has the same clock.
func TestShiftedClocks(t *testing.T) {
	const sweep = 2 * time.Second
	virtually(t, embedded.Config{Sweep: sweep}, func(l *lab) {
		c := l.client(pinged(l.to(1)))
		shift := func(by time.Duration, servers ...int) {
			for _, id := range servers {
				l.ok(l.Server(id).ShiftClock(l.ctx, by))
			}
		}
		ttl := func(path string) {
			l.do(c, wire.CreateTTL, &wire.CreateRequest{Path: path, ACL: openToAll, Mode: wire.PersistentTTL, TTL: 10 * time.Minute})
		}
		here := func(want bool, path, why string) {
			l.Helper()
			if got := l.exists(c, path); got != want {
				l.Errorf("%s: %s is there: %v, want %v", why, path, got, want)
			}
		}
		l.do(c, wire.Create, &wire.CreateRequest{Path: "/mine", ACL: openToAll, Mode: wire.Ephemeral})
		ttl("/a")
		shift(20*time.Minute, l.others(l.leader())...)
		time.Sleep(2 * sweep)
		here(true, "/a", "the clocks of followers")
		shift(20*time.Minute, l.leader())
		time.Sleep(sweep)
		here(false, "/a", "the leader's clock is ahead")
		ttl("/b")
		shift(-20*time.Minute, l.leader())
		time.Sleep(2 * sweep)
		here(true, "/b", "the leader's clock is back: it waits for its time")
		shift(0, 1, 2, 3)
		l.do(c, wire.CreateContainer, &wire.CreateRequest{Path: "/c", ACL: openToAll, Mode: wire.Container})
		l.create(c, "/c/x", "", wire.Persistent)
		l.do(c, wire.Delete, &wire.VersionRequest{Path: "/c/x", Version: -1})
		time.Sleep(2 * sweep)
		here(true, "/c", "the next sweep is due when the clock shows what it showed while it was ahead")
		time.Sleep(20 * time.Minute)
		here(false, "/c", "that time has come")
		here(true, "/mine", "the session lives")

		shift(time.Hour, 2)
		l.ok(l.Server(2).Kill(l.ctx))
		l.ok(l.Server(2).Start(l.ctx))
		if at, err := l.Server(2).Clock(l.ctx); err != nil || time.Until(at).Round(time.Minute) != time.Hour {
			l.Errorf("after a restart the clock shows %v, %v", at, err)
		}
		if l.Clean() == nil {
			l.Error("nobody notices that the clock is wrong")
		}
	})
}
