package recipes

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// tells checks which setting a watch reports next; "" stands for none.
func tells(ctx context.Context, t *testing.T, w *ConfigWatch, want string) Setting {
	t.Helper()
	got, err := w.Next(ctx)
	must(t, err)
	if got.Exists != (want != "") || string(got.Data) != want || got.Exists != (got.Zxid != 0) {
		t.Errorf("told %+v (%q), want %q", got, got.Data, want)
	}
	return got
}

// silent checks that a watch has nothing to report for now. What it reports later comes
// in the channel.
func silent(ctx context.Context, t *testing.T, w *ConfigWatch) <-chan Setting {
	t.Helper()
	told := make(chan Setting, 1)
	go func() {
		next, err := w.Next(ctx)
		must(t, err)
		told <- next
	}()
	time.Sleep(2 * fakeTimeout) // longer than it waits before it looks again
	synctest.Wait()
	select {
	case s := <-told:
		t.Errorf("told %+v (%q), though nothing is later than what it told before", s, s.Data)
		told <- s
	default:
	}
	return told
}

// TestConfigSetAtEveryRequest sets the configuration twice.
func TestConfigSetAtEveryRequest(t *testing.T) {
	for _, exists := range []bool{false, true} {
		t.Run(fmt.Sprintf("exists %v", exists), func(t *testing.T) {
			everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
				a, b := NewConfig(m.a, m.path), NewConfig(m.b, m.path)
				before := ""
				if exists {
					before = "old"
					must(t, b.Set(ctx, []byte(before)))
				}
				err := m.during(ctx, func(ctx context.Context) error { return a.Set(ctx, []byte("new")) })
				time.Sleep(2 * fakeTimeout) // for whatever is still under way
				wrote(t, m, err, before, "new")
				must(t, a.Set(ctx, []byte("newer")))
				tells(ctx, t, b.Watch(), "newer")
				must(t, a.Close(ctx))
				must(t, b.Close(ctx))
			})
		})
	}
}

// TestConfigSetIfAtEveryRequest sets what was read, although another client may have
// been faster.
func TestConfigSetIfAtEveryRequest(t *testing.T) {
	for _, before := range []string{"", "old"} {
		for _, conflict := range []bool{false, true} {
			t.Run(fmt.Sprintf("%q, conflict %v", before, conflict), func(t *testing.T) {
				everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
					a, b := NewConfig(m.a, m.path), NewConfig(m.b, m.path)
					if before != "" {
						must(t, b.Set(ctx, []byte(before)))
					}
					was, err := a.Get(ctx)
					must(t, err)
					is := before
					if conflict {
						is = "theirs"
						must(t, b.Set(ctx, []byte(is)))
					}
					err = m.during(ctx, func(ctx context.Context) error { return a.SetIf(ctx, []byte("new"), was) })
					time.Sleep(2 * fakeTimeout) // for whatever is still under way
					if of, is := errors.AsType[*ConflictError](err); is {
						if !conflict || !errors.Is(err, ErrConflict) || string(of.Now.Data) != "theirs" || !isWithoutEffect(err) {
							t.Errorf("%v, now %+v", err, of.Now)
						}
						err = nil
					} else {
						if conflict && err == nil {
							t.Error("no conflict")
						}
						if errors.Is(err, ErrUnknown) && (m.fate == lostReply || m.fate == lostReplyBehind) {
							m.fate = nextSession // this may also leave the outcome unknown
						}
					}
					if conflict {
						wrote(t, m, err, is, is)
					} else {
						wrote(t, m, err, is, "new")
					}
					must(t, a.Close(ctx))
					must(t, b.Close(ctx))
				})
			})
		}
	}
}

