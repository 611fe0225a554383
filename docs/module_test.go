package docs

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// module is the folder in which the reader of a page works: a Go module that requires this checkout of zklab.
type module struct {
	t         *testing.T
	dir, kept string // kept has the runs of tests that failed
}

// newModule makes one with these files, as the first commands of a page do.
func newModule(t *testing.T, path string, files map[string]string) *module {
	t.Helper()
	checkout, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	m := &module{t, filepath.Join(t.TempDir(), filepath.Base(path)), t.TempDir()}
	if err := os.Mkdir(m.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	m.must("go mod init " + path)
	sums, err := os.ReadFile("../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	m.write("go.sum", string(sums))
	for name, text := range files {
		m.write(name, text)
	}
	m.must("go mod edit -replace=github.com/zklab/zklab=" + checkout)
	m.must("go get github.com/zklab/zklab")
	return m
}

// run runs a command, which variables of the environment may precede, and returns all that it prints. In go test, go vet
// would look at each package of zklab again; TestListings asks it about the listings.
func (m *module) run(command string) (string, error) {
	env := append(os.Environ(), "GOPROXY=off", "GOWORK=off", "TMPDIR="+m.kept, "GOFLAGS="+os.Getenv("GOFLAGS")+" -vet=off")
	words := strings.Fields(command)
	for strings.Contains(words[0], "=") {
		env, words = append(env, words[0]), words[1:]
	}
	cmd := exec.CommandContext(m.t.Context(), words[0], words[1:]...)
	cmd.Dir, cmd.Env = m.dir, env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (m *module) must(command string) string {
	m.t.Helper()
	out, err := m.run(command)
	if err != nil {
		m.t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return out
}

func (m *module) write(name, text string) {
	m.t.Helper()
	path := filepath.Join(m.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		m.t.Fatal(err)
	}
}

// change is some lines of a diff, before and after.
var change = regexp.MustCompile(`(?m)((?:^-.*\n)+)((?:^\+.*\n)+)`)

// mend applies the one diff of a page to a file.
func (m *module) mend(name, page string) {
	m.t.Helper()
	diffs := blocks(page, "diff")
	if len(diffs) != 1 {
		m.t.Fatalf("%d diffs, want 1", len(diffs))
	}
	text, err := os.ReadFile(filepath.Join(m.dir, name))
	if err != nil {
		m.t.Fatal(err)
	}
	mended := "\n" + string(text)
	for _, c := range change.FindAllStringSubmatch(diffs[0], -1) {
		was, is := strings.ReplaceAll("\n"+c[1], "\n-", "\n"), strings.ReplaceAll("\n"+c[2], "\n+", "\n")
		if strings.Count(mended, was) != 1 {
			m.t.Fatalf("%s does not have once\n%s", name, was)
		}
		mended = strings.Replace(mended, was, is, 1)
	}
	if mended == "\n"+string(text) {
		m.t.Fatalf("the diff changes nothing:\n%s", diffs[0])
	}
	m.write(name, strings.TrimPrefix(mended, "\n"))
}
