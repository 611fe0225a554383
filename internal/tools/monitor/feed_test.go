package monitor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// scripted is a session whose events the test sends.
type scripted struct {
	session
	events chan client.Event
	watch  error // the error of setting the watch
}

func (s *scripted) Next(ctx context.Context) (client.Event, error) {
	select {
	case e, ok := <-s.events:
		if !ok {
			return e, io.ErrUnexpectedEOF
		}
		return e, nil
	case <-ctx.Done():
		return client.Event{}, ctx.Err()
	}
}

func (s *scripted) Mark(v any)                                           { s.events <- client.Event{Mark: v, Zxid: 10} }
func (s *scripted) AddWatch(context.Context, string, client.Watch) error { return s.watch }
func (s *scripted) Session() wire.Session                                { return wire.Session{ID: 7} }
func (s *scripted) ReadOnly() bool                                       { return false }
func (s *scripted) Close()                                               {}

// noting records what a feed passes on.
type noting struct {
	f    *feed
	list []string
}

func (n *noting) add(what string) {
	n.list = append(n.list, fmt.Sprintf("%s, horizon %d, own %v", what, n.f.reach.horizon, n.f.reach.own))
}

func (n *noting) begin()                  { n.add("begin") }
func (n *noting) happened(e client.Event) { n.add(e.Path) }
func (n *noting) replied(r reply)         { n.add("reply " + r.path) }

// fed runs a feed on the given sessions, one after the other, and returns what it passed on.
func fed(t *testing.T, sessions []*scripted, events func(f *feed)) []string {
	var got *noting
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		next := 0
		f := &feed{locked: func(do func()) { do() }, reads: newSchedule(), reach: new(reach), changes: newChanges(10)}
		f.connect = func(context.Context, client.Config) (session, error) {
			if next++; next >= len(sessions) {
				return nil, errors.New("there is no server")
			}
			return sessions[next], nil
		}
		got = &noting{f: f}
		f.tree = got
		for _, s := range sessions {
			s.events = make(chan client.Event)
		}
		done := make(chan struct{})
		go func() { f.follow(ctx, sessions[0]); close(done) }()
		synctest.Wait()
		events(f)
		cancel()
		<-done
	})
	return got.list
}

// The tree is read from the beginning when the watch is set and the client is connected, and again with
// each new connection; there are no reads in between.
func TestFeedBeginsWithEachConnection(t *testing.T) {
	s := new(scripted)
	got := fed(t, []*scripted{s}, func(f *feed) {
		if f.reads.ready {
			t.Error("there are reads before the client is connected")
		}
		s.events <- client.Event{Session: client.Connected, Zxid: 11}
		s.events <- client.Event{Type: wire.EventCreated, Path: "/a", Zxid: 15}
		s.events <- client.Event{Session: client.Disconnected, Err: io.EOF}
		synctest.Wait()
		if f.reads.ready || f.conn.Connected || f.conn.Problem != "EOF" {
			t.Errorf("reads %v, %+v", f.reads.ready, f.conn)
		}
		s.events <- client.Event{Session: client.Connected, Zxid: 20}
		synctest.Wait()
		if !f.reads.ready || f.reads.generation != 2 || f.conn.Session != 7 {
			t.Errorf("reads %v of connection %d, %+v", f.reads.ready, f.reads.generation, f.conn)
		}
	})
	want := []string{"begin, horizon 0, own false", "/a, horizon 14, own false", "begin, horizon 14, own false"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// An ended session is followed by a new one, in which the watch is set again.
func TestFeedOfAnotherSession(t *testing.T) {
	first, second := &scripted{watch: wire.Unimplemented}, new(scripted)
	got := fed(t, []*scripted{first, second}, func(f *feed) {
		first.events <- client.Event{Session: client.Connected, Zxid: 11}
		first.events <- client.Event{Session: client.Expired}
		close(first.events)
		synctest.Wait()
		second.events <- client.Event{Session: client.Connected, Zxid: 21}
		close(second.events)
		time.Sleep(newSession / 2)
		synctest.Wait()
		if f.conn.Problem != "there is no server" || f.reads.session != 2 {
			t.Errorf("%+v in session %d", f.conn, f.reads.session)
		}
	})
	want := []string{"begin, horizon 0, own true", "begin, horizon 11, own false"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A reply is passed on if it came over the present connection.
func TestFeedPassesRepliesOn(t *testing.T) {
	s := new(scripted)
	got := fed(t, []*scripted{s}, func(f *feed) {
		s.events <- client.Event{Session: client.Connected, Zxid: 11}
		a, b := &target{of: page("/a")}, &target{of: page("/b")}
		s.events <- client.Event{Mark: reply{job: &job{target: a, path: "/a", generation: 1}}, Zxid: 12}
		s.events <- client.Event{Mark: reply{job: &job{target: b, path: "/b", need: needStat}}, Zxid: 13}
		synctest.Wait()
		if a.need != 0 || b.need != needStat {
			t.Errorf("of /a %d is wanted, of /b %d", a.need, b.need)
		}
	})
	want := []string{"begin, horizon 0, own false", "reply /a, horizon 12, own false"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
