package workloads

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/subjects"
)

// Queue is the workload of a FIFO queue: every client puts into and takes from
// several queues, about as often the one as the other, and a drain ends the run.
type Queue struct {
	// New makes the subject of one client on one path.
	New func(c *subjects.Client, path string) (subjects.Queue, error)
}

// Name is "queue".
func (Queue) Name() string { return history.ModelQueue }

// InProcesses is the same workload with subjects in the clients' own processes.
func (Queue) InProcesses() Workload { return Queue{New: subjects.RemoteQueue} }

// Params says that a queue needs nothing more.
func (Queue) Params(*history.Params) {}

// Start makes the queues.
func (w Queue) Start(ctx context.Context, env *Env) (Run, error) {
	r := &queueRun{env: env, queues: map[int]map[string]subjects.Queue{}}
	for _, c := range env.Clients {
		r.queues[c.ID] = map[string]subjects.Queue{}
		for i := range env.Keys {
			key := env.Key(i)
			q, err := makeSubject(ctx, env, c, key, w.New)
			if err != nil {
				return nil, err
			}
			r.queues[c.ID][key] = q
		}
	}
	return r, nil
}

type queueRun struct {
	env    *Env
	queues map[int]map[string]subjects.Queue
}

// takePatience is how long a take waits for an item: long enough to meet one
// that is put meanwhile, short enough that a client that waits does not stand
// in the way of its own puts.
const takePatience = 100 * time.Millisecond

// Load lets every client put a few items first, so that queues are rarely
// empty, and then put and take as it comes.
func (r *queueRun) Load(ctx context.Context, over <-chan struct{}) error {
	return r.env.each(func(c *Client) error {
		rng := random(r.env, c.ID)
		pace := newPace(r.env, 1, rng)
		for n := 1; ; n++ {
			at, ok := pace.wait(ctx, over)
			if !ok {
				return nil
			}
			key := r.env.Key(rng.IntN(r.env.Keys))
			if n <= 2*r.env.Keys || rng.IntN(2) == 0 {
				r.put(ctx, c, key, at, fmt.Sprintf("c%d-%d", c.ID, n))
			} else {
				_ = r.take(ctx, c, key, at, min(takePatience, r.env.OpTimeout))
			}
		}
	})
}

func (r *queueRun) put(ctx context.Context, c *Client, key string, at time.Duration, item string) {
	_ = c.Do(ctx, Op{
		F: history.FEnqueue, Key: key, Arg: history.Item{Item: item}, Intended: at, Timeout: r.env.OpTimeout,
		Run: func(ctx context.Context) (any, error) {
			return nil, r.queues[c.ID][key].Put(ctx, []byte(item))
		},
	})
}

func (r *queueRun) take(ctx context.Context, c *Client, key string, at, patience time.Duration) error {
	return c.Do(ctx, Op{
		F: history.FDequeue, Key: key, Intended: at, Timeout: patience,
		Run: func(ctx context.Context) (any, error) {
			item, err := r.queues[c.ID][key].Take(ctx)
			if err != nil {
				return nil, err
			}
			return history.Item{Item: string(item)}, nil
		},
	})
}

// Quiesce drains every queue through the subjects and looks for itself that
// nothing is left.
func (r *queueRun) Quiesce(ctx context.Context) error {
	deadline := r.env.Record.Now() + 2*r.env.Bound
	var errs []error
	for i := range r.env.Keys {
		key := r.env.Key(i)
		left, err := r.drain(ctx, key, deadline)
		if err != nil {
			errs = append(errs, fmt.Errorf("drain of %s: %w", key, err))
			continue
		}
		r.env.Record.Record(history.Event{
			Process: history.Nemesis, Client: -1, Type: history.Info, F: history.FDrained, Key: key,
			Value: history.Value(history.Drained{Empty: left == 0, Left: left}),
		})
	}
	r.env.closeEach(ctx, func(c *Client) (all []any) {
		for _, q := range r.queues[c.ID] {
			all = append(all, q)
		}
		return all
	})
	return errors.Join(errs...)
}

// drain lets all clients take until a fenced read shows the queue empty, or
// the deadline has passed. What is left after some rounds one client takes,
// another one each round, with more patience than a healthy ensemble ever needs,
// so that a consumer who is stuck shows.
func (r *queueRun) drain(ctx context.Context, key string, deadline time.Duration) (left int, err error) {
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
			r.takeSome(ctx, c, key, left, r.env.Bound+r.env.Bound/4, deadline)
		} else {
			share := (left + len(r.env.Clients) - 1) / len(r.env.Clients)
			_ = r.env.each(func(c *Client) error {
				r.takeSome(ctx, c, key, share, 5*takePatience, deadline)
				return nil
			})
		}
		pause(ctx, 5*time.Millisecond) // where takes fail at once
	}
}

// takeSome lets one client take up to n items, until a take fails or the
// deadline has passed.
func (r *queueRun) takeSome(ctx context.Context, c *Client, key string, n int, patience, deadline time.Duration) {
	for range n {
		if r.env.Record.Now() >= deadline || r.take(ctx, c, key, 0, patience) != nil {
			return
		}
	}
}

// left counts the items in the queue, fenced.
func (r *queueRun) left(ctx context.Context, key string) (n int, err error) {
	isItem := func(string) bool { return true }
	if q, ok := r.queues[r.env.Clients[0].ID][key].(subjects.Itemizer); ok {
		isItem = q.IsItem
	}
	err = retry(ctx, r.env.Bound, func() error {
		names, err := r.env.fencedChildren(ctx, r.env.Path(key))
		n = 0
		for _, name := range names {
			if isItem(name) {
				n++
			}
		}
		return err
	})
	return n, err
}
