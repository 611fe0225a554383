package catalog

import (
	"os"
	"testing"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/trial"
	"github.com/zklab/zklab/internal/testkit/tally"
)

// measuredFile holds what make catalog measured, by the folder of the entry.
const measuredFile = "measured.json"

// measured is what was measured of an entry.
type measured struct {
	trial.Verdict
	Mended *tally.Tally `json:",omitempty"`
}

func readMeasured(t *testing.T) map[string]measured {
	t.Helper()
	return trial.Read[map[string]measured](t, measuredFile)
}

// What was measured agrees with the expected verdicts: wrong recipes were violated, correct and mended ones never.
// The page says of the other entries that they were not measured yet.
func TestMeasured(t *testing.T) {
	all, originals := readMeasured(t), map[string]bool{}
	for _, p := range Programs {
		originals[p.Folder] = true
		testMeasuredClasses(t, p)
	}
	for _, e := range Entries {
		for _, o := range e.Originals {
			originals[o.Folder] = true
			for _, why := range trial.Apart(e, measuredOriginal(t, o)) {
				t.Errorf("%s: %s: %s", e.Folder, o.Folder, why)
			}
		}
		m, ok := all[e.Folder]
		if delete(all, e.Folder); !ok {
			continue
		}
		if want := trial.SeedsOf(e); int64(m.AsIs.Runs) != want {
			t.Errorf("%s: %d runs, want %d", e.Folder, m.AsIs.Runs, want)
		}
		for _, why := range unlike(e, m) {
			t.Errorf("%s: %s", e.Folder, why)
		}
	}
	for folder := range all {
		t.Errorf("%s was measured, and is no entry", folder)
	}
	folders, err := os.ReadDir("originals")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		if !originals[folder.Name()] {
			t.Errorf("originals/%s belongs to no entry", folder.Name())
		}
	}
}

// unlike returns how the measured results differ from what the entry says.
func unlike(e entry.Entry, m measured) (why []string) {
	if wrong := e.Wrong != nil; wrong != (m.AsIs.Violated > 0) || wrong != (m.First > 0) {
		why = append(why, "the verdict is not the right one")
	}
	if e.Wrong == nil {
		return why
	}
	switch {
	case (e.Wrong.Mended != nil) != (m.Mended != nil):
		why = append(why, "the mend was not measured, or is gone")
	case m.Mended != nil && (m.Mended.Violated > 0 || m.Mended.Runs != trial.SeedsOfRight):
		why = append(why, "the mend is not one")
	}
	return why
}
