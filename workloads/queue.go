package workloads

import (
	"context"
	"math/rand/v2"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/subjects/broken"
)

// Queue is the workload of a FIFO queue: every client puts into and takes from
// several queues, about as often the one as the other, and a drain ends the run.
type Queue struct {
	// New makes the subject of one client on one path.
	New func(c *subjects.Client, path string) (subjects.Queue, error)
}

var _ = offer(models.Queue,
	own(Queue{subjects.NewQueue}),
	planted("read-then-delete", "integrity", "", "gives out an item though somebody else was quicker to delete it", Queue{broken.ReadThenDelete}).besides("log"),
	planted("blind-delete-retry", "loss", "lose-reply:delete/300ms", "deletes again after a lost reply, finds nothing, and takes the next item", Queue{broken.BlindDeleteRetry}),
	planted("recreates", "integrity", "lose-reply:create/300ms", "puts an item again after a lost reply", Queue{broken.Recreates}),
)

// Name is that of the model.
func (Queue) Name() string { return models.Queue.Name }

// InProcesses is the same workload with subjects in the clients' own processes.
func (Queue) InProcesses() Workload { return Queue{New: subjects.RemoteQueue} }

// Maker serves the subjects to another process.
func (w Queue) Maker() subjects.Maker { return subjects.ServeQueue(w.New) }

// Params says that a queue needs nothing more.
func (Queue) Params(*history.Params) {}

// Start makes the queues.
func (w Queue) Start(ctx context.Context, env *Env) (Run, error) {
	return startItems(ctx, env, w.New, func(item string, _ *rand.Rand) (any, func(context.Context, subjects.Queue) error) {
		return history.Item{Item: item}, func(ctx context.Context, q subjects.Queue) error { return q.Put(ctx, []byte(item)) }
	})
}
