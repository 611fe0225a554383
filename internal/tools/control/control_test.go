package control

import (
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/testmain"
)

func TestMain(m *testing.M) { testmain.Main(m) }

// place gives this test a folder of sockets of its own.
func place(t *testing.T) (dir string) {
	t.Helper()
	run, err := os.MkdirTemp("", "zc") // the paths of t.TempDir are too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(run) })
	t.Setenv("XDG_RUNTIME_DIR", run)
	return filepath.Join(run, "zklab")
}

func start(t *testing.T, c embedded.Config) *embedded.Ensemble {
	t.Helper()
	c.InMemory = true
	e := must.Get(embedded.Start(c))(t)
	t.Cleanup(func() { e.Close() })
	return e
}

func listen(t *testing.T, e ensemble.Ensemble, name string) *Listener {
	t.Helper()
	l := must.Get(Listen(e, name))(t)
	t.Cleanup(func() { l.Close() })
	return l
}

// mustSend requests an action and fails unless it is done.
func mustSend(t *testing.T, socket string, action Action, who string) State {
	t.Helper()
	a, err := Send(t.Context(), socket, action, who)
	if err != nil || len(a.Servers) != 1 {
		t.Fatalf("%s %s: %+v, %v", action, who, a, err)
	}
	return a.Servers[0]
}

func TestControl(t *testing.T) {
	place(t)
	e := start(t, embedded.Config{Observers: 1})
	socket := listen(t, e, "lab").Socket()

	if s := mustSend(t, socket, Kill, "observer"); s.ID != 4 || s.Role != Down || s.Was != ensemble.Observer {
		t.Errorf("killed %+v", s)
	}
	if s := mustSend(t, socket, Start, "observer"); s.ID != 4 || s.Role != ensemble.Observer || s.Was != Down {
		t.Errorf("started %+v", s)
	}
	for _, c := range []struct {
		away, back Action
		is         ensemble.Role
	}{{Kill, Start, Down}, {Stop, Start, Down}, {Pause, Resume, Paused}} {
		led := mustSend(t, socket, c.away, "leader")
		if led.Was != ensemble.Leader || led.Role != c.is {
			t.Errorf("%s: %+v", c.away, led)
		}
		follows := mustSend(t, socket, c.away, "follower")
		if follows.Was != ensemble.Follower || follows.ID == led.ID {
			t.Errorf("%s: %+v beside %+v", c.away, follows, led)
		}
		// One of three is left, so nothing waits for a leader that cannot be elected.
		if back := mustSend(t, socket, c.back, "leader"); back.ID != led.ID || back.Was != c.is {
			t.Errorf("%s: %+v, not server %d", c.back, back, led.ID)
		}
		if back := mustSend(t, socket, c.back, "follower"); back.ID != follows.ID || back.Role == NotServing {
			t.Errorf("%s: %+v, not server %d", c.back, back, follows.ID)
		}
		if _, err := Send(t.Context(), socket, c.back, "leader"); err == nil || errors.Is(err, ErrRequest) {
			t.Errorf("%s of nobody: %v", c.back, err)
		}
	}
	for _, who := range []string{"5", "0", "-1", "leadr", "Leader", "1/2", "standalone"} {
		if _, err := Send(t.Context(), socket, Kill, who); !errors.Is(err, ErrRequest) {
			t.Errorf("kill %q: %v", who, err)
		}
	}
	if _, err := Send(t.Context(), socket, "erase", "1"); !errors.Is(err, ErrRequest) {
		t.Errorf("erase: %v", err)
	}
	a, err := Status(t.Context(), socket)
	if err != nil || a.Name != "lab" || a.Backend != "embedded" || len(a.Servers) != 4 || a.Servers[3].Role != ensemble.Observer {
		t.Errorf("%+v, %v", a, err)
	}
}

