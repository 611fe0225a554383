// Package examples has the tests of the programs in its folders: each is started as several real
// processes, with an ensemble in another process, and the process that matters is killed.
package examples

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
)

var programs = []string{
	"lockmanager", "sharedfile", "licences", "electioncluster", "masterworker", "jobqueue", "serviceregistry",
	"configservice", "routes", "tally", "startgate", "rounds", "tripbooking",
}

// row is a test of a program, with the embedded ensemble and with a real one.
type row struct {
	name string // the name of its session in docs/building.md
	test func(t *testing.T, e ensemble)
	// alone: the row kills servers, or measures them, and so has an ensemble of its own.
	alone bool
	// embedded: the row is not run with a real ensemble, which takes a quarter of a minute to restart.
	embedded bool
}

var rows = []row{
	{name: "lock", test: lock},
	{name: "stopped", test: stopped},
	{name: "read-write-lock", test: readWriteLock},
	{name: "semaphore", test: semaphore},
	{name: "election", test: election},
	{name: "master-worker", test: masterWorker},
	{name: "queue", test: jobs},
	{name: "interrupted", test: interrupted},
	{name: "registry", test: registry},
	{name: "restarted", test: restarted},
	{name: "cache", test: cache},
	{name: "barrier", test: barrier},
	{name: "double-barrier", test: doubleBarrier},
	{name: "two-phase-commit", test: twoPhaseCommit},
	{name: "shell", test: shell},
	{name: "monitor", test: monitor},
	{name: "benchmark", test: benchmark, alone: true},
	{name: "health", test: health, alone: true},
	{name: "configuration", test: configuration, alone: true},
	{name: "counter", test: counter, alone: true},
	{name: "servers-gone", test: serversGone, alone: true, embedded: true},
}

// sessionTimeout is the timeout of the programs' sessions, unless a flag sets another one.
const sessionTimeout = 2 * time.Second

// ensemble is started for programs with zklab ensemble up.
type ensemble struct {
	servers string
	socket  string
	page    *session
}

func up(t *testing.T, flags ...string) ensemble {
	t.Helper()
	e := ensemble{socket: filepath.Join(t.TempDir(), "control")}
	args := append([]string{"ensemble", "up", "--listen", "127.0.0.1:0", "--name", e.socket, "--max-session-timeout", "10m"}, flags...)
	p := launch(t, "the ensemble", binary(t, "zklab"), args...)
	t.Cleanup(func() {
		p.interrupt() // so that it removes what it has created
		p.ends()
	})
	e.servers = p.await(`^(\S+)$`)[0]
	return e
}

// start starts a process of a program, with flags in addition to those of all programs.
func (e ensemble) start(t *testing.T, program, name string, args ...string) *process {
	t.Helper()
	p := e.launch(t, program, name, args)
	e.page.started(p, append([]string{program, "-name", name}, args...))
	return p
}

func (e ensemble) launch(t *testing.T, program, name string, args []string) *process {
	t.Helper()
	return launch(t, name, binary(t, program), append([]string{"-servers", e.servers, "-session", sessionTimeout.String(), "-name", name}, args...)...)
}

// fails runs a process that must exit with code and an error with message.
func (e ensemble) fails(t *testing.T, code int, message, program, name string, args ...string) {
	t.Helper()
	e.page.add("$ " + command(append([]string{program, "-name", name}, args...)))
	p := e.launch(t, program, name, args)
	p.page = e.page
	p.exits(code, message)
}

// run runs a process to its end, and returns the lines that it prints, without those about its
// connection.
func (e ensemble) run(t *testing.T, program, name string, args ...string) []string {
	t.Helper()
	e.page.add("$ " + command(append([]string{program, "-name", name}, args...)))
	p := e.launch(t, program, name, args)
	p.exits(0, "")
	var said []string
	for _, line := range p.out.since(0) {
		if !alwaysSaid.MatchString(line) {
			said = append(said, line)
			e.page.add(line)
		}
	}
	return said
}

// alwaysSaid matches the lines that every program prints about its connection.
var alwaysSaid = regexp.MustCompile(`: (process \d+|connected to \S+|disconnected)$`)

