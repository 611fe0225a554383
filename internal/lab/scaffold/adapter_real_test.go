//go:build real

package scaffold

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/programs"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/subjects/adapter"
)

// Each generated adapter, unchanged, does all that is required of an adapter with a lock.
func TestRealAdapters(t *testing.T) {
	programs.Require(t, programs.Kazoo)
	programs.Require(t, programs.Curator)
	python := must.Get(programs.Python("kazoo"))(t)
	dir := t.TempDir()
	for _, language := range Languages {
		file := must.Get(Adapter(language, "zklab"))(t)
		must.Do(t, os.WriteFile(filepath.Join(dir, file.Name), file.Text, 0o644))
	}
	if out, err := exec.Command("javac", "-cp", programs.CuratorJars, "-d", dir, filepath.Join(dir, "Adapter.java")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for language, command := range map[string][]string{
		"python": {python, filepath.Join(dir, "adapter.py")},
		"java":   {"java", "-XX:TieredStopAtLevel=1", "-cp", dir + ":" + programs.CuratorJars, "Adapter"},
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			runtest.Conforms(t, adapter.Conformance{Command: command, Recipes: []string{"lock"}}, runtest.Excused{Lacks: []string{"lock lost"}})
		})
	}
}
