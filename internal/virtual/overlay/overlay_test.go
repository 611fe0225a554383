package overlay

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

// Every replaced file exists in the toolchain, unless it is new; its replacement is among the files.
func TestMake(t *testing.T) {
	toolchain := installed(t)
	dir := t.TempDir()
	files := made(t, toolchain, dir)
	texts := map[string]string{}
	for _, f := range files {
		texts[f.Path] = string(f.Text)
	}
	var overlay struct{ Replace map[string]string }
	must.Do(t, json.Unmarshal([]byte(texts[filepath.Join(dir, "overlay.json")]), &overlay))
	if len(overlay.Replace) != len(files)-1 {
		t.Errorf("%d replaced by %d files", len(overlay.Replace), len(files)-1)
	}
	for original, changed := range overlay.Replace {
		before, err := os.ReadFile(original)
		_, notAdded := fs.Stat(added, filepath.ToSlash(filepath.Join("_std", relative(t, toolchain, original))))
		if isNew := notAdded == nil; isNew != (err != nil) {
			t.Errorf("%s: %v", original, err)
		}
		if texts[changed] == "" || texts[changed] == string(before) {
			t.Errorf("%s for %s has no change", changed, original)
		}
	}
}

// relative returns the path of a file relative to the standard library.
func relative(t *testing.T, toolchain Toolchain, path string) string {
	t.Helper()
	return must.Get(filepath.Rel(filepath.Join(toolchain.Root, "src"), path))(t)
}

// A text that does not occur exactly once is not replaced, and a result that does not parse is not
// returned.
func TestUnknownSource(t *testing.T) {
	toolchain := Toolchain{Version: "go1.26.0", Root: t.TempDir()}
	path := toolchain.source("p/p.go")
	must.Do(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must.Do(t, os.WriteFile(path, []byte("package p\n\nvar a = 1\n\nvar b = 1\n"), 0o644))
	unknown := toolchain
	unknown.Version = "go1.27.0"
	devel := toolchain
	devel.Version = "devel go1.27-0123456789"
	for name, test := range map[string]struct {
		toolchain Toolchain
		change    change
		want      string // part of the error; "": no error
	}{
		"once":     {toolchain, change{"p/p.go", "a = 1", "a = 2"}, ""},
		"missing":  {toolchain, change{"p/p.go", "\n\tc = 1\nd\n", ""}, `p/p.go has "c = 1" 0 times, not once`},
		"twice":    {toolchain, change{"p/p.go", "= 1", "= 2"}, `p/p.go has "= 1" 2 times, not once`},
		"no file":  {toolchain, change{"p/q.go", "a", "b"}, "p/q.go cannot be read: no such file"},
		"no Go":    {toolchain, change{"p/p.go", "a = 1", "a = = 1"}, "what would come out does not parse: p/p.go:3:9: "},
		"later Go": {unknown, change{"p/p.go", "a = 1", "a = 2"}, "for go1.27.0: this version is unknown"},
		"devel":    {devel, change{"p/p.go", "a = 1", "a = 2"}, "for devel go1.27-0123456789: this version is unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			texts, err := test.toolchain.changed([]change{test.change})
			if test.want == "" {
				if err != nil || string(texts["p/p.go"]) != "package p\n\nvar a = 2\n\nvar b = 1\n" {
					t.Errorf("%q, %v", texts, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "supports (1.26.x), or run without") {
				t.Errorf("error %v, want %s", err, test.want)
			}
			if texts != nil {
				t.Errorf("%q", texts)
			}
		})
	}
}

// Changes in one file do not undo each other.
func TestChangesOfOneFile(t *testing.T) {
	toolchain := Toolchain{Version: "go1.26.3", Root: t.TempDir()}
	must.Do(t, os.MkdirAll(toolchain.source(""), 0o755))
	if err := os.WriteFile(toolchain.source("p.go"), []byte("package p // a b"), 0o644); err != nil {
		t.Fatal(err)
	}
	texts, err := toolchain.changed([]change{{"p.go", "a", "A"}, {"p.go", " b", "B"}})
	if err == nil {
		t.Errorf("%q: there are two a", texts)
	}
	texts, err = toolchain.changed([]change{{"p.go", "// a", "// A"}, {"p.go", "A b", "A B"}})
	if got := string(texts["p.go"]); err != nil || got != "package p // A B" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestNoGoCommand(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Installed(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "no go command is in PATH: ") {
		t.Error(err)
	}
}

func installed(t *testing.T) Toolchain {
	t.Helper()
	return must.Get(Installed(t.Context()))(t)
}

func made(t *testing.T, toolchain Toolchain, dir string) []File {
	t.Helper()
	return must.Get(Make(toolchain, dir))(t)
}
