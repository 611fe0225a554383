package cli

import (
	"bytes"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble/embedded"
	site "github.com/zklab/zklab/internal/lab/serve"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/unseen"
)

// door is a command or a page that tells the result of an experiment.
type door struct {
	name string
	// ask returns the output, and the exit code if that has to tell the verdict, else -1. The output is empty if
	// the way of seeing nothing does not concern this door.
	ask func(z zklabIn) (text string, code int)
}

// unmeasured is a gate that no way to see nothing measures often enough.
const unmeasured = "failover.median<1h"

var frontDoors = []door{
	{"run", func(z zklabIn) (string, int) { return z.run() }},
	{"run --repeat --json --gate", func(z zklabIn) (string, int) {
		return z.run("--repeat", "2", "--json", "--gate", unmeasured, "--out", "repeated")
	}},
	{"sweep", func(z zklabIn) (string, int) { return z.swept() }},
	{"merge --json", func(z zklabIn) (string, int) {
		return z.after(z.swept, "s/sweeps", func() (string, int) { return z.zklab("merge", "--json", "s/sweeps/"+z.way.Of()) })
	}},
	{"sweep.html", func(z zklabIn) (string, int) {
		return z.after(z.swept, "s/sweeps", func() (string, int) { return z.file("s/sweeps/*/*/sweep.html"), -1 })
	}},
	{"explore", func(z zklabIn) (string, int) { return z.explored() }},
	{"explore --json", func(z zklabIn) (string, int) { return z.explored("--json") }}, // of the existing runs
	{"explore.html", func(z zklabIn) (string, int) {
		return z.after(z.explored, "e/explorations", func() (string, int) { return z.file("e/explorations/*/*Z/explore.html"), -1 })
	}},
	{"check --json", func(z zklabIn) (string, int) {
		return z.after(z.run, "runs/latest", func() (string, int) { return z.zklab("check", "--json", "runs/latest") })
	}},
	{"result.json", func(z zklabIn) (string, int) {
		return z.after(z.run, "runs/latest", func() (string, int) { return z.file("runs/latest/result.json"), -1 })
	}},
	{"report.html", func(z zklabIn) (string, int) {
		return z.after(z.run, "runs/latest", func() (string, int) { return z.file("runs/latest/report.html"), -1 })
	}},
	{"junit.xml", func(z zklabIn) (string, int) {
		return z.after(z.run, "runs/latest", func() (string, int) { return z.file("runs/latest/junit.xml"), -1 })
	}},
	{"compare --gate", func(z zklabIn) (string, int) { return z.compared() }}, // without a gate, it exits with 0 whatever it compares
	{"compare.html", func(z zklabIn) (string, int) {
		return z.after(z.compared, "compare.html", func() (string, int) { return z.file("compare.html"), -1 })
	}},
	{"serve, the page of a run", func(z zklabIn) (string, int) {
		return z.after(z.run, "runs/latest", func() (string, int) { return z.served("runs", "*/*Z"), -1 })
	}},
	{"serve, the page of a sweep", func(z zklabIn) (string, int) {
		return z.after(z.swept, "s/sweeps", func() (string, int) { return z.served("s", "sweeps/*/*"), -1 })
	}},
	{"serve, the page of an exploration", func(z zklabIn) (string, int) {
		return z.after(z.explored, "e/explorations", func() (string, int) { return z.served("e", "explorations/*/*Z"), -1 })
	}},
}

