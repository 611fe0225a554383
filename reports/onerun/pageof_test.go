package onerun

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/reports/internal/pages"
)

// Each property of each object has a section in the documentation.
func TestPageOf(t *testing.T) {
	for _, model := range checker.Models() {
		checks := must.Get(checker.For(model, checker.Options{}))(t)
		for _, c := range checks {
			page, heading, _ := strings.Cut(strings.TrimPrefix(PageOf(model, c.Name()), pages.Docs), "#")
			text, err := os.ReadFile(filepath.Join("..", "..", "docs", filepath.FromSlash(page)))
			if err != nil || !strings.Contains(string(text), "\n### "+heading+"\n") && !listed(string(text), heading) {
				t.Errorf("%s of %s: %s has no heading %s: %v", c.Name(), model, page, heading, err)
			}
		}
	}
}

// listed reports whether a heading names several properties, and this property is among
// them.
func listed(text, property string) bool {
	for line := range strings.Lines(text) {
		names, is := strings.CutPrefix(strings.TrimSpace(line), "### ")
		for name := range strings.SplitSeq(names, ", ") {
			if is && name == property {
				return true
			}
		}
	}
	return false
}
