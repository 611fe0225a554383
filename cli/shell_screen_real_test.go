//go:build real

package cli

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/tmuxtest"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// desk is a shell in a real terminal, on the test's own servers.
type desk struct {
	*tmuxtest.Terminal
	*testing.T
	e     *embedded.Ensemble
	other *client.Client // the session of somebody else
}

// sits starts a shell. state is the folder of its history.
func sits(t *testing.T, width int, state string) *desk {
	t.Helper()
	d := furnished(t)
	d.opens(width, state)
	return d
}

// furnished returns a desk with servers and another client, but without a terminal yet.
func furnished(t *testing.T) *desk {
	t.Helper()
	tmuxtest.Require(t)
	e := must.Get(embedded.Start(embedded.Config{}))(t)
	t.Cleanup(func() { e.Close() })
	other := must.Get(client.Connect(t.Context(), client.Config{Servers: e.Addrs()}))(t)
	t.Cleanup(other.Close)
	return &desk{T: t, e: e, other: other}
}

func (d *desk) opens(width int, state string) {
	d.Helper()
	d.Terminal = tmuxtest.Start(d.T, tmuxtest.Config{Width: width, Env: []string{"XDG_STATE_HOME=" + state}},
		"sh", "-c", `trap : INT; zklab shell "$0"; echo "ended with $?"`, strings.Join(d.e.Addrs(), ","))
	d.Until(`^\[127\.0\.0\.1:\d+ (leader|follower)\] /> ?$`)
}

// does types a line and waits until the screen matches pattern.
func (d *desk) does(line, pattern string) string {
	d.Helper()
	d.Type(line + "\r")
	return d.Until(pattern)
}

// server returns the server that the prompt names.
func (d *desk) server() *embedded.Server {
	d.Helper()
	all := regexp.MustCompile(`(?m)^\[(127\.0\.0\.1:\d+) `).FindAllStringSubmatch(d.Screen(), -1)
	for _, s := range d.e.Servers() {
		if len(all) > 0 && s.Addr() == all[len(all)-1][1] {
			return d.e.Server(s.ID())
		}
	}
	d.Fatalf("no server in\n%s", d.Screen())
	return nil
}

func (d *desk) writes(path, data string) {
	d.Helper()
	if _, _, err := d.other.Create(d.Context(), path, []byte(data), nil, wire.Persistent, 0); err != nil {
		d.Fatal(err)
	}
}

const prompt = `\[127\.0\.0\.1:\d+ (leader|follower)\] `

// The shell handles what somebody types at terminals of several widths.
func TestRealShellOnAScreen(t *testing.T) {
	for _, width := range []int{80, 200} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			t.Parallel()
			state := t.TempDir()
			d := sits(t, width, state)

			// Editing.
			d.Type("create /ap one")
			d.Keys("Left", "Left", "Left", "Left")
			d.does("p", `^/app$`)
			d.does("cd app", prompt+`/app> ?$`)
			d.Type("xyz")
			d.Keys("C-u")
			d.does("pwd", `^/app\n`+prompt+`/app> ?$`)
			d.does("cd /", prompt+`/> ?$`)

			// Completion of commands, flags and paths, including paths that need quotes.
			d.Type("cre\t")
			d.Until(`> create ?$`)
			d.Type("--seq\t")
			d.does("/app/n- x", `^/app/n-0000000000$`)
			d.writes("/app/with a space", "of it")
			d.writes("/app/with a dot.", "")
			d.writes("/app/été", "")
			d.writes("/app/ète", "")
			d.Type("cat /app/wi\t")
			d.Until(`> cat "/app/with a$`)
			d.Type("\t")
			d.Until(`^with a dot\. +with a space$`)
			d.Type("s\t")
			d.Until(`> cat "/app/with a space"$`)
			d.does("", `^of it\n`+prompt+`/.*> ?$`)
			d.Type("ls /app/\t")
			d.Until(`^n-0000000000 +with a dot\. +with a space +ète +été$`)
			d.Keys("C-c")

			// Ctrl-C discards a line.
			d.Type("never")
			d.Until(`> never$`)
			d.Keys("C-c")
			d.UntilNot(`never`)

			// An event is printed above what is being typed, even if that is longer than a line.
			d.does("watch -p /app", `watch -p /app\n`+prompt)
			long := strings.Repeat("0123456789", width/10+2)
			d.Type("set /app " + long)
			d.Until(`789$`)
			d.Keys("C-a")
			d.changes("/app")
			screen := d.Until(`^nodeDataChanged /app zxid 0x[0-9a-f]+\n` + prompt + `/> set /app 0123`)
			if strings.Count(screen, "set /app 01") != 1 {
				t.Errorf("the line stands there more than once:\n%s", screen)
			}
			d.Keys("C-e")
			d.Type("\r")
			d.Until(`(?s)nodeDataChanged.*nodeDataChanged`)
			if data, _, err := d.other.Get(t.Context(), "/app", false); err != nil || string(data) != long {
				t.Errorf("%q, %v", data, err)
			}
			d.does("unwatch /app", `unwatch /app\n`+prompt)

			// Errors take one line, and names that no server accepts are refused.
			d.does(`create "/a\x1bb"`, `^error: create "/a\\x1bb": invalid character in the path`)
			d.does("nonsense", `^error: there is no command nonsense`)
			d.does("create /bad\xffly \xc3", `^/badly$`) // bytes that are not UTF-8 are ignored

			// The shell asks before it removes a subtree, whatever happens meanwhile.
			d.writes("/watched", "")
			d.does("watch /watched", `watch /watched\n`+prompt)
			d.does("rm -r /app", `^remove /app with 5 znodes below it\? \[y/N\] ?$`)
			d.changes("/watched")
			d.Until(`^nodeDataChanged /watched zxid .*\nremove /app with 5 znodes below it\? \[y/N\] ?$`)
			d.does("n", prompt+`/> ?$`)
			d.does("count /app", `^5$`)

			// Ctrl-C ends a running command.
			for _, s := range d.e.Servers() {
				must.Do(t, d.e.Server(s.ID()).Pause(t.Context()))
			}
			d.Type("cat /app\r")
			d.Until(`cat /app\n?$`)
			d.Keys("C-c")
			d.Until(`^interrupted\n` + prompt + `/> ?$`) // before that, keys go to the terminal itself
			for _, s := range d.e.Servers() {
				must.Do(t, d.e.Server(s.ID()).Resume(t.Context()))
			}
			t.Logf("at %d columns:\n%s", width, d.Screen())

			// Ctrl-D ends the shell, and later output begins on a new line. The next shell has the lines in
			// its history.
			d.Keys("C-u")
			d.Keys("C-d")
			d.Until(`^ended with 0$`)
			d.Ended()
			d.opens(width, state)
			d.Keys("Up", "Up")
			d.Until(`> count /app$`)
			d.Keys("C-c")
			d.Type("unw")
			d.Keys("C-r")
			d.Until(`> unwatch /app$`)
			d.Keys("C-c")
			d.does("exit", `^ended with 0$`)
		})
	}
}

