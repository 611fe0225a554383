package embedded_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
)

// A read takes the way to a server and back, and a write also that to the leader and to a majority.
func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const latency = time.Millisecond
		e := start(t, embedded.Config{InMemory: true, Latency: latency})
		leader, _, err := ensemble.LeaderOf(t.Context(), e.Servers())
		if err != nil {
			t.Fatal(err)
		}
		follower := e.Server(leader.ID()%3 + 1)
		conn, _, err := zk.Connect([]string{follower.Addr()}, 4*time.Second, zk.WithDialer(e.Dial), zk.WithLogInfo(false))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		must.Get(conn.Create("/a", nil, 0, zk.WorldACL(zk.PermAll)))(t)
		seen := map[time.Duration]bool{}
		for range 20 {
			took := timed(t, func() error { _, _, err := conn.Get("/a"); return err })
			if took < latency || took > 3*latency {
				t.Errorf("a read took %s", took)
			}
			seen[took] = true
			took = timed(t, func() error { _, err := conn.Set("/a", nil, -1); return err })
			if took < 3*latency || took > 9*latency {
				t.Errorf("a write took %s", took)
			}
		}
		if len(seen) < 15 {
			t.Errorf("only %d different times", len(seen))
		}
		// The delay of a slow link is added, and removed again.
		const slow = 100 * time.Millisecond
		for _, by := range []time.Duration{slow, 0} {
			must.Do(t, e.Delay(t.Context(), follower.ID(), leader.ID(), by))
			time.Sleep(2 * slow) // messages in flight are not overtaken
			took := timed(t, func() error { _, err := conn.Set("/a", nil, -1); return err })
			if took < by+3*latency || took > by+9*latency {
				t.Errorf("with a link that is slower by %s a write took %s", by, took)
			}
		}
	})
}

func timed(t *testing.T, f func() error) time.Duration {
	t.Helper()
	began := time.Now()
	if err := f(); err != nil {
		t.Error(err)
	}
	return time.Since(began)
}
