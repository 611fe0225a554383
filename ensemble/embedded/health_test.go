package embedded_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

// znodes lists the znodes below the root that the server shows through which all writes go.
func znodes(t *testing.T, e *embedded.Ensemble) []string {
	t.Helper()
	names, _, err := zkClient(t, e, 4*time.Second).Children("/")
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "zookeeper" })
}

// A health check leaves no znode behind.
func TestHealthLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := start(t, embedded.Config{InMemory: true, Latency: 200 * time.Microsecond})
		must.Get(ensemble.WaitHealthy(t.Context(), e, time.Minute))(t)
		if left := znodes(t, e); len(left) > 0 {
			t.Errorf("it left %v", left)
		}
	})
}

// unending is an ensemble whose servers are never told of the end of a session.
type unending struct{ ensemble.Ensemble }

type deafConn struct{ net.Conn }

func (u unending) Dial(network, addr string, timeout time.Duration) (net.Conn, error) {
	c, err := u.Ensemble.Dial(network, addr, timeout)
	if err != nil {
		return nil, err
	}
	return deafConn{c}, nil
}

func (c deafConn) Write(b []byte) (int, error) {
	if h, _, err := wire.DecodeRequestHeader(b[min(4, len(b)):]); err == nil && h.Op == wire.CloseSession && h.Xid > 0 {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// If a session cannot be ended, the ensemble is not healthy, and the check's znode disappears when the
// session expires.
func TestHealthWhereNoSessionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := start(t, embedded.Config{InMemory: true})
		must.Get(ensemble.WaitHealthy(t.Context(), e, time.Minute))(t)
		_, err := ensemble.CheckHealth(t.Context(), unending{e})
		if !errors.Is(err, ensemble.ErrNotHealthy) || !strings.Contains(err.Error(), "server 1 at "+e.Servers()[0].Addr()+" ends no session: ") {
			t.Errorf("error %v", err)
		}
		if left := znodes(t, e); len(left) != len(e.Servers()) {
			t.Errorf("at once there are %v", left)
		}
		time.Sleep(10 * time.Second)
		if left := znodes(t, e); len(left) > 0 {
			t.Errorf("later there are %v", left)
		}
	})
}

// twoForOne is two ensembles that pretend to be one, whose servers report the statuses of a leader and
// of a follower: only the check with writes can notice it.
type twoForOne struct {
	ensemble.Ensemble
	other ensemble.Ensemble
}

func (o twoForOne) Servers() []ensemble.Server {
	return []ensemble.Server{
		pretender{o.Ensemble.Servers()[0], 1, o.Ensemble.Servers()[0].Addr(), ensemble.Leader},
		pretender{o.other.Servers()[0], 2, otherAddr, ensemble.Follower},
	}
}

// otherAddr is the address that the other ensemble's server is given, because in memory all ensembles
// begin with the same address.
const otherAddr = "127.0.0.1:2"

func (o twoForOne) Dial(network, addr string, timeout time.Duration) (net.Conn, error) {
	if addr == otherAddr {
		return o.other.Dial(network, o.other.Servers()[0].Addr(), timeout)
	}
	return o.Ensemble.Dial(network, addr, timeout)
}

type pretender struct {
	ensemble.Server
	id   int
	addr string
	role ensemble.Role
}

func (p pretender) ID() int { return p.id }

func (p pretender) Addr() string { return p.addr }

func (p pretender) Status(ctx context.Context) (ensemble.Status, error) {
	s, err := p.Server.Status(ctx)
	s.Role = p.role
	return s, err
}

// If what was written through one server cannot be read through another, the error names both. Two
// ensembles that were started in the same millisecond give the same ids to their sessions, in memory and
// at Apache's, too: the check must not take the one's znode for the other's.
func TestHealthOfTwoPassedForOne(t *testing.T) {
	for name, before := range map[string]int{"the same session ids": 0, "other session ids": 1} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var es [2]*embedded.Ensemble
				for i := range es {
					es[i] = start(t, embedded.Config{Nodes: 1, InMemory: true})
				}
				for range before {
					znodes(t, es[1]) // in a session of its own
				}
				_, err := ensemble.CheckHealth(t.Context(), twoForOne{es[0], es[1]})
				for _, want := range []string{
					"server 1 at " + es[0].Addrs()[0] + " does not show a write made through server 2: ",
					"server 2 at " + otherAddr + " does not show a write made through server 1: ",
				} {
					if !errors.Is(err, ensemble.ErrNotHealthy) || !strings.Contains(err.Error(), want) {
						t.Errorf("%v lacks %q", err, want)
					}
				}
			})
		})
	}
}
