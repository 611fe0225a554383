package workloads

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/internal/virtual/jitter"
	"github.com/zklab/zklab/subjects"
)

// This file is shared by the workloads of all kinds of queues: every client puts into and
// takes from several queues, about equally often, and a drain ends the run.

// itemsRun is the run of a queue's workload.
type itemsRun[Q, I any] struct {
	env      *Env
	queues   perKey[contracts.At[Q]]
	plain    plain[contracts.At[Q]]
	putOp    *contracts.Op[Q, I, contracts.None]
	takeOp   *contracts.Op[Q, contracts.None, []byte]
	item     newItem[I]
	meetings *meetings // nil if clients meet only by chance
	// opening acts for a client at its first arrival, and returns whether the client does nothing
	// else then. If nil, the client puts an item, as at its other first arrivals.
	opening func(ctx context.Context, c *Client) bool
	spare   int                                   // the last keys, used only by openings
	after   func(ctx context.Context, key string) // a scene at an empty queue at the end; nil if there is none
	room    int                                   // capacity of a queue; 0 if it is unbounded
	// patience is how long a put waits.
	patience time.Duration
}

// newItem makes an item with a name: for the record, and for the queue.
type newItem[I any] func(name string, rng *rand.Rand) (arg any, item I)

func startItems[Q, I any](
	ctx context.Context, env *Env, make func(c *subjects.Client, path string) (contracts.At[Q], error),
	put *contracts.Op[Q, I, contracts.None], take *contracts.Op[Q, contracts.None, []byte], item newItem[I],
) (*itemsRun[Q, I], error) {
	queues, err := makePerKey(ctx, env, make)
	r := &itemsRun[Q, I]{env: env, queues: queues, putOp: put, takeOp: take, item: item, patience: env.OpTimeout}
	r.plain = plainly(env, queues, make, map[string]func(context.Context, *Client, string){
		put.Name(): r.putAgain,
		take.Name(): func(ctx context.Context, c *Client, key string) {
			r.putAgain(ctx, c, key) // so that no take waits for an item
			_ = r.take(ctx, c, key, 0, Patience(env.Bound))
		},
	})
	return r, err
}

// takePatience is how long a take waits for an item: long enough to meet one that is put
// meanwhile, short enough not to delay the client's own puts.
const takePatience = 100 * time.Millisecond

// takesFor returns how long a take waits in the load, which is mostly short. If waiting
// costs no time and operations may last longer than the bound, one take in ten waits that
// long, to show a take that a fault has made wait for ever.
func (e *Env) takesFor(rng *rand.Rand) time.Duration {
	const longTakes = 10
	if e.Patient && e.OpTimeout > e.Bound && rng.IntN(longTakes) == 0 {
		return e.OpTimeout
	}
	return min(takePatience, e.OpTimeout)
}

// feeds reports whether a client should put something for those that still wait, some time
// after the load and the last fault. Clients do this one after the other.
func (e *Env) feeds(ctx context.Context, c *Client) bool {
	const later = 2 * time.Second
	if !e.Patient || !pause(ctx, later) {
		return false
	}
	jitter.Wait(c.ID)
	return true
}

// puts returns how many items each client puts first, so that queues are rarely empty: at most half
// of its operations.
func (r *itemsRun[Q, I]) puts() int {
	n := 2 * r.env.Keys
	if r.env.Ops > 0 {
		n = min(n, (r.env.Ops+1)/2)
	}
	return n
}

// Load makes every client put a few items first, and then put and take at random.
func (r *itemsRun[Q, I]) Load(ctx context.Context, over <-chan struct{}) error {
	r.env.each(func(c *Client) {
		rng := random(r.env, c.ID)
		for n, at := range newPace(r.env, 1, rng).arrivals(ctx, over) {
			c.arrives(r.env, n)
			key := r.env.Key(rng.IntN(r.env.Keys - r.spare))
			first := n <= r.puts()
			if n == 1 && r.opening != nil && r.opening(ctx, c) {
				continue
			}
			if r.meetings != nil && !first && rng.IntN(5) == 0 {
				if meets, there, ok := r.meetings.next(ctx, over, c); ok {
					at, key = meets, there
				}
			}
			if first || rng.IntN(2) == 0 {
				_ = r.put(ctx, c, rng, key, at, fmt.Sprintf("c%d-%d", c.ID, n), r.patience)
			} else {
				_ = r.take(ctx, c, key, at, r.env.takesFor(rng))
			}
		}
		if r.env.feeds(ctx, c) {
			_ = r.put(ctx, c, rng, r.env.Key(c.ID%r.env.Keys), 0, fmt.Sprintf("c%d-fed", c.ID), r.patience)
		}
	})
	return nil
}

func (r *itemsRun[Q, I]) put(ctx context.Context, c *Client, rng *rand.Rand, key string, at time.Duration, item string, patience time.Duration) error {
	arg, it := r.item(item, rng)
	return r.putItem(ctx, c, it, Op{Key: key, Arg: arg, Intended: at, Timeout: patience})
}

// putAgain puts an item after the load.
func (r *itemsRun[Q, I]) putAgain(ctx context.Context, c *Client, key string) {
	_ = r.put(ctx, c, random(r.env, c.ID), key, 0, fmt.Sprintf("c%d-again-%d", c.ID, r.env.Record.Now()), r.patience)
}

