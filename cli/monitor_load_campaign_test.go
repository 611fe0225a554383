//go:build real && campaign && linux

package cli

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/tmuxtest"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// load describes what clients do to a folder while monitors follow it.
type load struct {
	*testing.T
	servers []string
	znodes  int
	rate    int           // changes a second
	lasts   time.Duration // how long the load lasts

	writers []*loadWriter
}

// loadWriters is the number of writers that share the znodes; each knows the state of its own.
const loadWriters = 16

// loadWriter changes znodes that nobody else changes.
type loadWriter struct {
	c      *client.Client
	random *rand.Rand
	done   map[string][]loadStep // by name
	size   map[string]int        // sizes of existing znodes, by name
}

// loadStep is a change as its writer knows it. zxid is 0 if no reply told it.
type loadStep struct {
	kind string
	zxid int64
}

// TestMonitorUnderLoad makes clients change a folder of znodes at a given rate, while one monitor shows
// it on a terminal and another one prints lines. Afterwards the lines must report each change once and
// in order, and the screen must show the existing znodes, row by row.
//
// `make monitor-load` runs it for as long as ZKLAB_MONITOR_FOR says, and shows what the monitors
// needed meanwhile.
func TestMonitorUnderLoad(t *testing.T) {
	tmuxtest.Require(t)
	l := &load{T: t, znodes: 2000, rate: 500, lasts: 5 * time.Second}
	if text := os.Getenv("ZKLAB_MONITOR_FOR"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatalf("ZKLAB_MONITOR_FOR: %v", err)
		}
		l.znodes, l.rate, l.lasts = 10_000, 1000, d
	}
	l.servers = ensembleUp(t, cmp.Or(os.Getenv("ZKLAB_MONITOR_ENSEMBLE"), "embedded"))
	l.fill()
	lines := l.followsInLines()
	screen := l.followsOnScreen()
	l.run(func() { screen.sample(lines) })
	lines.agree()
	screen.agrees()
}

// ensembleUp starts an ensemble in a separate process.
func ensembleUp(t *testing.T, kind string) []string {
	t.Helper()
	cmd := exec.Command("zklab", "ensemble", "up", "--ensemble", kind, "--listen", "127.0.0.1:0", "--name", "none")
	out := must.Get(cmd.StdoutPipe())(t)
	must.Do(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		_ = cmd.Wait()
	})
	line := must.Get(bufio.NewReader(out).ReadString('\n'))(t)
	return strings.Split(strings.TrimSpace(line), ",")
}

func (l *load) connect() *client.Client {
	l.Helper()
	c, err := client.Connect(l.Context(), client.Config{Servers: l.servers, Timeout: 30 * time.Second})
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(c.Close)
	return c
}

// fill creates the folder and the znodes in it.
func (l *load) fill() {
	l.Helper()
	if _, _, err := l.connect().Create(l.Context(), "/load", nil, nil, wire.Persistent, 0); err != nil {
		l.Fatal(err)
	}
	for i := range loadWriters {
		l.writers = append(l.writers, &loadWriter{
			c: l.connect(), random: rand.New(rand.NewPCG(uint64(i), 1)),
			done: make(map[string][]loadStep), size: make(map[string]int),
		})
	}
	var filling sync.WaitGroup
	for i, w := range l.writers {
		filling.Go(func() {
			for n := i; n < l.znodes; n += loadWriters {
				if err := w.create(l.Context(), fmt.Sprintf("n%06d", n)); err != nil {
					l.Error(err)
					return
				}
			}
		})
	}
	filling.Wait()
	for _, w := range l.writers {
		clear(w.done) // the monitors did not see these changes
	}
	if l.Failed() {
		l.FailNow()
	}
}

// run changes znodes at the load's rate for its duration, and calls look every ten seconds.
func (l *load) run(look func()) {
	l.Helper()
	var busy sync.WaitGroup
	var next atomic.Int64
	begun := time.Now()
	total := int64(l.lasts.Seconds() * float64(l.rate))
	for _, w := range l.writers {
		busy.Go(func() {
			names := w.names()
			for {
				n := next.Add(1)
				if n > total {
					return
				}
				time.Sleep(time.Until(begun.Add(time.Duration(n) * time.Second / time.Duration(l.rate)))) // returns at once if the load is behind
				if err := w.change(l.Context(), names[w.random.IntN(len(names))]); err != nil {
					l.Error(err)
					return
				}
			}
		})
	}
	over, stop := context.WithCancel(l.Context())
	var looking sync.WaitGroup
	looking.Go(func() {
		for {
			select {
			case <-time.After(10 * time.Second):
				look()
			case <-over.Done():
				return
			}
		}
	})
	busy.Wait()
	stop()
	looking.Wait()
	look()
	l.Logf("%d changes in %s: %.0f a second", total, time.Since(begun).Round(time.Millisecond), float64(total)/time.Since(begun).Seconds())
}

