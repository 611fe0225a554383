package examples

import (
	"os"
	"strings"
	"testing"
)

// Each program has a page that README.md names, and the flags in the commands of the pages exist.
func TestReadme(t *testing.T) {
	all := page(t, "README.md")
	for _, name := range programs {
		if !strings.Contains(all, "]("+name+")") {
			t.Errorf("README.md does not name %s", name)
		}
		text := page(t, name+"/README.md")
		if !strings.Contains(text, "    go build -o bin/ ./cmd/zklab ./examples/"+name+"\n") {
			t.Errorf("%s/README.md does not say how it is built", name)
		}
		run := 0
		for line := range strings.Lines(text) {
			command, ok := strings.CutPrefix(line, "    bin/")
			if !ok {
				continue
			}
			command, _, _ = strings.Cut(command, "#")
			words := strings.Fields(command)
			launch(t, line, binary(t, words[0]), append(words[1:], "-h")...).exits(0, "")
			run++
		}
		if run < 2 {
			t.Errorf("%s/README.md starts %d programs", name, run)
		}
	}
}

func page(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
