package embedded_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
)

func oneLine(err error) bool {
	return err != nil && !strings.Contains(err.Error(), "\n") && len(err.Error()) > 10
}

func TestBadConfig(t *testing.T) {
	for want, cfg := range map[string]embedded.Config{
		"cannot start -1 servers":       {Nodes: -1},
		"cannot start 8 servers":        {Nodes: 8},
		"1 observers beside 7 servers":  {Nodes: 7, Observers: 1},
		"-1 observers beside 3 servers": {Observers: -1},
		"5 observers beside 3":          {Observers: 5},
		"tick -1s":                      {Tick: -time.Second},
		"tick 1µs":                      {Tick: time.Microsecond},
		"init limit -1":                 {InitLimit: -1},
		"sync limit -4":                 {SyncLimit: -4},
		"sweep -1ns":                    {Sweep: -1},
		"from -1s to 1m0s":              {MinSession: -time.Second},
		"from 2s to 1s":                 {MinSession: 2 * time.Second, MaxSession: time.Second},
		"leave Addrs out":               {InMemory: true, Addrs: []string{"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"}},
		"2 addresses for 3 servers":     {Addrs: []string{"127.0.0.1:1", "127.0.0.1:2"}},
		`address "localhost"`:           {Nodes: 1, Addrs: []string{"localhost"}},
	} {
		for range 2 {
			e, err := embedded.Start(cfg)
			if err == nil {
				e.Close()
			}
			if !oneLine(err) || !errors.Is(err, embedded.ErrConfig) || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: %q, want %q", cfg, err, want)
			}
			cfg.Stopped = true
		}
	}
}

func TestValidateNodes(t *testing.T) {
	for n := -1; n <= 9; n++ {
		if err := embedded.ValidateNodes(n); (err == nil) != (n >= 1 && n <= 7) || err != nil && !oneLine(err) {
			t.Errorf("%d servers: %q", n, err)
		}
	}
}

func TestPortTaken(t *testing.T) {
	first := start(t, embedded.Config{Nodes: 1})
	addrs := append(embedded.ReservePorts(t, 1), first.Addrs()[0])
	if _, err := embedded.Start(embedded.Config{Nodes: 2, Addrs: addrs}); !oneLine(err) || !errors.Is(err, embedded.ErrPortTaken) || !strings.Contains(err.Error(), addrs[1]) {
		t.Errorf("two ensembles on one address: %q", err)
	}
	// The other port is free again.
	second := start(t, embedded.Config{Nodes: 1, Addrs: addrs[:1]})
	if got := second.Addrs(); got[0] != addrs[0] {
		t.Errorf("listens on %v, want %v", got, addrs[:1])
	}
	// A server that is down holds no port: if another server took the port, the error names it, and the
	// port can be given back.
	must.Do(t, second.Server(1).Kill(t.Context()))
	l := must.Get(net.Listen("tcp", addrs[0]))(t)
	if err := second.Server(1).Start(t.Context()); !oneLine(err) || !errors.Is(err, embedded.ErrPortTaken) {
		t.Errorf("start on a taken port: %q", err)
	}
	l.Close()
	if err := second.Server(1).Start(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestClosedEnsemble(t *testing.T) {
	e := start(t, embedded.Config{InMemory: true})
	for range 2 {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
	ctx := t.Context()
	if _, err := e.Dial("tcp", e.Addrs()[0], time.Second); !errors.Is(err, embedded.ErrClosed) || !oneLine(err) {
		t.Errorf("dial: %v", err)
	}
	s := e.Server(1)
	if err := s.Start(ctx); !errors.Is(err, embedded.ErrClosed) {
		t.Errorf("start: %v", err)
	}
	if err := s.Pause(ctx); !oneLine(err) {
		t.Errorf("pause: %v", err)
	}
	for name, f := range map[string]func(context.Context) error{"kill": s.Kill, "stop": s.Stop, "resume": s.Resume, "heal": e.Heal} {
		if err := f(ctx); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Status(ctx); err == nil {
		t.Error("it has a status")
	}
	if down, err := s.Down(ctx); !down || err != nil {
		t.Errorf("down: %v, %v", down, err)
	}
	_ = s.SlowDisk(context.Background(), time.Second)
	if _, err := e.Transactions(ctx); err != nil {
		t.Errorf("transactions: %v", err)
	}
	if e.Server(0) != nil || e.Server(4) != nil || e.Server(3) == nil {
		t.Error("servers have ids 1 to 3")
	}
}

// A Start whose context ends leaves nothing: no goroutine, which the package's TestMain would notice,
// and no port.
func TestStartCancelled(t *testing.T) {
	addrs := embedded.ReservePorts(t, 1)
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("changed my mind")
	cancel(why)
	for _, cfg := range []embedded.Config{{Nodes: 1, Addrs: addrs}, {InMemory: true}, {Nodes: 7}} {
		if _, err := cfg.Start(ctx); !errors.Is(err, why) || !oneLine(err) {
			t.Errorf("%+v: %q", cfg, err)
		}
	}
	again := must.Get(net.Listen("tcp", addrs[0]))(t)
	again.Close()
}

// A killed server comes back on the same port.
func TestKillAndStartOverTCP(t *testing.T) {
	e := start(t, embedded.Config{Addrs: embedded.ReservePorts(t, 3)})
	conn := zkClient(t, e, time.Minute)
	must.Get(conn.Create("/a", []byte("kept"), 0, zk.WorldACL(zk.PermAll)))(t)
	addrs := e.Addrs()
	for _, id := range []int{1, 2, 3} {
		s := e.Server(id)
		must.Do(t, s.Kill(t.Context()))
		if c, err := net.Dial("tcp", addrs[id-1]); err == nil {
			c.Close()
			t.Errorf("server %d is down and listens", id)
		}
		must.Do(t, s.Start(t.Context()))
	}
	must.Do(t, e.AwaitServing(t.Context()))
	one, _, err := zk.Connect(addrs[:1], time.Minute, zk.WithLogInfo(false))
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	must.Get(one.Sync("/"))(t)
	if data, _, err := one.Get("/a"); string(data) != "kept" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
}
