package faults_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// reconfigurable are servers that carry out reconfig.
func reconfigurable(nodes, observers int) embedded.Config {
	return embedded.Config{Nodes: nodes, Observers: observers}.Prepare(ensemble.CanReconfigure).(embedded.Config)
}

// asks makes requests through a server, as the user that may do everything.
func (l *lab) asks(server int, requests ...zkclient.Request) zkclient.Reply {
	l.t.Helper()
	conn, err := zkclient.Connect(l.t.Context(), zkclient.Config{
		Session: wire.Session{Timeout: labTimeout}, Dial: zkclient.To(l.ensemble.Dial, l.address(server)),
	})
	if err != nil {
		l.t.Fatal(err)
	}
	defer conn.Close()
	scheme, credential := l.ensemble.(ensemble.Reconfigurer).Administrator()
	requests = slices.Insert(requests, 0, zkclient.Request{Op: wire.Auth, Req: &wire.AuthRequest{Scheme: scheme, Auth: credential}})
	var last zkclient.Reply
	for _, r := range append(requests, zkclient.Request{Op: wire.CloseSession}) {
		reply, err := conn.Do(l.t.Context(), r.Op, r.Req)
		if err != nil || reply.Header.Err != wire.OK {
			l.t.Fatalf("%s through server %d: %v, %v", r.Op, server, err, reply.Header.Err)
		}
		if r.Op != wire.CloseSession {
			last = reply
		}
	}
	return last
}

// members returns the configuration that a server shows.
func (l *lab) members(server int) ensemble.Members {
	l.t.Helper()
	body, err := l.asks(server, zkclient.Request{Op: wire.GetData, Req: &wire.ReadRequest{Path: "/zookeeper/config"}}).Decode()
	if err != nil {
		l.t.Fatal(err)
	}
	return ensemble.ParseMembers(string(body.(wire.DataReply).Data))
}

// Servers leave the ensemble, go on to serve, and are what they were in the end. A leader that leaves leads no longer.
func TestReconfig(t *testing.T) {
	for _, tt := range []struct {
		spec                   string
		nodes, observers, away int
	}{
		{"reconfig", 3, 0, 1},
		{"reconfig:leader", 5, 1, 1},
		{"reconfig:one", 3, 0, 1},
		{"reconfig:minority", 5, 0, 2},
		{"reconfig:observer", 2, 1, 1},
		{"reconfig:server-2", 3, 0, 1},
		{"reconfig:client-1", 3, 0, 1},
	} {
		t.Run(fmt.Sprint(tt.spec, " of ", tt.nodes, "+", tt.observers), func(t *testing.T) {
			onServers(t, reconfigurable(tt.nodes, tt.observers), func(l *lab, em *embedded.Ensemble) {
				before, led := l.members(1), 0
				_, led = l.serving()
				e := l.seen(parsed(t, tt.spec))
				step := e.Describe()
				if len(step.Servers) != tt.away {
					t.Errorf("servers %v, want %d", step.Servers, tt.away)
				}
				l.meant(tt.spec, step.Servers, led)
				l.allServe("during " + tt.spec)
				if _, leads := l.serving(); slices.Contains(step.Servers, leads) {
					t.Errorf("server %d leads, and is no member", leads)
				}
				for _, id := range step.Servers {
					if m := l.members(id); m[strconv.Itoa(id)] != "" || len(m) != len(before)-tt.away {
						t.Errorf("server %d, which was removed, shows %v", id, m)
					}
				}
				l.healed(e, em.Clean)
				for _, id := range l.ids() {
					for n, is := range l.members(id) {
						if is != before[n] {
							t.Errorf("server %d shows server %s as %q, before as %q", id, n, is, before[n])
						}
					}
				}
				if err := e.Verify(l.t.Context()); err == nil {
					t.Error("it is seen although it is healed")
				}
			})
		})
	}
}