// zklab runs a command, and returns its output. Lines that match shown are on the page.
func (e ensemble) zklab(t *testing.T, code int, shown string, args ...string) []string {
	t.Helper()
	p := e.zklabStarts(t, "", args...)
	p.exits(code, "")
	lines := append(p.out.since(0), string(p.out.rest))
	for _, line := range lines {
		if line != "" && regexp.MustCompile(shown).MatchString(line) {
			e.page.add(line)
		}
	}
	return lines
}

// zklabStarts starts a command in a folder of its own; after follows it on the page.
func (e ensemble) zklabStarts(t *testing.T, after string, args ...string) *process {
	t.Helper()
	words := []string{"zklab"}
	for _, a := range args {
		words = append(words, strings.ReplaceAll(a, e.servers, "$SERVERS"))
	}
	p := launchIn(t, t.TempDir(), "zklab", binary(t, "zklab"), args...)
	if after == "&" {
		e.page.started(p, words)
	} else {
		p.page = e.page
		e.page.add("$ " + command(words))
	}
	return p
}

// control does something to servers.
func (e ensemble) control(t *testing.T, action, who string) {
	t.Helper()
	e.page.add("$ zklab ensemble " + action + " " + who)
	launch(t, action, binary(t, "zklab"), "ensemble", action, who, "--name", e.socket).exits(0, "")
}

// expire ends the session to which a znode of a process belongs.
func (e ensemble) expire(t *testing.T, znode string, p *process) {
	t.Helper()
	e.page.add("$ zklab ensemble expire $ZNODE  # of " + p.name)
	launch(t, "expire", binary(t, "zklab"), "ensemble", "expire", znode, "--servers", e.servers).exits(0, "")
}

// connect opens a connection for the test itself.
func (e ensemble) connect(t *testing.T) *zk.Conn {
	t.Helper()
	conn, _, err := zk.Connect(strings.Split(e.servers, ","), time.Minute, zk.WithLogInfo(false))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

// long is the flag for a session that outlasts each wait of a test. Another process can take over from one with this
// flag only what that one has released, or what expire has freed.
const long = "-session=10m"

// All programs share an ensemble, except those whose servers are killed.
func TestPrograms(t *testing.T) {
	shared := up(t)
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			e := shared
			if r.alone {
				e = up(t)
			}
			r.run(t, e)
		})
	}
}

