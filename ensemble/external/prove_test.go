package external

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
)

// Where a command finds the server, in all ways in which managers print it.
func TestAddresses(t *testing.T) {
	here := must.Get(addressesOf(t.Context(), "localhost:2181"))(t)
	far := addresses{text: "zk1:2181", port: "2181", ips: []netip.Addr{netip.MustParseAddr("10.1.2.3")}}
	for told, want := range map[string][2]bool{ // of the server on this machine, of the other one
		"localhost:2181": {true, false}, "127.0.0.1": {true, false}, "127.0.0.1:2181": {true, false}, "127.0.0.1:2182": {},
		"[0.0.0.0]:2181": {true, false}, "[]:2181": {true, false}, "[::]:2181": {true, false}, "0.0.0.0": {true, false}, "[0.0.0.0]:2182": {},
		"10.1.2.3": {false, true}, "[10.1.2.3]:2181": {false, true}, "::ffff:10.1.2.3": {false, true}, "10.1.2.4": {}, "zk1:2181": {false, true}, "zk1": {}, "zk2:2181": {},
	} {
		if got := [2]bool{here.match(told), far.match(told)}; got != want {
			t.Errorf("%s: %v", told, got)
		}
	}
}

// managed puts programs into the path that write down each call, and answer as a script says.
func managed(t *testing.T, scripts map[string]string) (calls func() string) {
	dir := t.TempDir()
	log := filepath.Join(dir, "calls")
	for name, script := range scripts {
		text := "#!/bin/sh\necho " + name + " \"$@\" >> " + log + "\n" + script + "\n"
		must.Do(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700))
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return func() string {
		text, _ := os.ReadFile(log)
		return string(text)
	}
}

// A manager whose names belong to other servers harms none: each of these reaches wrong things, in its own way, and
// gets no command but those that ask.
func TestNothingForeignIsHarmed(t *testing.T) {
	on := must.Get(embedded.Start(embedded.Config{Nodes: 1}))(t)
	defer on.Close()
	addr := on.Addrs()[0]
	_, port, _ := strings.Cut(addr, ":")
	compose := filepath.Join(t.TempDir(), "compose.yaml")
	must.Do(t, os.WriteFile(compose, []byte("services: {zk1: {ports: ['"+port+":2181']}}"), 0o600))
	const unit = `case "$*" in *"ss "*) echo 'LISTEN 0 50 *:2181 users:(("java",pid=7,fd=1))';; esac`
	for _, c := range []struct {
		control string
		scripts map[string]string
		want    string // in the error; "" if the manager reaches the server itself
	}{
		{"docker:zk{id}", map[string]string{"docker": "echo 172.17.0.9 '[0.0.0.0]:1'"}, "is at 172.17.0.9 [0.0.0.0]:1"},
		{"docker:zk{id}", map[string]string{"docker": "echo"}, "is nowhere"},
		{"docker:zk{id}", map[string]string{"docker": "echo no such object >&2; exit 1"}, "exit status 1: no such object"},
		{"docker:zk{id}", map[string]string{"docker": "echo 172.17.0.9 '[0.0.0.0]:" + port + "'"}, ""},
		{"docker:zk{id}", map[string]string{"docker": "echo 0.0.0.0"}, ""}, // it has the network of this machine
		{"compose:" + compose, map[string]string{"docker-compose": "echo b52", "docker": "echo '[192.168.7.7]:" + port + "'"}, "is at [192.168.7.7]:" + port},
		{"compose:" + compose + ":zk{id}", map[string]string{"docker-compose": "echo no such service >&2; exit 1", "docker": "exit 1"}, "exit status 1"},
		{"compose:" + compose, map[string]string{"docker-compose": "echo b52", "docker": "echo '[127.0.0.1]:" + port + "'"}, ""},
		{"kubernetes:statefulset/zk", map[string]string{"kubectl": `case "$1" in config) echo far data;; *) echo 10.3.3.3;; esac`}, "kubectl --context 'far' -n 'data' get pod/zk-0"},
		{"kubernetes:other/statefulset/zk", map[string]string{"kubectl": `case "$1" in config) echo far data;; *) echo 10.3.3.3;; esac`}, "kubectl --context 'far' -n 'other' get pod/zk-0"},
		{"kubernetes:statefulset/zk", map[string]string{"kubectl": `case "$1" in config) exit 1;; *) echo not found >&2; exit 1;; esac`}, "not found"},
		{"kubernetes:statefulset/zk", map[string]string{"kubectl": `case "$1" in config) echo near;; *) echo 127.0.0.1;; esac`}, ""},
		{"systemd:zookeeper@{id}", map[string]string{"sudo": "echo sudo: a password is required >&2; exit 1", "systemctl": "echo 7"}, "a password is required"},
		{"systemd:zookeeper@{id}", map[string]string{"sudo": "exit 3", "systemctl": "echo 7"}, "exit status 3"}, // the unit is not active
		{"systemd:zookeeper@{id}", map[string]string{"sudo": unit, "systemctl": "echo 8"}, "is nowhere"},        // another process has the port
		{"systemd:zookeeper@{id}", map[string]string{"sudo": "true", "systemctl": "echo 7"}, "is nowhere"},      // nobody has it
		{"systemd:zookeeper@{id}", map[string]string{"sudo": unit, "systemctl": "echo 7"}, ""},
	} {
		t.Run("", func(t *testing.T) {
			calls := managed(t, c.scripts)
			commands := must.Get(Control(c.control, on.Addrs()))(t)
			e, err := Config{Servers: on.Addrs(), Commands: commands}.Start(t.Context())
			if err == nil {
				defer e.Close()
			}
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s with %q: %v", c.control, c.scripts, err)
			}
			for _, harm := range []string{"kill", "pause", "stop", "delete", "start"} {
				if strings.Contains(calls(), harm) {
					t.Errorf("%s: it was asked to %s: %s", c.control, harm, calls())
				}
			}
			if calls() == "" {
				t.Error("nobody was asked")
			}
		})
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := Control("kubernetes:statefulset/zk", on.Addrs()); !errors.Is(err, ErrConfig) {
		t.Errorf("without kubectl: %v", err)
	}
}

