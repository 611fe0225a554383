package conformance

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// docs/conform.md has every script, with the rule that it tests and the rule's source.
func TestPage(t *testing.T) {
	const file, begin, end = "../../../docs/conform.md", "<!-- scripts: make guide -->\n", "<!-- end of scripts -->\n"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(text), begin)
	shown, after, found := strings.Cut(rest, end)
	if !found {
		t.Fatal("no part for the scripts")
	}
	if *update {
		if err := os.WriteFile(file, []byte(before+begin+table()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(table(), shown); d != "" {
		t.Errorf("make guide writes it (-code +page):\n%s", d)
	}
}

func table() string {
	var b strings.Builder
	b.WriteString("| script | what a right server shows | the rule |\n|---|---|---|\n")
	for _, s := range byHand() {
		shows := s.Shows
		if s.needs != "" {
			shows += " (left out: needs " + s.needs + ")"
		}
		if s.odd || s.since == newest {
			shows += " (since 3.9)"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", s.Name, shows, s.Source)
	}
	return b.String()
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
