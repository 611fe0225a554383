package zkserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/testmain"
)

const mainEnv = "ZKLAB_ZKSERVER_TEST_MAIN" // set if the test program is to act as the command

func TestMain(m *testing.M) {
	if os.Getenv(mainEnv) != "" {
		if err := Main(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	testmain.Main(m)
}

// log is an ensemble that reports the calls of its methods.
type log struct {
	did    chan string
	refuse chan error // what the next call fails with
}

func (l log) next(did string) error {
	select {
	case err := <-l.refuse:
		return err
	default:
		l.did <- did
		return nil
	}
}

func (l log) Start(_ context.Context, id int) error { return l.next(fmt.Sprint("start ", id)) }

func (l log) Kill(_ context.Context, id int) error {
	l.did <- fmt.Sprint("kill ", id)
	return nil
}

func (l log) Close() error {
	l.did <- "close"
	return nil
}

// expect waits for the wanted calls in their order.
func (l log) expect(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for range want {
		select {
		case did := <-l.did:
			got = append(got, did)
		case <-time.After(time.Minute):
			t.Fatalf("got %q and then nothing, want %q", got, want)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// hosted is a host whose ensembles write to one log.
func hosted(t *testing.T) (*Host, log) {
	t.Helper()
	l := log{did: make(chan string, 100), refuse: make(chan error, 1)}
	h, err := Listen(func(_ context.Context, c Cluster) (Ensemble, error) {
		return l, l.next(fmt.Sprintf("new %v super %q", c.Addrs, c.SuperDigest))
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h, l
}

// standIn is the process of a stand-in for a server.
type standIn struct {
	conn  net.Conn
	ended chan error
}

// launch starts the stand-in of a server. End it with kill.
func launch(t *testing.T, h *Host, path string) standIn {
	t.Helper()
	conn := must.Get(net.Dial("tcp", h.listener.Addr().String()))(t)
	s := standIn{conn, make(chan error, 1)}
	go func() { s.ended <- ask(conn, request{Config: path, SuperDigest: "super:x"}) }()
	t.Cleanup(func() { s.kill() })
	return s
}

func (s standIn) kill() { s.conn.Close() }

// wanted reports whether the host's only cluster knows a server.
func wanted(h *Host, id int) bool {
	return anyCluster(h, func(c *cluster) bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.addrs[id-1] != ""
	})
}

// taken reports whether a server of the host's only cluster has a stand-in.
func taken(h *Host, id int) bool {
	return anyCluster(h, func(c *cluster) bool {
		turn := &c.servers[id-1]
		if !turn.TryLock() {
			return true
		}
		turn.Unlock()
		return false
	})
}

func anyCluster(h *Host, holds func(*cluster) bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.clusters {
		if holds(c) {
			return true
		}
	}
	return false
}

func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come about")
		}
	}
}

func TestServersStartAndDieWithTheirStandIns(t *testing.T) {
	h, l := hosted(t)
	var paths []string
	for id := 1; id <= 3; id++ {
		paths = append(paths, write(
			t, fmt.Sprint(id), fmt.Sprintf("clientPort=%d", 100+id),
			"server.1=127.0.0.1:1:2", "server.2=127.0.0.1:3:4", "server.3=127.0.0.1:5:6",
		))
	}
	launch(t, h, paths[2])
	second := launch(t, h, paths[1])
	select {
	case did := <-l.did:
		t.Fatalf("%s before all servers were asked for", did)
	case <-time.After(20 * time.Millisecond):
	}
	eventually(t, func() bool { return wanted(h, 2) })
	second.kill() // this server was requested, so its address is known
	eventually(t, func() bool { return !taken(h, 2) })
	launch(t, h, paths[0])
	got := map[string]bool{<-l.did: true, <-l.did: true, <-l.did: true}
	want := map[string]bool{"new [127.0.0.1:101 127.0.0.1:102 127.0.0.1:103] super \"super:x\"": true, "start 1": true, "start 3": true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	second = launch(t, h, paths[1])
	l.expect(t, "start 2")
	again := launch(t, h, paths[1])
	second.kill()
	l.expect(t, "kill 2", "start 2") // never two at once
	again.kill()
	l.expect(t, "kill 2")
}

func TestStandaloneServersAreApart(t *testing.T) {
	h, l := hosted(t)
	launch(t, h, write(t, "4", "clientPort=101"))
	l.expect(t, `new [127.0.0.1:101] super "super:x"`, "start 1")
	launch(t, h, write(t, "4", "clientPort=102"))
	l.expect(t, `new [127.0.0.1:102] super "super:x"`, "start 1")
}

// A stand-in whose server cannot start ends with an error that says why.
func TestWhatCannotStart(t *testing.T) {
	h, l := hosted(t)
	refused := func(name, path, says string) {
		t.Helper()
		if err := <-launch(t, h, path).ended; err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	refused("no file", "/nowhere/zoo.cfg", "/nowhere/zoo.cfg")

	members := []string{"server.1=127.0.0.1:1:2", "server.2=127.0.0.1:3:4"}
	first := launch(t, h, write(t, "1", append(members, "clientPort=101")...))
	launch(t, h, write(t, "2", append(members, "clientPort=102")...))
	for range 3 {
		<-l.did
	}
	first.kill()
	l.expect(t, "kill 1")
	refused("moved", write(t, "1", append(members, "clientPort=103")...), "was at 127.0.0.1:101 before")

	l.refuse <- errors.New("port is taken")
	refused("taken", write(t, "1", append(members, "clientPort=101")...), "port is taken")
	l.refuse <- errors.New("too many servers")
	refused("not made", write(t, "1", "clientPort=104"), "too many servers")
}

// A command line without a zoo.cfg, or with an unknown command, is refused with the right usage.
func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"start-foreground"}, {"stop", "zoo.cfg"}} {
		if err := Run(args, nil); err == nil || !strings.Contains(err.Error(), "usage: zkServer.sh start-foreground") {
			t.Errorf("%q: %v", args, err)
		}
	}
	if err := Run([]string{"start-foreground", "zoo.cfg"}, nil); err == nil || !strings.Contains(err.Error(), hostEnv) {
		t.Error(err)
	}
}

// The environment names the host and the super user.
func TestRun(t *testing.T) {
	h, l := hosted(t)
	name, addr, _ := strings.Cut(h.Env(), "=")
	t.Setenv(name, addr)
	t.Setenv("SERVER_JVMFLAGS", "-Dx=y -Dzookeeper.DigestAuthenticationProvider.superDigest=super:D/InI= -Dzookeeper.extendedTypesEnabled=true")
	path := write(t, "", "clientPort=101")
	run := func() (alive io.Closer, ended chan error) {
		r, w := io.Pipe()
		ended = make(chan error, 1)
		go func() { ended <- Run([]string{"start-foreground", path}, r) }()
		return w, ended
	}
	alive, ended := run()
	l.expect(t, `new [127.0.0.1:101] super "super:D/InI="`, "start 1")
	alive.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	select {
	case did := <-l.did:
		if did != "kill 1" {
			t.Error(did)
		}
	default:
		t.Error("it ended before the server was dead")
	}

	alive, ended = run()
	defer alive.Close()
	l.expect(t, "start 1")
	if err := h.Close(); err != nil { // also ends its servers
		t.Error(err)
	}
	l.expect(t, "kill 1", "close")
	if err := <-ended; err != nil && !errors.Is(err, io.EOF) { // EOF: the host ended before it could report that the server had started
		t.Error(err)
	}
}

// What a suite relies on: when it has killed a stand-in and waited for its process, the server is dead.
func TestKilledProcess(t *testing.T) {
	h, l := hosted(t)
	path := write(t, "", "clientPort=101")
	for range 3 {
		cmd := exec.Command(os.Args[0], "start-foreground", path)
		cmd.Env = append(os.Environ(), h.Env(), mainEnv+"=1")
		cmd.Stderr = new(bytes.Buffer)
		must.Do(t, cmd.Start())
		for did := range l.did {
			if did == "start 1" {
				break
			}
		}
		must.Do(t, cmd.Process.Kill())
		_ = cmd.Wait() // killed
		select {
		case did := <-l.did:
			if did != "kill 1" {
				t.Error(did)
			}
		default:
			t.Error("it was waited for, and the server lives")
		}
	}
}

// Java flags for something that the servers do not have are refused; others are ignored.
func TestJavaFlags(t *testing.T) {
	if digest, err := javaFlags("-Xmx1g -Dzookeeper.DigestAuthenticationProvider.superDigest=super:x"); err != nil || digest != "super:x" {
		t.Errorf("%q, %v", digest, err)
	}
	for _, flag := range []string{"-Dzookeeper.skipACL=yes", "-Dzookeeper.extendedTypesEnabled=false", "-Dzookeeper.colour=blue"} {
		if _, err := javaFlags("-Xmx1g " + flag); err == nil || !strings.HasPrefix(err.Error(), flag+": an embedded server does not have this setting; docs/") {
			t.Errorf("%s: %v", flag, err)
		}
	}
}