// zklabIn runs zklab in a folder, in one way. It does not run the same arguments twice.
type zklabIn struct {
	t    *testing.T
	way  unseen.Way
	dir  string
	done map[string]outputOf
	by   func(args []string) outputOf // runs a command; nil: in a process for each command
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

func (z zklabIn) run(more ...string) (string, int) {
	args := append([]string{"run", z.way.Of(), "--quiet", "--seed", "1", "--simulate", "--out", "runs"}, more...)
	return z.zklab(append(args, unseen.Without(z.way.Flags, "--swarm")...)...)
}

func (z zklabIn) swept(more ...string) (string, int) {
	args := append([]string{"sweep", z.way.Of(), "--quiet", "--swarm=false", "--seeds", "1", "--jobs", "1", "--out", "s"}, more...)
	return z.zklab(append(args, z.way.Flags...)...)
}

func (z zklabIn) explored(more ...string) (string, int) {
	if z.way.Small == nil {
		return "", -1
	}
	args := append([]string{"explore", z.way.Of(), "--quiet", "--singles", "--jobs", "1", "--out", "e"}, more...)
	return z.zklab(append(args, z.way.Small...)...)
}

// compared compares the run with the sweep.
func (z zklabIn) compared(...string) (string, int) {
	return z.after(z.run, "runs/latest", func() (string, int) {
		return z.after(z.swept, "s/sweeps", func() (string, int) {
			return z.zklab("compare", "runs/latest", "s/sweeps/"+z.way.Of()+"/????????????????", "--gate", unmeasured, "--page", "compare.html")
		})
	})
}

// after runs first, and then ask about what it has stored. If it has stored nothing, the answer is the
// output of first.
func (z zklabIn) after(first func(...string) (string, int), stored string, ask func() (string, int)) (string, int) {
	text, code := first()
	if _, err := os.Stat(filepath.Join(z.dir, stored)); err != nil {
		return text, code
	}
	return ask()
}

// served returns the page that zklab serve shows of the entry of a store that matches a pattern. The list of all
// entries of the store must not be green either.
func (z zklabIn) served(store, pattern string) string {
	z.t.Helper()
	server, err := site.New(site.Config{Store: filepath.Join(z.dir, store)})
	if err != nil {
		z.t.Fatal(err)
	}
	defer server.Close()
	listening := httptest.NewServer(server.Handler())
	defer listening.Close()
	stored, _ := filepath.Glob(filepath.Join(z.dir, store, pattern))
	if len(stored) == 0 {
		z.t.Fatalf("nothing is %s", pattern)
	}
	name, _ := filepath.Rel(filepath.Join(z.dir, store), stored[0])
	list := strings.Join(strings.Fields(z.get(listening.URL)), " ")
	if green.MatchString(list) || !strings.Contains(list, "undecided") || !regexp.MustCompile(z.way.Says).MatchString(list) {
		z.t.Errorf("the list is green: %q, or does not say %q\n%.3000s", green.FindString(list), z.way.Says, list)
	}
	return z.get(listening.URL + "/run/" + filepath.ToSlash(name))
}

func (z zklabIn) get(url string) string {
	z.t.Helper()
	r, err := http.Get(url)
	if err != nil {
		z.t.Fatal(err)
	}
	defer r.Body.Close()
	page, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		z.t.Fatal(r.Status, err)
	}
	return html.UnescapeString(string(page))
}

func (z zklabIn) file(pattern string) string {
	z.t.Helper()
	paths, _ := filepath.Glob(filepath.Join(z.dir, pattern))
	if len(paths) == 0 {
		z.t.Fatalf("no file is %s", pattern)
	}
	b, err := os.ReadFile(paths[0])
	if err != nil {
		z.t.Fatal(err)
	}
	return html.UnescapeString(string(b))
}

// green matches what only a valid verdict may print.
var green = regexp.MustCompile(`✓ VALID|\bVALID: |"verdict": "valid"|verdict: valid|<h1[^>]*>\s*✓|✓ Valid|class="mark" aria-hidden="true">✓`)

// What was not examined is not valid: no command or page reports an experiment in which nothing was seen as
// valid, and each tells what was not seen.
func TestNothingSeenIsNotValid(t *testing.T) {
	t.Parallel()
	for _, w := range unseen.Ways {
		t.Run(w.Name, func(t *testing.T) {
			t.Parallel()
			says, dir, done := regexp.MustCompile(w.Says), t.TempDir(), map[string]outputOf{}
			lines := commandLines(t, dir)
			for _, d := range frontDoors {
				t.Run(d.name, func(t *testing.T) {
					text, code := d.ask(zklabIn{t: t, way: w, dir: dir, done: done, by: lines})
					if text == "" {
						return
					}
					text = strings.Join(strings.Fields(text), " ")
					if code == usage.ExitValid || code == usage.ExitViolation || green.MatchString(text) || !says.MatchString(text) {
						t.Errorf("exit code %d, green: %q, says %q: %v\n%.1500s", code, green.FindString(text), w.Says, says.MatchString(text), text)
					}
				})
			}
		})
	}
}

