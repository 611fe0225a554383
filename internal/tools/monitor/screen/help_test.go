package screen

import (
	"os"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

// TestKeysAreDocumented: the documentation has the help's table of keys.
func TestKeysAreDocumented(t *testing.T) {
	page := must.Get(os.ReadFile("../../../../docs/monitor.md"))(t)
	for _, g := range helpGroups[:3] {
		for _, k := range g.keys {
			if row := "| " + k.keys + " | " + k.does + " |"; !strings.Contains(string(page), row) {
				t.Errorf("%q is missing", row)
			}
		}
	}
}

// TestHelpFits: the whole help is visible on a terminal of 80 columns and 24 lines.
func TestHelpFits(t *testing.T) {
	p := play(t, newFake(), 80, 24).press("?")
	for _, g := range helpGroups {
		for _, k := range g.keys {
			if p.line(k.does) < 0 {
				t.Errorf("%q is not shown:\n%s", k.does, p.text())
			}
		}
	}
}
