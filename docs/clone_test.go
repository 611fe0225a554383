package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// printedCommand matches a command on a page or in what zklab init prints.
var printedCommand = regexp.MustCompile(`(?m)^ {4}(\S.*)$`)

// Somebody who has a clone, and an empty folder that is in no module, does what zklab init --go prints, which is
// what the page says, and has a test that passes.
func TestWithAClone(t *testing.T) {
	t.Parallel()
	checkout, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	m := &module{t, t.TempDir(), t.TempDir()}
	m.write("mylock/go.sum", string(sums)) // without the network, go get cannot ask for them
	m.dir = filepath.Join(m.dir, "mylock")
	printed := m.must("go -C " + checkout + " run -trimpath=false ./cmd/zklab init --go lock --out " + m.dir)
	var commands []string
	for _, found := range printedCommand.FindAllStringSubmatch(printed, -1) {
		commands = append(commands, found[1])
	}
	if len(commands) != 5 || commands[0] != "cd "+m.dir || commands[1] != "go mod init example.com/mylock" || !strings.HasPrefix(commands[4], "go test ") {
		t.Fatalf("zklab init --go printed\n%s", printed)
	}
	commands = commands[1:] // the others are run in that folder
	text, err := os.ReadFile("testing.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "## With a clone of zklab\n")
	section, _, _ = strings.Cut(section, "\n## ")
	said := printedCommand.FindAllStringSubmatch(section, -1)
	if len(said) != 2 || strings.Replace(said[0][1], "../zklab", checkout, 1) != commands[1] || said[1][1] != commands[2] {
		t.Errorf("the page says %q, and zklab init %q", said, commands[1:3])
	}
	for _, command := range commands {
		if out := m.must("ZKLAB_SEED=1 " + command); strings.HasPrefix(command, "go test") && !strings.Contains(out, "--- PASS: TestLock") {
			t.Errorf("%s printed\n%s", command, out)
		}
	}
}
