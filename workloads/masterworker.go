package workloads

import (
	"context"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/subjects/broken"
)

// MasterWorker is the workload of a master and its workers. It is like that of a [JobQueue], but
// each client is also a candidate for master.
type MasterWorker struct{ JobQueue }

func masterWorker(make func(c *subjects.Client, path string, tries int) (subjects.MasterWorker, error)) MasterWorker {
	return MasterWorker{JobQueue{make}}
}

var masterWorkerParts = parts{
	model:    models.MasterWorker,
	contract: contracts.MasterWorkers,
	subjects: []Subject{
		own(masterWorker(subjects.NewMasterWorker)),
		variant("do", "the recipe of package recipes, whose workers take tasks with Do", masterWorker(subjects.NewDoMasterWorker)),
		mutant("backup-tasks", "lease-exclusion", "", "also assigns a slow task to a second worker", masterWorker(broken.BackupTasks)).besides("finish-once"),
		mutant("reassigns-finished", "finish-once", "lose-reply:delete/300ms", "records a result, then deletes the task, and assigns every task that still exists", masterWorker(broken.ReassignsFinished)).besides("conservation"),
		mutant("removes-on-assign", "conservation", "expire:holder/400ms", "deletes a task when it assigns it, and creates it again if it is given back", masterWorker(broken.RemovesOnAssign)).besides("attempts"),
		mutant("counts-anew", "attempts", "expire:holder/400ms", "each master counts only the attempts that it started", masterWorker(broken.CountsAnew)),
		mutant("unguarded-plan", "stale-plan", "expire:holder/400ms", "keeps assigning tasks after it lost the lead", masterWorker(broken.UnguardedPlan)).besides("lease-exclusion", "finish-once"),
		mutant("forgets-crashed-worker", "reassign", "expire:holder/400ms", "never checks that workers are alive", masterWorker(broken.ForgetsCrashedWorker)),
	},
}

// Name returns the name of the model.
func (MasterWorker) Name() string { return models.MasterWorker.Name }

// Maker serves the subjects to another process.
func (w MasterWorker) Maker() subjects.Maker { return contracts.MasterWorkers.Serve(w.New) }

// Start makes the master-workers.
func (w MasterWorker) Start(ctx context.Context, env *Env) (Run, error) {
	return w.start(ctx, env, contracts.MasterWorkers)
}
