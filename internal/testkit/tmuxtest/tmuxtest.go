// Package tmuxtest runs a command in a real terminal, one of tmux, for tests that type at
// it and look at its screen. Only tests may import it; it knows nothing of the command.
//
// Each [Terminal] has a tmux server of its own, behind a socket of its own, which ends with
// the test. Tests that need one are skipped where there is no tmux, or fail when
// ZKLAB_REAL=required.
package tmuxtest

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/programs"
)

// Require skips the test where there is no tmux, or fails it when ZKLAB_REAL=required.
func Require(t testing.TB) {
	t.Helper()
	programs.Require(t, programs.Tmux)
}

// Config describes a terminal. The zero value has 80 columns and 24 lines.
type Config struct {
	Width, Height int      // in characters; 0: 80 and 24
	Env           []string // name=value, beside those of the test
	Background    string   // as #101418, for commands that ask which it is; "": the usual one
}

// Terminal is a terminal in which a command runs. Only one goroutine at a time may use it.
type Terminal struct {
	t      testing.TB
	socket string
	bound  time.Duration // how long a screen may take to be as a test wants it
}

// Within returns the same terminal with another bound for how long a screen may take to be as a
// test wants it. It is a minute otherwise: a bound is for tests that fail, so it is generous.
func (s *Terminal) Within(bound time.Duration) *Terminal {
	other := *s
	other.bound = bound
	return &other
}

// settings: the screen is the command's alone, and stays after it.
const settings = `
set -g status off
set -g remain-on-exit on
set -g remain-on-exit-format ""
set -g default-terminal tmux-256color
set -g escape-time 0
set -g history-limit 50000
`

func (c Config) settings() string {
	if c.Background == "" {
		return settings
	}
	return settings + "set -g window-style bg=" + c.Background + "\n"
}

// Start runs a command in a terminal until the test is over. tmux 3.3a sometimes loses the output of a command
// that ends at once (one of 150 calls of echo, measured): let a command whose output matters run for a while.
func Start(t testing.TB, cfg Config, command ...string) *Terminal {
	t.Helper()
	Require(t)
	cfg.Width = cmp.Or(cfg.Width, 80)
	cfg.Height = cmp.Or(cfg.Height, 24)
	// The path of a socket has about a hundred bytes at most, and t.TempDir contains the test's name.
	dir := must.Get(os.MkdirTemp("", "tmux"))(t)
	t.Cleanup(func() { os.RemoveAll(dir) })
	conf := filepath.Join(dir, "conf")
	must.Do(t, os.WriteFile(conf, []byte(cfg.settings()), 0o600))
	s := &Terminal{t: t, socket: filepath.Join(dir, "socket"), bound: time.Minute}
	args := []string{"-u", "-f", conf, "new-session", "-d", "-x", strconv.Itoa(cfg.Width), "-y", strconv.Itoa(cfg.Height), "--", "env", "--"}
	start := s.command(append(args, command...)...)
	start.Env = append(os.Environ(), cfg.Env...)
	start.Env = append(start.Env, "TMUX=") // that of a terminal that the tests run in
	if out, err := start.CombinedOutput(); err != nil {
		t.Fatalf("tmux: %v: %s", err, out)
	}
	t.Cleanup(s.kill)
	return s
}

func (s *Terminal) command(args ...string) *exec.Cmd {
	return exec.Command("tmux", append([]string{"-S", s.socket}, args...)...)
}

func (s *Terminal) tmux(args ...string) string {
	s.t.Helper()
	out, err := s.command(args...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("tmux %s: %v: %s", args[0], err, out)
	}
	return string(out)
}

// kill ends the server behind the socket, and with it the command, to which its terminal
// hangs up.
func (s *Terminal) kill() { _ = s.command("kill-server").Run() }

// mostBytes is how many are typed with one call of tmux.
const mostBytes = 1000

// Type types a text, byte by byte: none of it is the name of a key.
func (s *Terminal) Type(text string) {
	s.t.Helper()
	for len(text) > 0 {
		n := min(len(text), mostBytes)
		args := []string{"send-keys", "-H"}
		for _, b := range []byte(text[:n]) {
			args = append(args, hex.EncodeToString([]byte{b}))
		}
		s.tmux(args...)
		text = text[n:]
	}
}

// Keys types keys by tmux's names of them: Enter, Tab, Up, C-c, BSpace.
func (s *Terminal) Keys(names ...string) {
	s.t.Helper()
	s.tmux(append([]string{"send-keys"}, names...)...)
}