// names lists the names that a writer has created so far.
func (w *loadWriter) names() (names []string) {
	for name := range w.size {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// change sets a znode, deletes it, or creates it again.
func (w *loadWriter) change(ctx context.Context, name string) error {
	_, there := w.size[name]
	switch {
	case !there:
		return w.create(ctx, name)
	case w.random.IntN(5) == 0:
		delete(w.size, name)
		w.done[name] = append(w.done[name], loadStep{kind: "deleted"})
		return w.c.Delete(ctx, "/load/"+name, -1)
	}
	data := w.value()
	s, err := w.c.Set(ctx, "/load/"+name, data, -1)
	w.size[name] = len(data)
	w.done[name] = append(w.done[name], loadStep{"changed", s.Mzxid})
	return err
}

func (w *loadWriter) create(ctx context.Context, name string) error {
	mode := wire.Persistent
	if w.random.IntN(4) == 0 {
		mode = wire.Ephemeral
	}
	data := w.value()
	_, s, err := w.c.Create(ctx, "/load/"+name, data, nil, mode, 0)
	w.size[name] = len(data)
	w.done[name] = append(w.done[name], loadStep{"created", s.Czxid})
	return err
}

// value returns a value whose length distinguishes it from most others.
func (w *loadWriter) value() []byte { return []byte(strings.Repeat("x", w.random.IntN(1000))) }

// loadLines is a monitor that prints lines, with what they reported.
type loadLines struct {
	*load
	cmd  *exec.Cmd
	mu   sync.Mutex
	told map[string][]loadStep
	news chan struct{} // closed and replaced with each line
	last int64         // the zxid of the previous line
	bad  []string
	seen int
}

// followsInLines starts a monitor that prints lines, and waits until it follows the tree.
func (l *load) followsInLines() *loadLines {
	l.Helper()
	m := &loadLines{load: l, told: make(map[string][]loadStep), news: make(chan struct{})}
	m.cmd = exec.Command("zklab", "monitor", strings.Join(l.servers, ",")+"/load", "--log")
	out, err := m.cmd.StdoutPipe()
	if err != nil {
		l.Fatal(err)
	}
	if err := m.cmd.Start(); err != nil {
		l.Fatal(err)
	}
	var reading sync.WaitGroup
	l.Cleanup(func() {
		_ = m.cmd.Process.Signal(syscall.SIGINT)
		reading.Wait()
		_ = m.cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	if !lines.Scan() || !strings.Contains(lines.Text(), `"connected"`) {
		l.Fatalf("no connection: %s", lines.Text())
	}
	reading.Go(func() {
		for lines.Scan() {
			m.take(lines.Bytes())
		}
	})
	return m
}

func (m *loadLines) take(text []byte) {
	var line struct {
		Kind, Path, Zxid string
		Found            bool
	}
	err := json.Unmarshal(text, &line)
	zxid, zxidErr := strconv.ParseInt(line.Zxid, 0, 64)
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case err != nil || zxidErr != nil || line.Path == "" || line.Found || zxid < m.last:
		m.bad = append(m.bad, string(text))
	default:
		name := strings.TrimPrefix(line.Path, "/")
		m.told[name] = append(m.told[name], loadStep{line.Kind, zxid})
		m.last = zxid
	}
	m.seen++
	close(m.news)
	m.news = make(chan struct{})
}

// agree waits for as many lines as there were changes, and compares them: each change once, with
// its zxid.
func (m *loadLines) agree() {
	m.Helper()
	want := make(map[string][]loadStep)
	total := 0
	for _, w := range m.writers {
		for name, steps := range w.done {
			want[name] = steps
			total += len(steps)
		}
	}
	bound := time.After(time.Minute)
	for {
		m.mu.Lock()
		seen, news := m.seen, m.news
		m.mu.Unlock()
		if seen >= total {
			break
		}
		select {
		case <-news:
		case <-bound:
			m.Fatalf("%d lines of %d", seen, total)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, text := range m.bad {
		m.Errorf("not as it should be: %s", text)
	}
	same := func(a, b loadStep) bool { return a.kind == b.kind && (a.zxid == b.zxid || a.zxid == 0) }
	for name, steps := range want {
		if !slices.EqualFunc(steps, m.told[name], same) {
			m.Errorf("%s: happened %v, told %v", name, steps, m.told[name])
		}
	}
	m.Logf("%d changes, each told once and in order", total)
}

// loadScreen is a monitor on a terminal.
type loadScreen struct {
	*load
	*tmuxtest.Terminal
	pid    int
	traces string        // file with the garbage collector's traces
	drawn  *drawings     // what was written to the terminal
	cpu    time.Duration // at the previous sample
	at     time.Time
	bytes  int64
	times  int64
}

// Helper resolves the ambiguity between the methods of testing.T and of the terminal.
func (s *loadScreen) Helper() { s.T.Helper() }

func (l *load) followsOnScreen() *loadScreen {
	l.Helper()
	dir := l.TempDir()
	s := &loadScreen{load: l, traces: filepath.Join(dir, "gc"), at: time.Now()}
	s.Terminal = tmuxtest.Start(l.T, tmuxtest.Config{Width: 200, Height: 50, Env: []string{"GODEBUG=gctrace=1"}},
		"sh", "-c", `exec zklab monitor "$0" 2>"$1"`, strings.Join(l.servers, ","), s.traces)
	s.pid = s.Process()
	s.drawn = counting(l.T, s.Terminal)
	s.Until(`load`)
	s.Keys("Down", "Enter")
	s.When("not all is loaded", func(screen string) bool { return rowsOf(screen) > l.znodes })
	return s
}

// rowsOf returns the number of rows that the screen shows for the tree.
func rowsOf(screen string) int {
	m := regexp.MustCompile(`([0-9,]+) rows?`).FindStringSubmatch(screen)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(strings.ReplaceAll(m[1], ",", ""))
	return n
}

// drawings counts what a command writes to its terminal.
type drawings struct{ bytes, times, clears atomic.Int64 }

// counting makes tmux also send the terminal's output here.
func counting(t *testing.T, terminal *tmuxtest.Terminal) *drawings {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	must.Do(t, syscall.Mkfifo(path, 0o600))
	pipe := must.Get(os.OpenFile(path, os.O_RDWR, 0))(t)
	t.Cleanup(func() { pipe.Close() })
	terminal.Pipe("exec cat >" + path)
	d := new(drawings)
	go func() {
		b := make([]byte, 1<<16)
		last := time.Now()
		for {
			n, err := pipe.Read(b)
			if err != nil {
				return
			}
			now := time.Now()
			if now.Sub(last) > 20*time.Millisecond { // else it belongs to the previous drawing
				d.times.Add(1)
			}
			last = now
			d.bytes.Add(int64(n))
			d.clears.Add(int64(strings.Count(string(b[:n]), "\x1b[2J")))
		}
	}()
	return d
}

// sample logs the resources that both monitors use.
func (s *loadScreen) sample(lines *loadLines) {
	now, cpu := time.Now(), processorTime(s.pid)
	bytes, times := s.drawn.bytes.Load(), s.drawn.times.Load()
	seconds := now.Sub(s.at).Seconds()
	lines.mu.Lock()
	seen := lines.seen
	lines.mu.Unlock()
	s.Logf("screen: %s, %.1f%% of a processor, %.1f drawings/s, %.0f kB/s to the terminal, %d times cleared; lines: %s, %d told",
		memory(s.pid, s.traces), 100*(cpu-s.cpu).Seconds()/seconds, float64(times-s.times)/seconds, float64(bytes-s.bytes)/seconds/1000, s.drawn.clears.Load(),
		memory(lines.cmd.Process.Pid, ""), seen)
	s.at, s.cpu, s.bytes, s.times = now, cpu, bytes, times
}

// processorTime returns the processor time of a process so far (proc(5), /proc/pid/stat).
func processorTime(pid int) time.Duration {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// memory returns the memory of a process, and the size of its live heap at the last collection.
func memory(pid int, traces string) string {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	var words []string
	if m := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(b); m != nil {
		kb, _ := strconv.Atoi(string(m[1]))
		words = append(words, fmt.Sprintf("%d MB resident", kb/1000))
	}
	b, _ = os.ReadFile(traces)
	if all := regexp.MustCompile(`->(\d+) MB,`).FindAllSubmatch(b, -1); all != nil {
		words = append(words, fmt.Sprintf("%s MB of heap", all[len(all)-1][1]))
	}
	return strings.Join(words, ", ")
}

// loadRow matches a row of the tree: the name, and the size at the end.
var loadRow = regexp.MustCompile(`(n\d{6}) .* (\d+) B +│`)

// agrees goes through the whole tree, page by page, and compares it with the existing znodes.
func (s *loadScreen) agrees() {
	s.Helper()
	want := make(map[string]int)
	for _, w := range s.writers {
		for name, size := range w.size {
			want[name] = size
		}
	}
	var names []string
	for name := range want {
		names = append(names, name)
	}
	slices.Sort(names)
	s.Keys("g", "PageDown") // selects the last row of the first page
	for next := 0; next < len(names); {
		s.When(fmt.Sprintf("from %s on not as it should be", names[next]), func(screen string) bool {
			rows := loadRow.FindAllStringSubmatch(screen, -1)
			if len(rows) == 0 {
				return false
			}
			at, found := slices.BinarySearch(names, rows[0][1])
			if !found || at > next || at+len(rows) <= next {
				return false
			}
			for _, row := range rows {
				if size, _ := strconv.Atoi(row[2]); at >= len(names) || row[1] != names[at] || size != want[row[1]] {
					return false
				}
				at++
			}
			next = at
			return true
		})
		s.Keys("PageDown")
	}
	s.Logf("%d znodes, each row as it should be", len(names))
}
