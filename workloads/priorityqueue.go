package workloads

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// PriorityQueue is the workload of a priority queue. It is like that of [Queue], with items of
// several priorities, of which several are in the queue at once.
type PriorityQueue struct {
	// New makes the subject of one client on one path. All subjects are [subjects.Strict],
	// or none.
	New func(c *subjects.Client, path string) (subjects.PriorityQueue, error)
}

// Name returns the name of the model.
func (PriorityQueue) Name() string { return models.PriorityQueue.Name }

// Maker serves the subjects to another process.
func (w PriorityQueue) Maker() subjects.Maker {
	return contracts.ServeOn(contracts.PriorityQueues, w.New)
}

// worst is the number of the worst priority; 1 is the best. It has two digits, to expose
// recipes that compare numbers as text.
const worst = 12

// ends are extreme numbers, at which recipes that compare texts go wrong. One item in eight
// has such a priority. Subjects in other processes may accept fewer numbers than Go's
// contract.
var (
	ends    = []int32{0, 9, 10, 99, 100, 101, 999}
	farEnds = []int32{-1, -2, -10, 1000, 9999, math.MinInt32, math.MaxInt32}
)

// perItemRush is the mean number of operations, of all clients, after which they all put into or
// take from one queue at once. So other clients may be quicker, and better items may arrive
// meanwhile.
const perItemRush = 16

// Start makes the queues.
func (w PriorityQueue) Start(ctx context.Context, env *Env) (Run, error) {
	r, err := startItems(ctx, env, on(contracts.PriorityQueues, w.New), contracts.PriorityQueuePut, contracts.PriorityQueueTake, func(item string, rng *rand.Rand) (any, contracts.RankedItem) {
		priority := 1 + rng.Int32N(worst)
		if rng.IntN(8) == 0 {
			some := ends
			if env.Clients[0].Remote == nil {
				some = slices.Concat(ends, farEnds)
			}
			priority = some[rng.IntN(len(some))]
		}
		return models.Ranked{Item: item, Priority: priority}, contracts.RankedItem{Item: []byte(item), Priority: priority}
	})
	if err != nil {
		return nil, err
	}
	together := newMeetings(env, perItemRush)
	r.meetings = &together
	strict := r.queues[env.Clients[0].ID][env.Key(0)].Offers(contracts.OfferStrict) // all are of one kind
	env.fact(history.FOffers, "", history.Offers{Strict: strict})
	return r, nil
}
