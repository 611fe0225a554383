package examples

import (
	"path"
	"slices"
	"strings"
	"testing"
	"time"
)

// The master is killed: the next one knows who works on what. A worker is killed at its task: another
// one does the task. The worker comes back, and gets tasks again.
func masterWorker(t *testing.T, e ensemble) {
	m1 := e.start(t, "masterworker", "master-1", "master")
	m1.await("is the master, token")
	m2 := e.start(t, "masterworker", "master-2", "master")
	m2.await("waits: master-1 is the master")
	a := e.start(t, "masterworker", "worker-A", "worker", "-work", "1h")
	a.await("is registered")
	m1.await(`workers: \[worker-A\]`)
	first := e.start(t, "masterworker", "client", "submit", "1")
	m1.await(`workers available: \[worker-A\]. Assigns task 1 to worker-A, attempt 1`)
	a.await("received task 1, attempt 1")
	m1.kill()
	m2.await("is the master, token")
	b := e.start(t, "masterworker", "worker-B", "worker", "-work", "10ms")
	b.await("is registered")
	m2.await(`workers: \[worker-A, worker-B\]`)
	second := e.start(t, "masterworker", "client", "submit", "2")
	m2.await(`workers available: \[worker-B\]. Assigns task 2 to worker-B, attempt 1`)
	b.await("has done task 2")
	second.await("task 2: done by worker-B")
	second.exits(0, "")
	a.kill()
	m2.await("worker-A has gone: takes task 1 back")
	b.await("received task 1, attempt 2")
	first.await("task 1: done by worker-B")
	first.exits(0, "")
	e.start(t, "masterworker", "worker-A", "worker", "-work", "10ms")
	m2.await(`workers: \[worker-B, worker-A\]`)
	e.run(t, "masterworker", "client", "submit", "3")
	b.interrupt()
	b.await("works no more")
	b.exits(0, "")
	m2.interrupt()
	m2.await("stands for master no more")
	m2.exits(0, "")
}

// Two readers read at the same time, and a writer waits. A reader is killed, and then the writer in the
// middle of its write: the text stays as it was.
func readWriteLock(t *testing.T, e ensemble) {
	e.run(t, "sharedfile", "w0", "write", "first text", "-hold", "10ms")
	r1 := e.start(t, "sharedfile", "r1", "read", "-hold", "1h")
	r1.await(`reads "first text"`)
	r2 := e.start(t, "sharedfile", "r2", "read", "-hold", "1h")
	r2.await(`reads "first text"`)
	w1 := e.start(t, "sharedfile", "w1", "write", "half a text", "-hold", "1h")
	w1.await("write: waits for read-0000000001, watches")
	r2.interrupt()
	r2.exits(130, "error: interrupted")
	r1.kill()
	w1.await("may write, nobody reads")
	w2 := e.start(t, "sharedfile", "w2", "write", "second text", "-hold", "10ms")
	w2.await("write: waits for write-0000000003")
	r3 := e.start(t, "sharedfile", "r3", "read", "-hold", "10ms")
	r3.await("read: waits for write-0000000003")
	w1.kill()
	w2.await(`has written "second text"`)
	w2.exits(0, "")
	r3.await(`reads "second text"`)
	r3.exits(0, "")
}

// Two of three processes have a licence, and the third gets that of the one that is killed.
func semaphore(t *testing.T, e ensemble) {
	a := e.start(t, "licences", "a", "-hold", "1h")
	a.await("has a licence")
	b := e.start(t, "licences", "b", "-hold", "1h")
	b.await("has a licence")
	c := e.start(t, "licences", "c", "-hold", "1h")
	c.await("licence: waits for lease-0000000000, watches")
	a.kill()
	c.await("has a licence")
	d := e.start(t, "licences", "d", "-hold", "10ms")
	d.await("licence: waits for lease-0000000001")
	b.interrupt()
	b.await("gave up its licence")
	b.exits(0, "")
	d.await("has a licence")
	d.await("gave its licence back")
	d.exits(0, "")
	e.fails(t, 1, "another number of leases", "licences", "e", "-licences", "3")
}

// Followers keep what a killed publisher has published, and another publisher continues.
func cache(t *testing.T, e ensemble) {
	f1 := e.start(t, "routes", "f1", "follow")
	f1.await("has a copy of 0 routes")
	p1 := e.start(t, "routes", "p1", "publish", "north", "-every", "1h")
	f1.await("route north: version 1 by p1")
	p1.kill()
	f2 := e.start(t, "routes", "f2", "follow")
	f2.await("has a copy of 1 routes")
	f2.await("route north: version 1 by p1")
	p2 := e.start(t, "routes", "p2", "publish", "north", "-every", "1h")
	for _, f := range []*process{f1, f2} {
		f.await("route north: version 2 by p2")
	}
	f1.kill()
	e.zklab(t, 0, "", "shell", e.servers, "-c", "rm /routes/north")
	f2.await("route north has gone")
	p2.interrupt()
	p2.await("ends")
	p2.exits(0, "")
}

// The gate stays closed when the process that closed it has ended, and when a waiting process is
// killed.
func barrier(t *testing.T, e ensemble) {
	e.run(t, "startgate", "starter", "shut")
	r1 := e.start(t, "startgate", "runner-1", "wait")
	r1.await("waits at the gate")
	r2 := e.start(t, "startgate", "runner-2", "wait")
	r2.await("waits at the gate")
	r2.kill()
	e.run(t, "startgate", "starter", "open")
	r1.await("the gate is open: goes on")
	r1.exits(0, "")
	e.run(t, "startgate", "runner-2", "wait")
}

