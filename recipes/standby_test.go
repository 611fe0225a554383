package recipes

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/recipes/internal/contend"
)

// waited is something for which clients wait at a queue: an item, or room for one.
type waited struct {
	wait  func(context.Context) error
	give  func(context.Context) error // gives something for which one of them waits
	close func(context.Context) error
	*contend.Standby
}

// waitedFor has all recipes with a standby, except the job queue, which has tests of
// its own.
var waitedFor = map[string]func(cl *Client, path string) waited{
	"queue": func(cl *Client, path string) waited {
		q := NewQueue(cl, path)
		return waited{received(q.Take), func(ctx context.Context) error { return q.Put(ctx, nil) }, q.Close, q.takers}
	},
	"long queue": func(cl *Client, path string) waited {
		q := NewLongQueueOf(cl, path, 3)
		return waited{received(q.Take), func(ctx context.Context) error { return q.Put(ctx, nil) }, q.Close, q.takers}
	},
	"strict priority queue": func(cl *Client, path string) waited {
		q := NewPriorityQueue(cl, path)
		return waited{received(q.Take), func(ctx context.Context) error { return q.Put(ctx, 1, nil) }, q.Close, q.takers}
	},
	"relaxed delay queue": func(cl *Client, path string) waited {
		q := NewRelaxedDelayQueue(cl, path)
		return waited{received(q.Take), func(ctx context.Context) error { return q.Put(ctx, time.Now(), nil) }, q.Close, q.takers}
	},
	"bounded queue": func(cl *Client, path string) waited {
		q := NewBoundedQueue(cl, path, 1)
		return waited{received(q.Take), func(ctx context.Context) error { return q.Put(ctx, nil) }, q.Close, q.takers}
	},
	"room in a bounded queue": func(cl *Client, path string) waited {
		q := NewBoundedQueue(cl, path, 1)
		return waited{func(ctx context.Context) error { return q.Put(ctx, nil) }, received(q.Take), q.Close, q.putters}
	},
}

func received(take func(context.Context) ([]byte, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := take(ctx)
		return err
	}
}

// occupied makes sure that there is nothing to get: a bounded queue has no room.
func (w waited) occupied(t *testing.T, name string) {
	if name == "room in a bounded queue" {
		must(t, w.wait(t.Context()))
	}
}

// TestFewAreWoken lets many clients wait, which wait again as soon as they got something. It
// checks that the first turn wakes all of them, and each later turn only a few, however many
// they are.
func TestFewAreWoken(t *testing.T) {
	for name, make := range waitedFor {
		t.Run(name, func(t *testing.T) {
			most, mean := map[int]int{}, map[int]float64{}
			for _, clients := range []int{20, 100} {
				synctest.Test(t, func(t *testing.T) { most[clients], mean[clients] = requestsOfTurns(t, name, make, clients) })
			}
			t.Logf("requests for a turn by the number of those who wait: %v, at most %v", mean, most)
			if most[100] >= 100 || mean[100] > 35 || mean[100] > 3*mean[20] {
				t.Error("too many, or more for more who wait")
			}
		})
	}
}

// requestsOfTurns returns how many requests all clients together send for a turn, without the
// first one.
func requestsOfTurns(t *testing.T, name string, make func(*Client, string) waited, clients int) (most int, mean float64) {
	tr := newTree()
	sent := 0
	f, cl := tr.connect(t, fakeTimeout)
	giver := make(cl, "/x")
	giver.occupied(t, name)
	count := func(string, string) fault { sent++; return fine }
	f.fail(count)
	ctx, cancel := context.WithCancel(t.Context())
	served := errorsOf(clients)
	for range clients {
		f, cl := tr.connect(t, fakeTimeout)
		f.fail(count)
		w := make(cl, "/x")
		go func() {
			defer func() { served <- nil }()
			for ctx.Err() == nil {
				if err := w.wait(ctx); err == nil {
					served <- nil
				} else if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}
			must(t, w.close(t.Context()))
			must(t, cl.Close(t.Context()))
		}()
		synctest.Wait()
	}
	turns := 3 * clients
	first := 0
	for turn := range turns {
		before := sent
		must(t, giver.give(t.Context()))
		<-served
		synctest.Wait()
		if turn == 0 {
			first = sent
		} else {
			most = max(most, sent-before)
		}
	}
	mean = math.Round(10*float64(sent-first)/float64(turns-1)) / 10
	cancel()
	for range clients {
		<-served
	}
	must(t, giver.close(t.Context()))
	must(t, cl.Close(t.Context()))
	return most, mean
}

// errorsOf makes a channel for n errors, for functions in which make is something else.
func errorsOf(n int) chan error { return make(chan error, n) }

