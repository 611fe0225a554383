package recipes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// ranking is a queue of any kind, as the tests here use it.
type ranking struct {
	put      func(ctx context.Context, priority int32, item []byte) error
	take     func(context.Context) ([]byte, error)
	try      func(context.Context) ([]byte, error)
	peek     func(context.Context) ([]byte, error)
	count    func(context.Context) (int, error)
	close    func(context.Context) error
	priority func(int32) int32 // the priority as the queue returns it
}

func ranked(q *PriorityQueue) ranking {
	return ranking{q.Put, q.Take, q.TryTake, q.Peek, q.Len, q.Close, func(p int32) int32 { return p }}
}

var rankings = map[string]func(*Client) ranking{
	"strict":  func(cl *Client) ranking { return ranked(NewPriorityQueue(cl, "/queue")) },
	"relaxed": func(cl *Client) ranking { return ranked(NewRelaxedPriorityQueue(cl, "/queue")) },
	"fifo": func(cl *Client) ranking {
		q := NewQueue(cl, "/queue")
		put := func(ctx context.Context, _ int32, item []byte) error { return q.Put(ctx, item) }
		return ranking{put, q.Take, q.TryTake, q.Peek, q.Len, q.Close, func(int32) int32 { return 0 }}
	},
}

// account records the outcome of the calls on a queue, one after the other.
type account struct {
	t    *testing.T
	in   []string // items that are certainly in it, the first to come out first
	perh []string // items that are perhaps in it
	lost int      // takes of unknown outcome
	all  map[string]int32
	out  map[string]bool
}

func (a *account) put(q ranking, priority int32, item string) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), 2*time.Second)
	defer cancel()
	a.all[item] = q.priority(priority)
	switch err := q.put(ctx, priority, []byte(item)); {
	case err == nil:
		a.in = append(a.in, item)
		slices.SortStableFunc(a.in, func(x, y string) int { return cmp.Compare(a.all[x], a.all[y]) })
	case !wasWithoutEffect(err):
		a.perh = append(a.perh, item)
	}
}

// take takes an item in one of the two ways, and reports whether there may be another.
func (a *account) take(f func(context.Context) ([]byte, error)) bool {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), 2*time.Second)
	defer cancel()
	got, err := f(ctx)
	item := string(got)
	switch {
	case errors.Is(err, ErrEmpty):
		if len(a.in) > a.lost {
			a.t.Errorf("empty, though %v are in it and %d may have been taken", a.in, a.lost)
		}
		return false
	case err != nil && !wasWithoutEffect(err):
		a.lost++
		return true
	case err != nil:
		return true
	case a.out[item]:
		a.t.Errorf("%s came out twice", item)
	case slices.Contains(a.perh, item):
	case !slices.Contains(a.in, item):
		a.t.Errorf("%s came out", item)
	case a.lost == 0 && a.in[0] != item:
		a.t.Errorf("took %s of %v", item, a.in)
	}
	a.out[item] = true
	a.in = slices.DeleteFunc(a.in, func(s string) bool { return s == item })
	return true
}

func wasWithoutEffect(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.NoEffect()
}

// useQueue makes two clients put and take in turn. The first one's requests meet faults.
func useQueue(t *testing.T, tr *tree, make func(*Client) ranking, faults func(op, path string) fault) {
	f, s1 := tr.connect(t, fakeTimeout)
	_, s2 := tr.connect(t, fakeTimeout)
	q1, q2 := make(s1), make(s2)
	f.fail(faults)
	a := &account{t: t, all: map[string]int32{}, out: map[string]bool{}}
	a.put(q1, 2, "two")
	a.put(q2, 1, "one")
	a.put(q1, 10, "ten")
	a.put(q1, 9, "nine")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // in case no server answers
	_, _ = q1.peek(ctx)
	_, _ = q1.count(ctx)
	cancel()
	a.take(q1.take)
	a.put(q2, -3, "best")
	a.take(q1.try)
	a.put(q1, 9, "nine again")
	a.take(q1.take)
	f.fail(nil)
	closeSpoken(f)
	must(t, q1.close(t.Context()))
	for a.take(q2.try) {
	}
	must(t, q2.close(t.Context()))
	if len(a.in) > a.lost {
		t.Errorf("lost: %v, with %d takes of which nobody knows", a.in, a.lost)
	}
	if left := tr.children("/queue/marks"); len(left) > 0 {
		t.Errorf("marks left: %v", left)
	}
}

func closeSpoken(f *fake) {
	if !await.Closed(f.spoken) {
		close(f.spoken)
	}
}

// Whatever becomes of one request of a client, no item is lost, none comes out twice,
// and the best item comes out first.
func TestQueuesSurviveEveryFateOfARequest(t *testing.T) {
	for name, make := range rankings {
		t.Run(name, func(t *testing.T) {
			requests := 0
			synctest.Test(t, func(t *testing.T) {
				useQueue(t, newTree(), make, func(string, string) fault { requests++; return fine })
			})
			if requests < 20 {
				t.Fatalf("only %d requests", requests)
			}
			for n := 1; n <= requests; n++ {
				for kind := lostRequest; kind <= lostReplyBehind; kind++ {
					t.Run(fmt.Sprintf("request %d, fate %d", n, kind), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) { useQueue(t, newTree(), make, nth(n, "", "", kind)) })
					})
				}
			}
		})
	}
}

