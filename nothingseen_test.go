package zklab_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/internal/testkit/unseen"
)

// goDoors are the kinds of Go test that run an experiment. Each returns the flags of a way that
// describe the same experiment.
var goDoors = []struct {
	name  string
	flags func(unseen.Way) []string
	ask   func(*testing.T, zklab.Experiment)
}{
	{"Test", ofTest, func(t *testing.T, x zklab.Experiment) {
		synctest.Test(t, func(t *testing.T) { zklab.Test(t, x) })
	}},
	{"Simulate", ofRun, func(t *testing.T, x zklab.Experiment) {
		x.Budget = 2 * time.Minute // the clock ticks at each look, so this is a few seeds, whose checks have time
		zklab.Simulate(t, x.WithClock(ticking(time.Minute)))
	}},
	{"Sweep", ofRun, func(t *testing.T, x zklab.Experiment) { zklab.Sweep(t, x, zklab.SweepOptions{Seeds: 1}) }},
	{"Explore", ofSmall, func(t *testing.T, x zklab.Experiment) { zklab.Explore(t, x) }},
}

func ofRun(w unseen.Way) []string { return w.Flags }

// ofTest returns no flags for a way that needs processes: outside of simulations, only a program of its own has them.
func ofTest(w unseen.Way) []string {
	if slices.Contains(w.Flags, unseen.Processes) {
		return nil
	}
	return w.Flags
}

// ofSmall returns no flags for a way that names faults, which zklab.Explore chooses itself, or a
// store, to which zklab.Explore writes only what it finds.
func ofSmall(w unseen.Way) []string {
	if len(unseen.Without(w.Small, "--faults", "--out")) < len(w.Small) {
		return nil
	}
	return w.Small
}

// If a run saw nothing that could have failed, no test in Go passes: each says what was not seen.
// Package cli tests the same of the command.
func TestNothingSeenFails(t *testing.T) {
	if os.Getenv(planted) != "" {
		for _, w := range unseen.Ways {
			t.Run(w.Name, func(t *testing.T) {
				for _, d := range goDoors {
					if flags := d.flags(w); flags != nil {
						x := w.Experiment(t, flags)
						x.Seed = 1
						t.Run(d.name, func(t *testing.T) { d.ask(t, x) })
					}
				}
			})
		}
		return
	}
	t.Parallel()
	output := string(failing(t, "^TestNothingSeenFails$", "HOME="+t.TempDir()))
	for _, w := range unseen.Ways {
		for _, d := range goDoors {
			if d.flags(w) == nil {
				continue
			}
			name := "TestNothingSeenFails/" + strings.ReplaceAll(w.Name, " ", "_") + "/" + d.name
			_, text, failed := strings.Cut(output, "--- FAIL: "+name+" (")
			text, _, _ = strings.Cut(text, "\n        --- ")
			text = strings.Join(strings.Fields(text), " ")
			if says := regexp.MustCompile(w.Says).MatchString(text); !failed || !says {
				t.Errorf("%s: failed: %v, says %q: %v\n%.1500s", name, failed, w.Says, says, text)
			}
		}
	}
}
