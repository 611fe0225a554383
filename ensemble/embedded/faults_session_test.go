package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// awaitEvent waits for a watch event and returns the time.
func (l *lab) awaitEvent(c *zkclient.Conn, typ wire.EventType, path string) time.Time {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.ctx, time.Minute)
	defer cancel()
	f, err := c.Next(ctx)
	l.ok(err)
	if f.Event == nil || f.Event.Type != typ || f.Event.Path != path {
		l.Fatalf("got %+v, want an event %v of %s", f, typ, path)
	}
	return time.Now()
}

// A session from which nothing is heard ends in (timeout, timeout + tick]. A follower tells the leader
// which sessions it heard from with its next answer to a ping, of which there are two in a tick.
func TestExpiry(t *testing.T) {
	for _, wait := range []time.Duration{0, 130 * time.Millisecond, 499 * time.Millisecond, 777 * time.Millisecond} {
		for _, onLeader := range []bool{true, false} {
			t.Run(fmt.Sprint(wait, onLeader), func(t *testing.T) {
				virtually(t, embedded.Config{}, func(l *lab) {
					server, late := l.leader(), time.Duration(0)
					if !onLeader {
						server, late = l.others(server)[0], tick/2
					}
					time.Sleep(wait)
					counterexample, dying := l.client(pinged(l.to(1))), l.client(l.to(server))
					l.create(dying, "/dying", "", wire.Ephemeral)
					l.sync(counterexample)
					l.do(counterexample, wire.Exists, &wire.ReadRequest{Path: "/dying", Watch: true})
					time.Sleep(time.Second)
					l.do(dying, wire.Ping, nil)
					heard := time.Now()
					lived := l.awaitEvent(counterexample, wire.EventDeleted, "/dying").Sub(heard)
					l.within("without a word it lived", lived, 4*time.Second+1, 4*time.Second+tick+late)
					if _, err := l.try(dying, wire.Ping, nil); !errors.Is(err, wire.ErrNoReply) {
						t.Errorf("its connection: %v", err)
					}
					if _, err := l.connect(l.resume(server, dying)); !errors.Is(err, wire.ErrRefused) {
						t.Errorf("to resume it: %v", err)
					}
				})
			})
		}
	}
}

// Pings keep a session alive, through any server.
func TestPingsKeepSessionsAlive(t *testing.T) {
	virtually(t, embedded.Config{Observers: 1}, func(l *lab) {
		var clients []*zkclient.Conn
		for _, id := range l.others() {
			c := l.client(pinged(l.to(id)))
			l.create(c, fmt.Sprint("/", id), "", wire.Ephemeral)
			clients = append(clients, c)
		}
		time.Sleep(5 * time.Minute)
		for i, c := range clients {
			if !l.exists(c, fmt.Sprint("/", i+1)) {
				t.Errorf("the session on server %d is over", i+1)
			}
		}
	})
}

// After a change of the leader, or a restart of all servers, the timeout of every session begins again.
func TestNewLeaderGivesTheWholeTimeout(t *testing.T) {
	for name, all := range map[string]bool{"leader": false, "all": true} {
		t.Run(name, func(t *testing.T) {
			virtually(t, embedded.Config{}, func(l *lab) {
				old := l.leader()
				dying := l.client(l.to(old))
				l.create(dying, "/dying", "", wire.Ephemeral)
				time.Sleep(3 * time.Second)
				killed := []int{old}
				if all {
					killed = l.others()
				}
				for _, id := range killed {
					l.ok(l.Server(id).Kill(l.ctx))
				}
				if all {
					time.Sleep(time.Minute)
					for _, id := range killed {
						l.ok(l.Server(id).Start(l.ctx))
					}
				}
				begin := time.Now()
				other := l.others(old)[0]
				elected := l.until("the others serve", func() bool { return l.writable(other) })
				counterexample := l.client(pinged(l.to(other)))
				l.do(counterexample, wire.Exists, &wire.ReadRequest{Path: "/dying", Watch: true})
				lived := l.awaitEvent(counterexample, wire.EventDeleted, "/dying").Sub(begin)
				l.within("it lived", lived, 4*time.Second, elected+4*time.Second+tick)
			})
		})
	}
}

