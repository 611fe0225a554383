package link

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

// listening returns a link to a scripted server with a listener in front of it.
func listening(t *testing.T) (s *scripted, l *Link, r *record, addr string) {
	t.Helper()
	s, r = newScripted(), &record{}
	l = New(Config{Dial: s.Dial, Record: r.add})
	addrs, stop, err := l.Listen([]string{"a:2181", "down:2181"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.Close()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	if len(addrs) != 2 || !strings.HasPrefix(addrs[0], "127.0.0.1:") {
		t.Fatalf("%v", addrs)
	}
	return s, l, r, addrs[0]
}

// visit connects like a client in another process.
func visit(t *testing.T, addr string) *client {
	t.Helper()
	conn := must.Get(net.DialTimeout("tcp", addr, time.Minute))(t)
	conn.SetDeadline(time.Now().Add(2 * time.Minute)) // so that no test hangs
	t.Cleanup(func() { conn.Close() })
	return &client{Conn: conn, t: t}
}

// eventually waits for what other goroutines do.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for began := time.Now(); !ok(); time.Sleep(time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

func (c *client) mustDo(op wire.Op, path string) {
	c.t.Helper()
	if _, err := c.do(op, path); err != nil {
		c.t.Fatal(err)
	}
}

func TestListen(t *testing.T) {
	_, l, r, addr := listening(t)
	a, b := visit(t, addr), visit(t, addr)
	id := a.connect(0).Session
	b.connect(0)
	a.mustDo(wire.Create, "/a")
	b.mustDo(wire.Create, "/b")
	if s, ok := l.Session(); !ok || s.Server != "a:2181" || l.Alive(id) == 0 {
		t.Errorf("%+v", s)
	}
	a.Close()
	eventually(t, "the end of the first session's connection", func() bool { return len(r.facts()) == 3 })
	wantFacts(t, r, "connected 0x1a1", "connected 0x1a2", "disconnected 0x1a1")
	b.mustDo(wire.Create, "/c")
	if n := l.Cut(); n != 1 {
		t.Errorf("cut %d", n)
	}
	if _, err := b.reply(); !errors.Is(err, io.EOF) {
		t.Errorf("cut: %v", err)
	}
}

func TestVisitorsSeeWhatTheLinkDoes(t *testing.T) {
	_, l, _, addr := listening(t)
	c := visit(t, addr)
	c.connect(0)
	for range 50 {
		c.mustDo(wire.Exists, "/a")
	}
	if l.Reset(); true {
		if _, err := c.reply(); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("reset: %v", err)
		}
	}

	free := l.Refuse()
	wantRefused(t, addr)
	free()

	for name, block := range map[string]func() func(){
		"hold":  l.Hold,
		"stall": func() func() { return l.Stall(Both) },
		"bar":   func() func() { return l.Bar("a:2181") },
	} {
		free := block()
		gone, patient := visit(t, addr), visit(t, addr)
		gone.Write(wire.AppendFrame(nil, wire.ConnectRequest{Timeout: time.Second, Password: make([]byte, 16)}.Append(nil)))
		patient.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if _, err := patient.reply(); !isTimeout(err) {
			t.Errorf("%s: %v", name, err)
		}
		patient.SetReadDeadline(time.Now().Add(time.Minute))
		gone.Close()
		eventually(t, "the client is gone", func() bool { return clients(l) == 1 })
		before := len(l.Sessions())
		free()
		patient.connect(0)
		if got := len(l.Sessions()) - before; got != 1 {
			t.Errorf("%s: %d sessions", name, got)
		}
		patient.Close()
		eventually(t, "the other one, too", func() bool { return clients(l) == 0 })
	}
	mustBeClean(t, l)
}

func conns(l *Link) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}

func clients(l *Link) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for f := range l.proxies {
		f.mu.Lock()
		n += len(f.clients)
		f.mu.Unlock()
	}
	return n
}

func TestVisitorOfAServerThatIsDown(t *testing.T) {
	l := New(Config{Dial: newScripted().Dial})
	defer l.Close()
	addrs, stop, err := l.Listen([]string{"down:2181"})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	wantRefused(t, addrs[0])
}

// wantRefused fails unless connecting, or reading afterwards, ends with a reset.
func wantRefused(t *testing.T, addr string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err == nil {
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(time.Minute))
		_, err = conn.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("refused: %v", err)
	}
}

// Visitors that send nothing, nonsense or half a message do not affect others.
func TestStrangeVisitors(t *testing.T) {
	s, l, _, addr := listening(t)
	for _, words := range [][]byte{nil, {0}, []byte("GET / HTTP/1.0\r\n\r\n"), {0, 0, 0, 44, 1}, make([]byte, 100_000)} {
		c := visit(t, addr)
		c.Write(words)
	}
	c := visit(t, addr)
	c.connect(0)
	c.mustDo(wire.Create, "/a")
	if diff := len(s.requests()); diff != 1 {
		t.Errorf("%d requests", diff)
	}
	l.Close()
	eventually(t, "the end of all visits", func() bool { return clients(l) == 0 })
}

