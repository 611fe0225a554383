package fourletter

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEnvironment(t *testing.T) {
	text, _ := Answer("envi", leader())
	want := []string{
		"Environment:", "zookeeper.version", "host.name", "java.version", "java.vendor", "java.home", "java.class.path",
		"java.library.path", "java.io.tmpdir", "java.compiler", "go.version", "os.name", "os.arch", "os.version",
		"user.name", "user.home", "user.dir", "os.memory.free", "os.memory.max", "os.memory.total", "",
	}
	if diff := cmp.Diff(want, strings.Split(keys(text, "="), "\n")); diff != "" {
		t.Error(diff)
	}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n")[1:] {
		if strings.HasSuffix(line, "=") || strings.HasPrefix(line, "os.memory") && !strings.HasSuffix(line, "MB") {
			t.Errorf("%q", line)
		}
	}
}

func TestOpenFiles(t *testing.T) {
	dir := t.TempDir()
	limits := filepath.Join(dir, "limits")
	for text, want := range map[string]int64{
		"Max processes 7 8 processes\nMax open files            1024                 524288               files     \n": 1024,
		"Max open files            unlimited            unlimited            files     \n":                              -1,
		"nothing of that kind": -1,
	} {
		if err := os.WriteFile(limits, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := readLimit(limits); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
	if got := countFiles(dir); got != 1 {
		t.Errorf("counted %d files", got)
	}
	missing := filepath.Join(dir, "missing")
	if countFiles(missing) != -1 || readLimit(missing) != -1 {
		t.Error("a system that does not tell")
	}
}

// keys returns what is before the separators.
func keys(text, separator string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i], _, _ = strings.Cut(line, separator)
	}
	return strings.Join(lines, "\n")
}