func (r row) run(t *testing.T, e ensemble) {
	e.page = new(session)
	r.test(t, e)
	if !t.Failed() {
		e.page.check(t, r.name)
	}
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

// The holder is killed, and the next process holds the lock with a higher token. An interrupted holder
// releases the lock.
func lock(t *testing.T, e ensemble) {
	a := e.start(t, "lockmanager", "a", "printer", "-hold", "1h")
	first := number(t, a.await(holds)[0])
	b := e.start(t, "lockmanager", "b", "printer", "-hold", "1h", long)
	b.await("printer: waits for lock-0000000000, watches lock-0000000000")
	a.kill()
	if second := number(t, b.await(holds)[0]); second <= first {
		t.Errorf("token %d after %d", second, first)
	}
	c := e.start(t, "lockmanager", "c", "printer", "-hold", "1h")
	c.await("waits for lock-0000000001")
	b.interrupt()
	b.await("printer: gave up the lock")
	b.exits(0, "")
	c.await(holds)
}

// A stopped holder loses the lock, and writes no more when it is continued.
func stopped(t *testing.T, e ensemble) {
	a := e.start(t, "lockmanager", "a", "printer", "-path", "/stopped", "-every", "1ms", "-hold", "1h")
	a.await(holds)
	b := e.start(t, "lockmanager", "b", "printer", "-path", "/stopped", "-every", "1ms", "-hold", "1h")
	b.await("waits")
	if err := a.group.Freeze(); err != nil {
		t.Fatal(err)
	}
	token := b.await(holds)[0]
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

// A worker is killed at its job, and another one does the job. One of the mails cannot be sent by
// anybody.
func jobs(t *testing.T, e ensemble) {
	slow := e.start(t, "jobqueue", "w1", "work", "-work", "1h", long)
	slow.await("waits for jobs")
	producer := e.start(t, "jobqueue", "p", "put", "ann", "bob", "nobody")
	slow.await("takes the mail to ann, attempt 1")
	slow.kill()
	e.expire(t, only(t, e.connect(t), "/jobqueue/jobs/workers", "-worker-0000000000"), slow)
	quick := e.start(t, "jobqueue", "w2", "work", "-work", "10ms", long)
	quick.await("takes the mail to ann, attempt 2")
	quick.await("sent the mail to ann")
	producer.await("the mail to ann: done by w2, attempt 2")
	producer.await("the mail to bob: done by w2, attempt 1")
	producer.await("the mail to nobody is not sent: .*job is dead")
	producer.exits(0, "")
	sent, _, err := e.connect(t).Children("/jobqueue/outbox")
	if err != nil || len(sent) != 2 {
		t.Errorf("sent: %q, %v", sent, err)
	}
}

// An interrupted worker gives its job back, and tells if something was left to do.
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
	next.await("takes the mail to ann, attempt 2")
}

// The leader is killed; the others agree on the next leader, with a higher token.
func election(t *testing.T, e ensemble) {
	a := e.start(t, "electioncluster", "a", long)
	first := number(t, a.await(`leads, token (\d+)`)[0])
	b := e.start(t, "electioncluster", "b", long)
	b.awaitAll("the leader is a, token "+strconv.FormatInt(first, 10), "waits for candidate-0000000000, watches candidate-0000000000")
	c := e.start(t, "electioncluster", "c", long)
	c.awaitAll("the leader is a, token "+strconv.FormatInt(first, 10), "waits for candidate-0000000000, watches")
	a.kill()
	e.expire(t, only(t, e.connect(t), "/electioncluster/election", "-candidate-0000000000"), a)
	second := b.await(`leads, token (\d+)`)[0]
	c.await("the leader is b, token " + second)
	if number(t, second) <= first {
		t.Errorf("token %s after %d", second, first)
	}
	for _, p := range []*process{b, c} {
		p.interrupt()
		p.await("stands no more")
		p.exits(0, "")
	}
}

// instanceOf returns the znode of the only instance of a service.
func instanceOf(t *testing.T, conn *zk.Conn, service string) string {
	t.Helper()
	return only(t, conn, "/services/"+service, "")
}

// only returns the only child of a znode whose name has this ending.
func only(t *testing.T, conn *zk.Conn, folder, ending string) string {
	t.Helper()
	if _, err := conn.Sync(folder); err != nil { // the connection's server may lag behind that of the child
		t.Fatal(err)
	}
	names, _, err := conn.Children(folder)
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasSuffix(name, ending) })
	if err != nil || len(names) != 1 {
		t.Fatalf("%q, %v", names, err)
	}
	return folder + "/" + names[0]
}

// An instance is killed: clients call the others, even before its session has ended.
func registry(t *testing.T, e ensemble) {
	client := e.start(t, "serviceregistry", "client", "call", "payment", "-every", "50ms")
	client.await("nobody answers")
	s1 := e.start(t, "serviceregistry", "s1", "serve", "payment", long) // clients call it after its death
	client.await("hello from s1")
	znode := instanceOf(t, e.connect(t), "payment")
	s2 := e.start(t, "serviceregistry", "s2", "serve", "payment")
	client.await("hello from s2")
	client.await("hello from s1")
	s1.kill()
	client.await("s1 does not answer")
	client.await("hello from s2")
	e.expire(t, znode, s1)
	client.await("s1 has gone")
	client.await("hello from s2")
	s2.interrupt()
	s2.await("serves no more")
	s2.exits(0, "")
	client.await("s2 has gone")
	client.await("nobody answers")
	e.start(t, "serviceregistry", "s3", "serve", "payment")
	client.await("hello from s3")
	client.interrupt()
	client.exits(0, "")
}