// A client of another protocol may close its half of the connection and wait for the answer.
func TestVisitorsHalfClose(t *testing.T) {
	server := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer server.Close()
	go func() {
		for {
			c, err := server.Accept()
			if err != nil {
				return
			}
			said, _ := io.ReadAll(c)
			fmt.Fprintf(c, "you said %s", said)
			c.Close()
		}
	}()
	l := New(Config{})
	defer l.Close()
	addrs, stop, err := l.Listen([]string{server.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for _, slow := range []bool{false, true} {
		c := visit(t, addrs[0])
		if slow {
			eventually(t, "connected", func() bool { return conns(l) == 1 })
			defer l.Slow(Shape{Delay: 10 * time.Millisecond})()
		}
		c.Write([]byte("srvr"))
		c.Conn.(*net.TCPConn).CloseWrite()
		if got, err := io.ReadAll(c.Conn); err != nil || string(got) != "you said srvr" {
			t.Errorf("slow %v: %q, %v", slow, got, err)
		}
	}
}

// A client that does not read fills only bounded buffers, and cannot prevent a listener from being
// closed.
func TestVisitorThatDoesNotRead(t *testing.T) {
	s := newScripted()
	l := New(Config{Dial: s.Dial})
	defer l.Close()
	addrs, stop, err := l.Listen([]string{"a:2181"})
	if err != nil {
		t.Fatal(err)
	}
	s.bodies[wire.Exists] = make([]byte, 1<<20)
	lazy := visit(t, addrs[0])
	lazy.connect(0)
	for range 100 {
		lazy.Write(lazy.frame(wire.Exists, "/a"))
	}
	c := visit(t, addrs[0])
	c.connect(0)
	c.mustDo(wire.Create, "/b")
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// A server that reads nothing cannot prevent a listener from being closed either.
func TestVisitorOfAStalledServer(t *testing.T) {
	l := stalledServer(0)
	defer l.Close()
	addrs, stop, err := l.Listen([]string{"a:2181"})
	if err != nil {
		t.Fatal(err)
	}
	c := visit(t, addrs[0])
	c.Write([]byte("srvr"))
	eventually(t, "the link writes", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		for c := range l.conns {
			return c.phase == opaque
		}
		return false
	})
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestCloseOfListeners(t *testing.T) {
	for name, fault := range map[string]func(*Link){
		"none":  func(*Link) {},
		"stall": func(l *Link) { l.Stall(Both) },
		"slow":  func(l *Link) { l.Slow(Shape{Delay: time.Hour}) },
	} {
		t.Run(name, func(t *testing.T) {
			l := New(Config{Dial: newScripted().Dial})
			listener := must.Get(net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}))(t)
			addrs, stop, err := l.listen([]string{"a:2181"}, func(string) (net.Listener, error) { return listener, nil })
			if err != nil {
				t.Fatal(err)
			}
			c := visit(t, addrs[0])
			c.connect(0)
			fault(l)
			c.Write(c.frame(wire.Create, "/a"))
			visit(t, addrs[0]) // this visitor waits or is connected
			if err := stop(); err != nil {
				t.Error(err)
			}
			_, err = c.reply()
			if err == nil { // this visitor was quick
				_, err = c.reply()
			}
			if err == nil {
				t.Error("the connection lives")
			}
			if err := listener.SetDeadline(time.Time{}); !errors.Is(err, net.ErrClosed) { // another process may listen there now
				t.Errorf("the listener lives: %v", err)
			}
			// The link continues without its listeners.
			eventually(t, "nothing is left", func() bool { return conns(l) == 0 })
			l.Close()
			if _, _, err := l.Listen(nil); !errors.Is(err, ErrClosed) {
				t.Errorf("after close: %v", err)
			}
		})
	}
}

// visitorEnv is the variable that makes the test's program a client process: see visitorMain.
const visitorEnv = "LINK_TEST_VISITOR"

// visitorMain prints a line for each reply that it gets.
func visitorMain(addr string) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		panic(err)
	}
	c := &client{Conn: conn}
	c.tryConnect(0)
	for {
		if _, err := c.do(wire.Create, "/client"); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("ok")
		time.Sleep(5 * time.Millisecond)
	}
}

// A program with several clients has a link for each, also after its client has come back with its session. What is no client
// passes by.
func TestServe(t *testing.T) {
	answering := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer answering.Close()
	go func() {
		if c, err := answering.Accept(); err == nil {
			io.ReadFull(c, make([]byte, 4))
			io.WriteString(c, "imok")
			c.Close()
		}
	}()
	ln := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	s := newScripted()
	var mu sync.Mutex
	var links []*Link
	stop := Serve(ln, answering.Addr().String(), func(session int64) *Link {
		mu.Lock()
		defer mu.Unlock()
		for _, l := range links {
			if known, ok := l.Session(); ok && known.ID == session {
				return l
			}
		}
		links = append(links, New(Config{Dial: s.Dial}))
		return links[len(links)-1]
	})
	defer stop()
	first, second := visit(t, ln.Addr().String()), visit(t, ln.Addr().String())
	id := first.connect(0).Session
	second.connect(0)
	first.mustDo(wire.Create, "/a")
	first.Close()
	again := visit(t, ln.Addr().String())
	again.connect(id)
	again.mustDo(wire.Create, "/b")
	second.mustDo(wire.Delete, "/c")
	mu.Lock()
	defer mu.Unlock()
	if len(links) != 2 || links[0].Requests()[wire.Create] != 2 || links[1].Requests()[wire.Delete] != 1 {
		t.Errorf("%d links", len(links))
	}
	word := visit(t, ln.Addr().String())
	io.WriteString(word, "ruok")
	if text, err := io.ReadAll(word); string(text) != "imok" || err != nil || len(links) != 2 {
		t.Errorf("%q, %v, %d links", text, err, len(links))
	}
	if err := errors.Join(stop(), stop()); err != nil {
		t.Error(err)
	}
	for _, l := range links {
		l.Close()
	}
}