// TestConfigSetIfSettlesWhatItCan makes another client faster while the request, or the reply,
// gets lost.
func TestConfigSetIfSettlesWhatItCan(t *testing.T) {
	for _, c := range []struct {
		theirs string
		fate   fault
		want   func(error) bool
	}{
		{"theirs", lostRequest, func(err error) bool {
			of, is := errors.AsType[*ConflictError](err)
			return is && string(of.Now.Data) == "theirs"
		}},
		{"new", lostRequest, func(err error) bool { return errors.Is(err, ErrUnknown) }},
		{"theirs", lostReply, func(err error) bool { return errors.Is(err, ErrUnknown) }},
		{"", lostReply, func(err error) bool { return errors.Is(err, ErrUnknown) }},
	} {
		synctest.Test(t, func(t *testing.T) {
			tr := newTree()
			f, cl := tr.connect(t, fakeTimeout)
			a := NewConfig(cl, "/config")
			must(t, a.Set(t.Context(), []byte("old")))
			was, err := a.Get(t.Context())
			must(t, err)
			hit := false
			f.fail(func(op, path string) fault {
				switch {
				case op == "set" && !hit:
					hit = true
					return c.fate
				case hit && c.theirs != "": // tr.mu is held
					_, _ = tr.set("/config", []byte(c.theirs), -1)
				}
				if hit {
					c.theirs = ""
				}
				return fine
			})
			err = a.SetIf(t.Context(), []byte("new"), was)
			if !c.want(err) {
				t.Errorf("%+v: %v", c, err)
			}
			must(t, a.Close(t.Context()))
			must(t, cl.Close(t.Context()))
		})
	}
}

// setIfAround returns the error of SetIf when other clients do something between its look and
// its set, and the configuration. others is called with the lock of the tree.
func setIfAround(t *testing.T, tr *tree, path string, others func()) (*Config, error) {
	t.Helper()
	f, cl := tr.connect(t, fakeTimeout)
	a := NewConfig(cl, path)
	must(t, a.Set(t.Context(), []byte("old")))
	was, err := a.Get(t.Context())
	must(t, err)
	f.fail(func(op, _ string) fault {
		if op == "set" {
			others()
		}
		return fine
	})
	defer f.fail(nil)
	return a, a.SetIf(t.Context(), []byte("new"), was)
}

// TestConfigSetIfOverAnother makes another client delete the znode and create it again between
// the comparison and the set.
func TestConfigSetIfOverAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		a, err := setIfAround(t, tr, "/config", func() {
			tr.remove("/config")
			_, _ = tr.create("/config", []byte("theirs"), 0, 0)
		})
		if !errors.Is(err, ErrOverwrote) || isWithoutEffect(err) {
			t.Errorf("got %v", err)
		}
		must(t, a.Close(t.Context()))
	})
}

// TestConfigSetIfOfNothing deletes the znode, and its parent, before the set: a conflict has no
// effect there either.
func TestConfigSetIfOfNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		a, err := setIfAround(t, tr, "/app/config", func() {
			tr.remove("/app/config")
			tr.remove("/app")
		})
		if of, is := errors.AsType[*ConflictError](err); !is || of.Now.Exists || !isWithoutEffect(err) {
			t.Errorf("got %v", err)
		}
		if left := tr.children("/"); len(left) > 0 {
			t.Errorf("without effect, but there is %v", left)
		}
		must(t, a.Set(t.Context(), []byte("anew")))
		if is := tr.dataOf("/app/config"); is != "anew" {
			t.Errorf("it is %q", is)
		}
		must(t, a.Close(t.Context()))
	})
}

// TestConfigDeleteAtEveryRequest deletes the configuration, and sets it after that.
func TestConfigDeleteAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		a, b := NewConfig(m.a, m.path), NewConfig(m.b, m.path)
		must(t, b.Set(ctx, []byte("old")))
		err := m.during(ctx, a.Delete)
		time.Sleep(2 * fakeTimeout)
		wrote(t, m, err, "old", "")
		must(t, a.Set(ctx, []byte("new")))
		tells(ctx, t, b.Watch(), "new")
		must(t, a.Close(ctx))
		must(t, b.Close(ctx))
	})
}

