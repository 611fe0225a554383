package workloads

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/zkconn"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/subjects"
)

// desk is a number of clients that are connected to nothing, with their record.
type desk struct {
	file    bytes.Buffer
	record  *history.Recorder
	clients []*Client
}

func newDesk(t *testing.T, clients int) *desk {
	t.Helper()
	d := &desk{}
	d.record = history.NewRecorder(&d.file, history.Header{Model: models.Lock.Name})
	t.Cleanup(func() { d.record.Close() })
	for i := range clients {
		d.clients = append(d.clients, NewClient(&subjects.Client{ID: i, Conn: &zk.Conn{}}, link.New(link.Config{}), d.record, clients))
	}
	return d
}

func (d *desk) env() *Env {
	return &Env{
		Record: d.record, Clients: d.clients, Settings: settings.Settings{Rate: 100, Keys: 2, OpTimeout: 20 * time.Millisecond}, Root: "/root", Seed: 1,
		Bound: 10 * time.Second,
	}
}

// read closes the record and returns its contents, which must be sound.
func (d *desk) read(t *testing.T) *history.History {
	t.Helper()
	must.Do(t, d.record.Close())
	h := must.Get(history.Read(&d.file))(t)
	if len(h.Damage) > 0 {
		t.Fatalf("the record is damaged: %v", h.Damage)
	}
	return h
}

// lines returns the operations of a record in short: process, type, f and code.
func lines(h *history.History) []string {
	var all []string
	for _, e := range h.Events {
		if e.Process < 0 {
			continue
		}
		text := fmt.Sprintf("%d %s %s", e.Process, e.Type, e.F)
		if e.Error != nil {
			text += " " + e.Error.Code
		}
		all = append(all, text)
	}
	return all
}

func isStuck(err error) bool { return errors.As(err, new(*stuckError)) }

func returning(err error) func(context.Context) (any, error) {
	return func(context.Context) (any, error) { return nil, err }
}

// harmless is an error that promises that nothing happened.
type harmless bool

func (harmless) Error() string    { return "busy" }
func (h harmless) NoEffect() bool { return bool(h) }

// Only an error that promises no effect is a fail; after every other error the client
// goes on as another process.
func TestOutcomes(t *testing.T) {
	d := newDesk(t, 3)
	c := d.clients[1]
	for _, f := range []func(context.Context) (any, error){
		returning(nil),
		returning(harmless(true)),
		returning(fmt.Errorf("wrapped: %w", harmless(true))),
		returning(harmless(false)),
		returning(zk.ErrConnectionClosed),
		returning(zk.ErrNoServer), // this client did not send it, says go-zookeeper; but the subject may have sent other requests
		returning(fmt.Errorf("lock: %w", zk.ErrSessionExpired)),
		returning(context.Canceled),
		returning(errors.New("something else")),
		func(context.Context) (any, error) { panic("planted") },
		func(context.Context) (any, error) { runtime.Goexit(); return nil, nil },
		returning(nil),
	} {
		_ = c.Do(t.Context(), Op{F: "acquire", Key: "k", Timeout: time.Minute, Run: f})
	}
	want := []string{
		"1 invoke acquire", "1 ok acquire",
		"1 invoke acquire", "1 fail acquire error",
		"1 invoke acquire", "1 fail acquire error",
		"1 invoke acquire", "1 info acquire error",
		"4 invoke acquire", "4 info acquire connection-loss",
		"7 invoke acquire", "7 info acquire no-server",
		"10 invoke acquire", "10 info acquire session-expired",
		"13 invoke acquire", "13 info acquire cancelled",
		"16 invoke acquire", "16 info acquire error",
		"19 invoke acquire", "19 info acquire panic",
		"22 invoke acquire", "22 info acquire panic",
		"25 invoke acquire", "25 ok acquire",
	}
	if diff := cmp.Diff(want, lines(d.read(t))); diff != "" {
		t.Error(diff)
	}
}

// A value that is computed late is the value after the invocation's time.
func TestLateValue(t *testing.T) {
	d := newDesk(t, 1)
	var asked time.Duration
	_ = d.clients[0].Do(t.Context(), Op{
		F: models.FRelease, Key: "k",
		Late: func() any { asked = d.record.Now(); return models.Held{Held: true, Token: 5} },
		Run:  returning(nil),
	})
	h := d.read(t)
	invoke := h.Events[1]
	var v models.Held
	if err := invoke.Decode(&v); err != nil || !v.Held || v.Token != 5 {
		t.Errorf("value %+v, %v", v, err)
	}
	if asked < invoke.Time {
		t.Errorf("asked at %v, invoked at %v", asked, invoke.Time)
	}
}

