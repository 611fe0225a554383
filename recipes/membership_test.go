package recipes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/znodes"
)

// whoIs returns the data of members, sorted.
func whoIs(members []Member) string {
	var said []string
	for _, m := range members {
		said = append(said, string(m.Data))
	}
	slices.Sort(said)
	return strings.Join(said, " ")
}

// shows checks which members a value of the group lists.
func shows(t *testing.T, g *Group, want string) {
	t.Helper()
	members, err := g.Members(t.Context())
	if got := whoIs(members); err != nil || got != want {
		t.Errorf("members %q, %v; want %q", got, err, want)
	}
}

// TestGroupJoinsAtEveryRequest has one request of a call to Join fail, beside another member.
func TestGroupJoinsAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		a, b := NewGroup(m.a, m.path), NewGroup(m.b, m.path)
		must(t, b.Join(ctx, []byte("b")))
		err := m.during(ctx, func(ctx context.Context) error { return a.Join(ctx, []byte("a")) })
		synctest.Wait()
		time.Sleep(fakeTimeout) // for what goes on in the background
		switch {
		case err == nil:
			shows(t, b, "a b")
			must(t, a.Leave(ctx))
		case m.fate != silence && !m.cancels:
			t.Errorf("join: %v", err)
		}
		shows(t, b, "b")
		must(t, a.Close(ctx))
		must(t, b.Close(ctx))
		m.empty(t)
	})
}

// TestGroupLeavesAtEveryRequest has one request of a call to Leave fail.
func TestGroupLeavesAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		a, b := NewGroup(m.a, m.path), NewGroup(m.b, m.path)
		must(t, a.Join(ctx, []byte("a")))
		err := m.during(ctx, a.Leave)
		switch {
		case err == nil:
			shows(t, b, "")
		case m.fate != silence && !m.cancels || isWithoutEffect(err):
			t.Errorf("leave: %v", err)
		}
		must(t, a.Close(ctx))
		shows(t, b, "")
		must(t, b.Close(ctx))
		m.empty(t)
	})
}

// TestGroupListsAtEveryRequest has one request of a call to Members fail.
func TestGroupListsAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		a, b := NewGroup(m.a, m.path), NewGroup(m.b, m.path)
		must(t, b.Join(ctx, []byte("b")))
		var members []Member
		err := m.during(ctx, func(ctx context.Context) (err error) {
			members, err = a.Members(ctx)
			return err
		})
		m.settled(t, "members", err)
		if err == nil && whoIs(members) != "b" {
			t.Errorf("members %q", whoIs(members))
		}
		must(t, a.Close(ctx))
		must(t, b.Close(ctx))
		m.empty(t)
	})
}

// TestGroupKeepsMembersAtEveryRequest expires a member, and makes one of the requests fail
// by which it joins again.
func TestGroupKeepsMembersAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		if m.cancels {
			m.hit = m.nth == 1 // no call waits that could give up
			return
		}
		a, b := NewGroup(m.a, m.path), NewGroup(m.b, m.path)
		must(t, a.Join(ctx, []byte("a")))
		_ = m.during(ctx, func(context.Context) error {
			m.f.expire()
			time.Sleep(2 * fakeTimeout)
			return nil
		})
		time.Sleep(2 * fakeTimeout)
		shows(t, b, "a")
		must(t, a.Leave(ctx))
		shows(t, b, "")
		must(t, a.Close(ctx))
		must(t, b.Close(ctx))
		m.empty(t)
	})
}

// inGroup runs a test with two clients' values of a group.
func inGroup(t *testing.T, test func(t *testing.T, tr *tree, f *fake, a, b *Group)) {
	inPair(t, NewGroup, "/g", test)
}

