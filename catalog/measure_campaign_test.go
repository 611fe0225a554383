//go:build campaign

package catalog

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/trial"
	"github.com/zklab/zklab/internal/testkit/cputime"
)

// TestMeasure measures all entries, or those that ONLY names, and writes what it measured into its file after each.
func TestMeasure(t *testing.T) {
	all := readMeasured(t)
	only := strings.Fields(os.Getenv("ONLY"))
	for _, e := range Entries {
		if len(only) == 0 || slices.Contains(only, e.Folder) {
			t.Run(e.Folder, func(t *testing.T) { all[e.Folder] = measure(t, e) })
			trial.Write(t, measuredFile, all)
		}
	}
}

func measure(t *testing.T, e entry.Entry) (m measured) {
	before := cputime.Used()
	defer func() { t.Logf("%.0f s of processor time", (cputime.Used() - before).Seconds()) }()
	m.Verdict = trial.Measure(t, e, e.AsIs)
	if e.Wrong != nil && e.Wrong.Mended != nil {
		c := trial.Count(t, e, e.Wrong.Mended, trial.SeedsOfRight, func(seed int64, violated []string) {
			if len(violated) > 0 {
				t.Errorf("mended: seed %d violates %q", seed, violated)
			}
		})
		t.Logf("mended: %s, %v, %d undecided", c, c.Properties, c.Undecided)
		m.Mended = &c
	}
	for _, why := range unlike(e, m) {
		t.Error(why)
	}
	return m
}

// TestStory is the default test of each recipe as it is, which fails and tells why. Choose one:
// TestStory/kazoobarrier.
func TestStory(t *testing.T) {
	for _, e := range Entries {
		t.Run(e.Folder, func(t *testing.T) { zklab.Simulate(t, zklab.Experiment{Workload: e.AsIs, Slack: e.Slack}) })
	}
}

// TestMended is the default test of each mended recipe, to see why a mend is not enough.
func TestMended(t *testing.T) {
	for _, e := range Entries {
		if e.Wrong != nil && e.Wrong.Mended != nil {
			t.Run(e.Folder, func(t *testing.T) { zklab.Simulate(t, zklab.Experiment{Workload: e.Wrong.Mended, Slack: e.Slack}) })
		}
	}
}
