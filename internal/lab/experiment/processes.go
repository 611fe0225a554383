package experiment

import (
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/workloads"
)

// inProcesses returns the experiment for clients in processes of their own, which make the subjects.
func (x Experiment) inProcesses() (Experiment, error) {
	served, ok := x.Workload.(workloads.Served)
	if workloads.ModelOf(x.Workload).Store || x.PlayProcesses && !ok {
		return x, engine.Usage("clients of the %s workload cannot run in processes: the adapter protocol has no such subjects; run them as goroutines", x.Workload.Name())
	}
	if x.PlayProcesses {
		x.maker = served.Maker()
	}
	return x, nil
}

// Playable reports whether a simulation may treat clients as processes without an explicit setting.
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
