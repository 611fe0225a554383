package jobs

import (
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history/models"
)

// MasterWorker has a master assign its jobs, the tasks.
var MasterWorker = frame.Model{
	Object:     models.MasterWorker,
	Properties: []*frame.Property{exclusion, finishOnce, conservation, attempts, stalePlan, reassign, frame.OwnZnodes, frame.LogAgrees(nil, nil)},
	References: []*frame.Reference{exclusionReference, planReference},
}

// reassign is the property progress, named after what it requires of a master: that the tasks of
// dead workers, and those of dead masters, get to workers that wait.
var reassign = func() *frame.Property {
	p := *progress
	p.Name = "reassign"
	p.Meaning = "after the heal, no worker was left waiting while a task was unassigned"
	return &p
}()
