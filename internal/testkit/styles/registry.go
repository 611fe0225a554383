package styles

import (
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// Recipes lists all recipes: one for each object of which neither package wrong nor the catalogue has a mended one, and
// those that reach rules of checks that no other recipe reaches. Their names say what they are, and their styles.
var Recipes = []specimens.Specimen{
	{Name: "barrier watched on a shared connection", Workload: workloads.Barrier{New: newWatchedBarrier}},
	{Name: "counter with a session for each call", Workload: workloads.Counter{New: newCallCounter}},
	{Name: "delay-queue strict on its own connection", Workload: workloads.DelayQueue{New: newStrictDelayQueue}},
	{Name: "election with a session that many close", Workload: workloads.Election{New: newConnectedElection}},
	{Name: "lock as a race", Workload: workloads.Lock{New: newRaceLock}},
	{Name: "lock with a session that many close", Workload: workloads.Lock{New: newConnectedLock}},
	{Name: "master-worker of seats", Workload: workloads.MasterWorker{JobQueue: workloads.JobQueue{New: newSeatMasterWorker}}},
	{Name: "priority-queue strict", Workload: workloads.PriorityQueue{New: newStrictPriorityQueue}},
	{Name: "register by multis", Workload: workloads.Register{New: newMultiRegister}},
	{Name: "semaphore as a race on a shared connection", Workload: workloads.Semaphore{New: newSlots}},
}
