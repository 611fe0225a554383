package catalog

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/zklab/zklab/catalog/entry"
)

// measuredFile holds what make catalog measured, by the folder of the entry.
const measuredFile = "measured.json"

// measured is the result of the default test of an entry, and of the test of its mend with more seeds.
type measured struct {
	AsIs   tally
	First  int64  `json:",omitempty"` // the first seed that violates a property of the entry; 0: none
	Mended *tally `json:",omitempty"`
}

// tally counts runs.
type tally struct {
	Runs, Violated, Undecided int
	Properties                map[string]int `json:",omitempty"` // the violated properties, with the number of runs that violated them
}

func readMeasured(t *testing.T) (all map[string]measured) {
	t.Helper()
	text, err := os.ReadFile(measuredFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func writeMeasured(t *testing.T, all map[string]measured) {
	t.Helper()
	text, err := json.MarshalIndent(all, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(measuredFile, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// What was measured agrees with the expected verdicts: wrong recipes were violated, correct and mended ones never.
// The page says of the other entries that they were not measured yet.
func TestMeasured(t *testing.T) {
	all := readMeasured(t)
	for _, e := range Entries {
		m, ok := all[e.Folder]
		if delete(all, e.Folder); !ok {
			continue
		}
		if m.AsIs.Runs != seedsOfTest {
			t.Errorf("%s: %d runs, want %d", e.Folder, m.AsIs.Runs, seedsOfTest)
		}
		for _, why := range unlike(e, m) {
			t.Errorf("%s: %s", e.Folder, why)
		}
	}
	for folder := range all {
		t.Errorf("%s was measured, and is no entry", folder)
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
	case m.Mended != nil && (m.Mended.Violated > 0 || m.Mended.Runs != seedsOfMend):
		why = append(why, "the mend is not one")
	}
	return why
}
