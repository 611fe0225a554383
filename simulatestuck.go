package zklab

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/virtual/bubble"
)

// unheld are the seeds of some simulations that could not be held, or not to their very end.
type unheld struct {
	stuck     []stuckSeeds // by what stopped them, in the order in which it was seen
	count     int          // of these seeds
	spins     bool         // code of one takes a processor until the process ends
	outlived  int          // runs of which code was left when they had ended
	firstLeft string       // what it was in the first of them
	left      int          // seeds that were not begun for it
}

// stuckSeeds are seeds that were stopped by the same code.
type stuckSeeds struct {
	why   string
	seeds []string
}

// mostStuck is how many seeds may be stuck before no other is begun. Each takes seconds, and
// keeps its memory as long as the process lives.
const mostStuck = 3

// giveUp says that no other seed is to begin.
func (u *unheld) giveUp() bool { return u.spins || u.count >= mostStuck }

// take counts a simulation. The error is one that is not about the code under test.
func (s *simulations) take(seed int64, o *Outcome, err error) error {
	var held *bubble.Unheld
	switch {
	case err == nil:
		s.add(o)
		s.outlive(seed, o)
	case errors.Is(err, ErrStuck) && errors.As(err, &held):
		s.stop(seed, held)
	default:
		return err
	}
	return nil
}

// stop counts a seed that was stuck.
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

// outlive counts a run whose code did not end with it.
func (u *unheld) outlive(seed int64, o *Outcome) {
	if o.unheld == nil || o.unheld.Killed {
		return
	}
	if u.outlived++; u.outlived == 1 {
		u.firstLeft = fmt.Sprintf("seed %d: %s", seed, o.unheld.Why)
	}
	u.spins = u.spins || o.unheld.Spins
}

// tellUnheld says which simulations were stuck or left code behind, beside those that were run
// to their end. The first are a failure, since nothing is known of what they would have shown.
func (u *unheld) tellUnheld(t *testing.T, x Experiment, ended int) {
	t.Helper()
	if u.outlived > 0 {
		t.Logf("zklab: code of %d of %d simulations went on after their end. %s. The first is %s", u.outlived, ended, howToEnd, u.firstLeft)
	}
	if u.left > 0 {
		t.Logf("zklab: %s not begun, since %s", seedsWere(u.left), u.whyLeft())
	}
	if u.count == 0 {
		return
	}
	var text strings.Builder
	fmt.Fprintf(&text, "zklab: %d of %d simulations are stuck, and nothing is known of these", u.count, u.count+ended)
	for _, s := range u.stuck {
		fmt.Fprintf(&text, "\n  %s %s: %s", prose.Noun(len(s.seeds), "seed"), prose.List(s.seeds, "and"), s.why)
	}
	fmt.Fprintf(&text, "\n  %s", howToHold)
	if x.AllowUnknown {
		t.Log(text.String())
	} else {
		t.Error(text.String())
	}
}

func (u *unheld) whyLeft() string {
	if u.spins {
		return "the code that spins takes a processor until this process ends"
	}
	return fmt.Sprintf("%d are stuck", u.count)
}

func seedsWere(n int) string {
	if n == 1 {
		return "1 seed was"
	}
	return fmt.Sprintf("%d seeds were", n)
}
