package conformance

import (
	"bytes"
	"encoding/csv"
	"os"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"

	"github.com/google/go-cmp/cmp"
)

// docs/conform.csv has every script, with the rule that it tests and the rule's source.
func TestPage(t *testing.T) {
	const file = "../../../docs/conform.csv"
	if *update {
		must.Do(t, os.WriteFile(file, table(t), 0o644))
	}
	shown := must.Get(os.ReadFile(file))(t)
	if d := cmp.Diff(string(table(t)), string(shown)); d != "" {
		t.Errorf("make guide writes it (-code +file):\n%s", d)
	}
}

func table(t *testing.T) []byte {
	t.Helper()
	rows := [][]string{{"script", "what a right server shows", "the rule"}}
	for _, s := range byHand() {
		shows := s.Shows
		if s.needs != "" {
			shows += " (left out: needs " + s.needs + ")"
		}
		if s.odd || s.since == newest {
			shows += " (since 3.9)"
		}
		rows = append(rows, []string{s.Name, shows, s.Source})
	}
	var b bytes.Buffer
	must.Do(t, csv.NewWriter(&b).WriteAll(rows))
	return b.Bytes()
}

// Each script has a name of its own, and says what it shows and why that is right.
func TestScriptsAreDescribed(t *testing.T) {
	names := map[string]bool{}
	for _, s := range byHand() {
		if names[s.Name] || s.Shows == "" || s.Source == "" {
			t.Errorf("%q: shows %q, source %q", s.Name, s.Shows, s.Source)
		}
		names[s.Name] = true
	}
}
