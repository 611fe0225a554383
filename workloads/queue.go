package workloads

import (
	"context"
	"math/rand/v2"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/subjects/broken"
)

// Queue is the workload of a FIFO queue: every client puts into and takes from several
// queues, about equally often, and a drain ends the run.
type Queue struct {
	// New makes the subject of one client on one path. All subjects are [subjects.Bounded],
	// or none.
	New func(c *subjects.Client, path string) (subjects.Queue, error)
}

var queueParts = parts{
	model:    models.Queue,
	contract: contracts.Queues,
	subjects: []Subject{
		own(Queue{subjects.NewQueue}),
		variant("long", "the long queue of package recipes, which stores items in folders", Queue{subjects.NewLongQueue}),
		variant("bounded", "the bounded queue of package recipes, with a small bound", Queue{subjects.NewBoundedQueue}),
		variant("bounded-try", "the bounded queue of package recipes, whose producers use TryPut", Queue{subjects.NewTryingBoundedQueue}),
		mutant("read-then-delete", "integrity", "", "delivers an item that another client deleted first", Queue{broken.ReadThenDelete}).besides("log"),
		mutant("blind-delete-retry", "loss", "lose-reply:delete/300ms", "deletes again after a lost reply, finds no znode, and takes the next item", Queue{broken.BlindDeleteRetry}),
		mutant("counts-then-puts", "bounded", "", "counts the items, then puts one without checking again", Queue{broken.CountsThenPuts}),
		mutant("never-woken", "progress", "", "never wakes clients that wait for room", Queue{broken.NeverWoken}),
		mutant("watches-after-check", "progress", "", "sets its watch only after it found the queue empty", Queue{broken.WatchesAfterCheck}),
		mutant("recreates", "integrity", "lose-reply:create/300ms", "puts an item a second time after a lost reply", Queue{broken.Recreates}),
		mutant("empty-when-beaten", "empty", "", "reports an empty queue when another client took the oldest item first", Queue{broken.EmptyWhenBeaten}),
	},
}

// Name returns the name of the model.
func (Queue) Name() string { return models.Queue.Name }

// Maker serves the subjects to another process.
func (w Queue) Maker() subjects.Maker { return contracts.ServeOn(contracts.Queues, w.New) }

// Start makes the queues.
func (w Queue) Start(ctx context.Context, env *Env) (Run, error) {
	r, err := startItems(ctx, env, on(contracts.Queues, w.New), contracts.QueuePut, contracts.QueueTake, func(item string, _ *rand.Rand) (any, []byte) {
		return models.Item{Item: item}, []byte(item)
	})
	if err != nil {
		return nil, err
	}
	if room := contracts.RoomIn(r.queues[env.Clients[0].ID][env.Key(0)]); room > 0 { // all are of one kind
		together := newMeetings(env, perItemRush)
		r.meetings, r.room, r.patience = &together, room, min(takePatience, env.OpTimeout)
		env.fact(history.FOffers, "", history.Offers{Capacity: r.room})
	}
	return r, nil
}
