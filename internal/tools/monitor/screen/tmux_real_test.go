//go:build real

package screen

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/tmuxtest"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// terminal is the terminal in which a screen is shown.
type terminal struct{ *tmuxtest.Terminal }

// shows waits until one line has all parts.
func (m terminal) shows(parts ...string) string {
	return m.When(fmt.Sprintf("no %q", parts), func(text string) bool { return lineWith(text, parts...) >= 0 })
}

// hides waits until no line has all parts.
func (m terminal) hides(parts ...string) {
	m.When(fmt.Sprintf("still %q", parts), func(text string) bool { return lineWith(text, parts...) < 0 })
}

func lineWith(text string, parts ...string) int {
	for i, l := range strings.Split(text, "\n") {
		all := true
		for _, part := range parts {
			all = all && strings.Contains(l, part)
		}
		if all {
			return i
		}
	}
	return -1
}

// served is an ensemble on loopback with a client that changes znodes.
type served struct {
	*testing.T
	e *embedded.Ensemble
	c *client.Client
}

func serve(t *testing.T) *served {
	t.Helper()
	e := must.Get(embedded.Start(embedded.Config{}))(t)
	t.Cleanup(func() { e.Close() })
	c := must.Get(client.Connect(t.Context(), client.Config{Servers: e.Addrs()}))(t)
	t.Cleanup(func() { c.Close() })
	return &served{t, e, c}
}

func (s *served) create(path, data string, mode wire.CreateMode) {
	s.Helper()
	if _, _, err := s.c.Create(s.Context(), path, []byte(data), nil, mode, 0); err != nil {
		s.Fatal(err)
	}
}

// monitored shows the ensemble in a terminal; afterwards the terminal tells how the program ended.
func (s *served) monitored(width, height int, background string, env ...string) terminal {
	s.Helper()
	program, err := os.Executable()
	if err != nil {
		s.Fatal(err)
	}
	command := fmt.Sprintf(`stty -g; '%s'; echo "exit $?"; stty -g; exec cat`, program)
	return terminal{tmuxtest.Start(s.T, tmuxtest.Config{
		Width: width, Height: height, Background: background,
		Env: append(env, "COLORTERM=truecolor", serversVariable+"="+strings.Join(s.e.Addrs(), ",")),
	}, "sh", "-c", command)}
}

func TestRealInTerminal(t *testing.T) {
	for _, c := range []struct{ width, height int }{{80, 24}, {200, 50}} {
		t.Run(fmt.Sprintf("%dx%d", c.width, c.height), func(t *testing.T) {
			s := serve(t)
			s.create("/app", "", wire.Persistent)
			s.create("/app/config", `{"replicas":3}`, wire.Persistent)
			m := s.monitored(c.width, c.height, "#101418")
			s.changes(m)
			s.keysAndMouse(m)
			s.resizes(m)
			s.losesServer(m)
			ends(t, m)
		})
	}
}

// changes checks that changes are shown as they happen.
func (s *served) changes(m terminal) {
	s.Helper()
	m.shows("▸", "app")
	m.shows("★ 127.0.0.1:")
	m.Keys("Down", "Enter")
	m.shows("config", "14 B")
	s.create("/app/worker", "first", wire.Ephemeral)
	m.shows("+", "worker", "5 B")
	m.shows("0x", "+", "/app/worker")
	if _, err := s.c.Set(s.Context(), "/app/worker", []byte("changed!"), -1); err != nil {
		s.Fatal(err)
	}
	m.shows("~", "worker", "8 B")
	s.create("/app/\u202ered 日本語", "", wire.Persistent) // ZooKeeper itself takes no control characters in names
	m.shows("\\u202ered 日本語")
	m.Keys("Down")
	m.shows(`"replicas": 3`)
	m.Keys("Down")
	m.shows("changed!")
	if err := s.c.Delete(s.Context(), "/app/worker", -1); err != nil {
		s.Fatal(err)
	}
	m.shows("-", "0x", "/app/worker")
	m.hides("  worker")
}

