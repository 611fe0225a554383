package version

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

func TestCloneOf(t *testing.T) {
	root := t.TempDir()
	in := func(root string) string { return filepath.Join(root, "internal", "base", "version", "clone.go") }
	if got := cloneOf(in(root)); got != "" {
		t.Errorf("without go.mod: %s", got)
	}
	for _, folder := range []string{"zklab", "zklab@v1.2.3"} {
		must.Do(t, os.Mkdir(filepath.Join(root, folder), 0o755))
		must.Do(t, os.WriteFile(filepath.Join(root, folder, "go.mod"), []byte("module "+path+"\n\ngo 1.26\n"), 0o644))
	}
	if got := cloneOf(in(filepath.Join(root, "zklab"))); got != filepath.Join(root, "zklab") {
		t.Errorf("a clone: %q", got)
	}
	if got := cloneOf(in(filepath.Join(root, "zklab@v1.2.3"))); got != "" {
		t.Errorf("the module cache: %s", got)
	}
	if got := cloneOf(path + "/internal/base/version/clone.go"); got != "" {
		t.Errorf("a trimmed path: %s", got)
	}
}