// inPair runs a test in virtual time with the values of two clients, of which the first has
// the connection f. When both are closed, nothing of them is left.
func inPair[T closer](t *testing.T, make func(*Client, string) T, path string, test func(t *testing.T, tr *tree, f *fake, a, b T)) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		f, s1 := tr.connect(t, fakeTimeout)
		_, s2 := tr.connect(t, fakeTimeout)
		a, b := make(s1, path), make(s2, path)
		test(t, tr, f, a, b)
		must(t, a.Close(t.Context()))
		must(t, b.Close(t.Context()))
		if left := tr.children(path); len(left) > 0 && !strings.HasPrefix(left[0], "foreign") {
			t.Errorf("left behind: %v", left)
		}
	})
}

type closer interface {
	Close(ctx context.Context) error
}

// Members of Curator's PersistentNode and of kazoo's Party have each stayed away after
// their znode was removed.
func TestGroupJoinsAgainWhenItsZnodeIsRemoved(t *testing.T) {
	inGroup(t, func(t *testing.T, tr *tree, _ *fake, a, b *Group) {
		must(t, a.Join(t.Context(), []byte("a")))
		for range 3 {
			tr.mu.Lock()
			must(t, tr.delete("/g/"+tr.paths()[2][len("/g/"):], -1))
			tr.mu.Unlock()
			synctest.Wait()
			time.Sleep(fakeTimeout)
			shows(t, b, "a")
		}
		must(t, a.Leave(t.Context()))
		time.Sleep(2 * fakeTimeout)
		shows(t, b, "")
	})
}

// TestGroupName checks that a member finds itself among the others, under another name once it
// had to join again.
func TestGroupName(t *testing.T) {
	inGroup(t, func(t *testing.T, _ *tree, f *fake, a, b *Group) {
		if name := a.Name(); name != "" {
			t.Errorf("before it joined: %q", name)
		}
		must(t, a.Join(t.Context(), nil))
		var names []string
		for range 2 {
			members, err := b.Members(t.Context())
			must(t, err)
			if len(members) != 1 || members[0].Name != a.Name() {
				t.Errorf("it is %q, of %v", a.Name(), members)
			}
			names = append(names, a.Name())
			f.connected(false)
			f.expire()
			synctest.Wait()
			if name := a.Name(); name != "" {
				t.Errorf("without a session: %q", name)
			}
			f.connected(true)
			time.Sleep(fakeTimeout)
		}
		if names[0] == names[1] || a.Name() == names[1] {
			t.Errorf("it was %v and %s", names, a.Name())
		}
		must(t, a.Leave(t.Context()))
		if name := a.Name(); name != "" {
			t.Errorf("after it left: %q", name)
		}
	})
}

// TestGroupKeepsNoBuffer checks that a member joins again with the data with which it
// first joined.
func TestGroupKeepsNoBuffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, cl := newTree().connect(t, fakeTimeout)
		g, data := NewGroup(cl, "/g"), []byte("good")
		must(t, g.Join(t.Context(), data))
		copy(data, "evil")
		f.expire()
		time.Sleep(fakeTimeout)
		shows(t, g, "good")
		must(t, g.Close(t.Context()))
	})
}

// A session that a deposed leader reports as gone may live on for a while: no client must
// see its znode beside the new one, nor after Leave.
func TestGroupLeavesBehindNothingOfASessionThatLives(t *testing.T) {
	for _, joinsAgain := range []bool{true, false} {
		t.Run(fmt.Sprintf("joins again %v", joinsAgain), func(t *testing.T) {
			inGroup(t, func(t *testing.T, tr *tree, f *fake, a, b *Group) {
				must(t, a.Join(t.Context(), []byte("a")))
				tr.mu.Lock()
				f.sid++
				tr.mu.Unlock()
				if joinsAgain {
					f.events <- zk.Event{Type: zk.EventSession, State: zk.StateExpired}
					time.Sleep(fakeTimeout)
					shows(t, b, "a")
				}
				must(t, a.Leave(t.Context()))
				shows(t, b, "")
			})
		})
	}
}

