package workloads

import (
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// MasterWorker is the workload of a master and its workers: that of a [JobQueue], of whose
// clients each stands for master as well.
type MasterWorker struct{ JobQueue }

func masterWorker(make func(c *subjects.Client, path string, tries int) (subjects.MasterWorker, error)) MasterWorker {
	return MasterWorker{JobQueue{make}}
}

var _ = offer(models.MasterWorker,
	own(masterWorker(subjects.NewMasterWorker)),
)

// Name is that of the model.
func (MasterWorker) Name() string { return models.MasterWorker.Name }

// InProcesses is the same workload with subjects in the clients' own processes.
func (MasterWorker) InProcesses() Workload { return masterWorker(subjects.RemoteMasterWorker) }

// Maker serves the subjects to another process.
func (w MasterWorker) Maker() subjects.Maker { return subjects.ServeMasterWorker(w.New) }
