package workloads

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// DelayQueue is the workload of a delay queue. It is like that of [Queue], with some items due at
// once and others soon. At the beginning, and in virtual time once more at the end, one client
// waits on a separate queue for an item that is due much later, and gets another one that is put
// meanwhile and is due earlier.
type DelayQueue struct {
	// New makes the subject of one client on one path. All subjects are [subjects.Strict],
	// or none.
	New func(c *subjects.Client, path string) (subjects.DelayQueue, error)
}

// Name returns the name of the model.
func (DelayQueue) Name() string { return models.DelayQueue.Name }

// Maker serves the subjects to another process.
func (w DelayQueue) Maker() subjects.Maker { return contracts.ServeOn(contracts.DelayQueues, w.New) }

// Half of the items have been due for some time, so that they come before others in the
// queue. The others are due soon, mostly while a client waits. Due times are multiples of a
// slot, so that several items are due at the same moment.
const (
	overdue = time.Second
	latest  = 140 * time.Millisecond
	slot    = 20 * time.Millisecond
)

// Start makes the queues, and one more for the opening.
func (w DelayQueue) Start(ctx context.Context, env *Env) (Run, error) {
	opens := env.Ops == 0 && len(env.Clients) > 1
	all := *env
	if opens {
		all.Keys++
	}
	r, err := startItems(ctx, &all, on(contracts.DelayQueues, w.New), contracts.DelayQueuePut, contracts.DelayQueueTake, func(item string, rng *rand.Rand) (any, contracts.DelayedItem) {
		due := between(rng, 0, latest)
		if rng.IntN(2) == 0 {
			due = -between(rng, 0, overdue)
		}
		return dueAt(env, env.Record.Now()+due, slot, item)
	})
	if err != nil {
		return nil, err
	}
	if opens {
		r.spare, r.opening = 1, (&earlierDue{r, env.Key(env.Keys), ""}).play
	}
	if len(env.Clients) > 1 {
		r.after = func(ctx context.Context, key string) {
			scene := &earlierDue{r, key, "-last"}
			env.each(func(c *Client) { scene.play(ctx, c) })
		}
	}
	together := newMeetings(env, perItemRush)
	r.meetings = &together
	strict := r.queues[env.Clients[0].ID][env.Key(0)].Offers(contracts.OfferStrict) // all are of one kind
	env.fact(history.FOffers, "", history.Offers{Strict: strict})
	return r, nil
}

// dueAt returns an item that is due at a time of the record's clock, or a little earlier:
// when the wall clock shows a multiple of step.
func dueAt(env *Env, at, step time.Duration, item string) (any, contracts.DelayedItem) {
	began := env.Record.Header().Wall
	due := began.Add(at).Truncate(step)
	return models.Delayed{Item: item, Due: due.Sub(began)}, contracts.DelayedItem{Item: []byte(item), Due: due.UnixMilli()}
}

// earlierDue is the opening. The first client puts an item that is due so late that a
// client that sleeps until then has waited too long. While the second client waits, the
// first puts another item that is due at once.
type earlierDue struct {
	r    *itemsRun[subjects.DelayQueue, contracts.DelayedItem]
	key  string
	when string // a part of the items' names
}

// When the second client begins to wait, how much longer than the bound it waits, and how much
// later than that the far item is due.
const (
	untilWaits = 300 * time.Millisecond
	tooLong    = 1200 * time.Millisecond
	further    = 300 * time.Millisecond
)

func (o *earlierDue) play(ctx context.Context, c *Client) bool {
	bound := o.r.env.Bound
	switch c.ID {
	case o.r.env.Clients[0].ID:
		o.put(ctx, c, o.named("far"), o.r.env.Record.Now()+bound+tooLong+further)
		pause(ctx, 2*untilWaits)
		o.put(ctx, c, o.named("near"), o.r.env.Record.Now())
	case o.r.env.Clients[1].ID:
		pause(ctx, untilWaits)
		_ = o.r.take(ctx, c, o.key, 0, bound+tooLong)
	default:
		return false
	}
	return true
}

// named returns the name of an item of the scene at this key.
func (o *earlierDue) named(item string) string { return item + o.when + "-" + o.key }

func (o *earlierDue) put(ctx context.Context, c *Client, item string, at time.Duration) {
	arg, it := dueAt(o.r.env, at, time.Millisecond, item)
	_ = o.r.putItem(ctx, c, it, Op{Key: o.key, Arg: arg, Timeout: o.r.env.OpTimeout})
}
