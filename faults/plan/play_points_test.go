package plan_test

import (
	"context"
	"math/rand/v2"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/link"
)

// watching is a stub that records, when it is injected, what the server has received.
type watching struct {
	*stub
	server <-chan int
	got    *int
	at     *link.Point
}

func (w watching) Inject(ctx context.Context, t *faults.Target, rng *rand.Rand) (faults.Effect, error) {
	time.Sleep(time.Second)
	*w.got, *w.at = len(w.server), t.At.Point()
	return w.stub.Inject(ctx, t, rng)
}

// listener returns a link to a server that counts what it receives and answers nothing.
func listener(t *testing.T) (*link.Link, <-chan int) {
	got := make(chan int, 10)
	l := link.New(link.Config{Dial: func(string, string, time.Duration) (net.Conn, error) {
		near, far := net.Pipe()
		t.Cleanup(func() { far.Close() })
		go func() {
			for {
				body, err := wire.ReadFrame(far, nil, 0)
				if err != nil {
					return
				}
				got <- len(body)
			}
		}()
		return near, nil
	}})
	t.Cleanup(func() { l.Close() })
	return l, got
}

// connect sends one message: the request for a session.
func connect(t *testing.T, l *link.Link) {
	t.Helper()
	c := must.Get(l.Dial("tcp", "a:1", 0))(t)
	if err := wire.WriteFrame(c, wire.ConnectRequest{Timeout: time.Second, Password: make([]byte, 16)}.Append(nil)); err != nil {
		t.Error(err)
	}
}

func thePoint(t *testing.T, text string) link.Point {
	t.Helper()
	return must.Get(link.ParsePoint(text))(t)
}

// A fault at a message is injected once, before the message passes, and then recorded like any other; a
// fault without a target is not tried again, because the moment is over.
func TestPlayAtAPoint(t *testing.T) {
	for _, tt := range []struct {
		name   string
		inject error
		steps  []string
		done   []string
	}{
		{"whole", nil, []string{"3s inject", "4s verified", "6s heal", "6s healed"}, []string{"inject", "verify", "heal"}},
		{"no target", faults.ErrNoTarget, []string{"3s inject", "4s skipped"}, []string{"inject"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			l, server := listener(t)
			r := &record{start: time.Now()}
			var done []string
			got, at := -1, link.Point{}
			point := thePoint(t, "client0/work#1/connect#1")
			player := plan.Ready([]plan.Step{{Point: point, For: 2 * time.Second, Fault: watching{&stub{inject: tt.inject, done: &done}, server, &got, &at}}},
				&faults.Target{Ensemble: nowhere{}, Clients: []faults.Client{{Link: l}}}, r)
			playing := make(chan error)
			go func() { playing <- player.Play(t.Context()) }()
			time.Sleep(3 * time.Second)
			l.Operation("work")
			connect(t, l)
			if err := <-playing; err != nil {
				t.Error(err)
			}
			if got != 0 || at != point || len(server) != 1 {
				t.Errorf("%s: injected at %s, when the server had %d messages; then %d", tt.name, at, got, len(server))
			}
			if diff := cmp.Diff(tt.steps, r.steps); diff != "" {
				t.Errorf("%s: %s", tt.name, diff)
			}
			if diff := cmp.Diff(tt.done, done); diff != "" {
				t.Errorf("%s: %s", tt.name, diff)
			}
			if err := l.Clean(); err != nil {
				t.Error(err)
			}
		})
	}
}

// If a message never comes, this is reported when the load ends; if no client can ever send it, at
// once. Neither delays anything.
func TestPlayWithoutTheMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, server := listener(t)
		r := &verbose{record: record{start: time.Now()}}
		var done []string
		steps := []plan.Step{
			{Point: thePoint(t, "client0/work#2/connect#1"), For: time.Second, Fault: &stub{done: &done}},
			{Point: thePoint(t, "client7/work#1/connect#1"), For: time.Second, Fault: &stub{done: &done}},
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		l.Operation("work")
		player := plan.Ready(steps, &faults.Target{Ensemble: nowhere{}, Clients: []faults.Client{{Link: l}}}, r)
		connect(t, l)
		if err := player.Play(ctx); err != nil || time.Since(r.start) != 10*time.Second {
			t.Errorf("%v after %s", err, time.Since(r.start))
		}
		want := []string{
			"0s inject stub@client7/work#1/connect#1 ", "0s skipped stub@client7/work#1/connect#1 there is no client 7, but 1 from 0: found no target",
			"10s inject stub@client0/work#2/connect#1 ", "10s skipped stub@client0/work#2/connect#1 client0/work#2/connect#1 never came: found no target",
		}
		if diff := cmp.Diff(want, r.texts); diff != "" || len(done) > 0 {
			t.Errorf("%v: %s", done, diff)
		}
		l.Operation("work")
		connect(t, l)
		if synctest.Wait(); len(server) != 2 {
			t.Errorf("the server got %d messages", len(server))
		}
	})
}

// verbose is a record that also keeps its messages to people.
type verbose struct {
	record
	texts []string
}

func (r *verbose) Record(e history.Event) history.Event {
	e = r.record.Record(e)
	var s history.FaultStep
	_ = e.Decode(&s)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.texts = append(r.texts, r.steps[len(r.steps)-1]+" "+s.Spec+" "+s.Detail)
	return e
}

// The aim "all" has all faults that can be injected at messages.
func TestAimAll(t *testing.T) {
	all := must.Get(plan.Parse("aimed,all", time.Second))(t)
	chosen, _ := all.Choose(faults.Setting{Ensemble: nowhere{}})
	for _, f := range chosen.Faults() {
		if !faults.Aimable(f) {
			t.Errorf("%s is no fault at messages", f.Spec())
		}
	}
	if len(chosen.Faults()) < 4 {
		t.Errorf("all are %v", chosen.Faults())
	}
}
