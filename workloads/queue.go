package workloads

import (
	"context"
	"math/rand/v2"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// Queue is the workload of a FIFO queue: every client puts into and takes from several
// queues, about equally often, and a drain ends the run.
type Queue struct {
	// New makes the subject of one client on one path. All subjects are [subjects.Bounded],
	// or none.
	New func(c *subjects.Client, path string) (subjects.Queue, error)
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
