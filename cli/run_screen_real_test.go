//go:build real

package cli

import (
	"regexp"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/testkit/tmuxtest"
)

// A run draws a block on a terminal, even while the terminal's width changes, and removes the block when the
// run ends or is interrupted. A terminal without room for a block gets plain lines.
func TestRealRunOnAScreen(t *testing.T) {
	t.Parallel()
	const figures = `(?s)^load \d+s of 1m0s\n  rate .* ok/s; .*\n  p99 +\S.*\n  faults +\d+ of \d+ took effect.*\n  sessions +\d+ connected.*\n  held .*\bby `
	left := regexp.MustCompile(`(?m)^ *(rate|p99|sessions|held|load \d)`)
	starts := func(flags string) *tmuxtest.Terminal {
		return tmuxtest.Start(t, tmuxtest.Config{Width: 100, Height: 50}, "sh", "-c", `trap : INT; cd "$0"; echo before; zklab run lock --time-limit 60s --faults expire `+flags+` >out; echo "ended with $?"`, t.TempDir())
	}
	s := starts("")
	s.Until(figures)
	for _, width := range []int{40, 100, 25, 100} {
		// After the program has drawn for each width. What it writes for one width, and the terminal gets at another
		// one, goes to the wrong lines: no program can prevent that.
		was := s.Screen()
		s.When("no other block", func(screen string) bool { return screen != was })
		s.Resize(width, 50)
		s.Until(`^load`)
	}
	s.Resize(100, 50)
	s.Until(figures)
	s.Keys("C-c")
	screen := s.Until(`(?s)^interrupted: ending the load.*ended with \d$`)
	if found := left.FindString(screen); found != "" {
		t.Errorf("%q is left:\n%s", found, screen)
	}
	if all := s.Scrolled(); !regexp.MustCompile(`(?s)^before\nrunning lock .*\n.*interrupted: `).MatchString(all) || strings.Count(all, "before") != 1 {
		t.Errorf("lines above the block are gone or changed:\n%s", all) // tmux has scrolled them away when it became narrower
	}

	low := starts("") // there is no room for a block
	low.Resize(100, 5)
	low.Until(`^load \d+s of 1m0s: \d+ ok`)
	low.Keys("C-c", "C-c")
	low.Until(`ended with \d+$`)

	simulated := starts("--simulate --clients 60")
	simulated.Until(`(?s)^before.*ended with \d$`)
	if found := left.FindString(simulated.Screen()); found != "" {
		t.Errorf("%q is left:\n%s", found, simulated.Screen())
	}
}
