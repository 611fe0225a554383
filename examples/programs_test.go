// Package examples has the tests of the programs in its folders: each is started for real,
// as several processes on an ensemble that is another one, and the process that matters is
// killed.
package examples

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
)

var programs = []string{"lockmanager", "jobqueue", "configservice", "electioncluster", "serviceregistry", "masterworker"}

const (
	session = 2 * time.Second
	// takeover bounds the time from a crash until somebody else has taken over: servers let a
	// session end at the tick after its time-out, and the machine may be busy.
	takeover = session + 10*time.Second
)

// ensemble is what programs run on, by zklab ensemble up.
type ensemble struct {
	servers string
	socket  string
}

func up(t *testing.T) ensemble {
	t.Helper()
	e := ensemble{socket: filepath.Join(t.TempDir(), "control")}
	p := launch(t, "the ensemble", binary(t, "zklab"), "ensemble", "up", "--listen", "127.0.0.1:0", "--control", e.socket)
	e.servers = p.await(`^(\S+)$`)[0]
	return e
}

// start starts a process of a program.
func (e ensemble) start(t *testing.T, program, name string, args ...string) *process {
	t.Helper()
	return launch(t, name, binary(t, program), append([]string{"-servers", e.servers, "-session", session.String(), "-name", name}, args...)...)
}

// control does something to servers.
func (e ensemble) control(t *testing.T, action, who string) {
	t.Helper()
	launch(t, action, binary(t, "zklab"), "ensemble", action, who, "--control", e.socket).exits(0, "")
}

// connect opens a connection of the test's own.
func (e ensemble) connect(t *testing.T) *zk.Conn {
	t.Helper()
	conn, _, err := zk.Connect(strings.Split(e.servers, ","), session, zk.WithLogInfo(false))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

// long is the flag for a session that outlasts a takeover: whoever takes over from one that
// has it takes what was given back.
const long = "-session=1m"

// within fails unless f, which begins at the crash, takes no longer than a takeover may.
func within(t *testing.T, f func()) {
	t.Helper()
	began := time.Now()
	f()
	took := time.Since(began)
	t.Logf("taken over after %s", took)
	if took > takeover {
		t.Errorf("taken over after %s, and not %s", took, takeover)
	}
}

// All programs share an ensemble, but for the one whose servers are killed.
func TestPrograms(t *testing.T) {
	e := up(t)
	t.Run("all", func(t *testing.T) {
		for name, test := range map[string]func(*testing.T, ensemble){
			"lock": lock, "stopped": stopped, "jobs": jobs, "interrupted": interrupted,
			"election": election, "registry": registry, "master": master, "usage": usage,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, e)
			})
		}
	})
}

