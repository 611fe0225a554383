package recipes

import (
	"maps"
	"path"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/client"
)

// waiting is a lock that the first client holds, and for which the others wait in order.
type waiting struct {
	tree  *tree
	fakes []*fake
	locks []*Lock
	got   []chan error
	sent  []map[string]int // by client: its requests since the last look
}

func newWaiting(t *testing.T, clients int) *waiting {
	w := &waiting{tree: newTree()}
	for range clients {
		f, cl := w.tree.connect(t, fakeTimeout)
		l, got, sent := NewLock(cl, "/x"), make(chan error, 1), map[string]int{}
		w.fakes, w.locks, w.got, w.sent = append(w.fakes, f), append(w.locks, l), append(w.got, got), append(w.sent, sent)
		f.fail(func(op, _ string) fault { sent[op]++; return fine })
		go func() { got <- l.Lock(t.Context()) }()
		synctest.Wait()
	}
	must(t, <-w.got[0])
	return w
}

// pass makes a holder give back the lock, and returns the requests that each client has
// sent because of it.
func (w *waiting) pass(t *testing.T, holder int) []map[string]int {
	t.Helper()
	for _, sent := range w.sent {
		clear(sent)
	}
	must(t, w.locks[holder].Unlock(t.Context()))
	synctest.Wait()
	w.tree.mu.Lock()
	defer w.tree.mu.Unlock()
	var all []map[string]int
	for _, sent := range w.sent {
		all = append(all, maps.Clone(sent))
	}
	return all
}

// granted returns the clients that have the lock now, or got it since the last look.
func (w *waiting) granted() (all []int) {
	for i, got := range w.got {
		if len(got) > 0 {
			all = append(all, i)
		}
	}
	return all
}

// end gives the lock back wherever it is held, until no client waits any more.
func (w *waiting) end(t *testing.T, first int) {
	t.Helper()
	for range w.locks[first:] {
		synctest.Wait()
		for i, got := range w.got {
			if len(got) > 0 {
				must(t, <-got)
				must(t, w.locks[i].Unlock(t.Context()))
				break
			}
		}
	}
	if left := w.tree.children("/x"); len(left) > 0 || len(w.granted()) > 0 {
		t.Errorf("left are %v, and granted %v", left, w.granted())
	}
	for i, l := range w.locks {
		if left := l.x.Client.Deletions.Pending(); left > 0 {
			t.Errorf("%d is still to be told of %d paths", i, left)
		}
	}
}

// znode returns the znode of a client.
func (w *waiting) znode(i int) string {
	for _, name := range w.tree.children("/x") {
		if w.tree.nodes[path.Join("/x", name)].stat.EphemeralOwner == w.fakes[i].sid {
			return path.Join("/x", name)
		}
	}
	return ""
}

// TestNextNeedNotLook checks that the next contender has the lock without another request when
// the one before it gives it back, and that the contender that then becomes next looks at that
// moment.
func TestNextNeedNotLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWaiting(t, 5)
		for i := range 3 {
			sent := w.pass(t, i)
			if len(sent[i+1]) > 0 || sent[i+2]["children"] != 1 || sent[i+2]["getW"] != 1 || len(sent[i+2]) != 2 {
				t.Errorf("when %d gave back the next one sent %v, the one behind %v", i, sent[i+1], sent[i+2])
			}
			must(t, <-w.got[i+1])
		}
		must(t, w.locks[3].Unlock(t.Context()))
		w.end(t, 4)
	})
}

// missed cuts a client off while others delete what it watches, and tells it afterwards.
func (f *fake) missed(t *testing.T, do func(), tell ...string) {
	t.Helper()
	f.tree.mu.Lock()
	watched := f.watches
	f.watches, f.state = map[string][]chan zk.Event{}, zk.StateDisconnected
	f.tell(zk.Event{Type: zk.EventSession, State: zk.StateDisconnected})
	do()
	f.state = zk.StateHasSession
	f.tell(zk.Event{Type: zk.EventSession, State: zk.StateHasSession})
	for _, path := range tell[:1] {
		f.tellDeleted(watched, path)
	}
	f.tree.mu.Unlock()
	synctest.Wait()
	time.Sleep(time.Second)
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	for _, path := range tell[1:] {
		f.tellDeleted(watched, path)
	}
	maps.Copy(f.watches, watched)
}

