package ensemble

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

// mute is an ensemble of fakes that nobody can connect to.
type mute struct {
	Ensemble
	servers []Server
}

var errRefused = errors.New("connection refused")

func (m mute) Servers() []Server { return m.servers }

func (mute) Dial(string, string, time.Duration) (net.Conn, error) { return nil, errRefused }

func TestHealthNamesWhatIsWrong(t *testing.T) {
	follower := fake{role: Follower, epoch: 5}
	leader := fake{role: Leader, epoch: 5}
	tests := []struct {
		name    string
		servers []Server
		want    []string
	}{
		{"paused", servers(leader, fake{paused: true}, follower), []string{"server 2 at 127.0.0.1:2182 does not answer: timed out"}},
		{"two of them", servers(leader, fake{err: errRefused}, fake{err: errRefused}), []string{"server 2 at", "; server 3 at"}},
		{"electing", servers(fake{err: ErrNotServing}), []string{"server 1 at 127.0.0.1:2181 serves nobody"}},
		{"no leader", servers(follower, follower, follower), []string{"no server says that it leads"}},
		{"two leaders", servers(leader, follower, fake{role: Leader, epoch: 4}), []string{"servers 1 (epoch 5) and 3 (epoch 4) all say that they lead"}},
		{"strangers", servers(fake{role: Standalone}, fake{role: Standalone}), []string{"server 1", "is standalone", "server 2"}},
		{"no way in", servers(leader, follower), []string{"server 1 at 127.0.0.1:2181 opens no session: connect: connection refused", "server 2"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := CheckHealth(t.Context(), mute{servers: test.servers})
				if !errors.Is(err, ErrNotHealthy) {
					t.Fatalf("error %v", err)
				}
				for _, want := range test.want {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%q lacks %q", err, want)
					}
				}
				if strings.Contains(err.Error(), "\n") {
					t.Errorf("%q has more than one line", err)
				}
			})
		})
	}
}

// Servers that do not answer srvr do not report their roles: the leader is unknown, and health checks
// do not wait for it.
func TestRolesThatAreNotTold(t *testing.T) {
	untold, follower := fake{role: Untold}, fake{role: Follower, epoch: 5}
	synctest.Test(t, func(t *testing.T) {
		for name, all := range map[string][]Server{
			"all": servers(untold, untold, untold), "the leader": servers(follower, untold, follower),
		} {
			h, err := CheckRoles(t.Context(), all)
			if err != nil || h.Leader != 0 || len(h.Servers) != 3 {
				t.Errorf("%s: %+v, %v", name, h, err)
			}
			if _, _, err := LeaderOf(t.Context(), all); !errors.Is(err, ErrUntold) {
				t.Errorf("%s: %v", name, err)
			}
		}
		h, err := CheckRoles(t.Context(), servers(untold, fake{role: Leader, epoch: 5}))
		if err != nil || h.Leader != 2 {
			t.Errorf("%+v, %v", h, err)
		}
		if _, err := CheckRoles(t.Context(), servers(untold, fake{err: ErrNotServing})); !errors.Is(err, ErrNotServing) {
			t.Errorf("one that does not serve: %v", err)
		}
		if _, err := CheckRoles(t.Context(), servers(follower, follower)); !errors.Is(err, ErrNoLeader) {
			t.Errorf("followers alone: %v", err)
		}
	})
}

func TestWaitHealthyGivesTheLastReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := WaitHealthy(t.Context(), mute{servers: servers(fake{paused: true})}, 9*time.Second)
		if !errors.Is(err, ErrNotHealthy) || !strings.Contains(err.Error(), "after 9s: ") || !strings.Contains(err.Error(), "server 1") {
			t.Errorf("error %v", err)
		}
		if took := time.Since(start); took != 9*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestWaitHealthyEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		if _, err := WaitHealthy(ctx, mute{servers: servers(fake{err: errRefused})}, time.Minute); err == nil {
			t.Error("healthy")
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// A server that accepts and stays silent, like a paused one, must delay the probe no longer than its
// context.
func TestProbeOfSilentServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		dial := pipeTo(func(c net.Conn) {
			for buf := make([]byte, 64); ; {
				if _, err := c.Read(buf); err != nil {
					c.Close()
					return
				}
			}
		})
		start := time.Now()
		_, err := openProbe(ctx, dial, "any")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestProbeOfServerThatHangsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial := pipeTo(func(c net.Conn) { c.Close() })
		if _, err := openProbe(t.Context(), dial, "any"); !errors.Is(err, wire.ErrNoReply) {
			t.Errorf("error %v", err)
		}
	})
}

// A server that grants a session and then stays silent delays a write no longer than its context, and
// the end of the probe only for a moment.
func TestProbeOfServerThatFallsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		dial := pipeTo(func(c net.Conn) {
			if _, err := wire.ReadFrame(c, nil, 0); err == nil {
				_ = wire.WriteFrame(c, wire.ConnectResponse{Timeout: probeSession, Session: 1, Password: make([]byte, 16)}.Append(nil))
			}
			io.Copy(io.Discard, c) // until the other side gives up
			c.Close()
		})
		p := must.Get(openProbe(ctx, dial, "any"))(t)
		start := time.Now()
		if _, err := p.write(ctx, "", 1); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		start = time.Now()
		p.close()
		if took := time.Since(start); took > time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// A server that lets callers wait must delay the probe no longer than its context.
func TestProbeOfServerThatLetsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		dial := func(string, string, time.Duration) (net.Conn, error) {
			time.Sleep(5 * time.Second)
			return nil, errRefused
		}
		start := time.Now()
		if _, err := openProbe(ctx, dial, "any"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if took := time.Since(start); took > 6*time.Second {
			t.Errorf("took %v", took)
		}
	})
}
