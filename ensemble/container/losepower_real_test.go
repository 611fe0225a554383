//go:build real

package container_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
)

func powerLoser(s ensemble.Server) ensemble.PowerLoser { return s.(ensemble.PowerLoser) }

// losesPower starts servers that can lose their power.
func losesPower(t *testing.T, c container.Config) ensemble.Ensemble {
	t.Helper()
	e := started(t, c.Prepare(ensemble.CanLosePower))
	must.Do(t, e.(ensemble.Limited).Lacks(ensemble.CanLosePower))
	return e
}

// losePower lets a server lose its power, and returns how many transactions it had not forced, and how many it lost.
func losePower(t *testing.T, s ensemble.Server, keep float64) (unforced, lost int) {
	t.Helper()
	unforced, lost, err := powerLoser(s).LosePower(t.Context(), keep)
	if err != nil {
		t.Fatal(err)
	}
	wantDown(t, s, true)
	return unforced, lost
}

func created(name string, i int) string { return fmt.Sprintf("/%s-%d", name, i) }

// written creates znodes through a server, in turn, and returns how many.
func written(t *testing.T, s ensemble.Server, name string) int {
	t.Helper()
	c, leave := connect(t, s.Addr())
	defer leave()
	const n = 20
	for i := range n {
		must.Get(c.Create(created(name, i), nil, 0, zk.WorldACL(zk.PermAll)))(t)
	}
	return n
}

// wantCreated checks whether a server has what was written through it.
func wantCreated(t *testing.T, s ensemble.Server, name string, n int, want bool) {
	t.Helper()
	c, leave := connect(t, s.Addr())
	defer leave()
	for i := range n {
		if is, _, err := c.Exists(created(name, i)); err != nil || is != want {
			t.Errorf("%s is there: %t, %v", created(name, i), is, err)
		}
	}
}

// A server alone loses nothing that it has acknowledged. What it writes while nothing reaches its disk, it does not
// acknowledge, and loses but for what it is told to keep. A disk that was emptied begins anew. The server has a clock and
// a small disk, too.
func TestRealLosePower(t *testing.T) {
	t.Parallel()
	e := losesPower(t, container.Config{Nodes: 1, Abilities: []ensemble.Ability{ensemble.CanShiftClock, ensemble.CanFillDisk}})
	s := e.Servers()[0]
	n := written(t, s, "forced")
	if unforced, lost := losePower(t, s, 0); unforced != 0 || lost != 0 {
		t.Errorf("lost %d of %d", lost, unforced)
	}
	again(t, e, s)
	wantCreated(t, s, "forced", n, true)
	unacknowledged(t, s, "lost", 0)

	again(t, e, s)
	wantCreated(t, s, "forced", n, true)
	wantCreated(t, s, "lost", 1, false)
	unacknowledged(t, s, "kept", 0.99)

	again(t, e, s)
	wantCreated(t, s, "kept", 1, true)
	losePower(t, s, 0)
	must.Do(t, s.(ensemble.DiskEmptier).EmptyDisk(t.Context()))
	again(t, e, s)
	wantCreated(t, s, "forced", n, false)
	unacknowledged(t, s, "new", 0)
}

// unacknowledged has a server write something that does not reach its disk, and lets it lose its power.
func unacknowledged(t *testing.T, s ensemble.Server, name string, keep float64) {
	t.Helper()
	c, leave := connect(t, s.Addr())
	defer leave()
	if _, _, err := c.Exists("/"); err != nil { // its session is on the disk
		t.Fatal(err)
	}
	must.Do(t, powerLoser(s).HoldForces(t.Context(), true))
	answer := make(chan error, 1)
	go func() {
		_, err := c.Create(created(name, 0), nil, 0, zk.WorldACL(zk.PermAll))
		answer <- err
	}()
	awaitLogged(t, s, created(name, 0))
	unforced, lost := losePower(t, s, keep)
	if err := <-answer; err == nil {
		t.Errorf("%s: it was acknowledged", name)
	}
	if unforced == 0 || (lost == 0) != (keep > 0) {
		t.Errorf("%s: lost %d of %d", name, lost, unforced)
	}
	if more, _ := losePower(t, s, 0); more != 0 {
		t.Errorf("%s: of what was left, %d can be lost", name, more)
	}
}

// again starts a server that was alone.
func again(t *testing.T, e ensemble.Ensemble, s ensemble.Server) {
	t.Helper()
	start(t, s)
	wantHealthy(t, e)
}

// awaitLogged waits until a create is in the server's log.
func awaitLogged(t *testing.T, s ensemble.Server, path string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), healthyTimeout)
	defer cancel()
	for ctx.Err() == nil {
		if has, err := container.Logged(ctx, s, path); err != nil {
			t.Fatal(err)
		} else if has {
			return
		}
	}
	t.Fatal(context.Cause(ctx))
}

// Servers that do not force their logs lose what they have acknowledged, and servers that force keep it.
func TestRealLosePowerOfAll(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		flags []string
		stays bool
	}{{nil, true}, {[]string{"-Dzookeeper.forceSync=no"}, false}} {
		t.Run(fmt.Sprint(tt.flags), func(t *testing.T) {
			t.Parallel()
			e := losesPower(t, container.Config{JVMFlags: tt.flags})
			leader, _, _ := roles(t, e)
			n := written(t, leader, "acknowledged")
			together(t, e.Servers(), func(s ensemble.Server) error { return powerLoser(s).HoldForces(t.Context(), true) })
			for _, s := range e.Servers() {
				if unforced, lost := losePower(t, s, 0); unforced != lost || !tt.stays && lost < n {
					t.Errorf("server %d lost %d of %d", s.ID(), lost, unforced)
				}
			}
			together(t, e.Servers(), func(s ensemble.Server) error { return powerLoser(s).Start(t.Context()) })
			wantHealthy(t, e)
			wantCreated(t, leader, "acknowledged", n, tt.stays)
		})
	}
}

// Servers that were not started for it keep what they have written, and are not killed.
func TestRealLosePowerOfTheMachine(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	s := e.Servers()[0]
	if err := e.(ensemble.Limited).Lacks(ensemble.CanLosePower); err == nil {
		t.Error("they lack nothing")
	}
	_, _, err := powerLoser(s).LosePower(t.Context(), 0)
	if hold := powerLoser(s).HoldForces(t.Context(), true); err == nil || !errors.Is(hold, err) {
		t.Errorf("errors %v and %v", err, hold)
	}
	wantDown(t, s, false)
}
