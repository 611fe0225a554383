package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

// Each page has the marks of what the targets write into it.
func TestPagesHaveMarks(t *testing.T) {
	for page, targets := range map[string][]string{
		"track-record.md": {"catalog", "mutants", "pairs", "track-record", "yield"},
		"external.md":     {"unlogged"},
		"own-objects.md":  {"spec-table"},
		"ports.md":        {"catalog"},
		"programs.md":     {"catalog"},
	} {
		text := string(must.Get(os.ReadFile(filepath.Join("../../../docs", page)))(t))
		for _, target := range targets {
			begins, ends := Marks(target)
			if before, after, ok := strings.Cut(text, begins); !ok || strings.Contains(before, ends) || !strings.Contains(after, ends) {
				t.Errorf("docs/%s has no marks of make %s", page, target)
			}
		}
	}
}

// WriteInto replaces the old text, and refuses a file without the marks.
func TestWriteInto(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.md")
	begins, ends := Marks("things")
	for _, text := range []string{"old\n", "new\n"} {
		if text == "old\n" {
			must.Do(t, os.WriteFile(file, []byte("before\n"+begins+ends+"\nafter\n"), 0o644))
		}
		must.Do(t, WriteInto(file, "things", text))
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "before\n"+begins+"new\n"+ends+"\nafter\n" {
		t.Errorf("%q, %v", b, err)
	}
	must.Do(t, os.WriteFile(file, []byte("nothing"), 0o644))
	if err := WriteInto(file, "things", ""); err == nil || !strings.Contains(err.Error(), "has no marks") {
		t.Error(err)
	}
}