func TestGroupListsThePresent(t *testing.T) {
	stale(t, func(t *testing.T, _ *tree, s1, s2 *Client, _ *fake, lag func()) {
		a, b := NewGroup(s1, "/g"), NewGroup(s2, "/g")
		lag()
		must(t, a.Join(t.Context(), []byte("a")))
		shows(t, b, "a")
		must(t, a.Close(t.Context()))
		must(t, b.Close(t.Context()))
	})
}

// TestGroupShowsNoMixture makes a member leave, after another one has joined, while the group
// is read.
func TestGroupShowsNoMixture(t *testing.T) {
	inGroup(t, func(t *testing.T, tr *tree, f *fake, a, b *Group) {
		first := NewGroup(clientOver(b.line.Client), "/g")
		must(t, b.Join(t.Context(), []byte("b")))
		must(t, first.Join(t.Context(), []byte("first")))
		for range 2 { // the second time, most members are known
			moved := false
			f.fail(func(op, path string) fault {
				if !moved && op == "get" && strings.Contains(path, kindMember) {
					moved = true
					name := strings.TrimPrefix(path, "/g/")
					// Another member joins, and only then the one leaves that is about to be
					// read.
					_, err := tr.create("/g/"+znodes.NewID()+"-"+kindMember+"-", []byte("second"), zk.FlagEphemeral|zk.FlagSequence, 77)
					must(t, err)
					tr.remove("/g/" + name)
				}
				return fine
			})
			members, err := a.Members(t.Context())
			f.fail(nil)
			if got := whoIs(members); err != nil || !strings.Contains(got, "second") {
				t.Errorf("members %q, %v: they never were all there were", got, err)
			}
			time.Sleep(2 * fakeTimeout) // the removed member joins again
		}
		must(t, first.Close(t.Context()))
		for _, name := range tr.children("/g") {
			if tr.nodes["/g/"+name].stat.EphemeralOwner == 77 {
				must(t, tr.delete("/g/"+name, -1))
			}
		}
	})
}

// whatChanged returns which members joined, which left, and which are there now.
func whatChanged(c Change) string {
	return strings.Join([]string{"+" + whoIs(c.Joined), "-" + whoIs(c.Left), "=" + whoIs(c.Members)}, " ")
}

func TestGroupChanges(t *testing.T) {
	inGroup(t, func(t *testing.T, tr *tree, f *fake, a, b *Group) {
		all := pull(t, b.Changes(t.Context()), whatChanged)
		all.tell("+ - =")
		must(t, a.Join(t.Context(), []byte("a")))
		all.tell("+a - =a")
		other := NewGroup(clientOver(a.line.Client), "/g")
		must(t, other.Join(t.Context(), []byte("c")))
		must(t, a.Leave(t.Context()))
		all.tell("+c -a =c") // as one change
		must(t, a.Join(t.Context(), []byte("gone")))
		must(t, a.Leave(t.Context()))
		must(t, b.Join(t.Context(), []byte("b")))
		all.tell("+b - =b c") // a member that came and went is not reported
		f.expire()
		time.Sleep(fakeTimeout)
		all.tell("+c -c =b c") // it joined again
		must(t, other.Close(t.Context()))
		all.tell("+ -c =b")
	})
}

// TestGroupChangesAtEveryRequest makes one request of the client that follows the group
// fail: the client still sees the changes.
func TestGroupChangesAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		a, b := NewGroup(m.a, m.path), NewGroup(m.b, m.path)
		must(t, b.Join(ctx, []byte("one")))
		moved := time.AfterFunc(3*time.Second, func() {
			m.catchUp()
			must(t, b.Leave(ctx))
			must(t, b.Join(ctx, []byte("two")))
		})
		defer moved.Stop()
		later := time.AfterFunc(6*time.Second, m.catchUp) // in case it lags only now
		defer later.Stop()
		var last string
		err := m.during(ctx, func(ctx context.Context) error {
			for c, err := range a.Changes(ctx) {
				if err != nil {
					return err
				}
				if last = whoIs(c.Members); last == "two" {
					break
				}
			}
			return nil
		})
		m.settled(t, "changes", err)
		if err == nil && last != "two" {
			t.Errorf("told last of %q", last)
		}
		time.Sleep(5 * time.Second)
		must(t, a.Close(ctx))
		must(t, b.Close(ctx))
		m.empty(t)
	})
}

