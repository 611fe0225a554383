package recipes

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// listing returns a listing in one line: id=address, then off(id=address), then what is
// unreadable.
func listing(l Listing) string {
	if !l.Exists {
		return "no znode"
	}
	var all []string
	for _, r := range l.Instances {
		all = append(all, r.ID+"="+r.Address)
	}
	for _, r := range l.Off {
		all = append(all, fmt.Sprintf("off(%s=%s)", r.ID, r.Address))
	}
	for _, u := range l.Unreadable {
		all = append(all, u.Znode+"?")
	}
	return strings.Join(all, " ")
}

// write makes or changes a znode of another client.
func (t *tree) write(test *testing.T, path, data string) {
	test.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, err := t.create(path, []byte(data), 0, 0); err != nil {
		_, err = t.set(path, []byte(data), -1)
		must(test, err)
	}
}

// inDirectory runs a test with a client that registers instances, and another one that lists them.
func inDirectory(t *testing.T, test func(t *testing.T, tr *tree, f *fake, s *Service, d *Directory)) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		_, s1 := tr.connect(t, fakeTimeout)
		f, s2 := tr.connect(t, fakeTimeout)
		s, d := NewService(s1, "/s"), NewDirectory(s2, "/s")
		test(t, tr, f, s, d)
		must(t, s.Close(t.Context()))
		must(t, d.Close(t.Context()))
	})
}

// TestDirectoryReadsAllFormats reads all formats at one path, as a list and as changes.
func TestDirectoryReadsAllFormats(t *testing.T) {
	inDirectory(t, func(t *testing.T, tr *tree, f *fake, s *Service, d *Directory) {
		ctx, stop := context.WithCancel(t.Context())
		told := follow(d.Changes(ctx))
		becomes := func(want string) {
			t.Helper()
			checkSince(t, told, listing, "then", want)
			if l, err := d.List(ctx); err != nil || listing(l) != want {
				t.Errorf("lists %q, %v; want %q", listing(l), err, want)
			}
		}
		becomes("no znode")
		tr.write(t, "/s", "")
		becomes("")
		r := registered(t, s, at("a", "1"))
		becomes("a=1")
		must(t, r.Update(t.Context(), at("", "2")))
		becomes("a=2")
		tr.write(t, "/s/c", `{"name":"s","id":"c","address":"h","port":80}`)
		becomes("a=2 c=h:80")
		tr.write(t, "/s/member_1", `{"serviceEndpoint":{"host":"h","port":1},"status":"STARTING"}`)
		becomes("a=2 c=h:80 off(member_1=h:1)")
		tr.write(t, "/s/member_1", `{"serviceEndpoint":{"host":"h","port":1},"status":"ALIVE"}`)
		becomes("a=2 c=h:80 member_1=h:1")
		f.expire()
		time.Sleep(2 * fakeTimeout) // the timeout of the client that looks
		tr.write(t, "/s/other", "text")
		becomes("a=2 c=h:80 member_1=h:1 other?")
		tr.write(t, "/s/"+ownZnode, `{"version":1,"id":"p","address":"persistent"}`)
		becomes("a=2 c=h:80 member_1=h:1 " + ownZnode + "? other?")
		must(t, r.Unregister(t.Context()))
		becomes("c=h:80 member_1=h:1 " + ownZnode + "? other?")
		stop()
		<-told.done
	})
}

// TestDirectoryListsAtEveryRequest has one request of a call to List fail.
func TestDirectoryListsAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		s, d := NewService(m.b, m.path), NewDirectory(m.a, m.path)
		_, err := s.Register(ctx, at("a", "1"))
		must(t, err)
		var l Listing
		err = m.during(ctx, func(ctx context.Context) error {
			l, err = d.List(ctx)
			return err
		})
		m.settled(t, "list", err)
		if err == nil && listing(l) != "a=1" {
			t.Errorf("lists %q", listing(l))
		}
		must(t, d.Close(ctx))
		must(t, s.Close(ctx))
		m.empty(t)
	})
}

func TestDirectoryThatIsClosed(t *testing.T) {
	inDirectory(t, func(t *testing.T, _ *tree, _ *fake, _ *Service, d *Directory) {
		must(t, d.Close(t.Context()))
		if _, err := d.List(t.Context()); !errors.Is(err, ErrClosed) || !isWithoutEffect(err) {
			t.Errorf("list: %v", err)
		}
		for l, err := range d.Changes(t.Context()) {
			if !errors.Is(err, ErrClosed) {
				t.Errorf("was told of %q, %v", listing(l), err)
			}
		}
	})
}
