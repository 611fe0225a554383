package workloads

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/subjects"
)

// The resource refuses tokens below the highest, and keeps an order of all writes.
func TestResource(t *testing.T) {
	type answer struct {
		Accepted bool
		Order    int64
	}
	r := &resource{}
	var got []answer
	for _, token := range []int64{5, 5, 4, 7, 6} {
		accepted, order := r.write(token)
		got = append(got, answer{accepted, order})
	}
	want := []answer{{true, 1}, {true, 2}, {false, 3}, {true, 4}, {false, 5}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if accepted, order := (&resource{}).write(0); !accepted || order != 1 {
		t.Error("a write without a token was refused")
	}
}

// A loss that was reported before the watching ended is in the record, however close to
// the end; a loss after the end is not.
func TestBelief(t *testing.T) {
	for name, tt := range map[string]struct {
		closeLost func(lost chan struct{}, b *belief)
		held      bool
		facts     int
	}{
		"kept":            {func(_ chan struct{}, b *belief) { b.stop() }, true, 0},
		"lost":            {func(lost chan struct{}, b *belief) { close(lost); b.stop() }, false, 1},
		"lost afterwards": {func(lost chan struct{}, b *belief) { b.stop(); close(lost) }, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			for range 50 { // because a select chooses at random
				d := newDesk(t, 1)
				lost := make(chan struct{})
				h := &holder{lost: func() <-chan struct{} { return lost }}
				b := watchHold(d.clients[0], h, "k1", 9, 0)
				if !b.held() {
					t.Fatal("lost from the beginning")
				}
				tt.closeLost(lost, b)
				if b.held() != tt.held {
					t.Fatalf("held %v", b.held())
				}
				facts := 0
				for _, e := range d.read(t).Events {
					var v history.LostHold
					if e.F == history.FLost && e.Process == history.SessionProcess && e.Key == "k1" && e.Decode(&v) == nil && v.Token == 9 {
						facts++
					}
				}
				if facts != tt.facts {
					t.Fatalf("%d facts of a loss", facts)
				}
			}
		})
	}
}

// A subject without a channel for losses, or one that panics when asked for it, is
// believed to hold.
func TestBeliefWithoutLost(t *testing.T) {
	d := newDesk(t, 1)
	for _, h := range []*holder{{}, {lost: func() <-chan struct{} { return nil }}, {lost: func() <-chan struct{} { panic("planted") }}} {
		b := watchHold(d.clients[0], h, "k1", 0, 0)
		if !b.held() {
			t.Error("not held")
		}
		b.stop()
	}
}

// fakeLock is a lock of one client that offers everything.
type fakeLock struct {
	token  int64
	lost   chan struct{}
	closed bool
}

func (l *fakeLock) Lock(context.Context) error {
	l.token++
	l.lost = make(chan struct{})
	return nil
}

func (l *fakeLock) Unlock(context.Context) error { return nil }
func (l *fakeLock) Fence() int64                 { return l.token }
func (l *fakeLock) Lost() <-chan struct{}        { return l.lost }
func (l *fakeLock) Session() int64               { return 0x77 }
func (l *fakeLock) Close(context.Context) error  { l.closed = true; return nil }

// A critical section records everything that the checks need, in the order below.
func TestTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, 1)
		unreachable(t, d.clients[0])
		lock := &fakeLock{}
		run := must.Get(Lock{New: func(*subjects.Client, string) (subjects.Lock, error) { return lock, nil }}.Start(t.Context(), d.env()))(t)
		run.(*holdRun).criticalSection(t.Context(), d.clients[0], "k1", 0, time.Second, time.Millisecond, purpose{})
		h := d.read(t)
		want := []string{
			"0 invoke acquire", "0 ok acquire", "0 invoke confirm", "0 ok confirm", "0 invoke write", "0 ok write",
			"0 invoke confirm", "0 ok confirm", "0 invoke release", "0 ok release",
		}
		if diff := cmp.Diff(want, lines(h)); diff != "" {
			t.Error(diff)
		}
		for _, e := range h.Events {
			var v struct {
				Token         history.ID
				Held, Fencing bool
			}
			must.Do(t, e.Decode(&v))
			tells := e.Type == history.OK && e.F != models.FRelease || e.Type == history.Invoke && (e.F == models.FRelease || e.F == models.FWrite)
			if e.Process >= 0 && tells && v.Token != 1 {
				t.Errorf("%s %s has token %s", e.Type, e.F, v.Token)
			}
			if e.Type == history.OK && e.F == models.FAcquire && e.Session != 0x77 {
				t.Errorf("granted to session %s", e.Session)
			}
			if e.F == history.FOffers && !v.Fencing {
				t.Error("no fencing is offered")
			}
		}
	})
}

// unreachable equips a client with a connection that never finds a server.
func unreachable(t *testing.T, c *Client) {
	t.Helper()
	conn, _, err := zk.Connect([]string{"127.0.0.1:1"}, time.Second, zk.WithLogInfo(false), zk.WithDialer(
		func(string, string, time.Duration) (net.Conn, error) { return nil, errors.New("nobody there") },
	), zk.WithLogger(silent{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	c.Conn = conn
}

type silent struct{}

func (silent) Printf(string, ...any) {}

// A leader's id that belongs to no client is an error, and no answer.
func TestLeaderOf(t *testing.T) {
	errPlanted := errors.New("planted")
	for _, tt := range []struct {
		id   string
		err  error
		want int
		ok   bool
	}{{"3", nil, 3, true}, {"", nil, -1, true}, {"three", nil, 0, false}, {"3", errPlanted, 0, false}} {
		got, err := leaderOf(t.Context(), contracts.At[subjects.Election]{Here: teller{id: tt.id, err: tt.err}})
		if (err == nil) != tt.ok || got.Client != tt.want {
			t.Errorf("%q, %v: %+v, %v", tt.id, tt.err, got, err)
		}
	}
}

type teller struct {
	subjects.Election
	id  string
	err error
}

func (l teller) Leader(context.Context) (string, error) { return l.id, l.err }
