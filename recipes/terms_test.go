package recipes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func leaderOf(t Term) string { return t.ID }

func TestTermsTellWhoLeads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		fa, sa := tr.connect(t, fakeTimeout)
		_, sb := tr.connect(t, fakeTimeout)
		fc, sc := tr.connect(t, fakeTimeout)
		a, b, c := NewElection(sa, "/e", "a"), NewElection(sb, "/e", "b"), NewElection(sc, "/e", "c")
		if _, err := fc.Create("/e", nil, 0, nil); err != nil {
			t.Fatal(err)
		}
		// A znode that only looks like a candidate does not lead, and keeps no client
		// busy.
		if _, err := fc.Create("/e/"+someID+"-candidate-0000000000", nil, 0, nil); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		f := follow(c.Terms(ctx))
		check := func(when string, want ...string) {
			t.Helper()
			checkSince(t, f, leaderOf, when, want...)
		}
		check("at first", "")
		must(t, a.Campaign(t.Context()))
		check("when a leads", "a")
		won := make(chan error, 1)
		go func() { won <- b.Campaign(t.Context()) }()
		check("when b waits")
		fa.expire()
		must(t, <-won)
		check("when a's session has ended", "b")
		fc.expire()
		check("in another session")
		must(t, b.Resign(t.Context()))
		check("when b has resigned", "")
		must(t, b.Campaign(t.Context()))
		if got, want := f.since(), []Term{{"b", b.Fence()}}; !slices.Equal(got, want) {
			t.Errorf("told of %v, not %v", got, want)
		}
		must(t, b.Resign(t.Context()))
		must(t, b.Campaign(t.Context()))
		if got := f.since(); len(got) == 0 || got[len(got)-1].ID != "b" {
			t.Errorf("another term of b: %v", got)
		}
		cancel()
		<-f.done
		if !errors.Is(f.end, context.Canceled) || !isWithoutEffect(f.end) {
			t.Errorf("in the end: %v", f.end)
		}
		f = follow(c.Terms(t.Context()))
		check("once more", "b")
		must(t, c.Close(t.Context()))
		<-f.done
		if !errors.Is(f.end, ErrClosed) {
			t.Errorf("closed: %v", f.end)
		}
		for _, x := range []interface{ Close(context.Context) error }{a, b, sa, sb, sc} {
			must(t, x.Close(t.Context()))
		}
	})
}

// TestTermsAtEveryRequest follows the terms while each request gets lost.
func TestTermsAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		a, b := NewElection(m.a, m.path, "a"), NewElection(m.b, m.path, "b")
		var ids []string
		led := time.AfterFunc(time.Second, func() {
			m.catchUp()
			must(t, b.Campaign(ctx))
		})
		defer led.Stop()
		err := m.during(ctx, func(ctx context.Context) error {
			for term, err := range a.Terms(ctx) {
				if err != nil {
					return err
				}
				if ids = append(ids, term.ID); term.ID == "b" {
					break
				}
			}
			return nil
		})
		m.settled(t, "follow", err)
		if got := fmt.Sprint(ids); err == nil && got != "[ b]" && got != "[b]" {
			t.Errorf("told of %q", ids)
		}
		synctest.Wait()
		must(t, a.Close(ctx))
		must(t, b.Close(ctx))
	})
}

// TestTermsEndWithTheLoop closes the election within the loop.
func TestTermsEndWithTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		_, cl := tr.connect(t, fakeTimeout)
		e := NewElection(cl, "/e", "a")
		n := 0
		for _, err := range e.Terms(t.Context()) {
			if n++; n == 1 {
				must(t, e.Close(t.Context()))
			} else if !errors.Is(err, ErrClosed) {
				t.Errorf("after Close: %v", err)
			}
		}
		if n != 2 {
			t.Errorf("%d turns", n)
		}
		for _, err := range NewElection(cl, "bad", "a").Terms(t.Context()) {
			if err == nil || !isWithoutEffect(err) {
				t.Errorf("bad path: %v", err)
			}
		}
	})
}

// TestDoEachLeadsAgain makes a candidate lose its session, then end its term, and then
// fail.
func TestDoEachLeadsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		f, cl := tr.connect(t, fakeTimeout)
		_, other := tr.connect(t, fakeTimeout)
		e, waits := NewElection(cl, "/e", "a"), NewElection(other, "/e", "b")
		term := 0
		err := e.DoEach(t.Context(), func(ctx context.Context) error {
			switch term++; term {
			case 1:
				f.expire()
				<-ctx.Done()
				return ctx.Err()
			case 2:
				go func() {
					must(t, waits.Campaign(t.Context()))
					time.AfterFunc(time.Second, func() { must(t, waits.Resign(t.Context())) })
				}()
				synctest.Wait()
				return nil // then the other one leads
			}
			if waits.Session() != 0 {
				t.Error("two lead")
			}
			return errOwn
		})
		if err != errOwn || term != 3 {
			t.Errorf("%d terms, %v", term, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := e.DoEach(ctx, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		synctest.Wait()
		for _, x := range []interface{ Close(context.Context) error }{e, waits, cl, other} {
			must(t, x.Close(t.Context()))
		}
		if left := tr.children("/e"); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

// TestDoEachFails checks that DoEach does not go on because f has lost something other
// than its term.
func TestDoEachFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, cl := newTree().connect(t, fakeTimeout)
		e := NewElection(cl, "/e", "a")
		terms := 0
		err := e.DoEach(t.Context(), func(context.Context) error {
			if terms++; terms > 1 {
				return errOwn
			}
			return &Error{Op: "unlock", Path: "/another", Err: ErrLost}
		})
		if !errors.Is(err, ErrLost) || terms != 1 {
			t.Errorf("%d terms, %v", terms, err)
		}
		must(t, e.Close(t.Context()))
	})
}

// TestTermsEndWithNobody checks that the error at the end comes without a term, since
// it belongs to no time.
func TestTermsEndWithNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, cl := newTree().connect(t, fakeTimeout)
		e := NewElection(cl, "/e", "a")
		must(t, e.Campaign(t.Context()))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ended := false
		for term, err := range e.Terms(ctx) {
			if err == nil {
				time.AfterFunc(fakeTimeout/2, cancel) // while it waits for the next term
				continue
			}
			ended = true
			if term != (Term{}) {
				t.Errorf("%v, with %+v", err, term)
			}
		}
		if !ended {
			t.Error("there was no error")
		}
		must(t, e.Close(t.Context()))
	})
}
