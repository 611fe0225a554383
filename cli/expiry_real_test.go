//go:build real

package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/programs"
)

// Tests in other languages, the examples in docs/ensemble.md, end a session with zklab ensemble expire; their clients
// learn of the expiry and open a new session.
func TestRealExpiryFromPython(t *testing.T) {
	t.Parallel()
	programs.Require(t, programs.Kazoo)
	python := must.Get(programs.Python("kazoo"))(t)
	out := runIn(t, filepath.Join("..", "examples", "kazoo"), python, "-m", "unittest", "-v", "test_expiry")
	for _, want := range []string{"test_session_by_its_number", "test_session_that_owns_a_znode", "Ran 2 tests", "\nOK"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
}

func TestRealExpiryFromJava(t *testing.T) {
	t.Parallel()
	programs.Require(t, programs.Curator)
	classes, folder := t.TempDir(), filepath.Join("..", "examples", "curator")
	runIn(t, folder, "javac", "-cp", programs.CuratorJars, "-d", classes, "ExpiryTest.java")
	out := runIn(t, folder, "java", "-XX:TieredStopAtLevel=1", "-cp", classes+string(os.PathListSeparator)+programs.CuratorJars, "ExpiryTest")
	if !strings.HasSuffix(out, "passed\n") {
		t.Error(out)
	}
}

// runIn runs a program in a folder and returns its output.
func runIn(t *testing.T, folder, program string, arguments ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, arguments...)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return string(out)
}
