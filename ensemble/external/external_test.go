package external

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
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

func TestParse(t *testing.T) {
	for connect, want := range map[string]struct {
		servers []string
		chroot  string
	}{
		"a:1":                   {[]string{"a:1"}, ""},
		"a":                     {[]string{"a:2181"}, ""},
		"a, b:2 ,10.0.0.1":      {[]string{"a:2181", "b:2", "10.0.0.1:2181"}, ""},
		"a:1,b:2/":              {[]string{"a:1", "b:2"}, ""},
		"a:1,b:2/x":             {[]string{"a:1", "b:2"}, "/x"},
		"a/x/y/":                {[]string{"a:2181"}, "/x/y"},
		"[::1]:5,[fe80::1%eth]": {[]string{"[::1]:5", "[fe80::1%eth]:2181"}, ""},
		"zk_1.example-a.org:9":  {[]string{"zk_1.example-a.org:9"}, ""},
		"zk://a:1,b:2/mesos":    {[]string{"a:1", "b:2"}, "/mesos"},
		"ZooKeeper://a":         {[]string{"a:2181"}, ""},
	} {
		servers, chroot, err := Parse(connect)
		if diff := cmp.Diff(want.servers, servers); err != nil || diff != "" || chroot != want.chroot {
			t.Errorf("%q: %q, %v %s", connect, chroot, err, diff)
		}
	}
	for _, connect := range []string{
		"", " ", "/", "/x", ",", "a,,b", "a,", "a:b", "a:0", "a:65536", "a:-1", "a:1,a:1", "a,a:2181", "a b", "a;b", "$(a)", "`a`", "a&b", "-a:1", "a\nb",
		"a/x,b", "a//x", "a/x//y", "a/.", "a/x/..", "a/zookeeper", "a/zookeeper/x", "a/\x01", "::1", "a:1:2", strings.Repeat("a", 254), "[a", "http://a:1",
	} {
		servers, chroot, err := Parse(connect)
		if !errors.Is(err, ErrConfig) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %q %q, %v", connect, servers, chroot, err)
		}
	}
}

// What people write by habit is refused with the right way to write it.
func TestParseNamesTheMistake(t *testing.T) {
	for connect, want := range map[string]string{
		"::1:2181":                   "write an IPv6 address in brackets: [::1]:2181",
		"::1":                        "write an IPv6 address in brackets: [::1]:2181",
		"a:1,fe80::2:2182":           "write an IPv6 address in brackets: [fe80::2]:2182",
		"fe80::1%eth0":               "write an IPv6 address in brackets: [fe80::1%eth0]:2181",
		"http://a:8080":              "without http://",
		"zk://ann:secret@a":          "commands with --auth take digest:user:password",
		"zookeeper://a:1?backup=b:2": "give all servers as host:port,host:port",
		"zk://a:1/x,b:2/x":           "write the chroot once",
		"zk://":                      "no servers: give host:port",
	} {
		_, _, err := Parse(connect)
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v, want %q", connect, err, want)
		}
	}
}

// Whatever is given for a server stands in a shell's command as it is, or is refused.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"a:1,b:2/x", "[::1]:5", "a;b", "a%0:1", "$(a)/b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, connect string) {
		servers, chroot, err := Parse(connect)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Fatalf("%q", err)
			}
			return
		}
		again, sameChroot, err := Parse(strings.Join(servers, ",") + chroot)
		if diff := cmp.Diff(servers, again); err != nil || diff != "" || chroot != sameChroot {
			t.Fatalf("%q: %q, %v %s", connect, sameChroot, err, diff)
		}
		for _, s := range servers {
			host, _, _ := split(s)
			if strings.ContainsAny(host, " \t\n;&|<>$`\\\"'()*?[]{}#~=!") || strings.HasPrefix(host, "-") {
				t.Fatalf("%q is taken for a host", host)
			}
		}
	})
}

// notebook is commands that write down what they were run for.
func notebook(t *testing.T) (ensemble.Commands, func() string) {
	path := filepath.Join(t.TempDir(), "notes")
	note := func(what string) string { return "echo " + what + " {id} {host} {port} >>" + path }
	read := func() string {
		b, _ := os.ReadFile(path)
		os.Remove(path)
		return string(b)
	}
	return ensemble.Commands{Pause: note("pause"), Resume: note("resume"), Kill: note("kill"), Stop: note("stop"), Start: note("start")}, read
}

