package experiment

import (
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/workloads"
)

// inProcesses returns the experiment with its subjects in the clients' own processes.
func (x Experiment) inProcesses() (Experiment, error) {
	w, ok := x.Workload.(workloads.Processes)
	if !ok && !x.PlayProcesses {
		return x, nil // the workload makes its subjects in the processes itself
	}
	var there workloads.Workload
	if ok {
		there = w.InProcesses()
	}
	if there == nil || x.PlayProcesses && !workloads.InProcesses(x.Workload) {
		return x, engine.Usage("clients of the %s workload cannot run in processes: the adapter protocol has no such subjects; run them as goroutines", x.Workload.Name())
	}
	if served, ok := x.Workload.(workloads.Served); ok && x.PlayProcesses {
		x.maker = served.Maker()
	}
	x.Workload = there
	return x, nil
}

// Playable reports whether a simulation may treat clients as processes without being told to.
func (x Experiment) Playable() bool {
	return !x.OneProcess && x.Command == nil && x.Workload != nil && workloads.InProcesses(x.Workload)
}

// playing returns the experiment with PlayProcesses set if its faults hit processes and a
// simulation may play them.
func (x Experiment) playing() Experiment {
	x.PlayProcesses = x.PlayProcesses || x.Playable() && x.Faults.Hits(kinds.Processes)
	return x
}

// playingNamed is playing for a bubble that the caller opened: only faults named in the schedule
// count. Such a bubble would wait for the goroutines that a killed process leaves behind.
func (x Experiment) playingNamed() Experiment {
	named := x
	named.Faults = plan.Every(time.Second, x.Faults.Named()...)
	x.PlayProcesses = named.playing().PlayProcesses
	return x
}
