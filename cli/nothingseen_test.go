package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// unseen is a way in which an experiment looks at nothing.
type unseen struct {
	name  string
	flags []string // of a run, or of each run of a sweep
	says  string   // what was not seen: a pattern for the output without line breaks
}

var waysToSeeNothing = []unseen{
	{"the fault comes too late", []string{"--faults", "kill:leader", "--time-limit", "2s"}, `kill`},
	{"no turn for one of two faults", []string{"--faults", "kill,cut", "--fault-interval", "1s", "--time-limit", "1500ms", "--seed", "1"}, `kill|cut`},
	{"the fault takes no effect, since no client asks so", []string{"--faults", "lose-reply:setACL/1s", "--time-limit", "3s"}, `lose-reply`},
	{"no such fault here", []string{"--clients-as", "goroutine", "--faults", "freeze", "--time-limit", "2s"}, `freeze is not available`},
	{"the load is too short", []string{"--time-limit", "1ns"}, `0 operations succeeded|load was too short|assumption load`},
	{"the load is too short, without a minimal load", []string{"--time-limit", "1ns", "--min-load", "0"}, `load was too short|assumption load`},
	{"too few operations", []string{"--ops", "1", "--time-limit", "2s"}, `no key had more than|assumption load`},
	{"no contention", []string{"--keys", "1000", "--rate", "20", "--time-limit", "2s", "--min-load", "10"}, `exclusion|no key had more`},
	{"one client", []string{"--clients", "1", "--time-limit", "3s"}, `exclusion`},
	{"every operation has an unknown outcome", []string{"--op-timeout", "1ns", "--time-limit", "2s"}, `succeeded|not healthy|assumption load|every acquire failed`},
	{"the store cannot be written", []string{"--time-limit", "2s", "--out", "/proc/store"}, `/proc/store`},
}

// door is a way to ask what came of an experiment.
type door struct {
	name string
	// ask returns the output, and the exit code if that has to tell the verdict, else -1.
	ask func(z zklabIn, w unseen) (text string, code int)
}

var frontDoors = []door{
	{"run", func(z zklabIn, w unseen) (string, int) { return z.run("run", w) }},
	{"run --json", func(z zklabIn, w unseen) (string, int) { return z.run("run", w, "--json", "--out", "json") }},
	{"run --repeat", func(z zklabIn, w unseen) (string, int) { return z.run("run", w, "--repeat", "2", "--out", "repeated") }},
	{"sweep", func(z zklabIn, w unseen) (string, int) { return z.swept(w) }},
	{"sweep --json", func(z zklabIn, w unseen) (string, int) { return z.swept(w, "--json", "--out", "sweptjson") }},
	{"merge", func(z zklabIn, w unseen) (string, int) {
		return z.after(func() (string, int) { return z.swept(w) }, "s/sweeps", func() (string, int) { return z.zklab("merge", "s/sweeps/lock") })
	}},
	{"sweep.html", func(z zklabIn, w unseen) (string, int) {
		return z.after(func() (string, int) { return z.swept(w) }, "s/sweeps", func() (string, int) { return z.file("s/sweeps/lock/*/sweep.html"), -1 })
	}},
	{"check", func(z zklabIn, w unseen) (string, int) {
		return z.afterRun(w, func() (string, int) { return z.zklab("check", "runs/latest") })
	}},
	{"result.json", func(z zklabIn, w unseen) (string, int) {
		return z.afterRun(w, func() (string, int) { return z.file("runs/latest/result.json"), -1 })
	}},
	{"report.html", func(z zklabIn, w unseen) (string, int) {
		return z.afterRun(w, func() (string, int) { return z.file("runs/latest/report.html"), -1 })
	}},
	{"junit.xml", func(z zklabIn, w unseen) (string, int) {
		return z.afterRun(w, func() (string, int) { return z.file("runs/latest/junit.xml"), -1 })
	}},
}

// zklabIn runs zklab in a folder. What it has run with the same arguments it does not run again.
type zklabIn struct {
	t    *testing.T
	dir  string
	done map[string]outputOf
	by   func(args []string) outputOf // runs it; nil: a process for each command
}

type outputOf struct {
	text string
	code int
}

func (z zklabIn) zklab(args ...string) (string, int) {
	z.t.Helper()
	if a, ok := z.done[strings.Join(args, " ")]; ok {
		return a.text, a.code
	}
	if z.by != nil {
		out := z.by(args)
		z.done[strings.Join(args, " ")] = out
		return out.text, out.code
	}
	cmd := exec.CommandContext(z.t.Context(), "zklab", args...)
	cmd.Dir = z.dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		z.t.Fatal(err)
	}
	z.done[strings.Join(args, " ")] = outputOf{out.String(), cmd.ProcessState.ExitCode()}
	return out.String(), cmd.ProcessState.ExitCode()
}

func (z zklabIn) run(command string, w unseen, more ...string) (string, int) {
	args := append([]string{command, "lock", "--quiet", "--seed", "1", "--simulate", "--out", "runs"}, more...)
	return z.zklab(append(args, w.flags...)...)
}

func (z zklabIn) swept(w unseen, more ...string) (string, int) {
	args := append([]string{"sweep", "lock", "--quiet", "--swarm=false", "--seeds", "1", "--jobs", "1", "--out", "s"}, more...)
	for i := 0; i < len(w.flags); i += 2 {
		if w.flags[i] != "--seed" { // a sweep has seeds
			args = append(args, w.flags[i:i+2]...)
		}
	}
	return z.zklab(args...)
}

// after asks about what a command has stored. If it has stored nothing, that command has to tell.
func (z zklabIn) after(first func() (string, int), stored string, ask func() (string, int)) (string, int) {
	text, code := first()
	if _, err := os.Stat(filepath.Join(z.dir, stored)); err != nil {
		return text, code
	}
	return ask()
}

func (z zklabIn) afterRun(w unseen, ask func() (string, int)) (string, int) {
	return z.after(func() (string, int) { return z.run("run", w) }, "runs/latest", ask)
}

func (z zklabIn) file(pattern string) string {
	z.t.Helper()
	paths, _ := filepath.Glob(filepath.Join(z.dir, pattern))
	if len(paths) != 1 {
		z.t.Fatalf("%d files %s", len(paths), pattern)
	}
	b, err := os.ReadFile(paths[0])
	if err != nil {
		z.t.Fatal(err)
	}
	return string(b)
}

// green is what only a valid verdict may say.
var green = regexp.MustCompile(`✓ VALID|VALID: |"verdict": "valid"|<h1[^>]*>\s*✓|✓ Valid`)

// Where nobody looked nothing is valid: at no front door does a way to see nothing come out as valid,
// and each says what was not seen.
func TestNothingSeenIsNotValid(t *testing.T) {
	t.Parallel()
	for _, w := range waysToSeeNothing {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			says, dir, done := regexp.MustCompile(w.says), t.TempDir(), map[string]outputOf{}
			for _, d := range frontDoors {
				t.Run(d.name, func(t *testing.T) {
					text, code := d.ask(zklabIn{t: t, dir: dir, done: done}, w)
					text = strings.Join(strings.Fields(text), " ")
					if code == exitValid || code == exitViolation || green.MatchString(text) || !says.MatchString(text) {
						t.Errorf("exit code %d, green: %q, says %q: %v\n%.1500s", code, green.FindString(text), w.says, says.MatchString(text), text)
					}
				})
			}
		})
	}
}