// The owner that a subject names is the session of what it made. An owner of a subject
// that cannot name one is ignored.
func TestOwner(t *testing.T) {
	d := newDesk(t, 1)
	for _, owner := range []func() int64{
		func() int64 { return 0xabc },
		func() int64 { return 0 },
		func() int64 { panic("planted") },
	} {
		_ = d.clients[0].Do(t.Context(), Op{F: models.FAcquire, Key: "k", Run: returning(nil), Owner: owner})
	}
	var got []history.ID
	for _, e := range d.read(t).Events {
		if e.Type == history.OK {
			got = append(got, e.Session)
		}
	}
	if diff := cmp.Diff([]history.ID{0xabc, 0, 0}, got); diff != "" {
		t.Error(diff)
	}
}

// What a call returns after its time-out still counts, because it is true.
func TestLateReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, 1)
		err := d.clients[0].Do(t.Context(), Op{F: "take", Timeout: time.Second, Run: func(context.Context) (any, error) {
			time.Sleep(time.Hour)
			return nil, nil
		}})
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"0 invoke take", "0 ok take"}, lines(d.read(t))); diff != "" {
			t.Error(diff)
		}
	})
}

// A call that never returns is given up once no fault disturbs it any more. It stays
// open in the record, and its client does nothing after it.
func TestStuckCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, 2)
		c := d.clients[0]
		calm := make(chan struct{})
		c.GiveUp(calm, 5*time.Second)
		time.AfterFunc(time.Minute, func() { close(calm) })
		release := make(chan struct{})
		defer close(release)
		began := time.Now()
		err := c.Do(t.Context(), Op{F: "take", Key: "k1", Timeout: time.Second, Run: func(context.Context) (any, error) {
			<-release
			return nil, nil
		}})
		if took := time.Since(began); took != 65*time.Second {
			t.Errorf("given up after %s", took)
		}
		if !isStuck(err) || !isStuck(c.Stuck()) {
			t.Errorf("error %v, stuck %v", err, c.Stuck())
		}
		if again := c.Do(t.Context(), Op{F: "put", Run: returning(nil)}); !isStuck(again) {
			t.Errorf("the next call: %v", again)
		}
		_ = d.clients[1].Do(t.Context(), Op{F: "put", Run: returning(nil)})
		want, h := []string{"0 invoke take", "1 invoke put", "1 ok put"}, d.read(t)
		if diff := cmp.Diff(want, lines(h)); diff != "" {
			t.Error(diff)
		}
		gave := slices.DeleteFunc(slices.Clone(h.Facts()), func(e *history.Event) bool { return e.F != history.FUnreturned })
		if len(gave) != 1 || gave[0].Client != 0 || gave[0].Key != "k1" || string(gave[0].Value) != `{"of":"take","until":1000000000}` || gave[0].Time != 65*time.Second {
			t.Errorf("calls that did not return: %v", gave)
		}
		closed := false
		c.closeSubject(t.Context(), closer(func(context.Context) error { closed = true; return nil }))
		if closed {
			t.Error("a subject was closed while a call was inside")
		}
	})
}

// A call that began when no fault was left has its grace from its own time-out on.
func TestStuckCallInCalm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, 1)
		calm := make(chan struct{})
		close(calm)
		d.clients[0].GiveUp(calm, 5*time.Second)
		release := make(chan struct{})
		defer close(release)
		began := time.Now()
		_ = d.clients[0].Do(t.Context(), Op{F: "take", Timeout: time.Minute, Run: func(context.Context) (any, error) {
			<-release
			return nil, nil
		}})
		if took := time.Since(began); took != 65*time.Second {
			t.Errorf("given up after %s", took)
		}
	})
}

// When the whole run is stopped, it waits for no call.
func TestStoppedCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, 1)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		release := make(chan struct{})
		defer close(release)
		began := time.Now()
		_ = d.clients[0].Do(ctx, Op{F: "take", Timeout: time.Minute, Run: func(context.Context) (any, error) {
			<-release
			return nil, nil
		}})
		if took := time.Since(began); took != time.Second+stopGrace {
			t.Errorf("given up after %s", took)
		}
	})
}

type closer func(context.Context) error

func (f closer) Close(ctx context.Context) error { return f(ctx) }

// A Close may panic, or never return.
func TestCloseSubject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, 1)
		release := make(chan struct{})
		defer close(release)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		c := d.clients[0]
		c.closeSubject(ctx, "nothing to close")
		c.closeSubject(ctx, closer(func(context.Context) error { panic("planted") }))
		began := time.Now()
		c.closeSubject(ctx, closer(func(context.Context) error { <-release; return nil }))
		if took := time.Since(began); took != time.Second+closeGrace {
			t.Errorf("took %s", took)
		}
	})
}

// A constructor may fail, panic, or not return; then no subject is left open.
func TestMakeAll(t *testing.T) {
	for name, bad := range map[string]func() error{
		"fails":         func() error { return errors.New("planted") },
		"panics":        func() error { panic("planted") },
		"never returns": nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t, 3)
				release := make(chan struct{})
				defer close(release)
				if bad == nil {
					bad = func() error { <-release; return nil }
				}
				closed := 0
				made, err := makeAll(t.Context(), d.env(), "k1", func(c *subjects.Client, path string) (closer, error) {
					if path != "/root/k1" {
						t.Errorf("path %s", path)
					}
					s := closer(func(context.Context) error { closed++; return nil })
					if c.ID == 2 {
						return s, bad()
					}
					return s, nil
				})
				if err == nil || made != nil || closed != 2 {
					t.Errorf("error %v, %d made, %d closed", err, len(made), closed)
				}
			})
		})
	}
}

