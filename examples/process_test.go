package examples

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/base/procgroup"
	"github.com/zklab/zklab/internal/testkit/testmain"
)

// patience bounds each wait for a line, or for an end.
const patience = time.Minute

// process is a running program. It outlives neither its test nor this process.
type process struct {
	t     *testing.T
	name  string
	cmd   *exec.Cmd
	group *procgroup.Group
	out   *output
	errs  bytes.Buffer
	seen  int // number of lines that were awaited or came before awaited ones
	page  *session
	job   int // its number on the page
}

// launch starts a program, under a name for messages.
func launch(t *testing.T, name, program string, args ...string) *process {
	t.Helper()
	return launchIn(t, "", name, program, args...)
}

// launchIn is launch in a folder; "" is that of the tests.
func launchIn(t *testing.T, dir, name, program string, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: name, cmd: exec.Command(program, args...), out: newOutput()}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, p.out, &p.errs
	var err error
	if p.group, err = procgroup.Start(p.cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.group.Kill()
		<-p.group.Ended()
		if t.Failed() {
			t.Logf("%s:\n%s%s", name, strings.Join(p.out.since(0), "\n"), p.errs.String())
		}
	})
	return p
}

// await waits for the next line that matches, and returns what its groups match.
func (p *process) await(pattern string) []string {
	p.t.Helper()
	re, late := regexp.MustCompile(pattern), time.After(patience)
	for {
		more, ended := p.out.more(), p.hasEnded()
		for _, line := range p.out.since(p.seen) {
			p.seen++
			if m := re.FindStringSubmatch(line); m != nil {
				p.page.add(line)
				return m[1:]
			}
		}
		if ended {
			p.t.Fatalf("%s ended without a line %q", p.name, pattern)
		}
		select {
		case <-more:
		case <-p.group.Ended():
		case <-late:
			p.t.Fatalf("%s: no line %q", p.name, pattern)
		}
	}
}

// awaitAll is await for several lines, in whatever order they come.
func (p *process) awaitAll(patterns ...string) {
	p.t.Helper()
	from, to := p.seen, p.seen
	for _, pattern := range patterns {
		p.seen = from
		p.await(pattern)
		to = max(to, p.seen)
	}
	p.seen = to
}

func (p *process) hasEnded() bool {
	select {
	case <-p.group.Ended():
		return true
	default:
		return false
	}
}

// kill ends the process with SIGKILL.
func (p *process) kill() {
	p.t.Helper()
	p.page.signal("-9", p)
	if err := p.group.Kill(); err != nil {
		p.t.Fatal(err)
	}
}

// interrupt interrupts the process like Ctrl-C.
func (p *process) interrupt() {
	p.t.Helper()
	p.page.signal("-INT", p)
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
}

// ends waits until the process has ended by itself.
func (p *process) ends() {
	p.t.Helper()
	select {
	case <-p.group.Ended():
	case <-time.After(patience):
		p.t.Fatalf("%s does not end", p.name)
	}
}

// exits waits until the process has ended by itself. It fails unless the exit code is code and standard
// error is empty, or has a single line with message if that is set.
func (p *process) exits(code int, message string) {
	p.t.Helper()
	p.ends()
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		p.t.Errorf("%s: %s, not %d", p.name, p.group.State(), code)
	}
	lines := 1
	if message == "" {
		lines = 0
	}
	if got := p.errs.String(); strings.Count(got, "\n") != lines || !strings.Contains(got, message) {
		p.t.Errorf("%s says on standard error, not %q:\n%s", p.name, message, got)
	} else if message != "" {
		p.page.add(strings.TrimSpace(got))
	}
}

// output collects lines.
type output struct {
	mu      sync.Mutex
	rest    []byte
	lines   []string
	changed chan struct{}
}

func newOutput() *output { return &output{changed: make(chan struct{})} }

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rest = append(o.rest, b...)
	for {
		line, rest, ok := bytes.Cut(o.rest, []byte("\n"))
		if !ok {
			break
		}
		o.lines, o.rest = append(o.lines, string(line)), rest
	}
	close(o.changed)
	o.changed = make(chan struct{})
	return len(b), nil
}

// more returns a channel that is closed when there is more output than now.
func (o *output) more() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.changed
}

func (o *output) since(n int) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.lines[n:])
}

// built builds the programs and zklab, and returns their folder.
var built = sync.OnceValues(func() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "examples"); err != nil {
		return "", err
	}
	folder = dir
	args := []string{"build", "-o", dir + string(filepath.Separator), "../cmd/zklab"}
	for _, p := range programs {
		args = append(args, "./"+p)
	}
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return dir, nil
})

var folder string // to be removed

// The tests wait for processes most of the time.
func TestMain(m *testing.M) {
	testmain.AtExit(func() error { return os.RemoveAll(folder) })
	testmain.ManyAtOnce(16)
	testmain.Main(m)
}

func binary(t *testing.T, name string) string {
	t.Helper()
	dir, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name)
}
