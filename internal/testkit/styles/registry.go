package styles

import "github.com/zklab/zklab/workloads"

// Recipe is a recipe of this package.
type Recipe struct {
	Name     string // what it is, and its styles
	Workload workloads.Workload
}

// Recipes lists all recipes, at least two for each object that has recipes.
var Recipes = []Recipe{
	{"barrier polled", workloads.Barrier{New: newPolledBarrier}},
	{"barrier watched on a shared connection", workloads.Barrier{New: newWatchedBarrier}},
	{"cache polled", workloads.Cache{New: newPolledCache}},
	{"cache read on its own connection", workloads.Cache{New: newReadCache}},
	{"config polled", workloads.Config{New: newPolledConfig}},
	{"config watched on a shared connection", workloads.Config{New: newSharedConfig}},
	{"config watched on its own connection", workloads.Config{New: newOwnConfig}},
	{"config watched in a session of its own", workloads.Config{New: newLastingWatcher}},
	{"config watched in a session for each call", workloads.Config{New: newCallWatcher}},
	{"counter with receipts", workloads.Counter{New: newReceiptCounter}},
	{"counter on a shared connection", workloads.Counter{New: newSharedCounter}},
	{"counter with a session for each call", workloads.Counter{New: newCallCounter}},
	{"delay-queue polled", workloads.DelayQueue{New: newPolledDelayQueue}},
	{"delay-queue strict on its own connection", workloads.DelayQueue{New: newStrictDelayQueue}},
	{"discovery on its own connection", workloads.Discovery{New: newOwnService}},
	{"discovery polled", workloads.Discovery{New: newPolledService}},
	{"double-barrier with checks", workloads.DoubleBarrier{New: newCheckedDoubleBarrier}},
	{"double-barrier of seats on its own connection", workloads.DoubleBarrier{New: newSeatDoubleBarrier}},
	{"election as a race of seats", workloads.Election{New: newRaceElection}},
	{"election by names on its own connection", workloads.Election{New: newOrderedElection}},
	{"election with a session that many close", workloads.Election{New: newConnectedElection}},
	{"job-queue on its own connection", workloads.JobQueue{New: newLeaseQueue}},
	{"job-queue of seats", workloads.JobQueue{New: newSeatLeaseQueue}},
	{"lock as a race", workloads.Lock{New: newRaceLock}},
	{"lock with a session for each hold", workloads.Lock{New: newSessionLock}},
	{"lock with a session that many close", workloads.Lock{New: newConnectedLock}},
	{"lock that waits in a session of its own", workloads.Lock{New: newWatchedLock}},
	{"master-worker on its own connections", workloads.MasterWorker{JobQueue: workloads.JobQueue{New: newOwnMasterWorker}}},
	{"master-worker of seats", workloads.MasterWorker{JobQueue: workloads.JobQueue{New: newSeatMasterWorker}}},
	{"membership repaired", workloads.Membership{New: newRepairedGroup}},
	{"membership on a shared connection", workloads.Membership{New: newSharedGroup}},
	{"membership with a session for each member", workloads.Membership{New: newBrokers}},
	{"multi-lock as a race", workloads.MultiLock{New: newRaceMultiLock}},
	{"multi-lock by names on its own connection", workloads.MultiLock{New: newLines}},
	{"partitioner polled", workloads.Partitioner{New: newPolledPartitioner}},
	{"partitioner on its own connection", workloads.Partitioner{New: newOwnPartitioner}},
	{"priority-queue strict", workloads.PriorityQueue{New: newStrictPriorityQueue}},
	{"priority-queue on a shared connection", workloads.PriorityQueue{New: newSharedPriorityQueue}},
	{"queue with receipts", workloads.Queue{New: newReceiptQueue}},
	{"queue by names on its own connection", workloads.Queue{New: newOrderedQueue}},
	{"queue with two sessions at one time", workloads.Queue{New: newTwoSessionQueue}},
	{"register on its own connection", workloads.Register{New: newOwnRegister}},
	{"register by multis", workloads.Register{New: newMultiRegister}},
	{"rwlock as a race", workloads.RWLock{New: newRaceRWLock}},
	{"rwlock by names on its own connection", workloads.RWLock{New: newOrderedRWLock}},
	{"semaphore as a race on a shared connection", workloads.Semaphore{New: newSlots}},
	{"semaphore of seats by names", workloads.Semaphore{New: newOrderedSemaphore}},
	{"two-phase-commit polled", workloads.TwoPhaseCommit{New: newPolledTransaction}},
	{"two-phase-commit on a shared connection", workloads.TwoPhaseCommit{New: newSharedTransaction}},
}
