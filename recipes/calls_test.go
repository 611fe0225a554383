package recipes

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"
)

// setTo is an op that sets a znode.
func setTo(path, text string, version int32) *zk.SetDataRequest {
	return &zk.SetDataRequest{Path: path, Data: []byte(text), Version: version}
}

// dataOf returns the data of a znode as text.
func (tr *tree) dataOf(path string) string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	v, _ := tr.get(path)
	return string(v.Data)
}

// make creates a znode without an owner.
func (tr *tree) make(path, text string) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	_, _ = tr.create(path, []byte(text), 0, 0)
}

// TestMultiAtEveryRequest writes inside and outside of a hold.
func TestMultiAtEveryRequest(t *testing.T) {
	for name, held := range map[string]bool{"held": true, "not held": false} {
		t.Run(name, func(t *testing.T) {
			everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
				m.tr.make("/data", "old")
				l := NewLock(m.a, "/lock")
				write := func(ctx context.Context) error {
					return m.during(ctx, func(ctx context.Context) error { return m.a.Multi(ctx, setTo("/data", "new", 0)) })
				}
				var err error
				if held {
					_ = l.Do(ctx, func(ctx context.Context) error { err = write(ctx); return nil })
				} else {
					err = write(ctx)
				}
				time.Sleep(2 * fakeTimeout) // for whatever is still under way
				is := m.tr.dataOf("/data")
				switch {
				case err == nil && is != "new", isWithoutEffect(err) && is != "old":
					t.Errorf("%v, but it is %q", err, is)
				case err != nil && !isWithoutEffect(err) && !errors.Is(err, ErrUnknown):
					t.Errorf("neither settled nor unknown: %v", err)
				case err != nil && m.fate == fine && !m.cancels:
					t.Error(err)
				}
				must(t, l.Close(ctx))
			})
		})
	}
}

// TestGetAtEveryRequest reads with a context.
func TestGetAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		m.tr.make("/data", "text")
		var got []byte
		err := m.during(ctx, func(ctx context.Context) (err error) {
			got, _, err = m.a.Get(ctx, "/data")
			return err
		})
		m.settled(t, "get", err)
		if err == nil && string(got) != "text" {
			t.Errorf("got %q", got)
		}
		if _, _, err := m.a.Get(ctx, "/none"); !errors.Is(err, zk.ErrNoNode) || !isWithoutEffect(err) {
			t.Errorf("of none: %v", err)
		}
	})
}

// TestMultiEndsWithTheHold has a write under way when the holder's session has been silent for too
// long.
func TestMultiEndsWithTheHold(t *testing.T) {
	doing(t, func(ctx context.Context, t *testing.T, tr *tree, c *fake, _ does) error {
		began := time.Now()
		f, other := tr.connect(t, fakeTimeout)
		for _, c := range []*fake{c, f} {
			c.fail(func(string, string) fault { return silence })
		}
		err := other.Multi(ctx, &zk.CreateRequest{Path: "/data"})
		if took := time.Since(began); !errors.Is(err, ErrUnknown) || took > 2*fakeTimeout {
			t.Errorf("%v after %v", err, took)
		}
		for _, c := range []*fake{c, f} {
			c.fail(nil)
			close(c.spoken)
		}
		must(t, other.Close(context.Background()))
		return nil
	}, func(*testing.T, error) {})
}

// TestMultiOfALostHold makes a holder write that has not noticed that it lost its hold.
func TestMultiOfALostHold(t *testing.T) {
	doing(t, func(ctx context.Context, t *testing.T, tr *tree, _ *fake, _ does) error {
		tr.make("/data", "old")
		_, other := tr.connect(t, fakeTimeout)
		must(t, other.Multi(ctx, setTo("/data", "held", -1))) // also from another session
		if err := other.Multi(ctx, setTo("/data", "x", 7)); !errors.Is(err, zk.ErrBadVersion) || !isWithoutEffect(err) {
			t.Errorf("of another version: %v", err)
		}
		for _, name := range tr.children("/do") {
			tr.mu.Lock()
			tr.remove("/do/" + name)
			tr.mu.Unlock()
		}
		unaware := context.WithoutCancel(ctx)
		if err := other.Multi(unaware, setTo("/data", "stale", -1)); !errors.Is(err, ErrLost) || !isWithoutEffect(err) {
			t.Errorf("of a lost hold: %v", err)
		}
		if is := tr.dataOf("/data"); is != "held" {
			t.Errorf("it is %q", is)
		}
		must(t, other.Close(context.Background()))
		return nil
	}, func(*testing.T, error) {})
}

// TestMultiOfAJob makes a worker write whose attempt has ended.
func TestMultiOfAJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		tr.make("/data", "old")
		_, cl := tr.connect(t, fakeTimeout)
		q := NewJobQueue(cl, "/jobs", 3)
		_, err := q.Put(t.Context(), nil)
		must(t, err)
		_ = q.Do(t.Context(), func(ctx context.Context, j *Job) ([]byte, error) {
			must(t, cl.Multi(ctx, setTo("/data", "first", -1)))
			must(t, j.GiveBack(ctx))
			if err := cl.Multi(ctx, setTo("/data", "stale", -1)); !errors.Is(err, ErrLost) {
				t.Errorf("after the end of the attempt: %v", err)
			}
			return nil, nil
		})
		if is := tr.dataOf("/data"); is != "first" {
			t.Errorf("it is %q", is)
		}
		must(t, q.Close(t.Context()))
		must(t, cl.Close(t.Context()))
	})
}

// TestMultiRefuses checks that requests that cannot be sent are refused.
func TestMultiRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, cl := newTree().connect(t, fakeTimeout)
		for want, ops := range map[string][]any{
			"there are no operations":                     nil,
			"a nil *zk.CreateRequest is not an operation": {(*zk.CreateRequest)(nil)},
			"<nil> is not an operation":                   {&zk.DeleteRequest{Path: "/a"}, nil},
			`invalid path: "/"`:                           {&zk.CreateRequest{Path: "/", Flags: zk.FlagSequence}},
			`invalid path: "/a/"`:                         {&zk.DeleteRequest{Path: "/a/"}},
			"string is not an operation":                  {&zk.DeleteRequest{Path: "/a"}, "delete"},
			"data too large":                              {&zk.CreateRequest{Path: "/a", Data: bytes.Repeat([]byte("x"), MaxItem)}, setTo("/b", "x", -1)},
			"node does not exist":                         {&zk.CheckVersionRequest{Path: "/a", Version: -1}},
		} {
			err := cl.Multi(t.Context(), ops...)
			if err == nil || !isWithoutEffect(err) || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		}
		must(t, cl.Close(t.Context()))
		if err := cl.Multi(t.Context(), setTo("/a", "x", -1)); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}