// A session that connects elsewhere moves, with its ephemerals. The server that it left notices this at
// the next write over the old connection, or, if it leads, at any request, and then closes that
// connection (ZOOKEEPER-710). If the session moves within one server, the old connection ends at once.
func TestSessionMoves(t *testing.T) {
	for _, way := range [][2]int{{0, 1}, {1, 0}, {1, 2}, {0, 0}, {1, 1}} {
		t.Run(fmt.Sprint(way), func(t *testing.T) {
			virtually(t, embedded.Config{}, func(l *lab) {
				leader := l.leader()
				servers := append([]int{leader}, l.others(leader)...)
				from, to := servers[way[0]], servers[way[1]]
				old := l.client(l.to(from))
				l.create(old, "/mine", "", wire.Ephemeral)
				moved := l.client(l.resume(to, old))
				if got, want := moved.Session().ID, old.Session().ID; got != want {
					t.Errorf("session %#x became %#x", want, got)
				}
				l.set(moved, "/mine", "here")
				if from != to && from != leader { // the leader knows where each session is
					if got := l.get(old, "/mine"); got == "" {
						l.sync(old)
					}
				}
				r, err := l.try(old, wire.SetData, &wire.SetDataRequest{Path: "/mine", Data: []byte("late"), Version: -1})
				if !errors.Is(err, wire.ErrNoReply) && r.Header.Err != wire.SessionMoved {
					t.Errorf("a write over the old connection: %+v, %v", r, err)
				}
				if _, err := l.try(old, wire.Ping, nil); !errors.Is(err, wire.ErrNoReply) {
					t.Errorf("the old connection lives on: %v", err)
				}
				if got := l.get(moved, "/mine"); got != "here" {
					t.Errorf("the znode has %q", got)
				}
			})
		})
	}
}

// Any server refuses a client that cannot prove that a session is its own, or that asks for a session
// that does not exist; a client that has seen more than a server gets no answer at all.
func TestRefusedSessions(t *testing.T) {
	virtually(t, embedded.Config{Observers: 1}, func(l *lab) {
		owner := l.client(pinged(l.to(1)))
		l.create(owner, "/here", "", wire.Ephemeral)
		for _, id := range l.others() {
			wrong := l.to(id)
			wrong.Session = owner.Session()
			wrong.Session.Password = make([]byte, wire.PasswordSize)
			if _, err := l.connect(wrong); !errors.Is(err, wire.ErrRefused) {
				t.Errorf("server %d: with a wrong password: %v", id, err)
			}
			unknown := l.to(id)
			unknown.Session = owner.Session()
			unknown.Session.ID++
			if _, err := l.connect(unknown); !errors.Is(err, wire.ErrRefused) {
				t.Errorf("server %d: an unknown session: %v", id, err)
			}
			ahead := l.to(id)
			ahead.LastZxid = 1 << 60
			if _, err := l.connect(ahead); !errors.Is(err, wire.ErrNoReply) {
				t.Errorf("server %d: from the future: %v", id, err)
			}
		}
		if id := l.others(1)[0]; !l.exists(l.client(l.to(id)), "/here") {
			t.Error("the session is over")
		}
		closed := l.client(l.to(2))
		l.do(closed, wire.CloseSession, nil)
		for _, id := range l.others() {
			c := l.to(id)
			c.Session = closed.Session()
			if _, err := l.connect(c); !errors.Is(err, wire.ErrRefused) {
				t.Errorf("server %d: a closed session: %v", id, err)
			}
		}
	})
}

// Timeouts are negotiated within bounds: two ticks, and a minute.
func TestNegotiatedTimeouts(t *testing.T) {
	for _, c := range []struct {
		cfg       embedded.Config
		ask, want time.Duration
	}{
		{embedded.Config{}, time.Millisecond, time.Second},
		{embedded.Config{}, 7 * time.Second, 7 * time.Second},
		{embedded.Config{}, time.Hour, time.Minute},
		{embedded.Config{Tick: 4 * time.Second}, time.Hour, 80 * time.Second},
		{embedded.Config{MinSession: 3 * time.Second, MaxSession: 5 * time.Second}, time.Second, 3 * time.Second},
		{embedded.Config{MinSession: 3 * time.Second, MaxSession: 5 * time.Second}, 9 * time.Second, 5 * time.Second},
	} {
		virtually(t, c.cfg, func(l *lab) {
			cfg := l.to(2)
			cfg.Session.Timeout = c.ask
			if got := l.client(cfg).Session().Timeout; got != c.want {
				t.Errorf("%+v: asked for %v, got %v, want %v", c.cfg, c.ask, got, c.want)
			}
		})
	}
}