// A property that needs transactions which no longer exist is not valid, and every door to the run says so.
func TestTransactionsThatAreLost(t *testing.T) {
	t.Parallel()
	z := zklabIn{t: t, way: unseen.Way{Flags: []string{"--time-limit=3s"}}, dir: t.TempDir(), done: map[string]outputOf{}}
	if out, code := z.run(); code != usage.ExitValid {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	must.Do(t, os.Remove(filepath.Join(z.dir, "runs/latest/transactions.jsonl")))
	lost := regexp.MustCompile(`grant.*own-znodes.*log.*transactions\.jsonl`)
	checked, _ := z.zklab("check", "runs/latest")
	_, code := z.zklab("report", "runs/latest")
	for door, text := range map[string]string{
		"check": checked, "result.json": z.file("runs/latest/result.json"), "report.html": z.file("runs/latest/report.html"),
		"junit.xml": z.file("runs/latest/junit.xml"),
	} {
		if text = strings.Join(strings.Fields(text), " "); !lost.MatchString(text) || code != usage.ExitValid {
			t.Errorf("%s, exit code %d: it does not say what was lost:\n%.1500s", door, code, text)
		}
	}
}

// The ensemble is external, on this machine, and shows no transactions: properties that need its log are not checked,
// and every door that decides them says so. The runs are in real time, because only embedded ensembles are simulated.
func TestEnsembleWithoutTransactionLog(t *testing.T) {
	t.Parallel()
	e := must.Get(embedded.Start(embedded.Config{}))(t)
	defer e.Close()
	var servers []string
	for _, s := range e.Servers() {
		servers = append(servers, s.Addr())
	}
	way := unseen.Way{Flags: []string{"--simulate=false", "--ensemble=external", "--servers=" + strings.Join(servers, ","), "--time-limit=2s", "--min-load=1"}}
	z := zklabIn{t: t, way: way, dir: t.TempDir(), done: map[string]outputOf{}}
	unlogged := regexp.MustCompile(`\blog\b.*the servers' transaction logs cannot be read`)
	for _, d := range frontDoors {
		if strings.HasPrefix(d.name, "serve") || strings.HasPrefix(d.name, "compare") {
			continue // serve shows pages from files, and compare decides no property
		}
		t.Run(d.name, func(t *testing.T) {
			text, code := d.ask(z)
			text = strings.Join(strings.Fields(text), " ")
			if text != "" && (code == usage.ExitViolation || !unlogged.MatchString(text)) {
				t.Errorf("exit code %d: it does not say what was not checked:\n%.3000s", code, text)
			}
		})
	}
}

// interrupted runs a command, and interrupts it once as soon as a file that matches a pattern holds a text.
func (z zklabIn) interrupted(pattern, text string, args ...string) (string, int) {
	z.t.Helper()
	cmd := exec.CommandContext(z.t.Context(), "zklab", args...)
	cmd.Dir = z.dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		z.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for range time.Tick(10 * time.Millisecond) {
		paths, _ := filepath.Glob(filepath.Join(z.dir, pattern))
		if len(paths) > 0 {
			if b, err := os.ReadFile(paths[0]); err == nil && bytes.Contains(b, []byte(text)) {
				break
			}
		}
		select {
		case <-ended:
			z.t.Fatalf("it ended before it was interrupted:\n%s", &out)
		default:
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		z.t.Fatal(err)
	}
	<-ended // the exit code tells more
	return out.String(), cmd.ProcessState.ExitCode()
}

// A run or a sweep that was interrupted before its faults took effect is undecided at each door. The runs are
// in real time, because only then do they take long enough for a signal.
func TestInterruptedIsNotValid(t *testing.T) {
	t.Parallel()
	z := zklabIn{t: t, dir: t.TempDir(), done: map[string]outputOf{}}
	run, code := z.interrupted("runs/lock/*/history.jsonl", `"f":"release"`, "run", "lock", "--quiet", "--faults", "kill:leader@1h", "--time-limit", "2h", "--out", "runs")
	swept, sweptCode := z.interrupted("s/sweeps/lock/*/*/runs.jsonl", `"seed":5,`, "sweep", "lock", "--quiet", "--swarm=false", "--seeds", "1..100000", "--jobs", "1", "--time-limit", "1s", "--out", "s")
	checked, checkedCode := z.zklab("check", "runs/latest")
	merged, mergedCode := z.zklab("merge", "s/sweeps/lock")
	const early, some = `kill never happened: the load ended before`, `not all seeds were run`
	for _, d := range []struct {
		door, text, says string
		code             int
	}{
		{"run", run, early, code},
		{"check", checked, early, checkedCode},
		{"result.json", z.file("runs/latest/result.json"), early, -1},
		{"report.html", z.file("runs/latest/report.html"), early, -1},
		{"junit.xml", z.file("runs/latest/junit.xml"), early, -1},
		{"serve, the page of a run", z.served("runs", "*/*Z"), early, -1},
		{"sweep", swept, some, sweptCode},
		{"merge", merged, some, mergedCode},
		{"sweep.html", z.file("s/sweeps/*/*/sweep.html"), some, -1},
	} {
		if text := strings.Join(strings.Fields(d.text), " "); d.code != -1 && d.code != usage.ExitUnknown || green.MatchString(text) || !strings.Contains(text, d.says) {
			t.Errorf("%s: exit code %d, green: %q\n%.1500s", d.door, d.code, green.FindString(text), text)
		}
	}
}
