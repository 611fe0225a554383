package examples

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// building is the page that shows terminal sessions from the tests of the programs.
const building = "../docs/building.md"

// update is the flag with which make guide writes the sessions into the page.
var update = flag.Bool("update", false, "write the terminal sessions of the tests into "+building)

// session shows a row of the table in a terminal: the commands, and the parts of their output that the
// test waits for. A nil session records nothing.
type session struct {
	mu    sync.Mutex
	lines []string
	jobs  int
}

func (s *session) add(line string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, clock.ReplaceAllString(line, ""))
}

// started adds the command of a process in the background.
func (s *session) started(p *process, words []string) {
	if s == nil {
		return
	}
	s.jobs++
	p.page, p.job = s, s.jobs
	s.add("$ " + command(words) + " &")
}

func (s *session) signal(signal string, p *process) {
	s.add(fmt.Sprintf("$ kill %s %%%d  # %s", signal, p.job, p.name))
}

// command joins words, and quotes those that a shell would interpret.
func command(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		if quoted[i] = w; strings.ContainsAny(w, " {};") {
			quoted[i] = "'" + w + "'"
		}
	}
	return strings.Join(quoted, " ")
}

var (
	clock = regexp.MustCompile(`^\d\d:\d\d:\d\d\.\d+ `)
	// varies matches the parts of lines that differ each time.
	varies = regexp.MustCompile(strings.Join([]string{
		`\btoken \d+`, `\b0x[0-9a-f]+`, `-port \d+`, `\bepoch \d+`, `\b[0-9a-f]{32}\b`,
		`\b127\.\d+\.\d+\.\d+:\d+ *`, // the width of a column depends on the ports
		`\b\d[\d.]* (ns|µs|ms|s)\b`,
		`created /a( \(version \d+, \d+ bytes\))?`, // the monitor waits for the data, but not for long
		`does not answer: .*`,                      // the server may have died before or after the call
		`the tally is \d+`, `counted \d+ times, and may have \d+`,
	}, "|"))
)

// alike returns the part of a session that stays the same each time.
func alike(text string) string { return varies.ReplaceAllString(text, "…") }

// check compares the session with the one on the page, if there is one of that name.
func (s *session) check(t *testing.T, name string) {
	t.Helper()
	onPage.Lock()
	defer onPage.Unlock()
	text := page(t, building)
	begin := "```console " + name + "\n"
	before, rest, found := strings.Cut(text, begin)
	shown, after, ended := strings.Cut(rest, "```\n")
	if !found || !ended {
		return
	}
	seen := strings.Join(s.lines, "\n") + "\n"
	switch {
	case alike(seen) == alike(shown):
	case *update:
		if err := os.WriteFile(building, []byte(before+begin+seen+"```\n"+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s shows another session (make guide writes it down), not\n%s", building, seen)
	}
}

var onPage sync.Mutex

// Each session on the page belongs to a row.
func TestPageNamesRows(t *testing.T) {
	names := map[string]bool{}
	for _, r := range rows {
		names[r.name] = true
	}
	text := page(t, building)
	for _, named := range regexp.MustCompile("`TestPrograms/([^`]*)`").FindAllStringSubmatch(text, -1) {
		if !names[named[1]] {
			t.Errorf("%s names %s, which is no test", building, named[0])
		}
	}
	shown := regexp.MustCompile("(?m)^```console ?(.*)$").FindAllStringSubmatch(text, -1)
	for _, s := range shown {
		if !names[s[1]] {
			t.Errorf("%s shows a session %q, of which there is no test", building, s[1])
		}
	}
	if len(shown) < 10 {
		t.Errorf("%s shows %d sessions", building, len(shown))
	}
}