// Wrong usage is reported in one line that tells what would be right.
func TestUsage(t *testing.T) {
	t.Parallel()
	e := up(t)
	for _, name := range programs {
		launch(t, name, binary(t, name), "-nope").exits(2, "flag provided but not defined: -nope ("+name+" -h lists the flags)")
		launch(t, name, binary(t, name), "-h").exits(0, "")
	}
	for _, tt := range []struct {
		program string
		args    []string
		message string
	}{
		{"lockmanager", []string{"-servers", "127.0.0.1"}, `"127.0.0.1" is not host:port, such as 127.0.0.1:2181`},
		{"lockmanager", []string{"-session", "-1s"}, "-session must be more than 0"},
		{"lockmanager", []string{"-path", "app"}, `"app" is not the path of a znode, such as /app`},
		{"lockmanager", []string{"-name", ""}, "-name must not be empty"},
		{"electioncluster", []string{"start"}, "wrong arguments: the usage is electioncluster [flags]"},
		{"lockmanager", nil, "the usage is lockmanager [flags] RESOURCE..."},
		{"jobqueue", nil, "the usage is jobqueue [flags] work | put RECIPIENT..."},
		{"jobqueue", []string{"put"}, "put RECIPIENT"},
		{"serviceregistry", []string{"sing"}, "[flags] serve SERVICE | call SERVICE"},
		{"serviceregistry", []string{"serve", "a", "-port", "65536"}, "-port must be between 0 and 65535"},
		{"configservice", []string{"set"}, "[flags] serve | set"},
		{"configservice", []string{"set", "{"}, "not set: unexpected end of JSON input"},
		{"configservice", []string{"set", "{}"}, "not set: time: invalid duration"},
		{"masterworker", []string{"submit"}, "the usage is masterworker [flags] master | worker | submit TASK..."},
		{"sharedfile", []string{"write"}, "the usage is sharedfile [flags] read | write TEXT"},
		{"licences", []string{"-licences", "0"}, "-licences must be between 1 and 1024"},
		{"routes", []string{"publish", "a/b"}, "the usage is routes [flags] follow | publish ROUTE"},
		{"tally", []string{"count", "many"}, `"many" is not a number such as 100`},
		{"startgate", nil, "the usage is startgate [flags] shut | open | wait"},
		{"rounds", []string{"-parties", "0"}, "-parties and -rounds must be 1 at least"},
		{"tripbooking", []string{"book"}, "the usage is tripbooking [flags] site SITE | book TRIP"},
		{"tripbooking", []string{"book", "rome", "-sites", "a,a"}, "-sites: sites must be 1 to 1000 different names"},
	} {
		e.start(t, tt.program, fmt.Sprint(tt.program, tt.args), tt.args...).exits(2, tt.message)
	}
	launch(t, "alone", binary(t, "lockmanager"), "printer", "-servers", "127.0.0.1:1").
		exits(1, "no session with 127.0.0.1:1 within 5s: are the servers up? start some with: zklab ensemble up")
}

// When no server answers for as long as a session lasts, holds end, although nobody reports it; when
// servers answer again, programs continue.
func serversGone(t *testing.T, e ensemble) {
	holder := e.start(t, "lockmanager", "holder", "printer", "-hold", "1h", "-every", "10ms")
	holder.await(holds)
	leader := e.start(t, "electioncluster", "leader", "-every", "10ms")
	leader.await("leads, token")
	e.control(t, "kill", "all")
	holder.await("printer: lost the lock: .*hold was lost")
	leader.await("leads no more after .*: hold was lost")
	e.control(t, "start", "all")
	holder.await(holds)
	leader.await("leads, token")
	e.control(t, "kill", "all")
	holder.interrupt()
	holder.await("not closed in good order")
	holder.exits(0, "")
}

// Services continue with their configuration while the servers elect a leader, and are told of the next
// one.
func configuration(t *testing.T, e ensemble) {
	s1 := e.start(t, "configservice", "s1", "serve")
	s2 := e.start(t, "configservice", "s2", "serve")
	s1.await(`configured by transaction 0x0: "no greeting yet"`)
	set := func(text string) { e.run(t, "configservice", "operator", "set", text) }
	set(`{"greeting": "good morning", "every": "20ms"}`)
	for _, s := range []*process{s1, s2} {
		s.await(`configured by transaction 0x\w+: "good morning" every 20ms`)
		s.await(": good morning")
	}
	e.control(t, "kill", "leader")
	s1.await(": good morning")
	set(`{"greeting": "good evening", "every": "20ms"}`)
	s1.await(": good evening")
	s2.await(": good evening")
	e.zklab(t, 0, "^$", "shell", e.servers, "-c", "set /configservice garbage")
	s1.await("kept what it had, .* cannot be read")
	s1.await(": good evening")
	s1.interrupt()
	s1.exits(0, "")
	s2.kill()
	set(`{"greeting": "good night", "every": "20ms"}`)
	e.start(t, "configservice", "s3", "serve").await(": good night")
}
