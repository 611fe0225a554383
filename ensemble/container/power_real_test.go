//go:build real

package container_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
)

// healthyTimeout limits waits that would otherwise hang.
const healthyTimeout = 3 * time.Minute

func stopper(s ensemble.Server) ensemble.Stopper { return s.(ensemble.Stopper) }

// A leader is brought down, in each way, while it is paused: it is gone, the others elect a new leader,
// and after a restart it follows, with its data from disk, at the same address.
func TestRealLeaderGoesDownAndComesBack(t *testing.T) {
	for name, test := range map[string]struct {
		down     func(context.Context, ensemble.Server) error
		exitCode int
	}{
		"killed while paused": {func(ctx context.Context, s ensemble.Server) error {
			return errors.Join(pauser(s).Pause(ctx), stopper(s).Kill(ctx))
		}, 137},
		"stopped while paused": {func(ctx context.Context, s ensemble.Server) error {
			return errors.Join(pauser(s).Pause(ctx), stopper(s).Stop(ctx))
		}, 143},
	} {
		t.Run(name, func(t *testing.T) {
			e := dockertest.Ensemble(t, 3)
			ctx := t.Context()
			old, _, err := ensemble.LeaderOf(ctx, e.Servers())
			if err != nil {
				t.Fatal(err)
			}
			write(t, old.Addr(), "/"+strings.ReplaceAll(name, " ", "-"))
			wantDown(t, old, false)

			must.Do(t, test.down(ctx, old))
			wantDown(t, old, true)
			wantRefused(t, old.Addr())
			wantExitCode(t, old, test.exitCode)
			for _, again := range []func(context.Context) error{stopper(old).Kill, stopper(old).Stop, pauser(old).Resume} {
				if err := again(ctx); err != nil {
					t.Errorf("once more: %v", err)
				}
			}
			if err := pauser(old).Pause(ctx); err == nil {
				t.Error("paused a server that is down")
			}
			awaitOtherLeader(t, e, old)

			for range 2 {
				must.Do(t, stopper(old).Start(ctx))
			}
			wantDown(t, old, false)
			h := must.Get(ensemble.WaitHealthy(ctx, e, healthyTimeout))(t)
			if h.Leader == old.ID() {
				t.Errorf("server %d leads again, although others led", h.Leader)
			}
			read(t, old.Addr(), "/"+strings.ReplaceAll(name, " ", "-"))
		})
	}
}

// When all servers are down at once, only what is on disk is left.
func TestRealWholeEnsembleKilledAndStarted(t *testing.T) {
	dockertest.Require(t)
	e := dockertest.Ensemble(t, 3)
	ctx := t.Context()
	write(t, e.Servers()[0].Addr(), "/kept")
	together(t, e.Servers(), func(s ensemble.Server) error { return stopper(s).Kill(ctx) })
	for _, s := range e.Servers() {
		wantDown(t, s, true)
		wantExitCode(t, s, 137)
	}
	together(t, e.Servers(), func(s ensemble.Server) error { return stopper(s).Start(ctx) })
	must.Get(ensemble.WaitHealthy(ctx, e, healthyTimeout))(t)
	read(t, e.Servers()[2].Addr(), "/kept")
}

// A step whose context has already ended does nothing, and one that has begun is completed.
func TestRealPowerAndContexts(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	s := e.Servers()[0]
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := stopper(s).Kill(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("kill without time: %v", err)
	}
	wantDown(t, s, false)

	for _, after := range []time.Duration{time.Millisecond, 20 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		err := stopper(s).Kill(ctx)
		cancel()
		if err == nil {
			wantDown(t, s, true)
		} else {
			wantDown(t, s, false)
		}
		must.Do(t, stopper(s).Start(t.Context()))
	}
}

func wantDown(t *testing.T, s ensemble.Server, want bool) {
	t.Helper()
	if down, err := stopper(s).Down(context.Background()); err != nil || down != want {
		t.Errorf("server %d down: %v, %v", s.ID(), down, err)
	}
}

func wantExitCode(t *testing.T, s ensemble.Server, want int) {
	t.Helper()
	if code, err := container.ExitCode(t.Context(), s); err != nil || code != want {
		t.Errorf("exit code %d, %v, want %d", code, err, want)
	}
}

func wantRefused(t *testing.T, addr string) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, time.Minute)
	if err == nil {
		conn.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%s does not refuse: %v", addr, err)
	}
}

// together calls do for all servers at once.
func together(t *testing.T, servers []ensemble.Server, do func(ensemble.Server) error) {
	t.Helper()
	errs := make(chan error, len(servers))
	for _, s := range servers {
		go func() { errs <- do(s) }()
	}
	for range servers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}

// write creates a znode through one server.
func write(t *testing.T, addr, path string) {
	t.Helper()
	c, leave := connect(t, addr)
	defer leave()
	if _, err := c.Create(path, []byte(path), 0, zk.WorldACL(zk.PermAll)); err != nil {
		t.Fatalf("create %s through %s: %v", path, addr, err)
	}
}

// read fails unless it reads, through one server, what write wrote.
func read(t *testing.T, addr, path string) {
	t.Helper()
	c, leave := connect(t, addr)
	defer leave()
	must.Get(c.Sync(path))(t)
	if data, _, err := c.Get(path); err != nil || string(data) != path {
		t.Errorf("%s through %s: %q, %v", path, addr, data, err)
	}
}

// connect connects a client to one server.
func connect(t *testing.T, addr string) (c *zk.Conn, leave func()) {
	t.Helper()
	c, events, err := zk.Connect([]string{addr}, 4*time.Second, zk.WithLogger(silent{}))
	if err != nil {
		t.Fatal(err)
	}
	return c, func() {
		c.Close()
		for range events { //nolint:revive // drained until closed
		}
	}
}

type silent struct{}

func (silent) Printf(string, ...any) {}