// TestConfigGetAtEveryRequest gets what other clients have just set and deleted, from a server
// that may lag.
func TestConfigGetAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		a, b := NewConfig(m.a, m.path), NewConfig(m.b, m.path)
		err := m.during(ctx, func(ctx context.Context) error {
			for _, want := range []string{"", "old", "new", ""} {
				if want != "" {
					must(t, b.Set(t.Context(), []byte(want)))
				} else {
					must(t, b.Delete(t.Context()))
				}
				got, err := a.Get(ctx)
				if err != nil {
					return err
				}
				if string(got.Data) != want || got.Exists != (want != "") || got.Exists != (got.Zxid != 0) {
					t.Errorf("got %+v (%q), want %q", got, got.Data, want)
				}
			}
			return nil
		})
		m.settled(t, "get", err)
		must(t, a.Close(ctx))
		must(t, b.Close(ctx))
	})
}

// wrote checks that the error of a write tells whether it was applied.
func wrote(t *testing.T, m *mishap, err error, before, after string) {
	t.Helper()
	c := NewConfig(m.b, m.path)
	got, e := c.Watch().Next(t.Context())
	must(t, e)
	switch s := string(got.Data); {
	case err == nil && s != after:
		t.Errorf("written, but it is %q", s)
	case isWithoutEffect(err) && s != before:
		t.Errorf("%v, said to be without effect, but it is %q", err, s)
	case err != nil && !isWithoutEffect(err) && !errors.Is(err, ErrUnknown):
		t.Errorf("neither settled nor unknown: %v", err)
	case err != nil && m.fate != silence && !m.expires() && !m.cancels:
		t.Errorf("%s: %v", m.name, err)
	}
	must(t, c.Close(t.Context()))
}

// TestConfigWatchAtEveryRequest follows a configuration through all kinds of changes.
func TestConfigWatchAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		a, b := NewConfig(m.a, m.path), NewConfig(m.b, m.path)
		w := a.Watch()
		changes := []struct {
			want   string
			change func() error
		}{
			{"", func() error { return nil }},
			{"one", func() error { return b.Set(ctx, []byte("one")) }},
			{"two", func() error { return b.Set(ctx, []byte("two")) }},
			{"", func() error { return b.Delete(ctx) }},
			{"one", func() error { return b.Set(ctx, []byte("one")) }},
		}
		told := 0
		err := m.during(ctx, func(ctx context.Context) error {
			for _, c := range changes {
				must(t, c.change())
				caughtUp := time.AfterFunc(time.Second, m.catchUp) // a real server does so sooner or later
				next, err := w.Next(ctx)
				caughtUp.Stop()
				if err != nil {
					return err
				}
				if string(next.Data) != c.want || next.Exists != (c.want != "") {
					t.Errorf("told %+v (%q), want %q", next, next.Data, c.want)
				}
				told++
			}
			return nil
		})
		m.settled(t, "watch", err)
		m.catchUp()
		if told < len(changes) { // the call that failed has lost nothing
			tells(ctx, t, w, changes[told].want)
		}
		must(t, a.Close(ctx))
		must(t, b.Close(ctx))
	})
}

// TestConfigNeverGoesBack makes the session expire, and connects the next one to a
// server that does not know the last changes. The cases are all changes that a znode
// can go through.
func TestConfigNeverGoesBack(t *testing.T) {
	for _, history := range [][]string{
		{"one", "two"}, {"one", "", "two"}, {"one", ""}, {"", "one"}, {"one", "", "one"},
	} {
		for behind := range history {
			t.Run(fmt.Sprintf("%q, as after %d", history, behind+1), func(t *testing.T) {
				stale(t, func(t *testing.T, tr *tree, s1, s2 *Client, f2 *fake, lag func()) {
					ctx := t.Context()
					writer, reader := NewConfig(s1, "/config"), NewConfig(s2, "/config")
					must(t, writer.Set(ctx, []byte("first")))
					w := reader.Watch()
					tells(ctx, t, w, "first")
					var past map[string]*znode
					for i, to := range history {
						if to == "" {
							must(t, writer.Delete(ctx))
						} else {
							must(t, writer.Set(ctx, []byte(to)))
						}
						if i == behind {
							lag()
							tr.mu.Lock()
							past, f2.behind = f2.behind, nil
							tr.mu.Unlock()
						}
						tells(ctx, t, w, to)
					}
					f2.expire()
					tr.mu.Lock()
					f2.behind = past
					tr.mu.Unlock()
					told := silent(ctx, t, w)
					tr.mu.Lock()
					f2.behind = nil // a real server catches up
					tr.mu.Unlock()
					must(t, writer.Set(ctx, []byte("last")))
					if got := <-told; string(got.Data) != "last" {
						t.Errorf("told %q, want the last", got.Data)
					}
					must(t, reader.Close(ctx))
					must(t, writer.Close(ctx))
				})
			})
		}
	}
}

