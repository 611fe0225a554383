//go:build linux

package adapter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/base/procgroup"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/subjects"
)

// lab is an ensemble with what a test needs to start clients of it.
type lab struct {
	t       *testing.T
	servers []string
}

func newLab(t *testing.T) *lab {
	t.Helper()
	e := must.Get(embedded.Start(embedded.Config{}))(t)
	t.Cleanup(func() { e.Close() })
	return &lab{t, e.Addrs()}
}

func (l *lab) config(defect string) Config {
	command, env := faking(l.t, defect)
	return Config{
		Command: command, Env: env, Servers: l.servers, Client: 3,
		SessionTimeout: time.Minute, OpenTimeout: time.Minute, Silence: time.Minute, EndTimeout: time.Minute,
	}
}

// start starts a client, and checks at the end of the test that nothing is left of it.
func (l *lab) start(cfg Config) *Process {
	l.t.Helper()
	p, err := Start(l.t.Context(), cfg)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() {
		pid := p.PID()
		if err := p.Close(context.Background()); err != nil && p.Broken() == nil {
			l.t.Error(err)
		}
		if pid != 0 && !procgroup.Gone(pid) {
			l.t.Errorf("group %d is not gone", pid)
		}
	})
	return p
}

func (l *lab) lock(p *Process, path string) *remoteLock {
	l.t.Helper()
	return lockOf(l.t, p, path)
}

func lockOf(t *testing.T, p *Process, path string) *remoteLock {
	t.Helper()
	k, err := lockAt(p, path)
	must.Do(t, err)
	return k
}

// aside calls f in the background; its error arrives in the channel.
func aside(f func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	return done
}

// asked waits until n requests of a process are without an answer.
func asked(t *testing.T, p *Process, n int) {
	t.Helper()
	l, err := p.alive()
	must.Do(t, err)
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		_, waiting, _ := l.x.look(0)
		if waiting == n {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d requests wait, not %d", waiting, n)
		}
	}
}

// stillWaits checks that nothing arrives for a moment.
func stillWaits(t *testing.T, done <-chan error) {
	t.Helper()
	select {
	case err := <-done:
		t.Fatalf("did not wait: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
}

func soonDone(t *testing.T, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(2 * time.Minute):
		t.Fatal("does not return")
		return nil
	}
}

// stateOf returns the state of a process as the system reports it; 0 if there is no
// such process.
func stateOf(pid int) byte {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	return b[bytes.LastIndexByte(b, ')')+2] // the name before the state, in parentheses, may hold any characters
}

// membersOf returns the processes of a group, as the system reports them.
func membersOf(t *testing.T, pgid int) (pids []int) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	must.Do(t, err)
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // the process has ended
		}
		var state string
		var parent, group int
		if _, err := fmt.Sscan(string(b[bytes.LastIndexByte(b, ')')+1:]), &state, &parent, &group); err == nil && group == pgid {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			must.Do(t, err)
			pids = append(pids, pid)
		}
	}
	return pids
}