// TestWhoLinesUpSurvivesEveryFate checks that whatever becomes of a request of a call that
// lines up, the call gets what it waits for, or the one behind it does, and that it leaves
// nothing in the line.
func TestWhoLinesUpSurvivesEveryFate(t *testing.T) {
	for name, make := range waitedFor {
		t.Run(name, func(t *testing.T) {
			everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
				a, b := make(m.a, m.path), make(m.b, m.path)
				a.All, b.All = true, true
				b.occupied(t, name)
				given := errorsOf(1)
				go func() {
					time.Sleep(fakeTimeout / 2)
					given <- b.give(ctx)
				}()
				err := m.during(ctx, a.wait)
				if err != nil && m.fate != silence && m.fate != lostReplyBehind && !m.cancels && (!m.expires() || !errors.Is(err, ErrUnknown)) {
					t.Errorf("waited: %v", err)
				}
				must(t, <-given)
				m.catchUp()
				behind(ctx, t, b, err)
				must(t, a.close(t.Context()))
				must(t, b.close(t.Context()))
				if left := m.tr.children(b.Line.Folder); len(left) > 0 {
					t.Errorf("left in the line: %v", left)
				}
			})
		})
	}
}

// behind makes b wait for what was given, or for what is given now if a has that.
func behind(ctx context.Context, t *testing.T, b waited, a error) {
	done := make(chan error, 1)
	go func() { done <- b.wait(ctx) }()
	time.Sleep(fakeTimeout)
	synctest.Wait()
	select {
	case err := <-done:
		if a == nil {
			t.Error("one was given, and two got it")
		}
		must(t, err)
		return
	default:
		if a != nil && isWithoutEffect(a) {
			t.Error("who waits does not get what was given")
		}
	}
	must(t, b.give(ctx))
	must(t, <-done)
}

// TestWhoIsBeatenLinesUp checks that a client that waits alone takes no place in a line,
// that one that was woken in vain does, and that it no longer does once it was served.
func TestWhoIsBeatenLinesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		var ends []func()
		wait := func(w waited) <-chan error {
			done := errorsOf(1)
			go func() { done <- w.wait(t.Context()) }()
			synctest.Wait()
			return done
		}
		come := func() waited {
			_, cl := tr.connect(t, fakeTimeout)
			w := waitedFor["queue"](cl, "/x")
			ends = append(ends, func() { must(t, w.close(t.Context())); must(t, cl.Close(t.Context())) })
			return w
		}
		inLine := func(when string, want int) {
			t.Helper()
			if n := len(tr.children("/x/" + kindTaking + "/queue")); n != want {
				t.Errorf("%s: %d in the line, not %d", when, n, want)
			}
		}
		giver, one, other := come(), come(), come()
		give := func() {
			must(t, giver.give(t.Context()))
			synctest.Wait()
		}
		first := wait(one)
		inLine("alone", 0)
		give()
		must(t, <-first)
		first, second := wait(one), wait(other)
		inLine("two wait", 0)
		give()
		inLine("one was beaten", 1)
		give()
		must(t, <-first)
		must(t, <-second)
		synctest.Wait()
		inLine("both were served", 0)
		first = wait(other)
		inLine("alone again", 0)
		give()
		must(t, <-first)
		for _, end := range ends {
			end()
		}
	})
}

// TestOthersDoNotWatchForThem checks that clients that wait for items of one kind of queue,
// or for the room of a smaller capacity, are not ahead of those on the same path that wait
// for something else.
func TestOthersDoNotWatchForThem(t *testing.T) {
	queue := waitedFor["queue"]
	room := func(capacity int) func(*Client, string) waited {
		return func(cl *Client, path string) waited {
			q := NewBoundedQueue(cl, path, capacity)
			return waited{func(ctx context.Context) error { return q.Put(ctx, nil) }, received(q.Take), q.Close, q.putters}
		}
	}
	for name, c := range map[string]struct {
		inTheWay, waits func(*Client, string) waited
		before          int // how many clients have what is waited for
	}{
		"consumers of another queue":      {queue, waitedFor["strict priority queue"], 0},
		"consumers of a delay queue":      {waitedFor["relaxed delay queue"], queue, 0},
		"consumers of a long queue":       {waitedFor["long queue"], queue, 0},
		"consumers of a bounded queue":    {waitedFor["bounded queue"], queue, 0},
		"producers of a smaller capacity": {room(1), room(2), 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := newTree()
				var sessions []*Client
				come := func(make func(*Client, string) waited) waited {
					_, cl := tr.connect(t, fakeTimeout)
					sessions = append(sessions, cl)
					w := make(cl, "/x")
					w.All = true
					return w
				}
				begin := func(w waited) <-chan error {
					done := errorsOf(1)
					go func() { done <- w.wait(t.Context()) }()
					synctest.Wait()
					return done
				}
				giver := come(c.waits)
				for range c.before {
					must(t, giver.wait(t.Context()))
				}
				for range contend.Waiters {
					begin(come(c.inTheWay))
				}
				got := begin(come(c.waits))
				must(t, giver.give(t.Context()))
				synctest.Wait()
				select {
				case err := <-got:
					must(t, err)
				default:
					t.Error("who can use it does not get it")
				}
				for _, cl := range sessions {
					must(t, cl.Close(t.Context()))
				}
			})
		})
	}
}