// TestConfigTellsTheLast makes more changes than any client can follow: some are left
// out, the last one is reported, and none is reported after a later one.
func TestConfigTellsTheLast(t *testing.T) {
	stale(t, func(t *testing.T, _ *tree, s1, s2 *Client, f2 *fake, _ func()) {
		ctx := t.Context()
		writer, reader := NewConfig(s1, "/config"), NewConfig(s2, "/config")
		go func() {
			for i := range 100 {
				if i%7 == 3 {
					must(t, writer.Delete(ctx))
				}
				must(t, writer.Set(ctx, fmt.Appendf(nil, "%03d", i)))
				if i%20 == 10 {
					f2.expire()
				}
			}
		}()
		w, last := reader.Watch(), ""
		for told := 0; last != "099"; told++ {
			next, err := w.Next(ctx)
			must(t, err)
			if next.Exists && string(next.Data) <= last {
				t.Errorf("told %q after %q", next.Data, last)
			}
			if next.Exists {
				last = string(next.Data)
			}
			if told > 250 {
				t.Fatalf("told %q", next.Data)
			}
		}
		must(t, reader.Close(ctx))
		must(t, writer.Close(ctx))
	})
}

// TestConfigWatchWithoutItsEvent makes the servers forget a watch: the client looks
// again.
func TestConfigWatchWithoutItsEvent(t *testing.T) {
	stale(t, func(t *testing.T, tr *tree, s1, s2 *Client, f2 *fake, _ func()) {
		ctx := t.Context()
		writer, reader := NewConfig(s1, "/config"), NewConfig(s2, "/config")
		w := reader.Watch()
		tells(ctx, t, w, "")
		told := silent(ctx, t, w)
		tr.mu.Lock()
		clear(f2.watches)
		tr.mu.Unlock()
		must(t, writer.Set(ctx, []byte("one")))
		if got := <-told; string(got.Data) != "one" {
			t.Errorf("told %q", got.Data)
		}
		must(t, reader.Close(ctx))
		must(t, writer.Close(ctx))
	})
}

func TestConfigRefuses(t *testing.T) {
	stale(t, func(t *testing.T, tr *tree, s1, s2 *Client, f2 *fake, _ func()) {
		ctx := t.Context()
		c := NewConfig(s1, "/folder/config")
		refused := func(want, err error) {
			t.Helper()
			if !errors.Is(err, want) || !isWithoutEffect(err) {
				t.Errorf("got %v, want %v without effect", err, want)
			}
		}
		refused(ErrTooLarge, c.Set(ctx, make([]byte, MaxItem+1)))
		must(t, c.Delete(ctx)) // there is no configuration
		must(t, c.Set(ctx, nil))
		next, err := c.Watch().Next(ctx)
		must(t, err)
		if !next.Exists || len(next.Data) != 0 {
			t.Errorf("told %+v, want an empty one", next)
		}
		w := c.Watch()
		_, err = w.Next(ctx)
		must(t, err)
		waits := make(chan error)
		go func() { _, err := w.Next(ctx); waits <- err }()
		synctest.Wait()
		brief, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_, err = w.Next(brief) // it waits behind the other call
		refused(context.DeadlineExceeded, err)
		must(t, c.Close(ctx))
		must(t, c.Close(ctx))
		refused(ErrClosed, <-waits)
		refused(ErrClosed, c.Set(ctx, nil))
		refused(ErrClosed, c.Delete(ctx))
	})
}
