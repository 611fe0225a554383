package recipes

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
)

func stateOf(c Candidacy) string { return c.State.String() }

// TestStatesOverExpiries makes a candidate lead, lose its session twice, and resign.
func TestStatesOverExpiries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		f, cl := tr.connect(t, fakeTimeout)
		_, other := tr.connect(t, fakeTimeout)
		e, rival := NewElection(cl, "/e", "a"), NewElection(other, "/e", "b")
		states := follow(e.States(t.Context()))
		check := func(when string, want ...string) {
			t.Helper()
			checkSince(t, states, stateOf, when, want...)
		}
		check("at first", "latent")
		must(t, rival.Campaign(t.Context()))
		won := make(chan error, 1)
		campaign := func() { won <- e.Campaign(t.Context()) }
		go campaign()
		check("behind a leader", "waiting")
		f.expire()
		check("in the next session it waits still")
		must(t, rival.Resign(t.Context()))
		must(t, <-won)
		check("in front", "acquired")
		f.expire()
		check("its session has ended", "lost")
		must(t, rival.Campaign(t.Context()))
		go campaign()
		check("standing again", "waiting")
		must(t, rival.Resign(t.Context()))
		must(t, <-won)
		check("leading again", "regained")
		must(t, e.Resign(t.Context()))
		check("resigned", "latent")
		must(t, e.Campaign(t.Context()))
		if got := states.since(); got[len(got)-1].State != ElectionAcquired {
			t.Errorf("after a resignation: %v", got)
		}
		f.expire()
		check("lost", "lost")
		if err := e.Resign(t.Context()); !errors.Is(err, ErrLost) {
			t.Error(err)
		}
		check("what is lost cannot be given back")
		tokens := map[int64]bool{}
		for _, c := range states.all {
			if leads := c.State == ElectionAcquired || c.State == ElectionRegained; leads {
				tokens[c.Fence] = true
			} else if c.State == ElectionLost && !tokens[c.Fence] {
				t.Errorf("lost a term that it did not have: %v", c)
			}
		}
		if len(tokens) != 3 || tokens[0] {
			t.Errorf("tokens: %v", tokens)
		}
		must(t, e.Close(t.Context()))
		<-states.done
		if !errors.Is(states.end, ErrClosed) || !isWithoutEffect(states.end) {
			t.Errorf("in the end: %v", states.end)
		}
		must(t, rival.Close(t.Context()))
	})
}

// TestStatesOfDoEach checks that what the loop misses shows in the next term.
func TestStatesOfDoEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, cl := newTree().connect(t, fakeTimeout)
		e := NewElection(cl, "/e", "a")
		ctx, cancel := context.WithCancel(t.Context())
		states := follow(e.States(ctx))
		term := 0
		err := e.DoEach(t.Context(), func(ctx context.Context) error {
			synctest.Wait()
			if term++; term == 3 {
				return errOwn
			}
			f.expire()
			<-ctx.Done()
			return nil
		})
		if err != errOwn {
			t.Error(err)
		}
		var led []ElectionState
		for _, c := range states.since() {
			if c.State == ElectionAcquired || c.State == ElectionRegained {
				led = append(led, c.State)
			}
		}
		if want := []ElectionState{ElectionAcquired, ElectionRegained, ElectionRegained}; !slices.Equal(led, want) {
			t.Errorf("led: %v", led)
		}
		cancel()
		<-states.done
		if !errors.Is(states.end, context.Canceled) {
			t.Errorf("in the end: %v", states.end)
		}
		for c, err := range e.States(t.Context()) {
			if c.State != ElectionLatent || err != nil {
				t.Errorf("once more: %v, %v", c, err)
			}
			break
		}
		must(t, e.Close(t.Context()))
	})
}