// Numbers are compared as numbers, and items of other queues are left alone.
func TestPriorityQueueOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		_, cl := tr.connect(t, fakeTimeout)
		q, fifo := NewPriorityQueue(cl, "/queue"), NewQueue(cl, "/queue")
		must(t, fifo.Put(t.Context(), []byte("fifo")))
		for _, p := range []int32{10, 9, -1, 100, -10, 9, 1<<31 - 1, -1 << 31, 0} {
			must(t, q.Put(t.Context(), p, fmt.Append(nil, p)))
		}
		if n, err := q.Len(t.Context()); err != nil || n != 9 {
			t.Errorf("%d items, %v", n, err)
		}
		var got []string
		for {
			peeked, _ := q.Peek(t.Context())
			item, err := q.TryTake(t.Context())
			if errors.Is(err, ErrEmpty) {
				break
			}
			must(t, err)
			if string(peeked) != string(item) {
				t.Errorf("peeked at %s, took %s", peeked, item)
			}
			got = append(got, string(item))
		}
		if want := "-2147483648 -10 -1 0 9 9 10 100 2147483647"; strings.Join(got, " ") != want {
			t.Errorf("order: %v", got)
		}
		if _, err := q.Peek(t.Context()); !errors.Is(err, ErrEmpty) || !wasWithoutEffect(err) {
			t.Errorf("peek into an empty queue: %v", err)
		}
		if n, err := fifo.Len(t.Context()); err != nil || n != 1 {
			t.Errorf("the other queue has %d items, %v", n, err)
		}
		must(t, q.Close(t.Context()))
		must(t, fifo.Close(t.Context()))
	})
}

// takesPast returns what a client takes whose list was read before something better
// came, and whose first item another client takes meanwhile.
func takesPast(t *testing.T, make func(*Client, string) *PriorityQueue) (got string) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		_, s1 := tr.connect(t, fakeTimeout)
		f2, s2 := tr.connect(t, fakeTimeout)
		q1, q2 := NewPriorityQueue(s1, "/queue"), make(s2, "/queue")
		must(t, q1.Put(t.Context(), 1, []byte("1")))
		must(t, q1.Put(t.Context(), 3, []byte("3")))
		met := false
		f2.fail(func(op, path string) fault {
			if op == "get" && strings.Contains(path, "-item-1-") && !met {
				met = true
				tr.remove(path)
				_, _ = tr.create("/queue/"+someID+"-item-2-", []byte("2"), 2, 0)
			}
			return fine
		})
		item, err := q2.Take(t.Context())
		must(t, err)
		got = string(item)
		must(t, q1.Close(t.Context()))
		must(t, q2.Close(t.Context()))
	})
	return got
}

func TestStrictTakeReadsAgain(t *testing.T) {
	if got := takesPast(t, NewPriorityQueue); got != "2" {
		t.Errorf("strict took %s", got)
	}
	if got := takesPast(t, NewRelaxedPriorityQueue); got != "3" {
		t.Errorf("relaxed took %s", got)
	}
}

func TestStaleViewOfAPriorityQueue(t *testing.T) {
	stale(t, func(t *testing.T, _ *tree, s1, s2 *Client, _ *fake, lag func()) {
		q1, strict, relaxed := NewPriorityQueue(s1, "/queue"), NewPriorityQueue(s2, "/queue"), NewRelaxedPriorityQueue(s2, "/queue")
		for _, want := range []struct {
			q    *PriorityQueue
			item string
		}{{strict, "1"}, {relaxed, "2"}} {
			must(t, q1.Put(t.Context(), 2, []byte("2")))
			lag()
			must(t, q1.Put(t.Context(), 1, []byte("1")))
			got, err := want.q.Take(t.Context())
			must(t, err)
			if string(got) != want.item {
				t.Errorf("took %s, want %s", got, want.item)
			}
			for { // the rest
				if _, err := strict.TryTake(t.Context()); errors.Is(err, ErrEmpty) {
					break
				}
			}
		}
		must(t, q1.Close(t.Context()))
		must(t, strict.Close(t.Context()))
		must(t, relaxed.Close(t.Context()))
	})
}

// A queue that is full says so, and goes on when it no longer is.
func TestFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		_, cl := tr.connect(t, fakeTimeout)
		q := NewPriorityQueue(cl, "/queue")
		const most = 200
		q.room.most = most
		put := func() (n int) {
			for {
				err := q.Put(t.Context(), 1, nil)
				if errors.Is(err, ErrFull) && wasWithoutEffect(err) {
					return n
				}
				must(t, err)
				n++
			}
		}
		if n := put(); n != most-1 { // the folder of marks also counts
			t.Errorf("%d items went in", n)
		}
		for range 3 {
			_, err := q.Take(t.Context())
			must(t, err)
		}
		if n := put(); n != 3 {
			t.Errorf("%d items more went in", n)
		}
		must(t, q.Close(t.Context()))
	})
}

func TestLongestNamesFit(t *testing.T) {
	name := someID + "-" + kindItem + "-" + znodes.RankText(-1<<31) + "-" + "2147483647"
	if size := MaxItems * (4 + len(name)); size > 1<<20-1<<10-64*1000 {
		t.Errorf("a list of the longest names takes %d bytes", size)
	}
}
