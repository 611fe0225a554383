package embedded

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// Servers that no client can have known before begin with epoch 1, also in virtual time; others begin
// with a later epoch than any previous ensemble at their addresses.
func TestFirstEpoch(t *testing.T) {
	now := time.Date(2026, time.November, 21, 12, 0, 0, 0, time.UTC)
	for name, x := range map[string]struct {
		addrs []string
		now   time.Time
		want  int64
	}{
		"free ports":         {nil, now, 1},
		"free ports, chosen": {[]string{"127.0.0.1:0", "0.0.0.0:0"}, now, 1},
		"a chosen port":      {[]string{"127.0.0.1:2181"}, now, 324*24*60*60*4 + 12*60*60*4},
		"half a second on":   {[]string{"127.0.0.1:0", "[::]:2181"}, now.Add(time.Second / 2), 324*24*60*60*4 + 12*60*60*4 + 2},
		"a clock gone wrong": {[]string{"127.0.0.1:2181"}, time.Unix(0, 0), 1},
	} {
		if got := (Config{Addrs: x.addrs}).firstEpoch(x.now); got != x.want {
			t.Errorf("%s: %d, want %d", name, got, x.want)
		}
	}
	if last := (Config{Addrs: []string{"h:1"}}).firstEpoch(time.Date(2042, time.December, 31, 0, 0, 0, 0, time.UTC)); last<<32 < 0 {
		t.Errorf("epoch %d makes negative zxids", last)
	}
}

// All servers crash, lose all data, and come back on the same ports: each tells clients that have seen
// lost data that their sessions have expired.
func TestClientsOfAnEarlierEnsembleExpire(t *testing.T) {
	addrs := ReservePorts(t, 3)
	before := must.Get(Start(Config{Addrs: addrs}))(t)
	defer before.Close()
	began := time.Now()
	old := connect(t, addrs[0], zkclient.Config{})
	for range 10 {
		must.Get(old.Do(t.Context(), wire.Create2, &wire.CreateRequest{Path: "/s", Mode: wire.PersistentSequential}))(t)
	}
	seen := old.LastZxid()
	before.Close()
	<-time.After(time.Until(began.Add(epochUnit))) // only the clock distinguishes the two ensembles
	again := must.Get(Start(Config{Addrs: addrs}))(t)
	defer again.Close()
	for _, addr := range addrs {
		_, err := zkclient.Connect(t.Context(), way(addr, zkclient.Config{Session: old.Session(), LastZxid: seen}))
		if !errors.Is(err, wire.ErrRefused) {
			t.Errorf("%s answers a client that has seen %#x: %v, want %v", addr, seen, err, wire.ErrRefused)
		}
	}
	if s := connect(t, addrs[0], zkclient.Config{LastZxid: seen}).Session(); s.ID == 0 {
		t.Errorf("and gives no new session: %+v", s)
	}
}

func way(addr string, cfg zkclient.Config) zkclient.Config {
	cfg.Dial = func(ctx context.Context) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "tcp", addr) }
	return cfg
}

func connect(t *testing.T, addr string, cfg zkclient.Config) *zkclient.Conn {
	t.Helper()
	c := must.Get(zkclient.Connect(t.Context(), way(addr, cfg)))(t)
	t.Cleanup(func() { c.Close() })
	return c
}
