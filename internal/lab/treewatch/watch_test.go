package treewatch

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/internal/lab/corruptproxy"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/zkconn"
)

// watched makes changes below a znode and returns what is told of them, and what the servers' transactions say in its place. The
// watch dials through dialer; disturb is called while changes are made.
func watched(t *testing.T, dialer func(zk.Dialer) zk.Dialer, disturb func(ensemble.Ensemble)) (told history.TreeWatch, log []history.TreeChange) {
	t.Helper()
	e := must.Get(embedded.Start(embedded.Config{InMemory: true}))(t)
	defer e.Close()
	var servers []string
	for _, s := range e.Servers() {
		servers = append(servers, s.Addr())
	}
	conn, events, err := zkconn.Open(t.Context(), zkconn.Config{Servers: servers, Timeout: 6 * time.Second, Dial: e.Dial})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() {
		for range events {
		}
	}()
	must.Get(conn.Create("/r", nil, 0, zk.WorldACL(zk.PermAll)))(t)
	w := Start(t.Context(), Config{Servers: servers, Root: "/r", Dial: dialer(e.Dial), Timeout: 6 * time.Second})
	change(conn, rand.New(rand.NewPCG(1, 2)), 300, func() { disturb(e) })
	if sights, err := w.Finish(); err != nil {
		told.Why = err.Error()
	} else {
		told = Told(sights, &Authors{})
	}
	txns := must.Get(e.Transactions(t.Context()))(t)
	return told, historytest.InPlaceOf(told, txns, "/r")
}

// change makes random changes, and calls midway in the middle of them.
func change(conn *zk.Conn, rng *rand.Rand, n int, midway func()) {
	paths := []string{"/r"}
	for i := range n {
		if i == n/2 {
			midway()
		}
		time.Sleep(10 * time.Millisecond)
		switch at := rng.IntN(len(paths)); rng.IntN(3) {
		case 0:
			if path, err := conn.Create(fmt.Sprintf("%s/%d-", paths[at], i), nil, zk.FlagSequence, zk.WorldACL(zk.PermAll)); err == nil && len(path) < 60 {
				paths = append(paths, path)
			}
		case 1:
			if at > 0 && conn.Delete(paths[at], -1) == nil {
				paths = slices.Delete(paths, at, at+1)
			}
		default:
			_, _ = conn.Set(paths[at], nil, -1)
		}
	}
}

func directly(dial zk.Dialer) zk.Dialer { return dial }

// All changes are told, also if the leader is killed meanwhile; then perhaps in two stretches.
func TestWatch(t *testing.T) {
	for name, disturb := range map[string]func(ensemble.Ensemble){
		"undisturbed": func(ensemble.Ensemble) {},
		"the leader is killed": func(e ensemble.Ensemble) {
			health := must.Get(ensemble.CheckRoles(context.Background(), e.Servers()))(t)
			leader := e.Servers()[health.Leader-1].(ensemble.Killer)
			must.Do(t, leader.Kill(context.Background()))
			time.AfterFunc(time.Second, func() { _ = leader.Start(context.Background()) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				told, log := watched(t, directly, disturb)
				t.Logf("%d changes in %d stretches", len(told.Changes), len(told.Stretches))
				if diff := gocmp.Diff(log, told.Changes); diff != "" || len(told.Changes) < 100 {
					t.Errorf("(-log +told)\n%s%s", diff, told.Why)
				}
			})
		})
	}
}

// What servers tell that lie is true, or not used.
func TestLyingServers(t *testing.T) {
	used, found := 0, map[corruptproxy.Corruption]bool{}
	for _, kind := range corruptproxy.Corruptions() {
		t.Run(string(kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				proxy := corruptproxy.New(kind)
				told, log := watched(t, proxy.Dialer, func(ensemble.Ensemble) {})
				t.Logf("%d corruptions, %d changes. %s", proxy.Corrupted(), len(told.Changes), told.Why)
				if diff := gocmp.Diff(log, told.Changes); diff != "" {
					t.Errorf("(-log +told)\n%s", diff)
				}
				if len(told.Changes) > 0 {
					used++
				} else {
					found[kind] = true
				}
			})
		})
	}
	if !found[corruptproxy.PersistentMissing] || used == 0 {
		t.Errorf("%d used, found: %v", used, found)
	}
}
