package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The commands and listings of own-objects.md, from the empty folder to the mended bug: go test prints the story
// and the summary that the page shows. The listings without a package clause are tested by the file in testdata.
func TestOwnObjects(t *testing.T) {
	text, err := os.ReadFile("own-objects.md")
	if err != nil {
		t.Fatal(err)
	}
	checkout, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"more_test.go": "package idgenerator\n\nimport \"github.com/zklab/zklab/object\"\n"}
	names := []string{"idgenerator.go", "idgenerator_test.go"}
	for _, listing := range blocks(string(text), "go") {
		if len(names) > 0 && strings.Contains("\n"+listing, "\npackage ") {
			files[names[0]], names = listing, names[1:]
		} else {
			files["more_test.go"] += "\n" + listing
		}
	}
	rules, err := os.ReadFile("testdata/own-objects/rules_test.go")
	if err != nil {
		t.Fatal(err)
	}
	files["rules_test.go"] = string(rules)
	commands, shown := indented(string(text))
	if len(names) > 0 || len(commands) != 3 || len(shown) != 2 {
		t.Fatalf("no listing of %q; %d blocks of commands, want 3; %d of output, want 2", names, len(commands), len(shown))
	}
	if want := []string{"mkdir idgenerator && cd idgenerator", "go mod init example.com/idgenerator", "go get github.com/zklab/zklab"}; strings.Join(want, "\n") != commands[0] {
		t.Fatalf("the page begins with\n%s", commands[0])
	}

	dir := filepath.Join(t.TempDir(), "idgenerator")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	kept := t.TempDir() // of runs that failed
	in := func(command string, more ...string) (string, error) {
		words := append(strings.Fields(command), more...)
		cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOPROXY=off", "GOWORK=off", "TMPDIR="+kept)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	must := func(command string, more ...string) string {
		t.Helper()
		out, err := in(command, more...)
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		return out
	}
	must("go mod init example.com/idgenerator")
	sums, err := os.ReadFile("../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	files["go.sum"] = string(sums)
	write(t, dir, files)
	must("go mod edit", "-replace=github.com/zklab/zklab="+checkout)
	must("go get github.com/zklab/zklab")

	out, err := in(commands[1], "-v")
	if err == nil {
		t.Fatalf("the wrong recipe passes\n%s", out)
	}
	if !strings.Contains(shape(out), shape(shown[0])) {
		t.Errorf("go test does not print the story\n%s\nof the page, but\n%s", shape(shown[0]), shape(out))
	}
	for _, name := range []string{"FAIL: TestIDs ", "FAIL: TestUnique "} {
		if !strings.Contains(out, "--- "+name) {
			t.Errorf("no line with %s\n%s", name, out)
		}
	}

	diffs := blocks(string(text), "diff")
	if len(diffs) != 1 {
		t.Fatalf("%d mends", len(diffs))
	}
	mends := mend.FindAllStringSubmatch(diffs[0], -1)
	for _, m := range mends {
		if was := "\n" + m[1]; strings.Count(files["idgenerator.go"], was) == 1 {
			files["idgenerator.go"] = strings.Replace(files["idgenerator.go"], was, "\n"+m[2], 1)
			continue
		}
		t.Fatalf("the recipe does not have once\n%s", m[1])
	}
	if len(mends) != 2 {
		t.Fatalf("%d lines are mended, want 2", len(mends))
	}
	write(t, dir, files)
	if out = must(commands[2]); !strings.Contains(figures(shape(out)), figures(shape(shown[1]))) {
		t.Errorf("%s does not print\n%s\nbut\n%s", commands[2], shape(shown[1]), shape(out))
	}
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// blocks returns the fenced blocks of a page in a language.
func blocks(page, language string) (all []string) {
	for _, part := range strings.Split(page, "\n```"+language+"\n")[1:] {
		block, _, _ := strings.Cut(part, "```\n")
		all = append(all, block)
	}
	return all
}

// indented returns the indented blocks of a page: those of commands, and those that show output.
func indented(page string) (commands, shown []string) {
	for _, b := range regexp.MustCompile(`(?m)^( {0,3}\S.*\n)+`).Split(fenced.ReplaceAllString(page, ""), -1) {
		b = strings.TrimSpace(strings.ReplaceAll(b, "\n    ", "\n"))
		if b == "" {
			continue
		}
		if strings.HasPrefix(b, "go ") || strings.HasPrefix(b, "mkdir ") {
			commands = append(commands, b)
		} else {
			shown = append(shown, b)
		}
	}
	return commands, shown
}

// mend is a line of a diff, before and after.
var mend = regexp.MustCompile(`(?m)^-(.*\n)\+(.*\n)`)

var (
	times   = regexp.MustCompile(` at \d[\d.]* m?s`)
	clients = regexp.MustCompile(`lient \d+`)
	dashes  = regexp.MustCompile(`─+`)
	numbers = regexp.MustCompile(`\d[\d,]*`)
)

// shape leaves out of a story what differs from run to run: times, clients and lengths.
func shape(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return dashes.ReplaceAllString(clients.ReplaceAllString(times.ReplaceAllString(text, ""), "lient N"), "─")
}

// figures leaves out all numbers.
func figures(text string) string { return numbers.ReplaceAllString(text, "N") }