// Paste enters a text as when a user pastes it.
func (s *Terminal) Paste(text string) {
	s.t.Helper()
	s.tmux("set-buffer", "--", text)
	s.tmux("paste-buffer", "-p", "-d")
}

// Resize makes the terminal another size, which the command is told with SIGWINCH.
func (s *Terminal) Resize(width, height int) {
	s.t.Helper()
	s.tmux("resize-window", "-x", strconv.Itoa(width), "-y", strconv.Itoa(height))
}

// Pipe makes a shell command also read everything that comes to the terminal from now on.
func (s *Terminal) Pipe(command string) {
	s.t.Helper()
	s.tmux("pipe-pane", "-O", command)
}

// Screen returns the visible text: a line for each of the terminal's, without blanks at their ends,
// and without empty lines at the end.
func (s *Terminal) Screen() string {
	s.t.Helper()
	return trimmed(s.tmux("capture-pane", "-p"))
}

// Coloured returns the screen with its colour sequences.
func (s *Terminal) Coloured() string {
	s.t.Helper()
	return s.tmux("capture-pane", "-p", "-e")
}

// Format returns a value of the terminal by its tmux name, as "#{cursor_flag}" (tmux, FORMATS).
func (s *Terminal) Format(format string) string {
	s.t.Helper()
	return strings.TrimSpace(s.tmux("display-message", "-p", format))
}

// Scrolled returns the screen with all lines that have left it at the top. It joins a line that was
// wrapped.
func (s *Terminal) Scrolled() string {
	s.t.Helper()
	return trimmed(s.tmux("capture-pane", "-p", "-J", "-S", "-"))
}

func trimmed(screen string) string {
	lines := strings.Split(screen, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// betweenLooks is the time between two looks at a screen that is not yet as it should be.
const betweenLooks = 20 * time.Millisecond

// Until waits until the screen matches a regular expression, in which ^ and $ match at
// lines, and returns it. After the bound the test has failed, and shows it.
func (s *Terminal) Until(pattern string) string {
	s.t.Helper()
	re := regexp.MustCompile("(?m)" + pattern)
	return s.When("no "+pattern, re.MatchString)
}

// UntilNot waits until the screen does not match.
func (s *Terminal) UntilNot(pattern string) string {
	s.t.Helper()
	re := regexp.MustCompile("(?m)" + pattern)
	return s.When("still "+pattern, func(screen string) bool { return !re.MatchString(screen) })
}

// When waits until good returns true for the screen, and returns the screen. what describes the missing
// condition in a failure.
func (s *Terminal) When(what string, good func(screen string) bool) string {
	s.t.Helper()
	end := time.Now().Add(s.bound)
	for {
		screen := s.Screen()
		if good(screen) {
			return screen
		}
		if time.Now().After(end) {
			s.t.Fatalf("%s within %s on\n%s", what, s.bound, "| "+strings.ReplaceAll(screen, "\n", "\n| "))
		}
		time.Sleep(betweenLooks)
	}
}

// Process returns the process id of the command.
func (s *Terminal) Process() int {
	s.t.Helper()
	pid, err := strconv.Atoi(s.ask("#{pane_pid}"))
	if err != nil {
		s.t.Fatal(err)
	}
	return pid
}

// Cursor returns the position of the cursor, from 0 at the left and at the top.
func (s *Terminal) Cursor() (column, line int) {
	s.t.Helper()
	if _, err := fmt.Sscan(s.ask("#{cursor_x} #{cursor_y}"), &column, &line); err != nil {
		s.t.Fatal(err)
	}
	return column, line
}

func (s *Terminal) ask(format string) string {
	s.t.Helper()
	return strings.TrimSpace(s.tmux("display-message", "-p", format))
}

// Ended waits until the command has ended, and gives its exit code.
//
// tmux 3.3a at times misses that its child has ended (two of forty, measured): the terminal
// is dead, no exit code is told, and the child stays a zombie until the next SIGCHLD. So
// the server is sent one, at which it asks for all of its children.
func (s *Terminal) Ended() int {
	s.t.Helper()
	code := -1
	s.When("the command has not ended", func(string) bool {
		told := s.ask("#{pane_dead} #{pane_dead_status}")
		if _, err := fmt.Sscanf(told, "1 %d", &code); err == nil {
			return true
		}
		if told == "1" {
			s.lookAfterChildren()
		}
		return false
	})
	return code
}

func (s *Terminal) lookAfterChildren() {
	s.t.Helper()
	if out, err := exec.Command("kill", "-CHLD", s.ask("#{pid}")).CombinedOutput(); err != nil {
		s.t.Fatalf("kill -CHLD: %v: %s", err, out)
	}
}
