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

// A new leader that has not proposed anything yet answers a sync: there is
// nothing to wait for.
func TestSyncIsTheFirstOfAnEpoch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := start(t, embedded.Config{InMemory: true})
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
		session := conn.SessionID()
		must.Do(t, leader.(ensemble.Pauser).Pause(t.Context()))
		time.Sleep(6 * time.Second) // the others elect a leader, and the client comes back
		if id := conn.SessionID(); id != session {
			t.Fatal("another session was made, which is a transaction")
		}
		if _, err := conn.Sync("/a"); err != nil {
			t.Error(err)
		}
	})
}
