package recipes

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/recipes/internal/znodes"
)

// whereAre returns instances as id=address, in their order.
func whereAre(instances []Instance) string {
	var said []string
	for _, in := range instances {
		said = append(said, in.ID+"="+in.Address)
	}
	return strings.Join(said, " ")
}

// finds checks which instances a value of the service lists.
func finds(t *testing.T, s *Service, want string) {
	t.Helper()
	instances, err := s.Instances(t.Context())
	if got := whereAre(instances); err != nil || got != want {
		t.Errorf("instances %q, %v; want %q", got, err, want)
	}
}

func at(id, address string) Instance { return Instance{ID: id, Address: address} }

// TestServiceRegistersAtEveryRequest has one request of a call to Register fail.
func TestServiceRegistersAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		a, b := NewService(m.a, m.path), NewService(m.b, m.path)
		_, err := b.Register(ctx, at("b", "1"))
		must(t, err)
		var r *Registration
		err = m.during(ctx, func(ctx context.Context) (err error) {
			r, err = a.Register(ctx, at("a", "2"))
			return err
		})
		time.Sleep(fakeTimeout) // for what goes on in the background
		switch {
		case err == nil:
			finds(t, b, "a=2 b=1")
			must(t, r.Unregister(ctx))
		case m.fate != silence && !m.cancels:
			t.Errorf("register: %v", err)
		}
		finds(t, b, "b=1")
		must(t, a.Close(ctx))
		must(t, b.Close(ctx))
		m.empty(t)
	})
}

// TestServiceUpdatesAtEveryRequest has one request of a call to Update fail, while another
// client looks: the instance is never missing, except when the session ends.
func TestServiceUpdatesAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		a, b := NewService(m.a, m.path), NewService(m.b, m.path)
		r, err := a.Register(ctx, at("a", "old"))
		must(t, err)
		watch, stop := context.WithCancel(ctx)
		watched := make(chan struct{})
		go func() {
			defer close(watched)
			for now, err := range b.Changes(watch) {
				if got := whereAre(now); err == nil && got != "a=old" && got != "a=new" && !m.expires() {
					t.Errorf("was told of %q", got)
				}
			}
		}()
		synctest.Wait()
		err = m.during(ctx, func(ctx context.Context) error { return r.Update(ctx, at("ignored", "new")) })
		if err == nil {
			finds(t, b, "a=new")
		}
		time.Sleep(2 * fakeTimeout)
		switch want := "a=" + r.Instance().Address; {
		case err == nil && want != "a=new" || isWithoutEffect(err) && want != "a=old":
			t.Errorf("update: %v, but now it is %q", err, want)
		case err != nil && m.fate != silence && !m.cancels:
			t.Errorf("update: %v", err)
		default:
			finds(t, b, want)
		}
		stop()
		<-watched
		must(t, r.Update(ctx, at("", "last")))
		finds(t, b, "a=last")
		must(t, r.Unregister(ctx))
		finds(t, b, "")
		must(t, a.Close(ctx))
		must(t, b.Close(ctx))
		m.empty(t)
	})
}

// TestServiceUnregistersAtEveryRequest has one request of a call to Unregister fail.
func TestServiceUnregistersAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		a, b := NewService(m.a, m.path), NewService(m.b, m.path)
		r, err := a.Register(ctx, at("a", "1"))
		must(t, err)
		_, err = a.Register(ctx, at("b", "2"))
		must(t, err)
		err = m.during(ctx, r.Unregister)
		switch {
		case err == nil:
			finds(t, b, "b=2")
		case m.fate != silence && !m.cancels || isWithoutEffect(err):
			t.Errorf("unregister: %v", err)
		}
		time.Sleep(2 * fakeTimeout)
		finds(t, b, "b=2")
		must(t, a.Close(ctx))
		finds(t, b, "")
		must(t, b.Close(ctx))
		m.empty(t)
	})
}

// inService runs a test with two clients' values of a service.
func inService(t *testing.T, test func(t *testing.T, tr *tree, f *fake, a, b *Service)) {
	inPair(t, NewService, "/s", test)
}

func registered(t *testing.T, s *Service, in Instance) *Registration {
	t.Helper()
	r, err := s.Register(t.Context(), in)
	must(t, err)
	return r
}

