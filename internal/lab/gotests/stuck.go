package gotests

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/virtual/bubble"
)

// unheld sums up the seeds whose simulations got stuck or left code running at their end.
type unheld struct {
	stuck     []stuckSeeds // grouped by cause, in the order of discovery
	count     int          // number of stuck seeds
	spins     bool         // spinning code occupies a processor until the process ends
	outlived  int          // runs that left code running at their end
	firstLeft string       // description of the first run that left code running
}

// stuckSeeds are the seeds whose simulations the same code stopped.
type stuckSeeds struct {
	why   string
	seeds []string
}

// A stuck seed takes seconds, and keeps its memory until the process ends. So no other seed begins after
// manyStuck of them if that is half of those that began, and never after mostStuck.
const (
	manyStuck = 3
	mostStuck = 8
)

// giveUp returns why no other seed may begin, or "". ended is the number of simulations that ended.
func (u *unheld) giveUp(ended int) string {
	switch {
	case u.spins:
		return "the spinning code occupies a processor until this process ends"
	case u.count >= mostStuck, u.count >= manyStuck && u.count >= ended:
		return fmt.Sprintf("%d are stuck", u.count)
	}
	return ""
}

// take counts a simulation. It returns err if the error is not about the code under test.
func (s *simulations) take(seed int64, o *experiment.Outcome, err error) error {
	var held *bubble.Unheld
	switch {
	case err == nil:
		if s.charge(o) {
			s.add(o)
		}
		s.outlive(seed, o)
	case errors.Is(err, experiment.ErrStuck) && errors.As(err, &held):
		s.stop(seed, held)
	default:
		return err
	}
	return nil
}

// stop counts a stuck seed.
func (u *unheld) stop(seed int64, why *bubble.Unheld) {
	u.count++
	u.spins = u.spins || why.Spins
	for i := range u.stuck {
		if u.stuck[i].why == why.Why {
			u.stuck[i].seeds = append(u.stuck[i].seeds, fmt.Sprint(seed))
			return
		}
	}
	u.stuck = append(u.stuck, stuckSeeds{why.Why, []string{fmt.Sprint(seed)}})
}

// outlive counts a run that left code running.
func (u *unheld) outlive(seed int64, o *experiment.Outcome) {
	if o.Unheld == nil || o.Unheld.Killed {
		return
	}
	if u.outlived++; u.outlived == 1 {
		u.firstLeft = fmt.Sprintf("seed %d: %s", seed, o.Unheld.Why)
	}
	u.spins = u.spins || o.Unheld.Spins
}

// tellUnheld reports which simulations got stuck or left code running; ended is the number of
// simulations that ended. Stuck simulations fail the test, since their outcome is unknown.
func (u *unheld) tellUnheld(t *testing.T, x experiment.Experiment, ended int) {
	t.Helper()
	if u.outlived > 0 {
		t.Logf("zklab: code of %d of %d simulations continued after their end. %s. The first is %s", u.outlived, ended, experiment.HowToEnd, u.firstLeft)
	}
	if u.count == 0 {
		return
	}
	var text strings.Builder
	fmt.Fprintf(&text, "zklab: %d of %d simulations are stuck and have no result", u.count, u.count+ended)
	for _, s := range u.stuck {
		fmt.Fprintf(&text, "\n  %s %s: %s", prose.Noun(len(s.seeds), "seed"), prose.List(s.seeds, "and"), s.why)
	}
	fmt.Fprintf(&text, "\n  %s", experiment.HowToHold)
	if x.AllowUnknown {
		t.Log(text.String())
	} else {
		t.Error(text.String())
	}
}

func seedsWere(n int) string {
	if n == 1 {
		return "1 seed was"
	}
	return fmt.Sprintf("%d seeds were", n)
}
