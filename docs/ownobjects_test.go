package docs

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The commands and listings of own-objects.md, from the empty folder to the mended bug: go test prints the story
// and the summary that the page shows. The listings without a package clause are tested by the file in testdata.
func TestOwnObjects(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("own-objects.md")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"more_test.go": "package idgenerator\n\nimport \"github.com/zklab/zklab/object\"\n"}
	names := []string{"idgenerator.go", "idgenerator_test.go", "numbers/main.go"}
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
	if len(names) > 0 || len(commands) != 4 || len(shown) != 2 {
		t.Fatalf("no listing of %q; %d blocks of commands, want 4; %d of output, want 2", names, len(commands), len(shown))
	}
	if want := []string{"mkdir idgenerator && cd idgenerator", "go mod init example.com/idgenerator", "go get github.com/zklab/zklab"}; strings.Join(want, "\n") != commands[0] {
		t.Fatalf("the page begins with\n%s", commands[0])
	}

	m := newModule(t, "example.com/idgenerator", files)
	get, run, _ := strings.Cut(commands[3], "\n")
	m.must(get)
	out, err := m.run(commands[1] + " -v")
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

	if out, err := m.run(run); err == nil || !strings.Contains(out, "next-distinct") {
		t.Errorf("%s of the wrong recipe: %v\n%s", run, err, out)
	}

	m.mend("idgenerator.go", string(text))
	if out := m.must(run); !strings.Contains(out, "VALID: the id-generator kept every promise") {
		t.Errorf("%s\n%s", run, out)
	}
	if out = m.must(commands[2]); !strings.Contains(figures(shape(out)), figures(shape(shown[1]))) {
		t.Errorf("%s does not print\n%s\nbut\n%s", commands[2], shape(shown[1]), shape(out))
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

var (
	times   = regexp.MustCompile(` at \d[\d.]* m?s`)
	clients = regexp.MustCompile(`lient \d+`)
	dashes  = regexp.MustCompile(`─+`)
	numbers = regexp.MustCompile(`\d[\d,]*`)
)

// commits are when something was committed, and the numbers of sessions.
var commits = regexp.MustCompile(`of [0-9.]+ s,[^:]*: zxid 0x[0-9a-f]+|0x[0-9a-f]+`)

// shape leaves out of a story what differs from run to run: times, clients, sessions, zxids and lengths.
func shape(text string) string {
	text = commits.ReplaceAllString(strings.Join(strings.Fields(text), " "), "N")
	return dashes.ReplaceAllString(clients.ReplaceAllString(times.ReplaceAllString(text, ""), "lient N"), "─")
}

// notBegun matches what zklab adds on a machine too slow for all seeds in a minute.
var notBegun = regexp.MustCompile(`, and \d+ of \d+ seeds were not begun`)

// figures leaves out all numbers.
func figures(text string) string {
	return numbers.ReplaceAllString(notBegun.ReplaceAllString(text, ""), "N")
}