// A frozen process is also stopped for the system. Calls wait, even those whose context
// ends: they are cancelled when the process goes on.
func TestFreeze(t *testing.T) {
	l := newLab(t)
	p := l.start(l.config(honest))
	a, b := l.lock(p, "/lock"), l.lock(p, "/lock")
	must.Do(t, a.Lock(t.Context()))
	must.Do(t, p.Freeze())
	must.Do(t, p.Freeze())
	if frozen, err := p.Frozen(); !frozen || err != nil || !p.Running() || stateOf(p.PID()) != 'T' {
		t.Errorf("frozen %v, %v, running %v, state %c", frozen, err, p.Running(), stateOf(p.PID()))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	second := aside(func() error { return b.Lock(ctx) })
	release := aside(func() error { return l.lock(p, "/other").Lock(t.Context()) })
	asked(t, p, 2)
	cancel()
	stillWaits(t, second)
	stillWaits(t, release)
	must.Do(t, p.Thaw())
	if frozen, err := p.Frozen(); frozen || err != nil {
		t.Errorf("frozen %v, %v", frozen, err)
	}
	err := soonDone(t, second)
	if !errors.Is(err, context.Canceled) || !subjects.NoEffect(err) || errors.Is(err, subjects.ErrProcess) {
		t.Errorf("a call that was cancelled while it was frozen: %v", err)
	}
	must.Do(t, soonDone(t, release))
	must.Do(t, a.Unlock(t.Context()))
	must.Do(t, p.Thaw())
}

// Calls under way end with the process, and their effect is unknown; later calls have
// no effect. No loss of its hold is reported.
func TestKill(t *testing.T) {
	l := newLab(t)
	p := l.start(l.config(honest))
	a, b := l.lock(p, "/lock"), l.lock(p, "/lock")
	must.Do(t, a.Lock(t.Context()))
	lost := a.lost(t)
	waiting := aside(func() error { return b.Lock(t.Context()) })
	asked(t, p, 1)
	stillWaits(t, waiting)
	must.Do(t, p.Freeze())
	pid := p.PID()
	must.Do(t, p.Kill())
	must.Do(t, p.Kill())
	if p.Running() || p.PID() != 0 || stateOf(pid) != 0 {
		t.Errorf("running %v, pid %d, state %c", p.Running(), p.PID(), stateOf(pid))
	}
	if frozen, err := p.Frozen(); frozen || err != nil {
		t.Errorf("frozen %v, %v", frozen, err)
	}
	if err := soonDone(t, waiting); !errors.Is(err, subjects.ErrProcess) || subjects.NoEffect(err) {
		t.Errorf("the call under way: %v", err)
	}
	_, make := queueAt(p, "/queue")
	for what, err := range map[string]error{
		"lock": a.Lock(t.Context()), "unlock": a.Unlock(t.Context()), "make": make,
		"touch": p.Touch(t.Context(), "/"), "freeze": p.Freeze(),
	} {
		if !errors.Is(err, subjects.ErrProcess) || !subjects.NoEffect(err) && what != "freeze" {
			t.Errorf("%s of a process that does not run: %v", what, err)
		}
	}
	must.Do(t, p.Thaw())
	must.Do(t, p.Broken())
	select {
	case <-lost:
		t.Error("somebody told that the hold is lost")
	default:
	}
}

// After a restart the process is another one, and its objects are there as before.
func TestRestart(t *testing.T) {
	l := newLab(t)
	p := l.start(l.config(honest))
	q, err := queueAt(p, "/queue")
	must.Do(t, err)
	must.Do(t, q.Put(t.Context(), []byte("x")))
	pid := p.PID()
	must.Do(t, p.Restart(t.Context())) // although the process still runs
	if p.PID() != pid {
		t.Error("a process that runs was started again")
	}
	must.Do(t, p.Kill())
	must.Do(t, p.Restart(t.Context()))
	if p.PID() == pid || !p.Running() {
		t.Errorf("pid %d, running %v", p.PID(), p.Running())
	}
	if got, err := q.Take(t.Context()); err != nil || string(got) != "x" {
		t.Errorf("%q, %v", got, err)
	}
}

// A restart that fails leaves the process down, and may be repeated.
func TestRestartFails(t *testing.T) {
	l := newLab(t)
	p := l.start(l.config(honest))
	k := l.lock(p, "/lock")
	must.Do(t, p.Kill())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Restart(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if p.Running() {
		t.Error("it runs")
	}
	must.Do(t, p.Restart(t.Context()))
	must.Do(t, k.Lock(t.Context()))
}

// Processes that a shell started are stopped and killed with it.
func TestWholeGroup(t *testing.T) {
	l := newLab(t)
	cfg := l.config(honest)
	pidfile := filepath.Join(t.TempDir(), "pid")
	cfg.Command = Shell(fmt.Sprintf("sleep 1000 & echo $! > %s; cat | %q | cat", pidfile, cfg.Command[0]))
	p := l.start(cfg)
	b, err := os.ReadFile(pidfile)
	must.Do(t, err)
	sleep, err := strconv.Atoi(strings.TrimSpace(string(b)))
	must.Do(t, err)
	all := membersOf(t, p.PID())
	if len(all) < 4 || !slices.Contains(all, sleep) {
		t.Fatalf("group of %d: %v, sleep is %d", p.PID(), all, sleep)
	}
	must.Do(t, p.Freeze())
	for _, pid := range all {
		if s := stateOf(pid); s != 'T' {
			t.Errorf("process %d is %c", pid, s)
		}
	}
	must.Do(t, p.Thaw())
	k := l.lock(p, "/lock")
	must.Do(t, k.Lock(t.Context()))
	must.Do(t, p.Kill())
	for _, pid := range all {
		if s := stateOf(pid); s != 0 && s != 'Z' { // init reaps orphans
			t.Errorf("process %d is %c", pid, s)
		}
	}
}

// A program that ends without having been asked to takes the processes that it started
// with it.
func TestEndOfTheShellIsTheEnd(t *testing.T) {
	l := newLab(t)
	cfg := l.config(honest)
	end := filepath.Join(t.TempDir(), "end")
	cfg.Command = Shell(fmt.Sprintf("exec 3<&0; %q <&3 & while [ ! -e %q ]; do sleep 0.01; done; exit 4", cfg.Command[0], end))
	p := l.start(cfg)
	pid := p.PID()
	must.Do(t, os.WriteFile(end, nil, 0o600))
	<-p.Broke()
	if err := p.Broken(); !strings.Contains(err.Error(), "ended by itself: exit status 4") {
		t.Error(err)
	}
	if !procgroup.Gone(pid) {
		t.Error("its group is not gone")
	}
}

// The thread on which a process was started may end: the process goes on. (The kernel
// sends the signal for the parent's death when the parent's thread ends.)
func TestProcessOutlivesThread(t *testing.T) {
	l := newLab(t)
	var p *Process
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and not unlocked: the thread ends with the goroutine
		p = l.start(l.config(honest))
	}()
	<-done
	time.Sleep(100 * time.Millisecond)
	k := l.lock(p, "/lock")
	must.Do(t, k.Lock(t.Context()))
}

// A breach of the protocol is reported as one, with standard error; the program is
// killed, the effect of calls under way is unknown, and later calls have no effect.
func TestBroken(t *testing.T) {
	for _, tt := range []struct {
		defect, says string
		change       func(*Config)
	}{
		{"dies at acquire", "ended by itself: exit status 3", nil},
		{"says hello", `printed a line that is not part of the protocol: no reply: "acquired!"`, nil},
		{"wrong id", "which was never sent", nil},
		{"no token", "answered acquire without the fence that it offers", nil},
		{"another value", "answered acquire with a value that is none: \"7\"", nil},
		{"closes its output", "closed its standard output, but kept running", nil},
		{"cancels in name", "did not answer a request within 50ms of its cancellation", func(c *Config) { c.CancelTimeout = 50 * time.Millisecond }},
	} {
		t.Run(tt.defect, func(t *testing.T) {
			l := newLab(t)
			cfg := l.config(tt.defect)
			if tt.change != nil {
				cfg = l.config("ignores cancel")
				tt.change(&cfg)
			}
			p := l.start(cfg)
			a, b := l.lock(p, "/lock"), l.lock(p, "/lock")
			err := a.Lock(t.Context())
			if tt.change != nil {
				must.Do(t, err)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				second := aside(func() error { return b.Lock(ctx) })
				asked(t, p, 1)
				cancel()
				err = soonDone(t, second)
			}
			var broken *Broken
			if !errors.As(err, &broken) || !errors.Is(err, subjects.ErrProcess) || subjects.NoEffect(err) {
				t.Fatalf("%v", err)
			}
			if !strings.Contains(broken.Problem, tt.says) || !strings.Contains(broken.Stderr, "a fake, ") || broken.Client != 3 {
				t.Errorf("%+v", broken)
			}
			<-p.Broke()
			if !errors.Is(p.Broken(), err) || p.Running() {
				t.Errorf("%v, running %v", p.Broken(), p.Running())
			}
			for what, err := range map[string]error{"lock": a.Lock(t.Context()), "restart": p.Restart(t.Context())} {
				if !errors.As(err, &broken) || !subjects.NoEffect(err) {
					t.Errorf("%s later: %v", what, err)
				}
			}
		})
	}
}

// A hold that is lost before its grant has been reported is lost from the beginning.
func TestLostAsItComes(t *testing.T) {
	l := newLab(t)
	p := l.start(l.config("lost as it comes"))
	k := l.lock(p, "/lock")
	for range 3 {
		must.Do(t, k.Lock(t.Context()))
		select {
		case <-k.lost(t):
		default:
			t.Error("the hold is not lost")
		}
		must.Do(t, k.Unlock(t.Context()))
	}
}

// A stopped program does not read; a caller that writes to it waits only for its
// answer, and the program's end frees every caller.
func TestFullPipe(t *testing.T) {
	l := newLab(t)
	p := l.start(l.config(honest))
	var queues []remoteQueue
	for i := range 20 {
		q, err := queueAt(p, fmt.Sprint("/queue", i))
		must.Do(t, err)
		queues = append(queues, q)
	}
	must.Do(t, p.Freeze())
	item := bytes.Repeat([]byte("x"), 500_000)
	errs := make([]error, len(queues))
	var all sync.WaitGroup
	for i, q := range queues {
		all.Go(func() { errs[i] = q.Put(t.Context(), item) })
	}
	time.Sleep(200 * time.Millisecond)
	must.Do(t, p.Kill())
	all.Wait()
	for _, err := range errs {
		if !errors.Is(err, subjects.ErrProcess) {
			t.Error(err)
		}
	}
	must.Do(t, p.Restart(t.Context()))
	must.Do(t, queues[0].Put(t.Context(), item))
	got, err := queues[0].Take(t.Context())
	if err != nil || !bytes.Equal(got, item) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// Close leaves nothing of a process, and reports when it had to kill it.
func TestClose(t *testing.T) {
	l := newLab(t)
	p := l.start(l.config(honest))
	k := l.lock(p, "/lock")
	must.Do(t, k.Lock(t.Context()))
	must.Do(t, p.Freeze())
	must.Do(t, p.Close(t.Context())) // Close thaws the process
	must.Do(t, p.Close(t.Context()))
	if err := k.Lock(t.Context()); !errors.Is(err, subjects.ErrProcess) || !subjects.NoEffect(err) {
		t.Error(err)
	}
	if err := p.Restart(t.Context()); !errors.Is(err, subjects.ErrProcess) {
		t.Error(err)
	}

	cfg := l.config("does not quit")
	cfg.EndTimeout = 100 * time.Millisecond
	p, err := Start(t.Context(), cfg)
	must.Do(t, err)
	pid := p.PID()
	if err := p.Close(t.Context()); err == nil || !strings.Contains(err.Error(), "did not end when asked to, and was killed") {
		t.Error(err)
	}
	if !procgroup.Gone(pid) {
		t.Error("it was not killed")
	}
}

// A mistake in a configuration is reported in one line, and nothing is started.
func TestStartRefuses(t *testing.T) {
	l := newLab(t)
	good := l.config(honest)
	for says, change := range map[string]func(*Config){
		"no adapter to start: give a program":                       func(c *Config) { c.Command = nil },
		"no servers for the adapter to connect to":                  func(c *Config) { c.Servers = nil },
		"none may be negative":                                      func(c *Config) { c.Silence = -1 },
		"client 3: start the adapter: ":                             func(c *Config) { c.Command = []string{"./no-such-program"} },
		"no such file or directory":                                 func(c *Config) { c.Dir = "/no/such/folder" },
		"ended by itself: exit status 127; the end of its standard": func(c *Config) { c.Command = Shell("no-such-program") },
		"did not answer to open within 50ms":                        func(c *Config) { c.Servers, c.OpenTimeout = []string{"127.0.0.1:1"}, 50*time.Millisecond },
		fmt.Sprint("speaks version ", Version+1):                    func(c *Config) { c.Env = []string{fakeEnv + "=another version"} },
	} {
		cfg := good
		change(&cfg)
		p, err := Start(t.Context(), cfg)
		if err == nil || p != nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", says, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	good.Servers = []string{"127.0.0.1:1"}
	if _, err := Start(ctx, good); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// Standard error may hold anything; its last lines are kept.
func TestLastWords(t *testing.T) {
	var logged []string
	w := &lastWords{logf: func(format string, args ...any) { logged = append(logged, fmt.Sprintf(format, args...)) }}
	var text bytes.Buffer
	for i := range 100 {
		fmt.Fprintf(&text, "line %d\r\n\n", i)
	}
	text.Write(bytes.Repeat([]byte("z"), 1<<20))
	text.WriteString("\nbad \xff\nthe end")
	w.read(&text)
	got := strings.Split(w.String(), "\n")
	if len(got) != wordsLines || got[0] != "line 91" || len(got[9]) != wordsWidth || got[10] != "bad ?" || got[11] != "the end" {
		t.Errorf("%d lines: %.200q", len(got), got)
	}
	if len(logged) != 103 || slices.Contains(logged, "") {
		t.Errorf("%d lines were logged", len(logged))
	}
}

// BenchmarkCall measures the cost of a call through the pipe.
func BenchmarkCall(b *testing.B) {
	e := must.Get(embedded.Start(embedded.Config{}))(b)
	defer e.Close()
	command, env := faking(b, honest)
	p := must.Get(Start(b.Context(), Config{Command: command, Env: env, Servers: e.Addrs()}))(b)
	defer p.Close(context.Background())
	l := must.Get(p.alive())(b)
	b.Run("ping", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := p.send(b.Context(), l, request{Op: opPing}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("touch", func(b *testing.B) {
		for b.Loop() {
			must.Do(b, p.Touch(b.Context(), "/zookeeper"))
		}
	})
}
