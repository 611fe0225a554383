package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// These tests check in virtual time what the comparison with Apache ZooKeeper showed.

// depose pauses the leader until the others serve under a new one, and then for some more time.
func (l *lab) depose(more time.Duration) (old, other int) {
	l.Helper()
	old = l.leader()
	other = l.others(old)[0]
	l.ok(l.Server(old).Pause(l.ctx))
	l.until("the others serve", func() bool { return l.writable(other) })
	time.Sleep(more)
	return old, other
}

// next returns the next frame, if it comes within a second.
func (l *lab) next(c *zkclient.Conn) (zkclient.Frame, error) {
	ctx, cancel := context.WithTimeout(l.ctx, time.Second)
	defer cancel()
	return c.Next(ctx)
}

// A deposed leader that resumes leads nobody for half a tick or a whole one, never less, whenever the
// pause began.
func TestDeposedLeaderIsOneForAWhile(t *testing.T) {
	seen := map[time.Duration]bool{}
	for i := range 10 {
		virtually(t, embedded.Config{}, func(l *lab) {
			time.Sleep(time.Duration(i) * tick / 5)
			old, _ := l.depose(0)
			l.ok(l.Server(old).Resume(l.ctx))
			took := l.until("it leads no more", func() bool {
				st, err := l.status(old)
				return err != nil || st.Role != ensemble.Leader
			})
			l.within("it led nobody", took, tick/2, tick+10*time.Millisecond)
			seen[took.Round(tick/2)] = true
		})
	}
	if len(seen) != 2 {
		t.Errorf("it always led nobody for %v", seen)
	}
}

// A leader that resumes finds that sessions are overdue before it reads what their clients sent
// meanwhile: that does not keep them alive, and neither these requests nor later ones are answered.
func TestOverdueSessionsAreNotHeard(t *testing.T) {
	for name, deposed := range map[string]bool{"deposed": true, "still the leader": false} {
		t.Run(name, func(t *testing.T) {
			virtually(t, embedded.Config{}, func(l *lab) {
				leader := l.leader()
				short := l.to(leader)
				short.Session.Timeout = time.Second
				c, counterexample := l.client(short), l.client(pinged(l.to(l.others(leader)[0])))
				l.create(c, "/short", "", wire.Ephemeral)
				if deposed {
					l.depose(0)
				} else {
					l.ok(l.Server(leader).Pause(l.ctx))
					time.Sleep(3*tick + tick/2)
				}
				for range 2 {
					_, err := c.Send(l.ctx, wire.GetData, &wire.ReadRequest{Path: "/"})
					l.ok(err)
				}
				time.Sleep(time.Millisecond) // the requests have arrived
				l.ok(l.Server(leader).Resume(l.ctx))
				time.Sleep(time.Millisecond)
				c.Send(l.ctx, wire.GetData, &wire.ReadRequest{Path: "/"}) // the connection may be gone
				if f, err := l.next(c); !errors.Is(err, wire.ErrNoReply) {
					t.Errorf("a read is answered: %+v, %v", f, err)
				}
				if !deposed && l.exists(counterexample, "/short") {
					t.Error("the session lives")
				}
			})
		})
	}
}

// A follower that resumes first fires the watches of the commits that it learns of, and then closes its
// connections.
func TestFollowerTellsWhatItLearntBeforeItHangsUp(t *testing.T) {
	virtually(t, embedded.Config{}, func(l *lab) {
		follower := l.others(l.leader())[0]
		watcher, writer := l.client(l.to(follower)), l.client(l.to(l.leader()))
		l.create(writer, "/a", "", wire.Persistent)
		l.sync(watcher)
		l.do(watcher, wire.GetData, &wire.ReadRequest{Path: "/a", Watch: true})
		l.ok(l.Server(follower).Pause(l.ctx))
		l.set(writer, "/a", "new")
		time.Sleep(8 * tick)
		l.ok(l.Server(follower).Resume(l.ctx))
		if f, err := l.next(watcher); err != nil || f.Event == nil || f.Event.Path != "/a" {
			t.Errorf("first: %+v, %v", f, err)
		}
		if f, err := l.next(watcher); !errors.Is(err, wire.ErrNoReply) {
			t.Errorf("then: %+v, %v", f, err)
		}
	})
}

// The kernel closes the connections of a killed server: clients get what was sent before, and then a
// normal end of the connection. Over TCP it is really the kernel's.
func TestKilledServersConnectionsEnd(t *testing.T) {
	for name, cfg := range map[string]embedded.Config{"TCP": {}, "in memory": {InMemory: true}} {
		t.Run(name, func(t *testing.T) {
			l := &lab{T: t, Ensemble: start(t, cfg), ctx: t.Context()}
			way := &peekingConn{}
			to := l.to(1)
			to.Dial = func(context.Context) (net.Conn, error) {
				conn, err := l.Dial("tcp", l.Server(1).Addr(), 0)
				way.Conn = conn
				return way, err
			}
			idle, err := zkclient.Connect(l.ctx, l.to(1))
			l.ok(err)
			defer idle.Close()
			asked, err := zkclient.Connect(l.ctx, to)
			l.ok(err)
			defer asked.Close()
			xid, err := asked.Send(l.ctx, wire.GetData, &wire.ReadRequest{Path: "/"})
			l.ok(err)
			l.ok(way.peek())
			l.ok(l.Server(1).Kill(l.ctx))
			if f, err := asked.Next(l.ctx); err != nil || f.Header.Xid != xid {
				t.Errorf("the reply: %+v, %v", f, err)
			}
			for _, c := range []*zkclient.Conn{idle, asked} {
				if f, err := c.Next(l.ctx); !errors.Is(err, io.EOF) {
					t.Errorf("the end: %s", fmt.Sprint(f, err))
				}
			}
		})
	}
}

// peekingConn is a connection that can wait until a reply has come.
type peekingConn struct {
	net.Conn
	first []byte
}

// peek waits for a byte, and leaves it to be read.
func (c *peekingConn) peek() error {
	c.first = make([]byte, 1)
	_, err := io.ReadFull(c.Conn, c.first)
	return err
}

func (c *peekingConn) Read(b []byte) (int, error) {
	if len(c.first) == 0 {
		return c.Conn.Read(b)
	}
	n := copy(b, c.first)
	c.first = c.first[n:]
	return n, nil
}
