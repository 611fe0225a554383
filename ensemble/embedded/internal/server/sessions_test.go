package server

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/zklab/zklab/internal/zk/wire"
)

const tick = 500 * time.Millisecond

// TestSessionsExpireOnTime: whatever is touched, moved and closed, a session expires after its timeout
// since the last touch, and at most one tick later.
func TestSessionsExpireOnTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newSessions(tick)
		now := time.Unix(1_700_000_000, 0)
		touched := map[int64]time.Time{}
		timeouts := map[int64]time.Duration{}
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond)
			if next := l.next(); len(touched) > 0 == next.IsZero() {
				t.Fatalf("%d sessions, next expiry %v", len(touched), next)
			}
			for _, id := range l.expired(now) {
				late := now.Sub(touched[id]) - timeouts[id]
				if late < 0 {
					t.Fatalf("session %d expired %v early", id, -late)
				}
				l.close(id)
				l.remove(id)
				delete(touched, id)
			}
			for id, at := range touched {
				if over := now.Sub(at) - timeouts[id]; over > tick {
					t.Fatalf("session %d is overdue by %v", id, over)
				}
			}
			id := int64(rapid.IntRange(1, 5).Draw(t, "session"))
			if _, known := touched[id]; !known {
				timeouts[id] = time.Duration(rapid.IntRange(1000, 9000).Draw(t, "timeout")) * time.Millisecond
				l.add(id, timeouts[id], now)
			} else if !l.touch(id, timeouts[id], now) {
				t.Fatalf("session %d is not known", id)
			}
			touched[id] = now
		}
	})
}

func TestSessionOwner(t *testing.T) {
	l, now := newSessions(tick), time.Unix(1_700_000_000, 0)
	l.add(7, time.Second, now)
	for _, step := range []struct {
		do   func()
		via  int
		want wire.Code
	}{
		{func() {}, 1, wire.OK}, // the client is at the server that asks first
		{func() {}, 2, wire.SessionMoved},
		{func() { l.move(7, time.Second, 2, now) }, 2, wire.OK},
		{func() {}, 1, wire.SessionMoved},
		{func() { l.close(7) }, 2, wire.SessionExpired},
		{func() { l.remove(7) }, 2, wire.SessionExpired},
	} {
		step.do()
		if got := l.check(7, step.via); got != step.want {
			t.Errorf("through server %d: %v, want %v", step.via, got, step.want)
		}
	}
	if l.move(7, time.Second, 1, now) || l.touch(7, time.Second, now) {
		t.Error("a session that is gone was touched")
	}
}

// TestSessionsAfterALongPause: a leader that was frozen finds all overdue sessions.
func TestSessionsAfterALongPause(t *testing.T) {
	l, now := newSessions(tick), time.Unix(1_700_000_000, 0)
	for id := range int64(5) {
		l.add(id, time.Duration(id+1)*time.Second, now)
	}
	got := l.expired(now.Add(time.Hour))
	if !slices.Equal(got, []int64{0, 1, 2, 3, 4}) {
		t.Errorf("expired: %v", got)
	}
}
