package recipes

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// heldObject is something that is taken and given back.
type heldObject struct {
	take, give, close func(context.Context) error
}

var heldObjects = map[string]struct {
	make func(cl *Client) heldObject
	// alone is the cost of taking and giving back. turn is how many requests all clients together
	// send, at most, when one of them gives back and the next one takes.
	alone, turn int64
}{
	"lock": {func(cl *Client) heldObject {
		l := NewLock(cl, "/x")
		return heldObject{l.Lock, l.Unlock, l.Close}
	}, 4, 4},
	"multi-lock of two": {func(cl *Client) heldObject {
		l := NewMultiLock(cl, "/x", "/y")
		return heldObject{l.Lock, l.Unlock, l.Close}
	}, 6, 10},
	"write lock": {func(cl *Client) heldObject {
		l := NewRWLock(cl, "/x")
		return heldObject{l.Lock, l.Unlock, l.Close}
	}, 4, 4},
	"semaphore": {func(cl *Client) heldObject {
		l := NewSemaphore(cl, "/x", 1)
		return heldObject{l.Acquire, l.Release, l.Close}
	}, 5, 4},
	"election": {func(cl *Client) heldObject {
		e := NewElection(cl, "/x", "a")
		return heldObject{e.Campaign, e.Resign, e.Close}
	}, 4, 4},
}

// TestCostsDoNotGrow counts the requests of a client that takes and gives back alone, and those
// of all clients when one of many gives back: with fifty clients there are as many as with three.
func TestCostsDoNotGrow(t *testing.T) {
	for name, o := range heldObjects {
		t.Run(name, func(t *testing.T) {
			if n := requestsAlone(t, o.make); n != o.alone {
				t.Errorf("%d requests of one that is alone, not %d", n, o.alone)
			}
			for _, clients := range []int{3, 50} {
				if n := requestsOfATurn(t, clients, o.make); n > o.turn {
					t.Errorf("%d requests of %d clients for one turn, not %d at most", n, clients, o.turn)
				}
			}
		})
	}
}

func requestsAlone(t *testing.T, make func(*Client) heldObject) (n int64) {
	synctest.Test(t, func(t *testing.T) {
		_, cl := newTree().connect(t, fakeTimeout)
		x := make(cl)
		for range 2 { // the second time, its path exists
			synctest.Wait() // for what was begun in the background
			before := cl.Stats().Requests
			must(t, x.take(t.Context()))
			must(t, x.give(t.Context()))
			synctest.Wait()
			n = cl.Stats().Requests - before
		}
		must(t, x.close(t.Context()))
	})
	return n
}

func requestsOfATurn(t *testing.T, clients int, make func(*Client) heldObject) (n int64) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		var sessions []*Client
		var objects []heldObject
		var got sync.WaitGroup
		for range clients {
			_, cl := tr.connect(t, fakeTimeout)
			x := make(cl)
			sessions, objects = append(sessions, cl), append(objects, x)
			got.Go(func() { must(t, x.take(t.Context())) })
			synctest.Wait()
		}
		sent := func() (all int64) {
			for _, cl := range sessions {
				all += cl.Stats().Requests
			}
			return all
		}
		before := sent()
		must(t, objects[0].give(t.Context()))
		synctest.Wait()
		time.Sleep(time.Millisecond)
		n = sent() - before
		for i, x := range objects {
			if i > 0 {
				must(t, x.give(t.Context()))
				synctest.Wait()
			}
			must(t, x.close(t.Context()))
		}
		got.Wait()
	})
	return n
}