func (d *desk) changes(path string) {
	d.Helper()
	if _, err := d.other.Set(d.Context(), path, []byte("changed"), -1); err != nil {
		d.Fatal(err)
	}
}

// A line is edited where it is on the screen, whatever the terminal's size was when it began.
func TestRealShellResized(t *testing.T) {
	t.Parallel()
	d := sits(t, 80, t.TempDir())
	d.Type("create /a " + strings.Repeat("x", 60))
	d.Until(`xxx$`)
	for _, width := range []int{200, 40} {
		d.Resize(width, 24)
		d.Keys("C-a", "C-e", "BSpace")
		d.Type("y")
		d.Until(`xy$`)
	}
	d.does("", `^/a$`)
	if data, _, err := d.other.Get(t.Context(), "/a", false); err != nil || string(data) != strings.Repeat("x", 59)+"y" {
		t.Errorf("%q, %v", data, err)
	}
	t.Logf("after 80, 200 and 40 columns:\n%s", d.Screen())
	d.Resize(200, 24)
	// The next line is wrapped at the new width, once the shell knows it.
	for range 100 {
		d.Type(strings.Repeat("z", 120))
		if regexp.MustCompile(`(?m)^\[.*> z{120}$`).MatchString(d.Until(`(z\s*){120}`)) {
			return
		}
		d.Keys("C-u")
		d.UntilNot(`zz`)
	}
	t.Errorf("it is broken at another width:\n%s", d.Screen())
}

// The prompt shows what becomes of the servers and of the session.
func TestRealShellLosesItsServer(t *testing.T) {
	t.Parallel()
	d := sits(t, 80, t.TempDir())
	d.does("create -e /mine x", `^/mine\n`+prompt+`/> ?$`) // before the prompt the terminal itself shows what is typed
	d.Type("typed meanwhile")
	d.Until(`/> typed meanwhile$`)
	lost := d.server()
	must.Do(t, lost.Kill(t.Context()))
	d.Until(`^disconnected ` + lost.Addr() + ` .*\nconnected 127\.0\.0\.1:\d+\n` + prompt + `/> typed meanwhile$`)
	d.Keys("C-u")
	d.does("cat /mine", `^x$`)
	for _, s := range d.e.Servers() {
		must.Do(t, d.e.Server(s.ID()).Kill(t.Context()))
	}
	d.Until(`^\[not connected\] /> ?$`)
	for _, s := range d.e.Servers() {
		must.Do(t, d.e.Server(s.ID()).Start(t.Context()))
	}
	d.Until(`^` + prompt + `/> ?\z`)
	d.does("stat /mine", `^  bytes +1$`) // not the text that is already on the screen

	stat := must.Get(d.other.Exists(t.Context(), "/mine", false))(t)
	must.Do(t, d.e.ExpireSession(t.Context(), stat.EphemeralOwner))
	d.Until(`^expired\n\[session expired\] /> ?$`)
	d.does("cat /mine", `^began a new session, 0x[0-9a-f]+:$`)
	d.Until(`^error: cat /mine: no such znode\n` + prompt + `/> ?$`)
	t.Logf("\n%s", d.Screen())
}

// A value of a megabyte does not flood the screen, and a value that servers do not accept is reported.
func TestRealShellLargeValue(t *testing.T) {
	t.Parallel()
	d := sits(t, 80, t.TempDir())
	const most = 1_000_000
	d.writes("/text", strings.Repeat("é", most/2))
	d.does("cat /text", `^… 983616 more bytes: use cat --raw, or cat in a pipe, to print everything\n`+prompt)
	if strings.ContainsRune(d.Scrolled(), '\ufffd') {
		t.Error("a character is cut in two")
	}
	d.writes("/numbers", strings.Repeat("\x00", most))
	d.does("cat /numbers", `^00003ff0  .*\n… 983616 more bytes`)
	d.does("stat /numbers", `^  bytes +1000000$`)
}
