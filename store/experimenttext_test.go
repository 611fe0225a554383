package store

import (
	"path/filepath"
	"testing"
)

// Texts of several lines are unchanged after they were written and read.
func TestTextsOfSeveralLines(t *testing.T) {
	for _, text := range []string{
		"object: ids\noperations:\n  next: {}\n", "a: b\nc: d", "  indented\nfirst", "ends with blank lines\n\n\n", "\nbegins with one",
		"trailing space \n\n  x: |\n    y\n", "tab\t\n", "# comment\n---\na: 1\n", "carriage return\r\nx\n", "quotes \" ' and: colons\n- list\n", "ü €\n\u2028\nx\n",
	} {
		path := filepath.Join(t.TempDir(), "experiment.yaml")
		if err := WriteExperiment(path, Experiment{Recipe: "ids", Object: text, SubjectCommand: text}); err != nil {
			t.Fatal(err)
		}
		x, err := ReadExperiment(path)
		if err != nil || x.Object != text || x.SubjectCommand != text {
			t.Errorf("%q: %v, %q, %q", text, err, x.Object, x.SubjectCommand)
		}
	}
}