func assembled(t *testing.T, c Config) *cluster {
	t.Helper()
	e := must.Get(c.assemble())(t)
	return e
}

// What is asked for twice is done once, and nothing is undone that was not done.
func TestCommands(t *testing.T) {
	commands, notes := notebook(t)
	e := assembled(t, Config{Servers: []string{"a:1", "127.0.0.1:2", "[::1]:3"}, Commands: commands})
	ctx := t.Context()
	for _, step := range []struct {
		do   func(*server) error
		want string
	}{
		{func(s *server) error { return errors.Join(s.Resume(ctx), s.Start(ctx)) }, ""},
		{func(s *server) error { return errors.Join(s.Pause(ctx), s.Pause(ctx)) }, "pause 2 127.0.0.1 2\n"},
		{func(s *server) error { return errors.Join(s.Start(ctx), s.Resume(ctx), s.Resume(ctx)) }, "resume 2 127.0.0.1 2\n"},
		{func(s *server) error { return errors.Join(s.Kill(ctx), s.Kill(ctx), s.Stop(ctx)) }, "kill 2 127.0.0.1 2\n"},
		{func(s *server) error { return errors.Join(s.Resume(ctx), s.Start(ctx), s.Start(ctx)) }, "start 2 127.0.0.1 2\n"},
		{func(s *server) error { return errors.Join(s.Pause(ctx), s.Stop(ctx)) }, "pause 2 127.0.0.1 2\nresume 2 127.0.0.1 2\nstop 2 127.0.0.1 2\n"},
		{func(s *server) error { return s.Start(ctx) }, "start 2 127.0.0.1 2\n"},
		{func(s *server) error { return errors.Join(s.Pause(ctx), s.Kill(ctx), s.Resume(ctx)) }, "pause 2 127.0.0.1 2\nkill 2 127.0.0.1 2\n"},
		{func(s *server) error { return errors.Join(e.Close(), e.Close()) }, "start 2 127.0.0.1 2\n"},
	} {
		err := step.do(e.servers[1])
		if diff := cmp.Diff(step.want, notes()); err != nil || diff != "" {
			t.Fatalf("%v %s", err, diff)
		}
	}
}

// Close undoes what a run did not: nothing of somebody else's stays harmed.
func TestCloseUndoes(t *testing.T) {
	commands, notes := notebook(t)
	e := assembled(t, Config{Servers: []string{"a:1", "b:2", "c:3"}, Commands: commands})
	must.Do(t, errors.Join(e.servers[0].Pause(t.Context()), e.servers[2].Stop(t.Context())))
	notes()
	err := e.Close()
	if got := notes(); err != nil || got != "resume 1 a 1\nstart 3 c 3\n" && got != "start 3 c 3\nresume 1 a 1\n" {
		t.Errorf("%q, %v", got, err)
	}
}

// A command that fails may have done something: it is undone, and an error of that is
// told unless the server answers.
func TestCommandThatFails(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // zklab clean of whoever runs the tests is not to find a note
	commands, notes := notebook(t)
	commands.Pause += "; echo one; echo ' no such thing' >&2; exit 4"
	commands.Kill = "kill -9 $$ # {id}"
	e := assembled(t, Config{Servers: []string{"127.0.0.1:1", "127.0.0.1:2"}, Commands: commands})
	s := e.servers[0]
	if err := s.Pause(t.Context()); err == nil || !strings.HasSuffix(err.Error(), ": exit status 4: no such thing") {
		t.Errorf("%v", err)
	}
	if err := s.Resume(t.Context()); err != nil || notes() != "pause 1 127.0.0.1 1\nresume 1 127.0.0.1 1\n" {
		t.Errorf("%v", err)
	}
	if err := s.Kill(t.Context()); err == nil || !strings.HasSuffix(err.Error(), ": signal: killed") {
		t.Errorf("%v", err)
	}
	e.config.Commands.Start = "false {id}"
	if err := e.Close(); err == nil || !strings.Contains(err.Error(), "server 1 at 127.0.0.1:1 was left paused or down: \"false 1\": exit status 1") {
		t.Errorf("%v", err)
	}
}

