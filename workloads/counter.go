package workloads

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// Counter is the workload of a counter. All clients increment several counters, by adding
// and by comparing and setting, and read them. Each value is reached once, so the values
// give the order of the operations.
type Counter struct {
	// New makes the subject of one client on one path.
	New func(c *subjects.Client, path string) (subjects.Counter, error)
}

// Name returns the name of the model.
func (Counter) Name() string { return models.Counter.Name }

// Maker serves the subjects to another process.
func (w Counter) Maker() subjects.Maker { return contracts.ServeOn(contracts.Counters, w.New) }

// Start makes the counters.
func (w Counter) Start(ctx context.Context, env *Env) (Run, error) {
	make := on(contracts.Counters, w.New)
	counters, err := makePerKey(ctx, env, make)
	r := &counterRun{env: env, counters: counters, meetings: newMeetings(env, perCount)}
	r.plain = plainly(env, counters, make, map[string]func(context.Context, *Client, string){
		models.FAdd:  func(ctx context.Context, c *Client, key string) { r.add(ctx, c, key, 0) },
		models.FRead: func(ctx context.Context, c *Client, key string) { _, _ = r.read(ctx, c, key, 0, models.ReadFenced) },
	})
	return r, err
}

type counterRun struct {
	env      *Env
	counters perKey[contracts.At[subjects.Counter]]
	plain    plain[contracts.At[subjects.Counter]]
	meetings meetings
}

// perCount is the mean number of operations, of all clients, after which they all add to one counter at
// once. Most changes then compete with another one, as the check needs.
const perCount = 16

// Load makes every client add, compare and set, and read.
func (r *counterRun) Load(ctx context.Context, over <-chan struct{}) error {
	r.env.eachArrival(ctx, over, 1, func(c *Client, _ int, at time.Duration, rng *rand.Rand) {
		r.arrival(ctx, over, c, rng, at)
	})
	return nil
}

// arrival acts for a client at an arrival: two times in five it adds, at the next
// meeting or alone.
func (r *counterRun) arrival(ctx context.Context, over <-chan struct{}, c *Client, rng *rand.Rand, at time.Duration) {
	key := r.env.Key(rng.IntN(r.env.Keys))
	switch rng.IntN(5) {
	case 0:
		r.add(ctx, c, key, at)
	case 1:
		if at, key, ok := r.meetings.next(ctx, over, c); ok {
			r.add(ctx, c, key, at)
		}
	case 2:
		if from, err := r.read(ctx, c, key, at, models.ReadPlain); err == nil {
			r.swap(ctx, c, key, from)
		}
	case 3:
		_, _ = r.read(ctx, c, key, at, models.ReadPlain)
	default:
		_, _ = r.read(ctx, c, key, at, models.ReadFenced)
	}
}

func (r *counterRun) add(ctx context.Context, c *Client, key string, at time.Duration) {
	_, _ = operate(ctx, c, r.counters[c.ID][key], contracts.CounterAdd, models.Addition{Delta: 1}, Op{Key: key, Intended: at, Timeout: r.env.OpTimeout})
}

// swap increments a counter by one, if it still has the value that was read.
func (r *counterRun) swap(ctx context.Context, c *Client, key string, from int64) {
	_, _ = operate(ctx, c, r.counters[c.ID][key], contracts.CounterCompareAndSet, models.CountSwap{From: from, To: from + 1}, Op{Key: key, Timeout: r.env.OpTimeout})
}

func (r *counterRun) read(ctx context.Context, c *Client, key string, at time.Duration, kind string) (int64, error) {
	got, err := operate(ctx, c, r.counters[c.ID][key], contracts.CounterRead, models.HowRead{Kind: kind}, Op{Key: key, Intended: at, Timeout: r.env.OpTimeout})
	return got.Value, err
}

// Quiesce makes every client read every counter once more, fenced, and again if a client that recovers may have
// added to it.
func (r *counterRun) Quiesce(ctx context.Context) error {
	read := func(c *Client, key string) { _, _ = r.read(ctx, c, key, 0, models.ReadFenced) }
	r.env.eachKey(read)
	if r.env.recover(ctx, r.plain) {
		r.env.eachKey(read)
	}
	r.plain.close(ctx)
	return nil
}