// The removed server counts no longer: of three, the two that stay are both needed.
func TestReconfigChangesMajorities(t *testing.T) {
	onServers(t, reconfigurable(3, 0), func(l *lab, em *embedded.Ensemble) {
		e := l.seen(parsed(t, "reconfig:server-1"))
		must.Do(t, em.Server(2).Pause(l.t.Context()))
		l.serveOnly("with one of two voters")
		must.Do(t, em.Server(2).Resume(l.t.Context()))
		l.allServe("with both voters")
		l.healed(e, em.Clean)
		must.Do(t, em.Server(2).Pause(l.t.Context()))
		l.serveOnly("with two of three voters", 1, 3)
		must.Do(t, em.Server(2).Resume(l.t.Context()))
		l.allServe("in the end")
	})
}

// Where nothing has changed, or no longer, the fault does not count as seen.
func TestReconfigWithoutEffect(t *testing.T) {
	onServers(t, reconfigurable(3, 0), func(l *lab, em *embedded.Ensemble) {
		before := l.members(1)
		e := l.injected(parsed(t, "reconfig:server-2"))
		l.asks(1, zkclient.Request{Op: wire.Reconfig, Req: &wire.ReconfigRequest{Joining: "server.2=" + before["2"], FromConfig: -1}})
		if err := l.verify(e); err == nil || !strings.Contains(err.Error(), "still lists server 2") {
			t.Errorf("%v, want that it is still listed", err)
		}
		l.healed(e, em.Clean)
	})
	onServers(t, embedded.Config{}, func(l *lab, em *embedded.Ensemble) {
		e, err := l.inject(parsed(t, "reconfig:server-2"))
		if !errors.Is(err, wire.ReconfigDisabled) {
			t.Errorf("%v, %v, want %v", e, err, wire.ReconfigDisabled)
		}
		l.whole(em.Clean)
	})
}

// An injection that is interrupted, wherever that is, is undone, and a removal that is still on its way comes too late.
func TestReconfigInterrupted(t *testing.T) {
	onServers(t, reconfigurable(3, 0), func(l *lab, em *embedded.Ensemble) {
		before := l.members(1)
		undone := 0
		for after := time.Duration(0); after < 20*time.Millisecond; after += 250 * time.Microsecond {
			ctx, cancel := context.WithTimeout(l.t.Context(), after)
			e, err := parsed(t, "reconfig").Inject(ctx, l.target, rand.New(rand.NewPCG(1, 0)))
			cancel()
			if err == nil {
				l.healed(e, em.Clean)
				continue
			}
			undone++
			l.whole(em.Clean)
			for _, id := range l.ids() {
				if now := l.members(id); len(now) != len(before) {
					t.Fatalf("interrupted after %v: server %d shows %v", after, id, now)
				}
			}
		}
		if undone == 0 {
			t.Error("no injection was interrupted")
		}
	})
}

// Too few voters, or servers that are too many, make the fault unavailable.
func TestReconfigKeepsAMajority(t *testing.T) {
	for _, tt := range []struct {
		spec             string
		nodes, observers int
		want             string
	}{
		{"reconfig", 1, 0, "needs three voters"},
		{"reconfig:one", 2, 1, "needs three voters"},
		{"reconfig:majority", 3, 0, "no sound majority"},
		{"reconfig:followers", 3, 0, "no sound majority"},
		{"reconfig:all", 5, 0, "no sound majority"},
		{"reconfig:observer", 3, 0, "no server is an observer"},
		{"reconfig:observer", 1, 1, ""},
		{"reconfig:minority", 3, 0, ""},
	} {
		for want, c := range map[string]embedded.Config{tt.want: reconfigurable(tt.nodes, tt.observers), "refuse reconfig": {Nodes: tt.nodes, Observers: tt.observers}} {
			e, err := c.Sketch()
			if err != nil {
				t.Fatal(err)
			}
			err = parsed(t, tt.spec).Available(faults.Setting{Ensemble: e})
			if want == "" != (err == nil) || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n")) {
				t.Errorf("%s of %d+%d: %v, want %q", tt.spec, tt.nodes, tt.observers, err, want)
			}
		}
	}
}
