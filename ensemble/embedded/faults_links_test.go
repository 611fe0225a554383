package embedded_test

import (
	"errors"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/zk/wire"
)

// The side of a partition that has a majority elects a leader, the other side stops serving; after the
// heal all agree.
func TestPartition(t *testing.T) {
	virtually(t, embedded.Config{}, func(l *lab) {
		old := l.leader()
		mine := l.client(pinged(l.to(old)))
		l.create(mine, "/a", "before", wire.Persistent)
		l.isolate(old)
		_, err := mine.Send(l.ctx, wire.SetData, &wire.SetDataRequest{Path: "/a", Data: []byte("by the minority"), Version: -1})
		l.ok(err)
		begin := time.Now()
		l.until("the minority stops", func() bool {
			_, err := l.status(old)
			return errors.Is(err, ensemble.ErrNotServing)
		})
		l.within("until the minority stops", time.Since(begin), 3*tick, 7*tick)
		if f, err := mine.Next(l.ctx); err == nil && f.Op == wire.SetData {
			t.Errorf("the minority acknowledged a write: %+v", f)
		}
		for _, id := range l.others(old) {
			l.until("the majority serves", func() bool { return l.writable(id) })
		}
		l.within("until the majority serves", time.Since(begin), 3*tick, 4*tick+time.Second+tick)
		theirs := l.client(l.to(l.others(old)[0]))
		l.set(theirs, "/a", "by the majority")
		l.ok(l.Heal(l.ctx))
		took := l.until("all serve", func() bool { return l.writable(old) })
		l.within("until all serve", took, 0, 2*time.Second)
		back := l.client(l.to(old))
		l.sync(back)
		if got := l.get(back, "/a"); got != "by the majority" {
			t.Errorf("the old leader has %q", got)
		}
	})
}

// A follower whose messages do not reach the leader, or which the leader's messages do not reach,
// leaves; the others continue without an election.
func TestOneWayCut(t *testing.T) {
	for name, fromLeader := range map[string]bool{"from the leader": true, "to the leader": false} {
		t.Run(name, func(t *testing.T) {
			virtually(t, embedded.Config{}, func(l *lab) {
				leader := l.leader()
				deaf, other := l.others(leader)[0], l.others(leader)[1]
				c := l.client(pinged(l.to(other)))
				l.create(c, "/a", "", wire.Persistent)
				if fromLeader {
					l.ok(l.Cut(l.ctx, leader, deaf))
				} else {
					l.ok(l.Cut(l.ctx, deaf, leader))
				}
				took := l.until("it is out", func() bool {
					l.set(c, "/a", "")
					_, err := l.status(deaf)
					return errors.Is(err, ensemble.ErrNotServing)
				})
				l.within("until it is out", took, 3*tick, 7*tick)
				time.Sleep(10 * time.Second)
				if _, err := l.status(deaf); !errors.Is(err, ensemble.ErrNotServing) {
					t.Errorf("it serves: %v", err)
				}
				l.set(c, "/a", "new")
				if now := l.leader(); now != leader {
					t.Errorf("server %d leads, it was %d", now, leader)
				}
				l.ok(l.Heal(l.ctx))
				took = l.until("it serves", func() bool { return l.writable(deaf) })
				l.within("until it serves", took, 0, 3*time.Second)
				back := l.client(l.to(deaf))
				l.sync(back)
				if got := l.get(back, "/a"); got != "new" {
					t.Errorf("it has %q", got)
				}
			})
		})
	}
}

// A write through the leader takes one round trip to its fastest followers, and a write through a
// follower takes two.
func TestSlowLinksMakeWritesSlow(t *testing.T) {
	const by = 50 * time.Millisecond
	virtually(t, embedded.Config{}, func(l *lab) {
		leader := l.leader()
		follower := l.others(leader)[0]
		mine, theirs := l.client(l.to(leader)), l.client(l.to(follower))
		l.create(mine, "/a", "", wire.Persistent)
		for _, id := range l.others(leader) {
			l.delayBoth(leader, id, by)
		}
		timed := func(f func()) time.Duration {
			begin := time.Now()
			f()
			return time.Since(begin)
		}
		const slack = time.Millisecond
		l.within("a write through the leader", timed(func() { l.set(mine, "/a", "") }), 2*by, 2*by+slack)
		l.within("a write through a follower", timed(func() { l.set(theirs, "/a", "") }), 4*by, 4*by+slack)
		l.within("a sync through a follower", timed(func() { l.sync(theirs) }), 2*by, 2*by+slack)
		l.within("a read", timed(func() { l.get(theirs, "/a") }), 0, slack)
		for _, id := range l.others(leader) {
			l.delayBoth(leader, id, 0)
		}
		time.Sleep(by) // messages in flight are not overtaken
		l.within("a write without delay", timed(func() { l.set(theirs, "/a", "") }), 0, slack)
	})
}

// A lagging follower answers reads with old data; sync makes it catch up.
func TestLaggingFollowerServesStaleReads(t *testing.T) {
	virtually(t, embedded.Config{}, func(l *lab) {
		leader := l.leader()
		follower := l.others(leader)[0]
		mine, theirs := l.client(l.to(leader)), l.client(l.to(follower))
		l.create(mine, "/a", "old", wire.Persistent)
		l.sync(theirs)
		l.ok(l.Delay(l.ctx, leader, follower, 300*time.Millisecond))
		l.set(mine, "/a", "new")
		if got := l.get(theirs, "/a"); got != "old" {
			t.Errorf("before the sync: %q", got)
		}
		if _, err := l.connect(l.resume(follower, mine)); !errors.Is(err, wire.ErrNoReply) {
			t.Errorf("a client that has seen more than the follower: %v", err)
		}
		l.sync(theirs)
		if got := l.get(theirs, "/a"); got != "new" {
			t.Errorf("after the sync: %q", got)
		}
		if _, err := l.connect(l.resume(follower, mine)); err != nil {
			t.Errorf("a client that has seen as much as the follower: %v", err)
		}
	})
}

func TestLinksThatAreNot(t *testing.T) {
	virtually(t, embedded.Config{}, func(l *lab) {
		for _, pair := range [][2]int{{0, 1}, {1, 4}, {2, 2}, {-1, 1}} {
			if err := l.Cut(l.ctx, pair[0], pair[1]); !oneLine(err) {
				t.Errorf("cut %v: %q", pair, err)
			}
			if err := l.Delay(l.ctx, pair[0], pair[1], time.Second); !oneLine(err) {
				t.Errorf("delay %v: %q", pair, err)
			}
		}
		if err := l.Delay(l.ctx, 1, 2, -time.Second); !oneLine(err) {
			t.Errorf("a delay below zero: %q", err)
		}
	})
}
