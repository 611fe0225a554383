//go:build real

package container_test

import (
	"errors"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
)

func clockOf(s ensemble.Server) ensemble.ClockShifter { return s.(ensemble.ClockShifter) }

// wantClock checks how wrong a server's wall clock is.
func wantClock(t *testing.T, s ensemble.Server, by time.Duration) {
	t.Helper()
	const about = 5 * time.Second
	asked := time.Now()
	shows := must.Get(clockOf(s).Clock(t.Context()))(t)
	// It was read at some time since it was asked for.
	if least, most := time.Until(shows), shows.Sub(asked); by < least-about || by > most+about {
		t.Errorf("the wall clock of server %d is wrong by %v to %v, not by %v", s.ID(), least, most, by)
	}
}

func shiftClock(t *testing.T, s ensemble.Server, by time.Duration) {
	t.Helper()
	must.Do(t, clockOf(s).ShiftClock(t.Context(), by))
}

// The wall clock of one server jumps, ahead and back, also while the server is paused or down, and stays wrong when it
// is started again. The others' clocks stay right.
func TestRealWallClock(t *testing.T) {
	t.Parallel()
	e := started(t, container.Config{}.Prepare(ensemble.CanShiftClock))
	must.Do(t, e.(ensemble.Limited).Lacks(ensemble.CanShiftClock))
	leader, follower, third := roles(t, e)
	for _, by := range []time.Duration{0, time.Hour, -3 * time.Hour, 90500 * time.Millisecond} {
		shiftClock(t, follower, by)
		wantClock(t, follower, by)
		wantClock(t, leader, 0)
		wantClock(t, third, 0)
	}

	must.Do(t, pauser(leader).Pause(t.Context()))
	shiftClock(t, leader, time.Hour)
	must.Do(t, pauser(leader).Resume(t.Context()))
	wantHealthy(t, e)
	wantClock(t, leader, time.Hour)
	kill(t, leader)
	start(t, leader)
	wantHealthy(t, e)
	wantClock(t, leader, time.Hour)
	kill(t, leader)
	shiftClock(t, leader, 0)
	start(t, leader)
	wantHealthy(t, e)
	wantClock(t, leader, 0)
}

// Servers that were not started for it have the wall clock of their machine.
func TestRealWallClockOfTheMachine(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	if err := e.(ensemble.Limited).Lacks(ensemble.CanShiftClock); err == nil {
		t.Error("they lack nothing")
	}
	s := e.Servers()[0]
	if err := clockOf(s).ShiftClock(t.Context(), time.Hour); err == nil {
		t.Error("the clock is set")
	}
	wantClock(t, s, 0)
}

// Without the helper that sets clocks, an ensemble starts and says what it lacks.
func TestRealWallClockWithoutHelper(t *testing.T) {
	t.Parallel()
	e := started(t, container.Config{Nodes: 1, HelperImage: "zklab/absent:1"}.Prepare(ensemble.CanShiftClock))
	if err := e.(ensemble.Limited).Lacks(ensemble.CanShiftClock); !errors.Is(err, container.ErrNoHelper) {
		t.Error(err)
	}
}
