// Package trial makes and counts runs of zklab's default test, for the entries of the catalogue and for the originals
// beside them.
package trial

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/mix"
	"github.com/zklab/zklab/internal/testkit/tally"
	"github.com/zklab/zklab/workloads"
)

// The numbers of seeds. A recipe that no seed convicts is tried with more of them: a right one, or a mended one.
const (
	SeedsOfTest  = 50 // as many as the default test has
	SeedsOfRight = 200
)

// SeedsOf returns with how many seeds an entry is measured as it is.
func SeedsOf(e entry.Entry) int64 {
	switch {
	case e.Seeds > 0:
		return e.Seeds
	case e.Wrong == nil:
		return SeedsOfRight
	}
	return SeedsOfTest
}

// test returns the default test of a recipe that an entry describes.
func test(t *testing.T, e entry.Entry, w workloads.Workload) experiment.Experiment {
	t.Helper()
	x := experiment.Experiment{Config: engine.Config{Workload: w}, Quick: true}
	x.Slack = e.Slack
	x, err := mix.Usual(x)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// violated makes one run of the default test, and returns the properties that it violates.
func violated(t *testing.T, e entry.Entry, w workloads.Workload, seed int64) []string {
	t.Helper()
	o := mix.Seed(t, test(t, e, w), seed)
	if o == nil {
		t.FailNow()
	}
	return o.Result.Violated()
}

// Count makes the runs of some seeds, from 1 on. It calls each after every run.
func Count(t *testing.T, e entry.Entry, w workloads.Workload, seeds int64, each func(seed int64, violated []string)) (c tally.Tally) {
	t.Helper()
	for seed, o := range mix.Seeds(t, test(t, e, w), seeds) {
		if o == nil {
			t.FailNow()
		}
		c.Count(o.Result.Verdict, o.Result.Violated())
		each(seed, o.Result.Violated())
	}
	return c
}

// Verdict is what was measured of a recipe as it is, or of an original.
type Verdict struct {
	AsIs  tally.Tally
	First int64 `json:",omitempty"` // the first seed that violates a property of the entry; 0: none
}

// Measure makes the runs of a recipe that an entry describes: of the entry's own, or of its original.
func Measure(t *testing.T, e entry.Entry, w workloads.Workload) (m Verdict) {
	t.Helper()
	m.AsIs = Count(t, e, w, SeedsOf(e), func(seed int64, violated []string) {
		if m.First == 0 && Breaks(e, violated) {
			m.First = seed
		}
	})
	t.Logf("as it is: %s, %v, %d undecided", m.AsIs, m.AsIs.Properties, m.AsIs.Undecided)
	return m
}

// Breaks reports whether one of the violated properties is one that the entry says to be broken.
func Breaks(e entry.Entry, violated []string) bool {
	return e.Wrong != nil && slices.ContainsFunc(violated, func(name string) bool { return slices.Contains(e.Wrong.Breaks, name) })
}

// Convict returns a seed that violates a property that the entry says to be broken. It tries first the one that did so
// when the recipe was measured, and then the others. It fails the test if none does.
func Convict(t *testing.T, e entry.Entry, w workloads.Workload, first int64) int64 {
	t.Helper()
	var seeds []int64
	if first > 0 {
		seeds = append(seeds, first)
	}
	for seed := int64(1); seed <= SeedsOf(e); seed++ {
		seeds = append(seeds, seed)
	}
	for _, seed := range seeds {
		if Breaks(e, violated(t, e, w, seed)) {
			return seed
		}
	}
	t.Fatalf("no seed violates any of %q", e.Wrong.Breaks)
	return 0
}

// AccuseNot fails the test if a run of one of the seeds violates a property.
func AccuseNot(t *testing.T, e entry.Entry, w workloads.Workload, seeds ...int64) {
	t.Helper()
	for _, seed := range seeds {
		if names := violated(t, e, w, seed); len(names) > 0 {
			t.Errorf("seed %d violates %q", seed, names)
		}
	}
}

// Read reads what was measured from a JSON file.
func Read[T any](t *testing.T, file string) (measured T) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &measured); err != nil {
		t.Fatal(err)
	}
	return measured
}

// Write writes what was measured into a JSON file.
func Write(t *testing.T, file string, measured any) {
	t.Helper()
	text, err := json.MarshalIndent(measured, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// MeasuredFile holds what was measured, beside the test that measures it.
const MeasuredFile = "measured.json"

// Original tests that an original gets the verdict that was measured, which is that of its entry's recipe unless the
// entry says why not: a run convicts it again, or the runs of two seeds do not accuse one that is right.
func Original(t *testing.T, e entry.Entry, w workloads.Workload) {
	t.Helper()
	m := Read[Verdict](t, MeasuredFile)
	for _, why := range Apart(e, m) {
		t.Error(why)
	}
	if e.Wrong == nil {
		AccuseNot(t, e, w, 1, 6) // processes crash and freeze
	} else {
		Convict(t, e, w, m.First)
	}
}

// MeasureOriginal measures an original, and writes the file that [Original] reads.
func MeasureOriginal(t *testing.T, e entry.Entry, w workloads.Workload) {
	t.Helper()
	m := Measure(t, e, w)
	for _, why := range Apart(e, m) {
		t.Error(why)
	}
	Write(t, MeasuredFile, m)
}

// Apart returns how what was measured of an original differs from what its entry says of it.
func Apart(e entry.Entry, m Verdict) (why []string) {
	if want := SeedsOf(e); int64(m.AsIs.Runs) != want {
		why = append(why, fmt.Sprintf("the original had %d runs, want %d", m.AsIs.Runs, want))
	}
	if wrong := e.Wrong != nil; wrong != (m.AsIs.Violated > 0) || wrong != (m.First > 0) {
		why = append(why, "the verdict of the original is not that of the recipe")
	}
	return why
}