// putItem puts an item into the queue of op's key.
func (r *itemsRun[Q, I]) putItem(ctx context.Context, c *Client, item I, op Op) error {
	op.F = r.putOp.Name()
	op.Run = func(ctx context.Context) (any, error) {
		_, err := r.putOp.On(ctx, r.queues[c.ID][op.Key], item)
		return nil, err
	}
	return c.Do(ctx, op)
}

func (r *itemsRun[Q, I]) take(ctx context.Context, c *Client, key string, at, patience time.Duration) error {
	return c.Do(ctx, Op{
		F: r.takeOp.Name(), Key: key, Intended: at, Timeout: patience,
		Run: func(ctx context.Context) (any, error) {
			item, err := r.takeOp.On(ctx, r.queues[c.ID][key], contracts.None{})
			if err != nil || len(item) == 0 { // items are never empty: the queue had none
				return nil, err
			}
			return models.Item{Item: string(item)}, nil
		},
	})
}

// Quiesce drains every queue through the subjects, and then reads from the servers whether nothing
// is left. In a bounded queue a client first waits for room.
func (r *itemsRun[Q, I]) Quiesce(ctx context.Context) error {
	for i := range r.env.Keys {
		if r.room > 0 && len(r.env.Clients) > 1 {
			r.waitForRoom(ctx, r.env.Key(i))
		}
	}
	r.env.recover(ctx, r.plain)
	rng := random(r.env, len(r.env.Clients))
	err := r.env.look(history.FDrained, "drain", func(key string) (any, error) {
		left, err := r.drain(ctx, key, r.env.Record.Now()+2*r.env.Bound)
		if left == 0 && err == nil {
			r.wake(ctx, key, rng)
			left, err = r.drain(ctx, key, r.env.Record.Now()+2*r.env.Bound)
		}
		return models.Drained{Empty: left == 0, Left: left}, err
	})
	r.plain.close(ctx)
	return err
}

// wake makes clients wait at the empty queue for an item that is put at nearly the same
// moment.
func (r *itemsRun[Q, I]) wake(ctx context.Context, key string, rng *rand.Rand) {
	r.env.wakes(ctx, key, rng, func(c *Client, _ int) error {
		return r.take(ctx, c, key, 0, Patience(r.env.Bound))
	}, func(c *Client, n int) {
		_ = r.put(ctx, c, rng, key, 0, wakeName(key, n), r.env.OpTimeout)
	})
	if r.after != nil && r.env.Patient {
		r.after(ctx, key)
	}
}

// drain makes all clients take until a fenced list shows the queue empty, or the deadline
// has passed. What is left after some rounds is taken by one client, another one each
// round, with more patience than a healthy ensemble ever needs, so that a stuck consumer is
// noticed.
func (r *itemsRun[Q, I]) drain(ctx context.Context, key string, deadline time.Duration) (left int, err error) {
	const quick = 3
	for round := 1; ; round++ {
		if left, err = r.left(ctx, key); err != nil || left == 0 || r.env.Record.Now() >= deadline {
			return left, err
		}
		if ctx.Err() != nil {
			return left, context.Cause(ctx)
		}
		if round > quick {
			c := r.env.Clients[round%len(r.env.Clients)]
			r.takeSome(ctx, c, key, left, Patience(r.env.Bound), deadline)
		} else {
			share := (left + len(r.env.Clients) - 1) / len(r.env.Clients)
			r.env.each(func(c *Client) { r.takeSome(ctx, c, key, share, 5*takePatience, deadline) })
		}
		pause(ctx, 5*time.Millisecond) // where takes fail at once
	}
}

// takeSome makes one client take up to n items, until a take fails or the deadline has
// passed.
func (r *itemsRun[Q, I]) takeSome(ctx context.Context, c *Client, key string, n int, patience, deadline time.Duration) {
	for range n {
		if r.env.Record.Now() >= deadline || r.take(ctx, c, key, 0, patience) != nil {
			return
		}
	}
}

// waitForRoom fills a queue, and makes one client put into it while another one takes.
func (r *itemsRun[Q, I]) waitForRoom(ctx context.Context, key string) {
	a, b := r.env.Clients[0], r.env.Clients[1]
	rng := random(r.env, a.ID)
	item := func(n int) string { return fmt.Sprintf("room-%s-%d", key, n) }
	for n := range r.room {
		if r.put(ctx, a, rng, key, 0, item(n), 5*takePatience) != nil {
			break
		}
	}
	began := make(chan struct{})
	go func() {
		defer close(began)
		pause(ctx, takePatience)
		_ = r.take(ctx, b, key, 0, 5*takePatience)
	}()
	_ = r.put(ctx, a, rng, key, 0, item(r.room), Patience(r.env.Bound))
	<-began
}

// left counts the present items of the queue, including those in folders of its znode.
func (r *itemsRun[Q, I]) left(ctx context.Context, key string) (n int, err error) {
	isItem := contracts.ItemsIn(r.queues[r.env.Clients[0].ID][key])
	err = retry(ctx, r.env.Bound, func() error {
		names, err := r.env.freshChildren(ctx, r.env.Path(key))
		n = 0
		for _, name := range names {
			if isItem(name) {
				n++
				continue
			}
			in, err := r.env.freshChildren(ctx, r.env.Path(key)+"/"+name)
			if err != nil {
				return err
			}
			for _, name := range in {
				if isItem(name) {
					n++
				}
			}
		}
		return err
	})
	return n, err
}