// noted returns simulated servers, and the same ones as somebody else's, whose commands only write down what they were run for.
func noted(t *testing.T) (on *embedded.Ensemble, e *cluster, notes func() string) {
	on = must.Get(embedded.Start(embedded.Config{InMemory: true}))(t)
	t.Cleanup(func() { on.Close() })
	commands, notes := notebook(t)
	e = assembled(t, Config{Servers: on.Addrs(), Commands: commands})
	e.dial = on.Dial
	return on, e, notes
}

// A command that harms something else is the last one, also if all servers were to be harmed at once.
func TestStrayCommandIsTheLast(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		_, e, notes := noted(t)
		errs := make(chan error)
		for _, s := range e.servers {
			go func() { errs <- s.Kill(t.Context()) }()
		}
		for range e.servers {
			if err := <-errs; err == nil || !strings.Contains(err.Error(), "that harmed something else, and no command follows") {
				t.Error(err)
			}
		}
		if err := e.servers[0].Pause(t.Context()); err == nil {
			t.Error("a command followed")
		}
		if got := notes(); strings.Count(got, "kill")+strings.Count(got, "pause") != 1 {
			t.Errorf("%q", got)
		}
		if err := e.Close(); err != nil || !strings.Contains(notes(), "start") {
			t.Errorf("what was harmed was not started again: %v", err)
		}
	})
}

// A command that pauses or kills its server is followed by others.
func TestCommandThatSilences(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		on, e, notes := noted(t)
		kill := func(i int) error { return on.Servers()[i].(ensemble.Killer).Kill(t.Context()) }
		for i, harm := range []func(context.Context) error{e.servers[0].Pause, e.servers[1].Kill} {
			done := make(chan error)
			go func() { done <- harm(t.Context()) }()
			time.Sleep(silence / 5) // an effect need not show at once
			var err error
			if i == 0 {
				err = on.Servers()[i].(ensemble.Pauser).Pause(t.Context())
			} else {
				err = kill(i)
			}
			if err := errors.Join(err, <-done); err != nil {
				t.Error(i, err)
			}
		}
		if err := e.servers[0].Kill(t.Context()); err != nil { // it is silent already
			t.Error(err)
		}
		if got := notes(); strings.Count(got, "\n") != 3 {
			t.Errorf("%q", got)
		}
		e.Close()
	})
}