// TestServiceStaysRegistered checks that an instance keeps all its updates across the
// ends of sessions.
func TestServiceStaysRegistered(t *testing.T) {
	inService(t, func(t *testing.T, _ *tree, f *fake, a, b *Service) {
		r := registered(t, a, at("a", "1"))
		must(t, r.Update(t.Context(), Instance{Address: "2", Metadata: map[string]string{"zone": "käse 锁"}}))
		want := Instance{ID: "a", Address: "2", Metadata: map[string]string{"zone": "käse 锁"}}
		for range 3 {
			f.expire()
			time.Sleep(2 * fakeTimeout)
			got, err := b.Instances(t.Context())
			must(t, err)
			if len(got) != 1 || !got[0].Equal(want) || !r.Instance().Equal(want) {
				t.Errorf("instances %v, want %v", got, want)
			}
		}
		must(t, r.Unregister(t.Context()))
		time.Sleep(2 * fakeTimeout)
		finds(t, b, "")
	})
}

// TestServiceTrace checks that the trace of Register gets each znode of the instance, even
// after the call.
func TestServiceTrace(t *testing.T) {
	inService(t, func(t *testing.T, tr *tree, f *fake, a, _ *Service) {
		made, gone := make(chan string, 10), make(chan string, 10)
		ctx := WithTrace(t.Context(), Trace{LinedUp: func(path string) { made <- path }, Gone: func(path string) { gone <- path }})
		r, err := a.Register(ctx, at("a", "1"))
		must(t, err)
		for range 2 {
			was := <-made
			f.expire()
			if path := <-gone; path != was || !strings.HasPrefix(path, "/s/") {
				t.Errorf("%s went, not %s", path, was)
			}
		}
		now := <-made
		if left := tr.children("/s"); len(left) != 1 || "/s/"+left[0] != now {
			t.Errorf("%v is there, not %s", left, now)
		}
		must(t, r.Unregister(t.Context()))
		if len(made)+len(gone) > 0 {
			t.Error("was told of what it did itself")
		}
	})
}

// TestServiceNewestInstanceOfAnID checks that a process that starts again need not wait for its
// old session.
func TestServiceNewestInstanceOfAnID(t *testing.T) {
	inService(t, func(t *testing.T, _ *tree, _ *fake, a, b *Service) {
		old := registered(t, a, at("a", "1"))
		must(t, old.Update(t.Context(), at("", "2")))
		again := registered(t, b, at("a", "3"))
		finds(t, a, "a=3")
		must(t, again.Unregister(t.Context()))
		finds(t, a, "a=2")
		unnamed := registered(t, b, at("", "4"))
		if id := unnamed.Instance().ID; len(id) != znodes.IDLength {
			t.Errorf("ID %q", id)
		}
	})
}

func TestServiceIgnoresForeignChildren(t *testing.T) {
	inService(t, func(t *testing.T, tr *tree, _ *fake, a, b *Service) {
		registered(t, a, at("a", "1"))
		tr.mu.Lock()
		_, err := tr.create("/s/foreign", []byte(`{"version":1,"id":"x","address":"x"}`), 0, 0)
		tr.mu.Unlock()
		must(t, err)
		for _, data := range []string{"", "x", `{"version":2,"id":"x","address":"x"}`, `{"version":1,"id":"x"}`, `{"version":1,"address":"x"}`} {
			g := NewGroup(clientOver(b.r.Client), "/s")
			must(t, g.Join(t.Context(), []byte(data)))
			finds(t, b, "a=1")
			must(t, g.Close(t.Context()))
		}
	})
}

func TestServiceChanges(t *testing.T) {
	inService(t, func(t *testing.T, _ *tree, f *fake, a, b *Service) {
		told := pull(t, b.Changes(t.Context()), whereAre)
		told.tell("")
		r := registered(t, a, at("a", "1"))
		told.tell("a=1")
		must(t, r.Update(t.Context(), at("", "2")))
		told.tell("a=2")
		f.expire()
		time.Sleep(fakeTimeout) // it is registered again, which is no change
		registered(t, b, at("b", "3"))
		told.tell("a=2 b=3")
		must(t, r.Unregister(t.Context()))
		told.tell("b=3")
	})
}

