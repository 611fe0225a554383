package cli

import (
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"
)

// verdictsPrinted has, for each command that prints verdicts, command lines that come to each of them. They run in one
// folder, in this order.
var verdictsPrinted = []struct {
	command, rest string
	code          int
	page          string // of the run or the sweep, as a pattern
}{
	{"run", "lock --simulate --seed 1 --faults all --fault-interval 2s --time-limit 1m", 0, "store/latest/report.html"},
	{"check", "latest", 0, ""},
	{"run", "lock --simulate --seed 1 --time-limit 1ns", 2, "store/latest/report.html"},
	{"check", "latest", 2, ""},
	{"run", "register --subject broken:retry-cas-blind --faults lose-reply:setData:who=all/1s --simulate --seed 3", 1, "store/latest/report.html"},
	{"check", "latest", 1, ""},
	{"shrink", "latest", 1, "store/latest/shrunk/report.html"},
	{"run", "lock --simulate --repeat 3 --faults pause,expire --out repeated", 0, "repeated/sweeps/lock/*/sweep.html"},
	{"sweep", "lock --seeds 1..8 --faults all --out valid", 0, "valid/sweeps/lock/*/sweep.html"},
	{"sweep", "lock --seeds 1..4 --subject broken --out violated", 1, "violated/sweeps/lock/*/sweep.html"},
	{"sweep", "lock --seeds 1..2 --time-limit 1ns --out undecided", 2, "undecided/sweeps/lock/*/sweep.html"},
	{"merge", "violated/sweeps/lock", 1, ""},
	{"matrix", "lock --on simulated --repeat 2 --time-limit 5s --out valid", 0, "valid/matrices/*/matrix.html"},
	{"matrix", "lock --on simulated --repeat 2 --time-limit 5s --subject broken --out violated", 1, "violated/matrices/*/matrix.html"},
	{"explore", "queue --singles --ops 2 --clients 2 --faults lose-reply", 0, ""},
	{"explore", "lock --singles --subject go-zookeeper --clients 2 --ops 2 --faults lose-reply", 1, ""},
	{"explore", "lock --singles --clients 1 --ops 2 --faults lose-reply", 2, ""},
}

// What each command prints of a verdict fits a screen of 80 columns. With --verbose it is longer, and the page has each
// line of that.
func TestVerdictsFitAScreen(t *testing.T) {
	t.Chdir(t.TempDir())
	met := map[string]bool{"ensemble check": true} // needs an ensemble; what it prints of a violation is that of run
	for _, c := range verdictsPrinted {
		met[c.command] = true
		t.Run(c.command+" "+c.rest, func(t *testing.T) {
			args := append(strings.Fields(c.command), strings.Fields(c.rest)...)
			full := program(t, append(args, "--verbose")...)
			if c.page != "" && c.command != "matrix" && c.command != "sweep" {
				full = program(t, append(args, "--verbose", "--quiet")...) // the page has pictures in place of drawings
			}
			most := map[int]int{0: 24, 1: 40, 2: 40}[c.code]
			if full.code != c.code {
				t.Fatalf("exit code %d, want %d: %s%s", full.code, c.code, full.stdout, full.stderr)
			}
			if c.page != "" {
				pages, err := filepath.Glob(c.page)
				if err != nil || len(pages) != 1 {
					t.Fatalf("%s: %q, %v", c.page, pages, err)
				}
				page, err := os.ReadFile(pages[0])
				if err != nil {
					t.Fatal(err)
				}
				for line := range strings.Lines(full.stdout) {
					name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
					if !strings.Contains(html.UnescapeString(string(page)), strings.TrimSpace(line)) && name != "page" && name != "shrunk" && !strings.HasPrefix(line, "  test in Go") {
						t.Errorf("the page lacks %q", line)
					}
				}
			}
			brief := program(t, args...)
			rows := 0
			for line := range strings.Lines(brief.stdout) {
				rows += max(1, (ansi.StringWidth(strings.TrimRight(line, "\n"))+79)/80)
			}
			if rows > most || rows == 0 {
				t.Errorf("%d rows, of %d at most:\n%s", rows, most, brief.stdout)
			}
		})
	}
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		path := strings.TrimPrefix(cmd.CommandPath(), "zklab ")
		if f := cmd.Flags().Lookup("verbose"); f != nil && strings.Contains(f.Usage, "of the verdict") && !met[path] {
			t.Errorf("no line with %s says how long its verdicts are", path)
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(zklabRoot())
}

// program runs a command line of zklab in a process of its own, since a simulation cannot run in a test.
func program(t *testing.T, args ...string) (a answer) {
	t.Helper()
	var stdout, stderr strings.Builder
	cmd := exec.CommandContext(t.Context(), "zklab", args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return answer{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}
