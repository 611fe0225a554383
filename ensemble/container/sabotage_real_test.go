//go:build real

package container_test

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
)

var errSabotage = errors.New("sabotage")

// at fails the nth call of a kind, from 1.
func at(call string, nth int32) func(string) (error, bool) {
	var seen atomic.Int32
	return func(c string) (error, bool) {
		if c == call && seen.Add(1) == nth {
			return errSabotage, false
		}
		return nil, false
	}
}

// A cut that fails half way is undone completely, and the next cut succeeds.
func TestRealCutFailsHalfWay(t *testing.T) {
	dockertest.Require(t)
	e := dockertest.Ensemble(t, 3)
	ctx := t.Context()
	one, two := e.Servers()[0], e.Servers()[1]
	for _, call := range []string{"create", "attach", "start"} {
		must.Do(t, container.DropHelpers(ctx, e))
		before := owned(t)
		restore := container.Sabotage(e, at(call, 2))
		err := partitioner(e).Cut(ctx, 1, 2)
		restore()
		if !errors.Is(err, errSabotage) {
			t.Errorf("%s fails: cut says %v", call, err)
		}
		if rules := look(t, e, one, two).rules(); rules != "" {
			t.Errorf("%s fails, and there is\n%s", call, rules)
		}
		if after := owned(t); len(after) > len(before)+1 { // one helper did not fail
			t.Errorf("%s fails: before %v, after %v", call, before, after)
		}
	}
	cut(t, e, one, two)
	if look(t, e, one).rules() == "" {
		t.Error("no cut afterwards")
	}
	healed(t, e)
}

// Freezing a server is retried, but not for ever, and not after a different error.
func TestRealFreezingIsTriedAgain(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	busy := errors.New("OCI runtime pause failed: unable to freeze: unknown")
	for _, test := range []struct {
		err    error
		fails  int32
		paused bool
		tries  int32
	}{
		{busy, 2, true, 3},
		{busy, 100, false, 5},
		{errSabotage, 1, false, 1},
	} {
		var tries atomic.Int32
		restore := container.Sabotage(e, func(call string) (error, bool) {
			if call == "pause" && tries.Add(1) <= test.fails {
				return test.err, false
			}
			return nil, false
		})
		s := pauser(e.Servers()[0])
		err := s.Pause(t.Context())
		restore()
		if paused, _ := s.Paused(t.Context()); paused != test.paused || (err == nil) != test.paused || tries.Load() != test.tries {
			t.Errorf("%v, %d times: paused %v, %v, after %d tries", test.err, test.fails, paused, err, tries.Load())
		}
		must.Do(t, s.Resume(t.Context()))
	}
}

// A killed helper leaves its rules: the next helper puts them in order.
func TestRealHelperIsLost(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	ctx := t.Context()
	one, two, three := e.Servers()[0], e.Servers()[1], e.Servers()[2]
	cut(t, e, one, two)
	before := look(t, e).lasting()
	lose := func() {
		t.Helper()
		must.Do(t, container.KillHelper(ctx, one))
	}
	lose()
	cut(t, e, one, three)
	if err := partitioner(e).Cut(ctx, one.ID(), two.ID()); err != nil { // once more
		t.Error(err)
	}
	after := look(t, e).lasting()
	if after[one.ID()] == before[one.ID()] || after[two.ID()] != before[two.ID()] {
		t.Errorf("after %v, before %v", after, before)
	}
	lose()
	must.Do(t, partitioner(e).Heal(ctx))
	if rules := look(t, e).rules(); rules != "" {
		t.Error("after heal there is", rules)
	}
	healed(t, e)
}

// The engine's answer and what it did can differ.
func TestRealKillFails(t *testing.T) {
	dockertest.Require(t)
	e := dockertest.Ensemble(t, 3)
	ctx := t.Context()
	s := e.Servers()[0]
	for _, late := range []bool{false, true} {
		restore := container.Sabotage(e, func(call string) (error, bool) {
			if call == "kill" {
				return errSabotage, late
			}
			return nil, false
		})
		err := stopper(s).Kill(ctx)
		restore()
		if late != (err == nil) {
			t.Errorf("the engine fails, late: %v: %v", late, err)
		}
		wantDown(t, s, late)
	}
	start(t, s)
}