// A server that a command leaves running in the background keeps nobody waiting: it still runs
// when the command is over.
func TestCommandThatGoesOn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	must.Do(t, run(t.Context(), "sleep 600 & echo $! >"+file))
	text := must.Get(os.ReadFile(file))(t)
	pid := must.Get(strconv.Atoi(strings.TrimSpace(string(text))))(t)
	server := must.Get(os.FindProcess(pid))(t)
	if err := server.Kill(); err != nil {
		t.Errorf("the server is gone: %v", err)
	}
}

func TestLacks(t *testing.T) {
	e := must.Get(Config{Commands: ensemble.Commands{Kill: "a {id}", Start: "b {id}"}}.Sketch())(t)
	l := e.(ensemble.Limited)
	for a, there := range map[ensemble.Ability]bool{
		ensemble.CanPause: false, ensemble.CanKill: true, ensemble.CanStop: false, ensemble.CanTellRole: true,
	} {
		if err := l.Lacks(a); (err == nil) != there {
			t.Errorf("%s: %v", a, err)
		}
	}
	if err := e.Servers()[0].(ensemble.Killer).Kill(t.Context()); !errors.Is(err, errSketch) {
		t.Errorf("a sketch's server was killed: %v", err)
	}
}

// The first look learns what servers tell, and a run may stay below a chroot. Over TCP, as an
// external ensemble is reached.
func TestStart(t *testing.T) {
	on := must.Get(embedded.Start(embedded.Config{Tick: 700 * time.Millisecond, SyncLimit: 70}))(t)
	defer on.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // against hanging
	defer cancel()
	e := must.Get(Config{Servers: on.Addrs()}.Start(ctx))(t)
	defer e.Close()
	p := e.Profile()
	if p.Tick != 700*time.Millisecond || p.SyncLimit != 70 || p.Version == "" || p.Servers != 3 || p.Backend != Backend || len(p.Warnings) != 0 {
		t.Errorf("%+v", p)
	}
	alone := must.Get(Config{Servers: []string{leaderOf(t, on)}}.Start(ctx))(t)
	defer alone.Close()
	if w := alone.Profile().Warnings; len(w) != 1 || !strings.Contains(w[0], "the ensemble has 3 servers") {
		t.Errorf("%q", w)
	}
	if h, err := ensemble.CheckHealth(ctx, e); err != nil || h.Leader == 0 {
		t.Errorf("%+v, %v", h, err)
	}
	other := must.Get(embedded.Start(embedded.Config{Tick: 700 * time.Millisecond}))(t)
	defer other.Close()
	for want, c := range map[string]Config{
		"chroot /x does not exist":       {Servers: on.Addrs(), Chroot: "/x"},
		"no server says that it leads":   {Servers: followers(t, on), Patience: time.Millisecond},
		"name all servers":               {Servers: followers(t, on), Patience: time.Millisecond},
		"does not answer: dial tcp":      {Servers: append(on.Addrs(), "127.0.0.1:1")},
		"are servers of two ensembles":   {Servers: append(followers(t, on)[:1], leaderOf(t, other))},
		"server a:1 is given twice":      {Servers: []string{"a:1", "a:1"}},
		"--kill-command needs --start-c": {Servers: on.Addrs(), Commands: ensemble.Commands{Kill: "kill {id}"}},
	} {
		if _, err := c.Start(ctx); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", want, err)
		}
	}
	if found, err := Leftovers(ctx, Config{Servers: on.Addrs()}); err != nil || len(found) != 0 {
		t.Errorf("%v, %v", found, err)
	}
}

// The kill command did nothing, and so there is nothing to start: the server, which answers, was not left down.
func TestKillOfNothing(t *testing.T) {
	on := must.Get(embedded.Start(embedded.Config{Nodes: 1}))(t)
	defer on.Close()
	e := assembled(t, Config{Servers: on.Addrs(), Commands: ensemble.Commands{
		Kill: "true", Start: "echo no containers to start; echo 1; exit 1",
	}})
	s := e.servers[0]
	if err := s.Kill(t.Context()); err == nil {
		t.Error("it was killed")
	}
	if err := s.Start(t.Context()); err != nil {
		t.Error(err)
	}
	if err := run(t.Context(), e.config.Commands.Start); err == nil || !strings.HasSuffix(err.Error(), ": no containers to start") {
		t.Error(err)
	}
}