func (f *fake) tellDeleted(watched map[string][]chan zk.Event, path string) {
	e := zk.Event{Type: zk.EventNodeDeleted, State: zk.StateHasSession, Path: path}
	f.tell(e)
	for _, ch := range watched["data "+path] {
		ch <- e
		close(ch)
	}
	delete(watched, "data "+path)
}

// TestNextIsToldInAnotherOrder checks that what happened while a client was cut off may be told in
// any order: if another client removed its own znode, and then the contender before it, it must not
// take the lock when it hears of the latter first.
func TestNextIsToldInAnotherOrder(t *testing.T) {
	for range 100 { // it is a race whether the session is known to have been interrupted
		synctest.Test(t, func(t *testing.T) {
			w := newWaiting(t, 4)
			w.pass(t, 0)
			must(t, <-w.got[1])
			holder, own := w.znode(1), w.znode(2)
			w.fakes[2].missed(t, func() {
				must(t, w.tree.delete(own, -1))
				must(t, w.tree.delete(holder, -1))
			}, holder, own)
			if got := w.granted(); len(got) != 1 || got[0] != 3 {
				t.Fatalf("%v have the lock, not 3", got)
			}
			_ = w.locks[1].Unlock(t.Context()) // its hold is lost
			w.end(t, 2)
		})
	}
}

// TestNextLooksWhereEventsWereLost covers the loss of events: go-zookeeper drops those that are not
// read in time, including those that report a lost connection.
func TestNextLooksWhereEventsWereLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWaiting(t, 4)
		w.pass(t, 0)
		must(t, <-w.got[1])
		f := w.fakes[2]
		f.tree.mu.Lock() // no event is read meanwhile
		for range cap(f.events) + 2 {
			f.tell(zk.Event{Type: zk.EventNodeChildrenChanged, Path: "/elsewhere"})
		}
		f.tree.mu.Unlock()
		synctest.Wait()
		if sent := w.sent[2]["children"]; sent != 1+1 { // once to become next, and now again
			t.Errorf("it looked %d times", sent)
		}
		must(t, w.locks[1].Unlock(t.Context()))
		w.end(t, 2)
	})
}

// TestNextLooksWithoutEvents checks that a client that is told of no events, or only of those of
// the session, looks, and waits only once for events that do not come.
func TestNextLooksWithoutEvents(t *testing.T) {
	for _, test := range []struct {
		name   string
		events func() chan zk.Event
		took   []time.Duration // by turn
	}{
		{"none", func() chan zk.Event { return nil }, []time.Duration{0, 0}},
		{"of the session alone", func() chan zk.Event { return make(chan zk.Event) }, []time.Duration{client.ToldWithin, 0}},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWaiting(t, 1)
			f, looks := w.deaf(), 0
			f.fail(func(op, _ string) fault {
				if op == "children" {
					looks++
				}
				return fine
			})
			cl := clientOf(f, test.events(), fakeTimeout)
			l := NewLock(cl, "/x")
			for i, want := range test.took {
				got := make(chan error, 1)
				go func() { got <- l.Lock(t.Context()) }()
				synctest.Wait()
				began := time.Now()
				must(t, w.locks[0].Unlock(t.Context()))
				must(t, <-got)
				if took := time.Since(began).Truncate(time.Millisecond); took != want || looks != 2*(i+1) {
					t.Errorf("%s: after %v, with %d looks; want %v and %d", test.name, took, looks, want, 2*(i+1))
				}
				must(t, l.Unlock(t.Context()))
				must(t, w.locks[0].Lock(t.Context()))
			}
			must(t, cl.Close(t.Context()))
			must(t, w.locks[0].Unlock(t.Context()))
		})
	}
}

// deaf returns a connection without events.
func (w *waiting) deaf() *fake {
	w.tree.mu.Lock()
	defer w.tree.mu.Unlock()
	f := &fake{tree: w.tree, state: zk.StateHasSession, watches: map[string][]chan zk.Event{}, sid: 77 << 8}
	w.tree.fakes = append(w.tree.fakes, f)
	return f
}