// Nothing waits for a leader if too few voting servers run to elect one.
func TestTooFewRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(start(t, embedded.Config{Observers: 2}))
		for _, who := range []string{"observer", "leader", "leader"} {
			must.Get(c.Do(t.Context(), Kill, who))(t)
		}
		time.Sleep(time.Minute) // the last server notices that it has lost its quorum
		for _, who := range []string{"leader", "follower"} {
			began := time.Now()
			_, err := c.Do(t.Context(), Kill, who)
			if err == nil || !strings.HasPrefix(err.Error(), "no server is "+who+", and none can become it without a majority;") {
				t.Errorf("%s: %v", who, err)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("%s: told after %s", who, took)
			}
		}
	})
}

// Only the user can open a socket, from its creation on, and a socket without a listener is no
// obstacle.
func TestSockets(t *testing.T) {
	dir := place(t)
	if _, err := Find(""); !errors.Is(err, ErrNone) {
		t.Errorf("in no folder: %v", err)
	}
	e := start(t, embedded.Config{Nodes: 1})
	l := listen(t, e, "a")
	for path, want := range map[string]fs.FileMode{dir: fs.ModeDir | 0o700, l.Socket(): fs.ModeSocket | 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if found, err := Find(""); found != l.Socket() || err != nil {
		t.Errorf("found %s, %v", found, err)
	}
	if again, err := Listen(e, "a"); err == nil {
		again.Close()
		t.Error("two have one name")
	}

	stale(t, filepath.Join(dir, "dead.sock"))
	stale(t, filepath.Join(dir, "b.sock"))
	b := listen(t, e, "b")
	if d := cmp.Diff([]string{"a", "b"}, Running()); d != "" {
		t.Error(d)
	}
	if _, err := Find(""); !errors.Is(err, ErrMany) {
		t.Errorf("of two: %v", err)
	}
	if found, err := Find("b"); found != b.Socket() || err != nil {
		t.Errorf("found %s, %v", found, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("left: %v, %v", entries, err)
	}
	l.Close()
	b.Close()
	if entries, err = os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
}

// stale leaves the socket of a process that was killed.
func stale(t *testing.T, path string) {
	t.Helper()
	l := must.Get(net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"}))(t)
	l.SetUnlinkOnClose(false)
	l.Close()
}

func TestSocketsRefused(t *testing.T) {
	dir := place(t)
	e := start(t, embedded.Config{Nodes: 1})
	file := filepath.Join(filepath.Dir(dir), "file")
	must.Do(t, os.WriteFile(file, nil, 0o600))
	for name, says := range map[string]string{
		file:                           "is not a socket",
		dir + "/nowhere/a":             "no such file",
		strings.Repeat("n", 100):       "at most 103",
		"/" + strings.Repeat("n", 103): "at most 103",
	} {
		l, err := Listen(e, name)
		if err == nil {
			l.Close()
		}
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
	must.Do(t, os.Chmod(dir, 0o755))
	if _, err := Listen(e, "open"); err == nil || !strings.Contains(err.Error(), "only you can open") {
		t.Errorf("in a folder for everybody: %v", err)
	}
}

// All other HTTP requests are refused with an explanation.
func TestRequestsRefused(t *testing.T) {
	place(t)
	socket := listen(t, start(t, embedded.Config{Nodes: 1}), "lab").Socket()
	for _, r := range [][2]string{{"GET", "/"}, {"POST", "/status"}, {"GET", "/servers/1/kill"}, {"DELETE", "/servers/1"}} {
		if _, err := send(t.Context(), socket, r[0], r[1]); !errors.Is(err, ErrRequest) {
			t.Errorf("%v: %v", r, err)
		}
	}
}

// Answers of a program other than zklab that listens on the socket are refused.
func TestAnswersRefused(t *testing.T) {
	dir := place(t)
	must.Do(t, os.Mkdir(dir, 0o700))
	socket := filepath.Join(dir, "other.sock")
	l := must.Get(net.Listen("unix", socket))(t)
	code := http.StatusOK
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		w.Write([]byte("<html>"))
	})}
	done := make(chan struct{})
	go func() { s.Serve(l); close(done) }()
	defer func() { s.Close(); <-done }()
	for _, code = range []int{http.StatusOK, http.StatusConflict, http.StatusNotFound} {
		if a, err := Status(t.Context(), socket); err == nil {
			t.Errorf("status %d: %+v", code, a)
		}
	}
}