func leaderOf(t *testing.T, e *embedded.Ensemble) string {
	leader, _, err := ensemble.LeaderOf(t.Context(), e.Servers())
	if err != nil {
		t.Fatal(err)
	}
	return leader.Addr()
}

// followers are the servers but the leader.
func followers(t *testing.T, e *embedded.Ensemble) (addrs []string) {
	leader, _, err := ensemble.LeaderOf(t.Context(), e.Servers())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range e.Servers() {
		if s.ID() != leader.ID() {
			addrs = append(addrs, s.Addr())
		}
	}
	return addrs
}

// A leader that was paused and deposed still claims to lead when it goes on: that
// passes.
func TestStartBesideADeposedLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		on := must.Get(embedded.Start(embedded.Config{InMemory: true}))(t)
		defer on.Close()
		old, _, err := ensemble.LeaderOf(t.Context(), on.Servers())
		if err != nil {
			t.Fatal(err)
		}
		paused := old.(ensemble.Pauser)
		must.Do(t, paused.Pause(t.Context()))
		time.Sleep(10 * time.Second) // the others elect
		must.Do(t, paused.Resume(t.Context()))
		e := assembled(t, Config{Servers: on.Addrs()})
		e.dial = on.Dial
		if _, err := ensemble.CheckRoles(t.Context(), e.Servers()); !errors.Is(err, ensemble.ErrSeveralLead) {
			t.Errorf("at first: %v", err)
		}
		if err := e.look(t.Context(), time.Minute); err != nil {
			t.Error(err)
		}
	})
}

// Servers that know few words of four letters, or none, are used all the same: what they do
// not tell is left out.
func TestStartWithoutWords(t *testing.T) {
	for name, c := range map[string]struct {
		do     func(word string, server net.Conn) bool // whether the server answers
		leader bool
	}{
		"stat alone":      {func(word string, _ net.Conn) bool { return word != "srvr" && word != "conf" }, true},
		"hangs up at all": {func(string, net.Conn) bool { return false }, false},
		"silent at all": {func(_ string, server net.Conn) bool {
			_, _ = io.Copy(io.Discard, server)
			return false
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				on := must.Get(embedded.Start(embedded.Config{InMemory: true}))(t)
				defer on.Close()
				e := assembled(t, Config{Servers: on.Addrs()})
				e.dial = func(network, addr string, timeout time.Duration) (net.Conn, error) {
					conn, err := on.Dial(network, addr, timeout)
					if err != nil {
						return nil, err
					}
					client, server := net.Pipe()
					go between(conn, server, c.do)
					return client, nil
				}
				must.Do(t, e.look(t.Context(), time.Minute))
				h, err := ensemble.CheckHealth(t.Context(), e)
				if err != nil || (h.Leader != 0) != c.leader {
					t.Errorf("%+v, %v", h, err)
				}
				settings := strings.Join(e.Profile().Settings, "\n")
				if told := !strings.Contains(settings, "server 1, server 2, server 3 answered neither srvr nor stat: role, version and zxid are unknown"); told != c.leader {
					t.Error(settings)
				}
				if err := e.Lacks(ensemble.CanTellRole); (err == nil) != c.leader {
					t.Errorf("roles: %v", err)
				}
			})
		})
	}
}

// between passes all on between a client's connection and a server's, but for the words
// that the server does not answer.
func between(real, client net.Conn, answers func(word string, client net.Conn) bool) {
	defer real.Close()
	defer client.Close()
	head := make([]byte, 4)
	if _, err := io.ReadFull(client, head); err != nil {
		return
	}
	if head[0] >= 'a' && !answers(string(head), client) {
		return
	}
	if _, err := real.Write(head); err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(real, client)
		real.Close()
	}()
	_, _ = io.Copy(client, real)
}
