//go:build real

package faults_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
)

// Apache's servers leave the ensemble and join it again. One that was removed goes on to serve, unless it is
// started again.
func TestRealReconfig(t *testing.T) {
	dockertest.Require(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	e := must.Get(container.Config{}.Prepare(faults.Reconfig{}.Needs()).Start(ctx))(t)
	defer e.Close()
	l := newLab(t, e, realTimeout, 3)
	defer l.close()
	nothing := func() error { return nil }
	for _, spec := range []string{"reconfig", "reconfig:one", "reconfig:leader"} {
		t.Run(spec, func(t *testing.T) {
			l.t = t
			l.allConnected()
			began := time.Now()
			effect := l.seen(parsed(t, spec))
			t.Logf("seen after %v", time.Since(began).Round(time.Millisecond))
			l.allServe("with a server removed")
			l.awaits("a member leads, and only that", func() bool {
				_, leader := l.serving()
				return leader != 0 && !slices.Contains(effect.Describe().Servers, leader)
			})
			for _, c := range l.clients {
				l.awaits("the client works", func() bool { return c.works(l.folder()) })
			}
			began = time.Now()
			l.healed(effect, nothing)
			t.Logf("healed after %v", time.Since(began).Round(time.Millisecond))
		})
	}
	l.t = t
	l.restartsRemoved(ctx)
}

// A server that is killed and started again while it is no member ends at once: its own file does not list it.
func (l *lab) restartsRemoved(ctx context.Context) {
	l.t.Helper()
	effect := l.seen(parsed(l.t, "reconfig:one"))
	s := l.ensemble.Servers()[effect.Describe().Servers[0]-1].(ensemble.Killer)
	if err := errors.Join(s.Kill(ctx), s.Start(ctx)); err != nil {
		l.t.Fatal(err)
	}
	l.awaits("the removed server ends", func() bool { down, err := s.Down(ctx); return err == nil && down })
}