// A process is killed in a round: the others finish the round, and the next round waits for another
// process.
func doubleBarrier(t *testing.T, e ensemble) {
	a := e.start(t, "rounds", "a", "-work", "1h")
	a.await("round 1: waits for 3 to be there")
	b := e.start(t, "rounds", "b", "-work", "10ms")
	b.await("round 1: waits for 3 to be there")
	c := e.start(t, "rounds", "c", "-work", "10ms")
	for _, p := range []*process{a, b, c} {
		p.await("round 1: all are there")
	}
	for _, p := range []*process{b, c} {
		p.await("round 1: has done its part, waits for the others")
	}
	a.kill()
	for _, p := range []*process{b, c} {
		p.await("round 1: is over")
		p.await("round 2: waits for 3 to be there")
	}
	d := e.start(t, "rounds", "d", "-work", "10ms", "-rounds", "1")
	for _, p := range []*process{b, c, d} {
		p.await("(round [12]): all are there")
	}
	for _, p := range []*process{b, c} {
		p.await("round 2: is over")
	}
	d.await("round 1: is over")
	d.exits(0, "")
}

// The coordinator is killed between prepare and commit: the sites continue without it. A site that is
// killed after its yes keeps its vote, and another coordinator aborts a transaction on which a dead
// site has not voted.
func twoPhaseCommit(t *testing.T, e ensemble) {
	start := func(site string) *process {
		p := e.start(t, "tripbooking", site, "site", site, "-seats", "2")
		p.await("is the site " + site)
		return p
	}
	flight := start("flight")
	agent := e.start(t, "tripbooking", "agent", "book", "paris", "-patience", "1h")
	flight.await("paris: voted yes, 0 of 2 seats were taken")
	agent.kill()
	hotel := start("hotel")
	hotel.await("paris: voted yes, 0 of 2 seats were taken")
	for _, p := range []*process{flight, hotel} {
		p.await("paris is booked")
	}
	hotel.kill()
	agent = e.start(t, "tripbooking", "agent", "book", "rome", "-patience", "1h")
	flight.await("rome: voted yes, 1 of 2 seats were taken")
	flight.kill()
	agent.kill()
	flight = start("flight")
	flight.await("paris is booked")
	if got := e.run(t, "tripbooking", "agent-2", "book", "rome", "-patience", "10ms"); len(got) != 2 {
		t.Errorf("the second agent says %q", got)
	}
	flight.await("rome is not booked")
	hotel = start("hotel")
	hotel.await("rome is not booked")
	for _, p := range []*process{flight, hotel} {
		if said := strings.Join(p.out.since(0), "\n"); strings.Contains(said, "voted") {
			t.Errorf("%s has voted on what it knows:\n%s", p.name, said)
		}
	}
	e.run(t, "tripbooking", "agent", "book", "oslo")
	e.run(t, "tripbooking", "agent", "book", "bonn")
	for _, p := range []*process{flight, hotel} { // one of them has voted no, and the other one may know it
		p.await("bonn is not booked")
	}
	if said := strings.Join(append(flight.out.since(0), hotel.out.since(0)...), "\n"); !strings.Contains(said, "bonn: voted no, 2 of 2 seats were taken") {
		t.Errorf("nobody has voted no:\n%s", said)
	}
}

// A counting process is killed in the middle, and so is the leader: the tally equals the reported counts, or
// exceeds them by at most the counts with unknown results.
func counter(t *testing.T, e ensemble) {
	killed := e.start(t, "tally", "a", "count", "1000000", "-every", "10ms")
	killed.await("counted 3: the tally is 3")
	killed.kill()
	<-killed.group.Ended()
	b := e.start(t, "tally", "b", "count", "40", "-every", "50ms")
	b.await("counted 1:")
	e.control(t, "kill", "leader")
	known, unknown := counts(t, b)
	b.exits(0, "")
	words := strings.Fields(e.run(t, "tally", "c", "show")[0])
	total := number(t, words[len(words)-1])
	for _, line := range killed.out.since(0) {
		if strings.Contains(line, ": counted ") {
			known++
		}
	}
	unknown++ // the last count of the killed process
	if total < known || total > known+unknown {
		t.Errorf("the tally is %d, of %d counts, and %d of which nobody knows", total, known, unknown)
	}
}

// counts waits for the final report of a counting process.
func counts(t *testing.T, p *process) (known, unknown int64) {
	t.Helper()
	m := p.await(`has counted (\d+) times, and may have (\d+) times more`)
	return number(t, m[0]), number(t, m[1])
}

// An instance that is killed and restarted within its session timeout stays registered.
func restarted(t *testing.T, e ensemble) {
	client := e.start(t, "serviceregistry", "client", "call", "stock", "-every", "50ms")
	client.await("nobody answers")
	serve := func(port string) *process { // no other test uses this address; the session outlasts a slow start
		return e.start(t, "serviceregistry", "s1", "serve", "stock", "-address", "127.0.77.1", "-port", port, long)
	}
	first := serve("0")
	port := first.await(`serves stock at 127\.0\.77\.1:(\d+)`)[0]
	client.await("hello from s1")
	conn := e.connect(t)
	znode := instanceOf(t, conn, "stock")
	first.kill()
	second := serve(port)
	second.await("serves stock")
	e.expire(t, znode, first)
	for late := time.After(patience); ; { // until the session of the first instance has ended
		now, _, changed, err := conn.ChildrenW("/services/stock")
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(now, path.Base(znode)) {
			break
		}
		select {
		case <-changed:
		case <-late:
			t.Fatal("the first one is still there")
		}
	}
	second.interrupt()
	second.exits(0, "")
	client.await("s1 has gone")
	said := strings.Join(client.out.since(0), "\n")
	if n := strings.Count(said, "has gone"); n != 1 {
		t.Errorf("it has gone %d times:\n%s", n, said)
	}
}