func (s *served) keysAndMouse(m terminal) {
	s.Helper()
	m.Keys("/")
	m.Type("conf")
	m.shows("/ conf")
	m.hides("▸", "zookeeper")
	m.Keys("Enter")
	m.shows("Tree with conf")
	m.Keys("Escape")
	m.shows("zookeeper")
	m.Keys("s")
	m.shows("healthy: 3 of 3 serve")
	m.Keys("Tab", "G") // sessions are below the servers
	m.shows("this monitor")
	m.Keys("?")
	m.shows("this help")
	m.Keys("?", "s")
	m.When("no tree beside which help and servers are gone", func(text string) bool {
		return !strings.Contains(text, "this help") && !strings.Contains(text, "this monitor") && lineWith(text, "config", "14 B") >= 0
	})
	m.clicks("zookeeper") // config may be chosen already
	m.clicks("config", "14 B")
}

// clicks clicks on the line with these parts, which is chosen then.
func (m terminal) clicks(parts ...string) {
	line := lineWith(m.shows(parts...), parts...)
	m.Type(fmt.Sprintf("\x1b[<0;%d;%dM\x1b[<0;%d;%dm", 10, line+1, 10, line+1)) // how terminals report the mouse to programs (xterm, SGR 1006)
	m.shows(append(parts, "›")...)
}

func (s *served) resizes(m terminal) {
	s.Helper()
	m.Resize(20, 5)
	m.When("no small screen", func(text string) bool { return lineWith(text, "config") >= 0 && lineWith(text, "│") < 0 })
	m.Resize(160, 40)
	m.shows("│", "config")
}

func (s *served) losesServer(m terminal) {
	s.Helper()
	addr := s.connected(m)
	for _, server := range s.e.Servers() {
		if server.Addr() == addr {
			if err := s.e.Server(server.ID()).Kill(s.Context()); err != nil {
				s.Fatal(err)
			}
		}
	}
	m.shows("✕ " + addr)
	m.shows("connection to " + addr + " lost")
	m.When("no connection to another server", func(text string) bool { return s.connectedIn(text) != "" && s.connectedIn(text) != addr })
	s.create("/after", "", wire.Persistent)
	m.shows("+", "after")
}

// connected returns the server that the first line names.
func (s *served) connected(m terminal) string {
	return s.connectedIn(m.shows("zklab monitor", "● 127.0.0.1"))
}

func (s *served) connectedIn(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	for _, addr := range s.e.Addrs() {
		if strings.Contains(first, "● "+addr) {
			return addr
		}
	}
	return ""
}

// ends ends the program by Ctrl-C and checks that the terminal is restored.
func ends(t *testing.T, m terminal) {
	t.Helper()
	m.Keys("C-c")
	m.shows("exit 0")
	var modes []string // what stty -g prints, before and after
	text := m.When("no modes of the terminal", func(text string) bool {
		modes = regexp.MustCompile(`[0-9a-f]+(:[0-9a-f]+){10,}`).FindAllString(text, -1)
		return len(modes) == 2
	})
	if modes[0] != modes[1] {
		t.Errorf("the terminal is not as it was:\n%s", text)
	}
	if flags := m.Format("#{alternate_on} #{mouse_any_flag} #{cursor_flag}"); flags != "0 0 1" {
		t.Errorf("the other screen, the mouse, the cursor are %s", flags)
	}
}

// TestRealNoColours: NO_COLOR is honoured, whatever its value (no-color.org).
func TestRealNoColours(t *testing.T) {
	s := serve(t)
	m := s.monitored(80, 24, "#101418", "NO_COLOR=yes")
	m.shows("›", "/")
	for _, seq := range strings.Split(m.Coloured(), "\x1b[")[1:] {
		codes, _, _ := strings.Cut(seq, "m")
		for code := range strings.SplitSeq(codes, ";") {
			if len(code) == 2 && strings.ContainsAny(code[:1], "34") && code != "39" && code != "49" {
				t.Fatalf("a colour: %q", seq)
			}
		}
	}
}