func TestServiceRefuses(t *testing.T) {
	inService(t, func(t *testing.T, _ *tree, _ *fake, a, _ *Service) {
		refused := refusing(t)
		ctx := t.Context()
		for _, in := range []Instance{{}, at("a\xff", "1"), at("a", "\xff"), {Address: "1", Metadata: map[string]string{"\xff": ""}}, {Address: "1", Metadata: map[string]string{"": "\xff"}}} {
			_, err := a.Register(ctx, in)
			refused(err, ErrInstance)
		}
		_, err := a.Register(ctx, at("a", strings.Repeat("x", MaxItem)))
		refused(err, ErrTooLarge)
		r := registered(t, a, at("a", "1"))
		refused(r.Update(ctx, at("a", "")), ErrInstance)
		refused(r.Update(ctx, at("a", strings.Repeat("x", MaxItem))), ErrTooLarge)
		must(t, r.Unregister(ctx))
		refused(r.Unregister(ctx), ErrNotRegistered)
		refused(r.Update(ctx, at("a", "1")), ErrNotRegistered)
		last := registered(t, a, at("a", "1"))
		must(t, a.Close(ctx))
		_, err = a.Register(ctx, at("a", "1"))
		refused(err, ErrClosed)
		refused(last.Update(ctx, at("a", "2")), ErrClosed)
		refused(last.Unregister(ctx), ErrClosed)
		_, err = a.Instances(ctx)
		refused(err, ErrClosed)
		_, err = a.Picker(RoundRobin()).Pick(ctx)
		refused(err, ErrClosed)
	})
}

func TestPicker(t *testing.T) {
	inService(t, func(t *testing.T, _ *tree, f *fake, a, b *Service) {
		p := b.Picker(RoundRobin())
		picks := func(want string) {
			t.Helper()
			synctest.Wait()
			in, err := p.Pick(t.Context())
			if want == "" {
				if !errors.Is(err, ErrNoInstance) || !isWithoutEffect(err) {
					t.Errorf("picked %v, %v", in, err)
				}
			} else if err != nil || in.Address != want {
				t.Errorf("picked %v, %v; want %s", in, err, want)
			}
		}
		picks("")
		steps := pull(t, p.Changes(t.Context()), whereAre)
		told := func(want string) {
			t.Helper()
			synctest.Wait()
			steps.tell(want)
		}
		told("")
		r := registered(t, a, at("a", "1"))
		registered(t, a, at("b", "2"))
		told("a=1 b=2")
		picks("1")
		picks("2")
		picks("1")
		must(t, r.Update(t.Context(), at("", "3")))
		picks("2")
		picks("3")
		f.expire()
		time.Sleep(2 * fakeTimeout)
		picks("2")
		must(t, r.Unregister(t.Context()))
		picks("2")
		told("b=2")
		p.Close()
		if _, err, _ := steps.next(); !errors.Is(err, ErrClosed) {
			t.Errorf("was told of a picker that was closed: %v", err)
		}
		if _, err := p.Pick(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("picked of a picker that was closed: %v", err)
		}
		p.Close()
		b.Picker(RoundRobin()) // ends with its service
	})
}

// A call that waits for the first answer about a service can give up, and is told when
// its client is closed.
func TestPickerThatIsToldOfNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		f, cl := tr.connect(t, fakeTimeout)
		service := NewService(cl, "/s")
		f.fail(func(string, string) fault { return lostRequest })
		p := service.Picker(Random(nil))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.Pick(ctx); !errors.Is(err, context.DeadlineExceeded) || !isWithoutEffect(err) {
			t.Errorf("picked: %v", err)
		}
		must(t, cl.Close(t.Context()))
		if _, err := p.Pick(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("picked: %v", err)
		}
		must(t, service.Close(t.Context()))
	})
}

func TestStrategies(t *testing.T) {
	abc := []Instance{at("a", "1"), at("b", "2"), at("c", "3")}
	chosen := func(choose Strategy, of ...[]Instance) string {
		ids := ""
		for _, instances := range of {
			ids += choose(instances).ID
		}
		return ids
	}
	if got, want := chosen(RoundRobin(), abc, abc, abc[2:], abc, abc[1:], abc), "abcabc"; got != want {
		t.Errorf("round robin chose %s, want %s", got, want)
	}
	if got, want := chosen(Sticky(RoundRobin()), abc, abc, abc[1:], abc, abc[2:], abc), "aabbcc"; got != want {
		t.Errorf("sticky chose %s, want %s", got, want)
	}
	seeded := func() string {
		choose, ids := Random(rand.NewPCG(1, 2)), ""
		for range 100 {
			ids += choose(abc).ID
		}
		return ids
	}
	one := seeded()
	if one != seeded() {
		t.Error("the same source chose something else")
	}
	for _, in := range abc {
		if n := strings.Count(one, in.ID); n < 20 || n > 50 {
			t.Errorf("%s was chosen %d times of 100", in.ID, n)
		}
	}
}
