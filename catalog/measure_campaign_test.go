//go:build campaign

package catalog

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/workloads"
)

// TestMeasure measures all entries, or those that ONLY names, and writes what it measured into its file after each.
func TestMeasure(t *testing.T) {
	all := readMeasured(t)
	only := strings.Fields(os.Getenv("ONLY"))
	for _, e := range Entries {
		if len(only) == 0 || slices.Contains(only, e.Folder) {
			t.Run(e.Folder, func(t *testing.T) { all[e.Folder] = measure(t, e) })
			writeMeasured(t, all)
		}
	}
}

func measure(t *testing.T, e entry.Entry) (m measured) {
	m.AsIs = count(t, e.AsIs, seedsOfTest, func(seed int64, violated []string) {
		if m.First == 0 && e.Wrong != nil && slices.ContainsFunc(violated, func(name string) bool { return slices.Contains(e.Wrong.Breaks, name) }) {
			m.First = seed
		}
	})
	t.Logf("as it is: %s, %v", m.AsIs, m.AsIs.Properties)
	if e.Wrong != nil && e.Wrong.Mended != nil {
		c := count(t, e.Wrong.Mended, seedsOfMend, func(seed int64, violated []string) {
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

// count makes the runs of some seeds.
func count(t *testing.T, w workloads.Workload, seeds int64, each func(seed int64, violated []string)) (c tally) {
	for seed := int64(1); seed <= seeds; seed++ {
		result := run(t, w, seed)
		c.Runs++
		switch result.Verdict {
		case checker.Violation:
			c.Violated++
		case checker.Unknown:
			c.Undecided++
		}
		for _, name := range result.Violated() {
			if c.Properties == nil {
				c.Properties = map[string]int{}
			}
			c.Properties[name]++
		}
		each(seed, result.Violated())
	}
	return c
}

// TestStory is the default test of each recipe as it is, which fails and tells why. Choose one:
// TestStory/kazoobarrier.
func TestStory(t *testing.T) {
	for _, e := range Entries {
		t.Run(e.Folder, func(t *testing.T) { zklab.Simulate(t, zklab.Experiment{Workload: e.AsIs}) })
	}
}

// TestMended is the default test of each mended recipe, to see why a mend is not enough.
func TestMended(t *testing.T) {
	for _, e := range Entries {
		if e.Wrong != nil && e.Wrong.Mended != nil {
			t.Run(e.Folder, func(t *testing.T) { zklab.Simulate(t, zklab.Experiment{Workload: e.Wrong.Mended}) })
		}
	}
}
