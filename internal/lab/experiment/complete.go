package experiment

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"slices"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/played"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// UsualLatency is the average latency of a message in the default ensemble, about that of a data
// centre.
const UsualLatency = 200 * time.Microsecond

// Complete fills in the defaults and chooses the faults that the ensemble supports; see
// zklab.Experiment.Complete.
func (x Experiment) Complete() (Experiment, error) {
	if x.Workload == nil {
		return x, engine.Usage("an experiment needs a Workload")
	}
	if own := workloads.DeclaredBy(x.Workload); own != nil && own.Err() != nil {
		return x, engine.Usage("%v", own.Err())
	}
	if x.Command == nil && workloads.LacksNew(x.Workload) {
		return x, engine.Usage("the %s workload has no New: give %T a function that makes the subject of one client", x.Workload.Name(), x.Workload)
	}
	if x.Ensemble == nil {
		x.Ensemble = embedded.Config{InMemory: true, Latency: UsualLatency}
	}
	if x.Command != nil || x.PlayProcesses && x.maker == nil {
		var err error
		if x, err = x.inProcesses(); err != nil {
			return x, err
		}
	}
	if _, err := gates.ParseAll(x.Gates, workloads.ModelOf(x.Workload), false); err != nil {
		return x, engine.Usage("%v", err)
	}
	if err := checker.Usable(x.Checks, history.Header{Model: x.Workload.Name(), Declared: workloads.DeclaredBy(x.Workload)}); err != nil {
		return x, engine.Usage("%v", err)
	}
	x.Nodes, x.Latencies, x.FaultInterval = 0, "", 0 // Ensemble and Faults now contain these choices
	complete := x.Settings.Over(settings.Usual())
	if k, problem := complete.Problem(); problem != "" {
		return x, engine.Usage("%s %s", k.GoName(), problem)
	}
	if slices.ContainsFunc(x.Sources, func(n int) bool { return n < 0 }) || len(x.Sources) > max(x.Clients, 0) && x.Clients != 0 {
		return x, engine.Usage("the sources of an experiment must be numbers of clients from 0, one per client")
	}
	limit := x.TimeLimit
	x.Settings = complete
	sketched, err := x.config().Sketched()
	if err != nil {
		return x, err
	}
	x.Ensemble, x.Faults, x.LeftOut = sketched.Ensemble, sketched.Faults, sketched.LeftOut
	if limit == 0 {
		x.TimeLimit = max(x.TimeLimit, x.Faults.Length())
	}
	x.Out = cmp.Or(x.Out, "store")
	if x.Seed == 0 {
		x.Seed = DrawSeed()
	}
	x.MinLoad = cmp.Or(x.MinLoad, x.config().UsualLoad())
	return x, nil
}

// CompleteSimulated is Complete for an experiment that is to be simulated; see
// zklab.Experiment.CompleteSimulated.
func (x Experiment) CompleteSimulated() (Experiment, error) {
	out := x.Out
	x, err := x.playing().Complete()
	if err != nil {
		return x, err
	}
	x.Out = out
	servers, ok := x.Ensemble.(embedded.Config)
	switch {
	case !ok || !servers.InMemory:
		return x, engine.Usage("only an embedded ensemble in memory can be simulated: leave out Ensemble, or give an embedded.Config with InMemory")
	case x.Command != nil:
		return x, engine.Usage("clients in real processes cannot be simulated: their time is not virtual")
	}
	servers.Latency = cmp.Or(servers.Latency, UsualLatency)
	servers.Seed = uint64(x.Seed)
	x.Ensemble = servers
	return x, nil
}

// DrawSeed draws a seed that is short enough to type.
func DrawSeed() int64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return int64(binary.LittleEndian.Uint32(b[:]))/2 + 1
}

// Plan returns the schedule of faults; see zklab.Experiment.Plan.
func (x Experiment) Plan() []plan.Step { return x.config().Plan() }

// Warnings returns what a user should know before the run; see zklab.Experiment.Warnings.
func (x Experiment) Warnings() []string { return x.config().Warnings() }

// config returns the configuration of the engine.
func (x Experiment) config() engine.Config {
	c := x.Config
	servers, _ := x.Ensemble.(embedded.Config)
	if x.PlayProcesses {
		c.Command = []string{"played"}
		c.Launch = played.Launch(map[string]subjects.Maker{x.Workload.Name(): x.maker})
	}
	c.Simulated, c.Latencies, c.MinLoad = servers.Seed != 0, string(servers.Spread), max(x.MinLoad, 0)
	return c
}
