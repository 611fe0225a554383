package workloads

import (
	"context"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// MasterWorker is the workload of a master and its workers. It is like that of a [JobQueue], but
// each client is also a candidate for master.
type MasterWorker struct{ JobQueue }

// Name returns the name of the model.
func (MasterWorker) Name() string { return models.MasterWorker.Name }

// Maker serves the subjects to another process.
func (w MasterWorker) Maker() subjects.Maker { return contracts.MasterWorkers.Serve(w.New) }

// Start makes the master-workers.
func (w MasterWorker) Start(ctx context.Context, env *Env) (Run, error) {
	return w.start(ctx, env, contracts.MasterWorkers)
}
