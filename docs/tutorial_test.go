package docs

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// make guide runs TestTutorial and TestRecipePages with update, and make pictures the first one with report.
var (
	update = flag.Bool("update", false, "write what is generated into the pages")
	report = flag.String("report", "", "keep the report of the tutorial's smallest run in this file")
)

// tutorial lists the steps of its reader, in order: the commands, and what of their output each block of the page shows.
// The first has no blocks, since which run is the smallest depends on how many a machine gets to within a minute, and on what
// zklab draws for each seed. The second shows one of its runs.
var tutorial = []struct {
	command string
	fails   bool
	blocks  []string
}{
	{"go test", true, nil},
	{"ZKLAB_SEED=4 go test", true, []string{"story", "where"}},
	{"go test -v", false, []string{"decided"}},
}

// cuts are the parts of the output of go test that the page shows: from the beginning of a line that matches to
// the end of one.
var cuts = map[string]struct{ from, to *regexp.Regexp }{
	"story":   {regexp.MustCompile(`(?m)^ *integrity of k1`), regexp.MustCompile(`(?m)lengths are not to scale$`)},
	"where":   {regexp.MustCompile(`(?m)^ *shrunk  to`), regexp.MustCompile(`(?m)^ *report  .*$`)},
	"decided": {regexp.MustCompile(`(?m)^.*zklab: \d+ simulations, \d+ valid`), regexp.MustCompile(`(?m)decided, of \d+ runs:.*$`)},
}

// Whoever does what the tutorial says, from the empty folder on, sees what it shows.
func TestTutorial(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("tutorial.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	var commands []string
	for _, block := range regexp.MustCompile(`(?m)^( {4}\S.*\n)+`).FindAllString(fenced.ReplaceAllString(page, ""), -1) {
		for line := range strings.Lines(block) {
			commands = append(commands, strings.TrimSpace(line))
		}
	}
	want := []string{"mkdir tickets && cd tickets", "go mod init example.com/tickets", "go get github.com/zklab/zklab"}
	for _, step := range tutorial {
		want = append(want, step.command)
	}
	if !slices.Equal(commands, want) {
		t.Fatalf("the commands of the page are\n%q, not\n%q", commands, want)
	}
	listings := blocks(page, "go")
	if len(listings) != 2 {
		t.Fatalf("%d listings, want 2", len(listings))
	}
	m := newModule(t, "example.com/tickets", map[string]string{"queue.go": listings[0], "queue_test.go": listings[1]})
	for i, step := range tutorial {
		if i == len(tutorial)-1 {
			m.mend("queue.go", page)
		}
		out, err := m.run(step.command)
		if (err != nil) != step.fails {
			t.Fatalf("%s: %v\n%s", step.command, err, out)
		}
		replay := "  replay  ZKLAB_SEED="
		if i > 0 {
			replay = "  replay  " + step.command
		}
		if step.fails && !strings.Contains(out, replay) {
			t.Errorf("%s does not print %q\n%s", step.command, replay, out)
		}
		for _, name := range step.blocks {
			page = compare(t, page, name, steady(cut(t, out, name)))
		}
	}
	if *report != "" {
		m.keepReport(*report)
	}
	if *update {
		if err := os.WriteFile("tutorial.md", []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// keepReport copies the report of the newest shrunk run, with the plots that zklab open adds.
func (m *module) keepReport(to string) {
	m.t.Helper()
	found, err := filepath.Glob(m.kept + "/*/*/*/shrunk/report.html")
	if err != nil || len(found) == 0 {
		m.t.Fatal("no report is kept", err)
	}
	run := func(report string) string { return filepath.Base(filepath.Dir(filepath.Dir(report))) } // named after its time
	slices.SortFunc(found, func(a, b string) int { return strings.Compare(run(a), run(b)) })
	page := found[len(found)-1]
	open := exec.CommandContext(m.t.Context(), "go", "run", "./cmd/zklab", "open", page)
	open.Dir, open.Env = "..", append(os.Environ(), "BROWSER=true")
	if out, err := open.CombinedOutput(); err != nil {
		m.t.Fatalf("%v: %s", err, out)
	}
	text, err := os.ReadFile(page)
	if err == nil {
		err = os.WriteFile(to, []byte(steady(strings.ReplaceAll(string(text), m.kept, "/tmp"))), 0o644)
	}
	if err != nil {
		m.t.Fatal(err)
	}
}

// cut is the part of an output that blocks with a name show.
func cut(t *testing.T, out, name string) string {
	t.Helper()
	c := cuts[name]
	if from := c.from.FindStringIndex(out); from != nil {
		if to := c.to.FindStringIndex(out[from[0]:]); to != nil {
			return out[from[0] : from[0]+to[1]]
		}
	}
	t.Fatalf("no %s in\n%s", name, out)
	return ""
}

// compare compares the page's block of a name with what was printed, apart from numbers and line breaks, and returns the
// page with what was printed if the test updates it.
func compare(t *testing.T, page, name, printed string) string {
	t.Helper()
	shown := blocks(page, "console "+name)
	if len(shown) != 1 {
		t.Fatalf("%d blocks of %s, want 1", len(shown), name)
	}
	if *update {
		start := "\n```console " + name + "\n"
		return strings.Replace(page, start+shown[0], start+printed, 1)
	}
	if got, want := figures(shape(printed)), figures(shape(shown[0])); got != want {
		t.Errorf("%s: printed (make guide writes it into the page)\n%s\nshown\n%s", name, printed, shown[0])
	}
	return page
}

var (
	testFolder = regexp.MustCompile(`\S*/(zklab-TestQueue-)\d+`)
	began      = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z`)
)

// steady is an output without what differs from one time to another, and without its indentation.
func steady(out string) string {
	out = testFolder.ReplaceAllString(out, "/tmp/${1}1234567890")
	out = began.ReplaceAllString(out, "2026-01-31T12-00-00.000Z")
	lines := strings.Split(out, "\n")
	indent := len(lines[0]) - len(strings.TrimLeft(lines[0], " "))
	for i, line := range lines {
		lines[i] = strings.TrimRight(line[min(indent, len(line)-len(strings.TrimLeft(line, " "))):], " ")
	}
	return strings.Join(lines, "\n") + "\n"
}
