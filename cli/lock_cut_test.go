//go:build unix

package cli

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/cli/internal/clients"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/link"
)

// cuttable is an ensemble whose clients can be cut off, with the facts about sessions that their links
// report.
type cuttable struct {
	*link.Link
	servers string // the addresses of the link
	direct  string
	told    chan history.Event
}

func startCuttable(t *testing.T) *cuttable {
	t.Helper()
	e := must.Get(embedded.Start(embedded.Config{Nodes: 1}))(t)
	t.Cleanup(func() { e.Close() })
	c := &cuttable{direct: strings.Join(e.Addrs(), ","), told: make(chan history.Event, 1000)}
	c.Link = link.New(link.Config{Dial: net.DialTimeout, Record: func(e history.Event) {
		if e.Process == history.SessionProcess {
			c.told <- e
		}
	}})
	addrs, stop, err := c.Listen(e.Addrs())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); c.Close() })
	c.servers = strings.Join(addrs, ",")
	return c
}

// hears waits until the link reports a fact about a session, and returns the session.
func (c *cuttable) hears(t *testing.T, f string) history.ID {
	t.Helper()
	for {
		select {
		case e := <-c.told:
			if e.F == f {
				return e.Session
			}
		case <-time.After(time.Minute):
			t.Fatalf("no %s for a minute", f)
		}
	}
}

// guardedProgram is a zklab lock that runs a program.
type guardedProgram struct {
	*exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
	stderr bytes.Buffer
}

func holdLock(t *testing.T, arguments ...string) *guardedProgram {
	t.Helper()
	return startGuarded(t, exec.Command("zklab", append([]string{"lock", "/cut"}, arguments...)...))
}

func startGuarded(t *testing.T, cmd *exec.Cmd) *guardedProgram {
	t.Helper()
	p := &guardedProgram{Cmd: cmd}
	p.Stderr = &p.stderr
	stdin := must.Get(p.StdinPipe())(t)
	stdout := must.Get(p.StdoutPipe())(t)
	must.Do(t, p.Start())
	hung := time.AfterFunc(2*time.Minute, func() { _ = p.Process.Kill() })
	t.Cleanup(func() {
		hung.Stop()
		_ = p.Process.Kill()
	})
	p.stdin, p.stdout = stdin, bufio.NewReader(stdout)
	return p
}

// says fails unless the program's next line is as wanted.
func (p *guardedProgram) says(t *testing.T, want string) {
	t.Helper()
	if line, err := p.stdout.ReadString('\n'); line != want+"\n" {
		t.Fatalf("%q, %v; %s", line, err, p.stderr.String())
	}
}

// A connection that is cut while the lock is held, and comes back before the session has ended, has no
// effect: the program continues to run and notices nothing.
func TestLockKeptThroughCut(t *testing.T) {
	t.Parallel()
	c := startCuttable(t)
	p := holdLock(t, "--servers", c.servers, "--session-timeout", "1m", "--", "sh", "-c", "echo holds; read line; echo kept $line")
	session := c.hears(t, history.FConnected)
	p.says(t, "holds")
	for range 2 {
		heal := c.Refuse()
		if n := c.Cut(); n != 1 {
			t.Errorf("%d connections were cut", n)
		}
		c.hears(t, history.FDisconnected)
		heal()
		if again := c.hears(t, history.FConnected); again != session {
			t.Errorf("session %s came back as %s", session, again)
		}
	}
	if _, err := io.WriteString(p.stdin, "it\n"); err != nil {
		t.Fatal(err)
	}
	p.says(t, "kept it")
	if err := p.Wait(); err != nil || p.stderr.Len() > 0 {
		t.Errorf("%v, %s", err, p.stderr.String())
	}
}

// If the connection does not come back in time, the lock is lost: the program is told to end, whether the
// connection comes back later or never, and the next contender gets the lock.
func TestLockLostByCut(t *testing.T) {
	t.Parallel()
	for name, heals := range map[string]bool{"healed after the session's timeout": true, "never healed": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := startCuttable(t)
			p := holdLock(t, "--servers", c.servers, "--session-timeout", "2s", "--connect-timeout", "5s", "--grace", "1m", "--",
				"sh", "-c", `trap "echo asked; read line; exit 5" TERM; echo holds; sleep 1000 & wait`)
			c.hears(t, history.FConnected)
			p.says(t, "holds")
			heal := c.Refuse()
			c.Cut()
			p.says(t, "asked")
			// The next contender gets the lock once the servers have ended the session as well.
			next := answerTo("lock", "/cut", "--servers", c.direct, "--timeout", "1m", "--", "true")
			if next.code != 0 {
				t.Errorf("the next one: %+v", next)
			}
			if heals {
				heal()
				c.hears(t, history.FExpired)
			}
			if _, err := io.WriteString(p.stdin, "\n"); err != nil {
				t.Fatal(err)
			}
			code := ended(t, p.Cmd)
			want := []string{`zklab: the lock is lost: sending "terminated" to the program`, "error: the lock of /cut was lost while the program ran"}
			if told := strings.Split(strings.TrimSpace(p.stderr.String()), "\n"); code != clients.ExitLost || strings.Join(told, "\n") != strings.Join(want, "\n") {
				t.Errorf("%d, %q", code, told)
			}
		})
	}
}