func number(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

const holds = `printer: holds the lock, token (\d+)`

// The holder is killed, and the next one holds, with a higher token. One that is interrupted
// gives the lock back.
func lock(t *testing.T, e ensemble) {
	a := e.start(t, "lockmanager", "a", "printer", "-hold", "1h")
	first := number(t, a.await(holds)[0])
	b := e.start(t, "lockmanager", "b", "printer", "-hold", "1h", long)
	b.await("printer: waits for the lock")
	a.kill()
	within(t, func() {
		if second := number(t, b.await(holds)[0]); second <= first {
			t.Errorf("token %d after %d", second, first)
		}
	})
	c := e.start(t, "lockmanager", "c", "printer", "-hold", "1h")
	c.await("waits")
	b.interrupt()
	b.await("printer: gave up the lock")
	b.exits(0, "")
	within(t, func() { c.await(holds) })
}

// A holder that is stopped loses the lock, and writes no more when it goes on.
func stopped(t *testing.T, e ensemble) {
	a := e.start(t, "lockmanager", "a", "printer", "-path", "/stopped", "-every", "1ms", "-hold", "1h")
	a.await(holds)
	b := e.start(t, "lockmanager", "b", "printer", "-path", "/stopped", "-every", "1ms", "-hold", "1h")
	b.await("waits")
	if err := a.group.Freeze(); err != nil {
		t.Fatal(err)
	}
	var token string
	within(t, func() { token = b.await(holds)[0] })
	conn := e.connect(t)
	writtenBy := func(token string) {
		t.Helper()
		for late := time.After(patience); ; {
			data, _, changed, err := conn.GetW("/stopped/printer/state")
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(string(data), token+" ") {
				return
			}
			select {
			case <-changed:
			case <-late:
				t.Fatalf("the printer was used last with %q, not %s", data, token)
			}
		}
	}
	writtenBy(token)
	if err := a.group.Thaw(); err != nil {
		t.Fatal(err)
	}
	a.await("printer: lost the lock")
	writtenBy(token)
}

// A worker is killed at its job; another one does it. One mail nobody can send.
func jobs(t *testing.T, e ensemble) {
	slow := e.start(t, "jobqueue", "w1", "work", "-work", "1h")
	slow.await("waits for jobs")
	producer := e.start(t, "jobqueue", "p", "put", "ann", "bob", "nobody")
	slow.await("takes the mail to ann, attempt 1")
	slow.kill()
	within(t, func() {
		quick := e.start(t, "jobqueue", "w2", "work", "-work", "10ms")
		quick.await("takes the mail to ann, attempt 2")
		quick.await("sent the mail to ann")
	})
	producer.await("the mail to ann: done by w2, attempt 2")
	producer.await("the mail to bob: done by w2, attempt 1")
	producer.await("the mail to nobody is not sent: .*job is dead")
	producer.exits(0, "")
	sent, _, err := e.connect(t).Children("/jobqueue/outbox")
	if err != nil || len(sent) != 2 {
		t.Errorf("sent: %q, %v", sent, err)
	}
}

// Whoever is interrupted gives its job back, and says when something was left to do.
func interrupted(t *testing.T, e ensemble) {
	worker := e.start(t, "jobqueue", "w", "work", "-work", "1h", "-path", "/interrupted", long)
	worker.await("waits for jobs")
	producer := e.start(t, "jobqueue", "p", "put", "ann", "-path", "/interrupted")
	worker.await("takes the mail to ann, attempt 1")
	worker.interrupt()
	worker.await("works no more")
	worker.exits(0, "")
	producer.interrupt()
	producer.exits(130, "error: interrupted")
	next := e.start(t, "jobqueue", "next", "work", "-path", "/interrupted")
	within(t, func() { next.await("takes the mail to ann, attempt 2") })
}

// The leader is killed; all agree on another one, with a higher token.
func election(t *testing.T, e ensemble) {
	a := e.start(t, "electioncluster", "a")
	first := number(t, a.await(`leads, token (\d+)`)[0])
	others := map[string]*process{"b": e.start(t, "electioncluster", "b"), "c": e.start(t, "electioncluster", "c")}
	for _, p := range others {
		p.await("the leader is a, token " + strconv.FormatInt(first, 10))
	}
	a.kill()
	within(t, func() {
		told := others["b"].await(`the leader is ([bc]), token (\d+)`)
		if same := others["c"].await(`the leader is ([bc]), token (\d+)`); !slices.Equal(told, same) {
			t.Errorf("the leader is %q, and %q", told, same)
		}
		if number(t, told[1]) <= first {
			t.Errorf("token %s after %d", told[1], first)
		}
	})
	for _, p := range others {
		p.interrupt()
		p.await("stands no more")
		p.exits(0, "")
	}
}

// An instance is killed: clients call the others, even before it is known to be gone.
func registry(t *testing.T, e ensemble) {
	client := e.start(t, "serviceregistry", "client", "call", "-every", "50ms")
	client.await("nobody answers")
	s1 := e.start(t, "serviceregistry", "s1", "serve", "-session=5s") // long enough to be called when it is dead
	client.await("hello from s1")
	s2 := e.start(t, "serviceregistry", "s2", "serve")
	client.await("hello from s2")
	client.await("hello from s1")
	s1.kill()
	within(t, func() {
		client.await("s1 does not answer")
		client.await("hello from s2")
		client.await("s1 has gone")
	})
	client.await("hello from s2")
	s2.interrupt()
	s2.await("serves no more")
	s2.exits(0, "")
	client.await("s2 has gone")
	client.await("nobody answers")
	e.start(t, "serviceregistry", "s3", "serve")
	client.await("hello from s3")
	client.interrupt()
	client.exits(0, "")
}

// The master is killed when some is done; another one goes on, and the sum is right.
func master(t *testing.T, e ensemble) {
	flags := []string{"-parts", "60", "-size", "50", "-work", "200ms"}
	const total = "there are 430 primes below 3000"
	m := e.start(t, "masterworker", "m", flags...)
	m.await("is the master,")
	others := []*process{e.start(t, "masterworker", "w1", flags...), e.start(t, "masterworker", "w2", flags...)}
	m.await("workers: 3 ")
	m.await("has [2-9] of 60 parts")
	m.kill()
	masters := 0
	for _, p := range others {
		p.await(total)
		p.exits(0, "")
		if strings.Contains(strings.Join(p.out.since(0), "\n"), "is the master,") {
			masters++
		}
	}
	if masters == 0 {
		t.Error("there was no other master")
	}
	late := e.start(t, "masterworker", "late", flags...)
	late.await(total)
	late.exits(0, "")
}

// What is wrong is said in one line, and what would be right.
func usage(t *testing.T, e ensemble) {
	for _, name := range programs {
		launch(t, name, binary(t, name), "-nope").exits(2, "flag provided but not defined: -nope ("+name+" -h lists the flags)")
		launch(t, name, binary(t, name), "-h").exits(0, "")
	}
	for _, tt := range []struct {
		program string
		args    []string
		message string
	}{
		{"lockmanager", []string{"-servers", "127.0.0.1"}, `"127.0.0.1" is no host:port, such as 127.0.0.1:2181`},
		{"lockmanager", []string{"-session", "-1s"}, "-session must be more than 0"},
		{"lockmanager", []string{"-path", "app"}, `"app" is no path of a znode, such as /app`},
		{"lockmanager", []string{"-name", ""}, "-name must not be empty"},
		{"electioncluster", []string{"start"}, "wrong arguments: the usage is electioncluster [flags]"},
		{"lockmanager", nil, "the usage is lockmanager [flags] RESOURCE..."},
		{"jobqueue", nil, "the usage is jobqueue [flags] work | put RECIPIENT..."},
		{"jobqueue", []string{"put"}, "put RECIPIENT"},
		{"serviceregistry", []string{"sing"}, "[flags] serve | call"},
		{"configservice", []string{"set"}, "[flags] serve | set"},
		{"configservice", []string{"set", "{"}, "not set: unexpected end of JSON input"},
		{"configservice", []string{"set", "{}"}, "not set: time: invalid duration"},
		{"masterworker", []string{"-parts", "0"}, "-parts and -size must be 1 at least"},
	} {
		e.start(t, tt.program, fmt.Sprint(tt.program, tt.args), tt.args...).exits(2, tt.message)
	}
	launch(t, "alone", binary(t, "lockmanager"), "printer", "-servers", "127.0.0.1:1").
		exits(1, "no session with 127.0.0.1:1 within 5s: are the servers up? start some with: zklab ensemble up")
}

// When no server answers for as long as a session lasts, holds are over, though nobody says
// so; when they do again, programs go on.
func TestServersGone(t *testing.T) {
	t.Parallel()
	e := up(t)
	holder := e.start(t, "lockmanager", "holder", "printer", "-hold", "1h", "-every", "10ms")
	holder.await(holds)
	leader := e.start(t, "electioncluster", "leader", "-every", "10ms")
	leader.await("leads, token")
	e.control(t, "kill", "all")
	within(t, func() {
		holder.await("printer: lost the lock: .*hold was lost")
		leader.await("leads no more after .*: hold was lost")
	})
	e.control(t, "start", "all")
	holder.await(holds)
	leader.await("leads, token")
	e.control(t, "kill", "all")
	holder.interrupt()
	holder.await("not closed in good order")
	holder.exits(0, "")
}

// Services go on with what they had while the servers elect a leader, and hear of the next
// configuration.
func TestConfigService(t *testing.T) {
	t.Parallel()
	e := up(t)
	s1 := e.start(t, "configservice", "s1", "serve")
	s2 := e.start(t, "configservice", "s2", "serve")
	s1.await(`configured by transaction 0x0: "no greeting yet"`)
	set := func(text string) { e.start(t, "configservice", "set", "set", text).exits(0, "") }
	set(`{"greeting": "good morning", "every": "20ms"}`)
	for _, s := range []*process{s1, s2} {
		s.await(`configured by transaction 0x\w+: "good morning" every 20ms`)
		s.await(": good morning")
	}
	e.control(t, "kill", "leader")
	s1.await(": good morning")
	within(t, func() {
		set(`{"greeting": "good evening", "every": "20ms"}`)
		s1.await(": good evening")
		s2.await(": good evening")
	})
	if _, err := e.connect(t).Set("/configservice", []byte("by hand"), -1); err != nil {
		t.Fatal(err)
	}
	s1.await("kept what it had, .* cannot be read")
	s1.await(": good evening")
	s1.interrupt()
	s1.exits(0, "")
	s2.kill()
	set(`{"greeting": "good night", "every": "20ms"}`)
	e.start(t, "configservice", "s3", "serve").await(": good night")
}
