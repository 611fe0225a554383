package link

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

// This file tests what each fault means for a client; see experiments.

func labStall(t *testing.T, x *lab, way Direction) {
	before := x.session()
	release := x.link.Stall(way)
	created := make(chan error)
	began := time.Now()
	go func() { created <- x.create("a") }()
	time.Sleep(2 * time.Second)
	if got := x.exists("a"); got != (way == ToClient) {
		t.Errorf("%s: the znode is there: %v", way, got)
	}
	release()
	if err := <-created; err != nil || time.Since(began) < 2*time.Second {
		t.Errorf("%s: %v after %s", way, err, time.Since(began))
	}
	x.wantSameSession(before)
	wantFacts(t, x.record, "connected "+hex(before.ID))
}

func labSlow(t *testing.T, x *lab) {
	before := x.session()
	timed := func(path string, data []byte) time.Duration {
		began := time.Now()
		if _, err := x.conn.Create(x.root+"/"+path, data, 0, zk.WorldACL(zk.PermAll)); err != nil {
			t.Error(err)
		}
		return time.Since(began)
	}
	release := x.link.Slow(Shape{Delay: 100 * time.Millisecond})
	if got := timed("a", nil); got < 200*time.Millisecond || got > 250*time.Millisecond {
		t.Errorf("delayed: %s", got)
	}
	// Many requests at once take no longer.
	began := time.Now()
	errs := make(chan error)
	for i := range 100 {
		go func() { errs <- x.create("many-" + hex(int64(i))) }()
	}
	for range 100 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if got := time.Since(began); got > 300*time.Millisecond {
		t.Errorf("100 at once: %s", got)
	}
	release()
	release = x.link.Slow(Shape{BytesPerSecond: 10_000})
	if got := timed("b", make([]byte, 10_000)); got < time.Second || got > 1100*time.Millisecond {
		t.Errorf("throttled: %s", got)
	}
	release()
	if got := timed("c", make([]byte, 10_000)); got > 50*time.Millisecond {
		t.Errorf("afterwards: %s", got)
	}
	x.wantSameSession(before)
}

func labRefuse(t *testing.T, x *lab) {
	before := x.session()
	release := x.link.Refuse()
	x.link.Reset()
	if err := x.create("a"); err == nil {
		t.Error("a client that is refused creates")
	}
	time.Sleep(2 * time.Second)
	if x.session().Connected {
		t.Error("connected")
	}
	if _, err := x.link.Dial("tcp", x.servers[0], time.Second); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Error(err)
	}
	release()
	x.works("b")
	x.wantSameSession(before)
	id := hex(before.ID)
	wantFacts(t, x.record, "connected "+id, "disconnected "+id, "connected "+id)
}

// labBar cuts a client off from its server: the client continues its session on another one.
func labBar(t *testing.T, x *lab) {
	before := x.session()
	release := x.link.Bar(before.Server)
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		if now := x.session(); now.Connected && now.Server != before.Server {
			break
		}
		if time.Since(began) > labTimeout {
			t.Fatalf("%+v", x.session())
		}
	}
	x.works("a")
	x.wantSameSession(before)
	release()
	time.Sleep(time.Second)
	x.works("b")
	x.wantSameSession(before)
}

func labMove(t *testing.T, x *lab) {
	before := x.session()
	for range 2 {
		for _, to := range x.servers {
			began := time.Now()
			must.Do(t, x.link.Move(t.Context(), to))
			if now := x.session(); now.Server != to || time.Since(began) > 3*time.Second+x.slack {
				t.Errorf("on %s, after %s", now.Server, time.Since(began))
			}
			x.works("a")
			x.wantSameSession(before)
			mustBeClean(t, x.link)
		}
	}
	// Move the client while it cannot connect, and when it can again.
	hold := x.link.Hold()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if err := x.link.Move(ctx, x.servers[0]); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	hold()
	x.works("a")
	x.wantSameSession(before)
}

// labMoveWhileConnecting moves a client that has only just been opened.
func labMoveWhileConnecting(t *testing.T, x *lab) {
	l := New(Config{Dial: x.link.cfg.Dial})
	defer l.Close()
	hold := l.Hold()
	moved := make(chan error)
	for _, to := range x.servers[1:] {
		go func() { moved <- l.Move(t.Context(), to) }()
		time.AfterFunc(500*time.Millisecond, hold)
		conn := x.open(x.servers, l.Dial)
		if err := <-moved; err != nil {
			t.Error(err)
		}
		if now, _ := l.Session(); now.Server != to || !now.Connected || now.ID != conn.SessionID() {
			t.Errorf("%+v", now)
		}
		conn.Close()
		hold = l.Hold()
	}
	hold()
}

func labLosses(t *testing.T, x *lab, what What) {
	before := x.session()
	loss := lose(t, x.link, Rule{What: what, Op: wire.Create, Path: x.root + "/a", Times: -1})
	for range 3 {
		if err := x.create("a"); err == nil {
			t.Error("a create succeeds")
		}
	}
	if n := len(loss.Lost()); n != 3 {
		t.Errorf("%d lost", n)
	}
	if got := x.exists("a"); got != (what == Reply) {
		t.Errorf("lost %s: the znode is there: %v", what, got)
	}
	loss.Cancel()
	x.works("a")
	x.works("b")
	x.wantSameSession(before)
}

// Holding events breaks a promise of ZooKeeper on purpose: the client sees the new data before the
// event.
func labHeldEvents(t *testing.T, x *lab) {
	_, _, events, err := x.conn.GetW(x.root)
	if err != nil {
		t.Fatal(err)
	}
	h := hold(t, x.link, EventRule{Type: wire.EventDataChanged, Path: x.root})
	must.Get(x.admin.Set(x.root, []byte("new"), -1))(t)
	<-h.Happened()
	x.sync()
	if data, _, err := x.conn.Get(x.root); err != nil || string(data) != "new" {
		t.Errorf("%q, %v", data, err)
	}
	select {
	case e := <-events:
		t.Errorf("already there: %+v", e)
	default:
	}
	if e := h.Events(); len(e) != 1 || e[0].Overtaken != 2 || e[0].Delivered {
		t.Errorf("%+v", e)
	}
	h.Release()
	if e := <-events; e.Type != zk.EventNodeDataChanged || e.Path != x.root {
		t.Errorf("%+v", e)
	}
	x.works("a")
}

// The first stall outlasts the client's patience, the second one its session.
func TestLongStalls(t *testing.T) {
	inLab(t, func(t *testing.T, x *lab) {
		for _, c := range []struct {
			lasts time.Duration
			lives bool
		}{{4500 * time.Millisecond, true}, {12 * time.Second, false}} {
			before := x.session()
			release := x.link.Stall(Both)
			time.Sleep(c.lasts)
			if x.session().Connected {
				t.Errorf("%s: the client still is connected", c.lasts)
			}
			release()
			x.works("after-" + c.lasts.String())
			if lives := x.session().ID == before.ID; lives != c.lives {
				t.Errorf("after %s: the session lives: %v", c.lasts, lives)
			}
		}
	})
}
