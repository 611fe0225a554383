package recipes

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// crowd holds the recipe values of several clients, each with its own connection, at
// one path.
type crowd[T crowded] struct {
	t     *testing.T
	tr    *tree
	path  string
	make  func(cl *Client, path string) T
	fakes []*fake
	all   []T
	got   []chan error // the results of lining up
}

type crowded interface {
	Lost() <-chan struct{}
	Close(ctx context.Context) error
}

func newCrowd[T crowded](t *testing.T, clients int, make func(cl *Client, path string) T) *crowd[T] {
	c := &crowd[T]{t: t, tr: newTree(), path: "/crowd", make: make}
	for range clients {
		c.come()
	}
	return c
}

// come adds one more client.
func (c *crowd[T]) come() (*fake, T) {
	f, cl := c.tr.connect(c.t, fakeTimeout)
	v := c.make(cl, c.path)
	c.fakes, c.all, c.got = append(c.fakes, f), append(c.all, v), append(c.got, make(chan error, 1))
	return f, v
}

// lineUp makes one client after the other begin to take the hold.
func (c *crowd[T]) lineUp(take func(i int, v T) error) {
	for i, v := range c.all {
		go func() { c.got[i] <- take(i, v) }()
		synctest.Wait()
	}
}

// have checks which clients have a hold.
func (c *crowd[T]) have(when string, want ...int) {
	c.t.Helper()
	c.are("have a hold", when, func(v T) bool { return !await.Closed(v.Lost()) }, want)
}

// are checks for which clients something is true.
func (c *crowd[T]) are(what, when string, is func(v T) bool, want []int) {
	c.t.Helper()
	synctest.Wait()
	var got []int
	for i, v := range c.all {
		if is(v) {
			got = append(got, i)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		c.t.Errorf("%s: %v %s, not %v", when, got, what, want)
	}
}

// removeAll removes everything below the path, and the path itself.
func (c *crowd[T]) removeAll() {
	c.tr.mu.Lock()
	defer c.tr.mu.Unlock()
	list, _ := c.tr.list(c.path)
	for _, name := range list.Names {
		c.tr.remove(znodes.Join(c.path, name))
	}
	c.tr.remove(c.path)
}

func (c *crowd[T]) close() {
	for _, v := range c.all {
		must(c.t, v.Close(c.t.Context()))
	}
	if left := c.tr.children(c.path); len(left) > 0 {
		c.t.Errorf("left behind: %v", left)
	}
}

// contention is a set of clients that take something at the same time, again and again, while
// their requests get lost.
type contention struct {
	fakes []*fake
	turns int // of each client

	// turn takes something and gives it back. rng belongs to the client.
	turn func(ctx context.Context, client int, rng *rand.Rand) error
}

// run checks that no turn fails, except by a loss or by giving up: one turn of four has
// little time.
func (c contention) run(t *testing.T) {
	var wg sync.WaitGroup
	for i, f := range c.fakes {
		fates, own := rand.New(rand.NewPCG(1, uint64(i))), rand.New(rand.NewPCG(2, uint64(i)))
		f.fail(func(string, string) fault { return f.astray(fates) })
		wg.Go(func() {
			for range c.turns {
				patience := time.Minute
				if own.IntN(4) == 0 {
					patience = 5 * time.Millisecond
				}
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				err := c.turn(ctx, i, own)
				cancel()
				gaveUp := errors.Is(err, context.DeadlineExceeded) && patience < time.Minute
				if err != nil && !errors.Is(err, ErrLost) && !gaveUp {
					t.Errorf("client %d: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
	for _, f := range c.fakes {
		f.fail(nil)
	}
}

// astray returns the fate of a request that may get lost. A server that lags behind
// catches up.
func (f *fake) astray(rng *rand.Rand) fault {
	fate := map[int]fault{0: lostRequest, 1: lostReply, 2: lostReplyBehind}[rng.IntN(8)]
	if fate == lostReplyBehind {
		time.AfterFunc(fakeTimeout/10, f.catchUp)
	}
	return fate
}

// stayAs makes a client wait for a time that differs from client to client.
func stayAs(client int) { time.Sleep(time.Duration(10*(1+client)) * time.Millisecond) }