// A new session may be shown the past, but Changes does not go back.
func TestGroupChangesDoNotGoBack(t *testing.T) {
	stale(t, func(t *testing.T, tr *tree, s1, s2 *Client, f2 *fake, lag func()) {
		a, b := NewGroup(s1, "/g"), NewGroup(s2, "/g")
		all := pull(t, b.Changes(t.Context()), whatChanged)
		all.tell("+ - =")
		lag()
		tr.mu.Lock()
		past := f2.behind
		f2.behind = nil
		tr.mu.Unlock()
		must(t, a.Join(t.Context(), []byte("a")))
		all.tell("+a - =a")
		tr.mu.Lock()
		f2.renew()
		f2.behind = past
		tr.mu.Unlock()
		f2.events <- zk.Event{Type: zk.EventSession, State: zk.StateExpired}
		other := NewGroup(s1, "/g")
		must(t, other.Join(t.Context(), []byte("c")))
		all.tell("+c - =a c")
		must(t, a.Close(t.Context()))
		must(t, other.Close(t.Context()))
		must(t, b.Close(t.Context()))
	})
}

func TestGroupIgnoresForeignChildren(t *testing.T) {
	inGroup(t, func(t *testing.T, tr *tree, _ *fake, a, b *Group) {
		must(t, a.Join(t.Context(), []byte("a")))
		tr.mu.Lock()
		for _, path := range []string{"/g/foreign", "/g/" + someID + "-" + kindMember + "-0000000007"} {
			_, err := tr.create(path, []byte("x"), 0, 0)
			must(t, err)
		}
		tr.mu.Unlock()
		for range 2 {
			shows(t, b, "a")
		}
		tr.mu.Lock()
		tr.remove("/g/" + someID + "-" + kindMember + "-0000000007")
		tr.mu.Unlock()
	})
}

func TestGroupRefuses(t *testing.T) {
	inGroup(t, func(t *testing.T, tr *tree, f *fake, a, b *Group) {
		refused := refusing(t)
		ctx := t.Context()
		refused(a.Leave(ctx), ErrNotJoined)
		refused(a.Join(ctx, make([]byte, MaxItem+1)), ErrTooLarge)
		must(t, a.Join(ctx, nil))
		refused(a.Join(ctx, nil), ErrJoined)
		must(t, a.Leave(ctx))
		refused(a.Leave(ctx), ErrNotJoined)
		must(t, a.Join(ctx, []byte("again")))
		shows(t, b, "again")
		must(t, a.Close(ctx))
		refused(a.Join(ctx, nil), ErrClosed)
		for _, err := range a.Changes(ctx) {
			refused(err, ErrClosed)
		}
		_, err := a.Members(ctx)
		refused(err, ErrClosed)
	})
}

// A Join that Close cuts short leaves no member behind.
func TestGroupClosesWhileItJoins(t *testing.T) {
	for nth := 1; nth <= 6; nth++ {
		t.Run(fmt.Sprint(nth), func(t *testing.T) {
			inGroup(t, func(t *testing.T, tr *tree, f *fake, a, b *Group) {
				sent := 0
				closed := make(chan error, 1)
				f.fail(func(string, string) fault {
					if sent++; sent == nth {
						go func() { closed <- a.Close(t.Context()) }()
					}
					return fine
				})
				if err := a.Join(t.Context(), []byte("a")); err != nil && !errors.Is(err, ErrClosed) {
					t.Errorf("join: %v", err)
				}
				f.fail(nil)
				if sent >= nth {
					must(t, <-closed)
				}
				must(t, a.Close(t.Context()))
				shows(t, b, "")
			})
		})
	}
}