// noQueue is a queue that is only a nil pointer.
type noQueue struct{ subjects.Queue }

// A mistake of the user is reported with its place.
func TestMistakes(t *testing.T) {
	var list []int
	for name, c := range map[string]struct {
		make func(*subjects.Client, string) (subjects.Queue, error)
		want string
	}{
		"panics":                {func(*subjects.Client, string) (subjects.Queue, error) { panic("planted") }, `the subject panicked: planted, at client_test\.go:\d+$`},
		"fails at run time":     {func(*subjects.Client, string) (subjects.Queue, error) { return nil, fmt.Errorf("%d", list[3]) }, `index out of range .*, at client_test\.go:\d+$`},
		"returns nothing":       {func(*subjects.Client, string) (subjects.Queue, error) { return nil, nil }, `the constructor returned nil, without an error$`},
		"returns a nil pointer": {func(*subjects.Client, string) (subjects.Queue, error) { var none *noQueue; return none, nil }, `the constructor returned nil, without an error$`},
		"returns what fails":    {func(*subjects.Client, string) (subjects.Queue, error) { return nil, errors.New("planted") }, `client 0 for k1: planted$`},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, 1)
			_, err := makeAll(t.Context(), d.env(), "k1", c.make)
			if err == nil || !regexp.MustCompile(c.want).MatchString(err.Error()) {
				t.Errorf("%v does not match %s", err, c.want)
			}
		})
	}
}

// The same holds for locks and elections without a subject.
func TestNoSubject(t *testing.T) {
	for _, w := range []Workload{
		Lock{New: func(*subjects.Client, string) (subjects.Lock, error) { return nil, nil }},
		Election{New: func(*subjects.Client, string, string) (subjects.Election, error) { return nil, nil }},
	} {
		e := newDesk(t, 1).env()
		e.Keys = 1
		if _, err := w.Start(t.Context(), e); !errors.Is(err, contracts.ErrNoSubject) {
			t.Errorf("%s: %v", w.Name(), err)
		}
	}
}

// Operations of several clients with the same deadline end at different moments, none of them
// before the deadline, because timers of the same instant fire in any order.
func TestPatienceEndsInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const patience = time.Second
		began := time.Now()
		ended := make([]time.Duration, 4)
		var all sync.WaitGroup
		for i := range ended {
			c := &Client{Client: &subjects.Client{ID: i}, record: history.NewRecorder(io.Discard, history.Header{Model: models.Lock.Name})}
			all.Go(func() {
				_, _ = c.call(t.Context(), Op{Timeout: patience, Run: func(ctx context.Context) (any, error) {
					<-ctx.Done()
					ended[i] = time.Since(began)
					return nil, ctx.Err()
				}})
			})
		}
		all.Wait()
		for i, at := range ended {
			if at < patience || i > 0 && at <= ended[i-1] {
				t.Fatalf("ended after %v", ended)
			}
		}
	})
}

// A completion has the messages since the invocation, and an invocation has those before it. An
// operation that the harness answers has no messages.
func TestTraffic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := must.Get(embedded.Start(embedded.Config{InMemory: true}))(t)
		defer e.Close()
		d := newDesk(t, 1)
		c := d.clients[0]
		c.Link = link.New(link.Config{Dial: e.Dial, Clock: d.record.Now})
		defer c.Link.Close()
		conn, events, err := zkconn.Open(t.Context(), zkconn.Config{
			Servers: []string{e.Servers()[0].Addr()}, Timeout: 5 * time.Second, Dial: c.Link.Dial,
		})
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for range events {
			}
		}()
		c.Conn = conn
		defer c.Conn.Close()
		ask := func(context.Context) (any, error) {
			_, _, err := c.Conn.Exists("/")
			return nil, err
		}
		c.Do(t.Context(), Op{F: models.FAcquire, Run: ask})
		ask(t.Context())
		c.Do(t.Context(), Op{F: models.FConfirm, Run: ask})
		c.Do(t.Context(), Op{F: models.FRelease, Run: returning(nil)})
		var got []string
		for _, e := range d.read(t).Events {
			if e.Process >= 0 {
				requests := "unknown"
				if e.Traffic != nil {
					requests = fmt.Sprint(e.Traffic.Requests)
				}
				got = append(got, fmt.Sprintf("%s %s: %s", e.Type, e.F, requests))
			}
		}
		want := []string{
			"invoke acquire: unknown", "ok acquire: 1", "invoke confirm: unknown", "ok confirm: unknown",
			"invoke release: 2", "ok release: 0",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}
