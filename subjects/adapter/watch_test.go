//go:build linux

package adapter

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/subjects"
)

// These tests play the adapter's process inside the test's process, in virtual time:
// see stage.

// A program that owes an answer and is silent is broken; one that answers pings is only
// slow.
func TestSilence(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		p := s.start(s.config("answers nothing after open"))
		began := time.Now()
		if _, err := lockAt(p, "/lock"); err == nil || !strings.Contains(err.Error(), "said nothing for 10s although it was pinged") {
			t.Error(err)
		}
		if took := time.Since(began); took < 10*time.Second || took > 11*time.Second {
			t.Errorf("silent for %s", took)
		}
		slow := s.start(s.config(honest))
		a, b := lockOf(t, slow, "/lock"), lockOf(t, slow, "/lock")
		must.Do(t, a.Lock(t.Context()))
		waits := aside(func() error { return b.Lock(t.Context()) })
		time.Sleep(time.Minute)
		stillWaits(t, waits)
		must.Do(t, a.Unlock(t.Context()))
		must.Do(t, soonDone(t, waits))
	})
}

// A program that somebody else stops is not taken for silent, even if it is stopped for
// longer than a program may be silent.
func TestStoppedByOthersIsNotSilent(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		p := s.start(s.config(honest))
		k := lockOf(t, p, "/lock")
		l, err := p.alive()
		must.Do(t, err)
		must.Do(t, l.child.Freeze())
		lock := aside(func() error { return k.Lock(t.Context()) })
		time.Sleep(time.Minute)
		stillWaits(t, lock)
		if frozen, err := p.Frozen(); !frozen || err != nil {
			t.Errorf("frozen %v, %v", frozen, err)
		}
		must.Do(t, p.Thaw())
		must.Do(t, soonDone(t, lock))
	})
}

// A client that was killed and started again holds in another session once its old session
// has expired.
func TestRestartedClientHoldsAnew(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		p := s.start(s.config(honest))
		k := lockOf(t, p, "/lock")
		must.Do(t, k.Lock(t.Context()))
		first := k.granted
		must.Do(t, p.Kill())
		must.Do(t, p.Restart(t.Context()))
		if err := k.Unlock(t.Context()); err == nil || !subjects.NoEffect(err) {
			t.Errorf("unlock of what the killed process held: %v", err)
		}
		lock := aside(func() error { return k.Lock(t.Context()) })
		synctest.Wait()
		stillWaits(t, lock)
		must.Do(t, soonDone(t, lock))
		if k.granted.Token <= first.Token || k.granted.Session == first.Session {
			t.Errorf("%+v after %+v", k.granted, first)
		}
		must.Do(t, k.Unlock(t.Context()))
	})
}
