//go:build real

package faults_test

import (
	"context"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
)

// A real leader whose disk is full stops serving, and serves again when there is room.
func TestRealFullDisk(t *testing.T) {
	dockertest.Require(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	e := must.Get(container.Config{}.Prepare(faults.FullDisk{}.Needs()).Start(ctx))(t)
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	l := newLab(t, e, realTimeout, 0)
	defer l.close()
	effect := l.seen(faults.FullDisk{})
	l.serveOnly("with the leader's disk full", l.ids(effect.Describe().Servers...)...)
	l.healed(effect, func() error { return nil })
	if err := effect.Verify(ctx); err == nil {
		t.Error("it is seen although it is healed")
	}
}
