package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// WriteInto replaces the old text, and refuses a file without the marks.
func TestWriteInto(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.md")
	begins, ends := Marks("things")
	for _, text := range []string{"old\n", "new\n"} {
		if text == "old\n" {
			if err := os.WriteFile(file, []byte("before\n"+begins+ends+"\nafter\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := WriteInto(file, "things", text); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "before\n"+begins+"new\n"+ends+"\nafter\n" {
		t.Errorf("%q, %v", b, err)
	}
	if err := os.WriteFile(file, []byte("nothing"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := WriteInto(file, "things", ""); err == nil || !strings.Contains(err.Error(), "has no marks") {
		t.Error(err)
	}
}
