package embedded_test

import (
	"context"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/testmain"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(dataEnv); dir != "" {
		runForever(dir)
	}
	testmain.Main(m)
}

// start starts an ensemble that ends with the test.
func start(t testing.TB, cfg embedded.Config) *embedded.Ensemble {
	t.Helper()
	e := must.Get(embedded.Start(cfg))(t)
	t.Cleanup(func() { e.Close() })
	return e
}

// zkClient opens a session of go-zookeeper that ends with the test.
func zkClient(t testing.TB, e *embedded.Ensemble, timeout time.Duration) *zk.Conn {
	t.Helper()
	conn, events, err := zk.Connect(e.Addrs(), timeout, zk.WithDialer(e.Dial), zk.WithLogInfo(false))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		for range events { //nolint:revive // closed when the client's goroutines have ended
		}
	})
	return conn
}

func TestHealthy(t *testing.T) {
	for name, cfg := range map[string]embedded.Config{
		"one":       {Nodes: 1},
		"three":     {},
		"seven":     {Nodes: 7},
		"observers": {Nodes: 3, Observers: 2},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, cfg, func(l *lab) {
				h, err := ensemble.CheckHealth(l.ctx, l.Ensemble)
				l.ok(err)
				if h.Leader < 1 || h.Leader > len(l.Addrs())-cfg.Observers {
					l.Errorf("server %d leads", h.Leader)
				}
			})
		})
	}
}

// An ensemble is healthy over TCP, through which clients in other processes reach it.
func TestHealthyOverTCP(t *testing.T) {
	if _, err := ensemble.WaitHealthy(t.Context(), start(t, embedded.Config{}), time.Minute); err != nil {
		t.Error(err)
	}
}

// TestStarter runs an ensemble through the interface that experiments use.
func TestStarter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var starter ensemble.Starter = embedded.Config{InMemory: true}
		e := must.Get(starter.Start(t.Context()))(t)
		if _, err := ensemble.WaitHealthy(t.Context(), e, time.Minute); err != nil {
			t.Error(err)
		}
		for range 2 {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		}
		if _, err := e.Dial("tcp", e.Servers()[0].Addr(), 0); err == nil {
			t.Error("a closed ensemble can be reached")
		}
	})
}

// TestVirtualTime: simulated minutes take hardly any real time, and a session that is not kept alive
// ends on time.
func TestVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := start(t, embedded.Config{InMemory: true})
		conn := zkClient(t, e, 4*time.Second)
		must.Get(conn.Create("/here", nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll)))(t)
		time.Sleep(10 * time.Minute)
		if ok, _, err := conn.Exists("/here"); !ok || err != nil {
			t.Errorf("after ten minutes: %v, %v", ok, err)
		}
	})
}

func TestTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := start(t, embedded.Config{InMemory: true})
		conn := zkClient(t, e, 4*time.Second)
		must.Get(conn.Create("/a", []byte("x"), 0, zk.WorldACL(zk.PermAll)))(t)
		if err := conn.Delete("/b", -1); err != zk.ErrNoNode {
			t.Fatal(err)
		}
		var reader ensemble.TransactionReader = e
		txns := must.Get(reader.Transactions(context.Background()))(t)
		if len(txns) != 3 || txns[0].Type != "createSession" || txns[1].Path != "/a" || txns[2].Error != -101 {
			t.Errorf("transactions: %+v", txns)
		}
		for i := 1; i < len(txns); i++ {
			if txns[i].Zxid <= txns[i-1].Zxid {
				t.Errorf("zxid %v after %v", txns[i].Zxid, txns[i-1].Zxid)
			}
		}
	})
}

func TestNoTTL(t *testing.T) {
	for _, no := range []bool{false, true} {
		virtually(t, embedded.Config{NoTTL: no}, func(l *lab) {
			conn := zkClient(l.T, l.Ensemble, 4*time.Second)
			if _, err := conn.CreateTTL("/a", nil, zk.FlagTTL, zk.WorldACL(zk.PermAll), time.Minute); (err != nil) != no {
				l.Errorf("NoTTL %v: %v", no, err)
			}
		})
	}
}
