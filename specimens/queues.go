package specimens

import (
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/subjects/broken"
	"github.com/zklab/zklab/workloads"
)

var ofQueue = []Specimen{
	own(workloads.Queue{New: subjects.NewQueue}),
	variant("long", "the long queue of package recipes, which stores items in folders", workloads.Queue{New: subjects.NewLongQueue}),
	variant("bounded", "the bounded queue of package recipes, with a small bound", workloads.Queue{New: subjects.NewBoundedQueue}),
	variant("bounded-try", "the bounded queue of package recipes, whose producers use TryPut", workloads.Queue{New: subjects.NewTryingBoundedQueue}),
	mutant("read-then-delete", "integrity", "", "delivers an item that another client deleted first", workloads.Queue{New: broken.ReadThenDelete}).besides("log"),
	mutant("blind-delete-retry", "loss", "lose-reply:delete/300ms", "deletes again after a lost reply, finds no znode, and takes the next item", workloads.Queue{New: broken.BlindDeleteRetry}),
	mutant("counts-then-puts", "bounded", "", "counts the items, then puts one without checking again", workloads.Queue{New: broken.CountsThenPuts}),
	mutant("never-woken", "progress", "", "never wakes clients that wait for room", workloads.Queue{New: broken.NeverWoken}),
	mutant("watches-after-check", "progress", "", "sets its watch only after it found the queue empty", workloads.Queue{New: broken.WatchesAfterCheck}),
	mutant("recreates", "integrity", "lose-reply:create/300ms", "puts an item a second time after a lost reply", workloads.Queue{New: broken.Recreates}),
	mutant("empty-when-beaten", "empty", "", "reports an empty queue when another client took the oldest item first", workloads.Queue{New: broken.EmptyWhenBeaten}),
}

var ofDelayQueue = []Specimen{
	own(workloads.DelayQueue{New: subjects.NewDelayQueue}),
	variant("relaxed", "the recipe of package recipes, relaxed: it reads lists that may be stale", workloads.DelayQueue{New: subjects.NewRelaxedDelayQueue}),
	// A single client gets its own items too early, or in the wrong order.
	mutant("ignores-due", "not-early", "", "delivers the item that is due first before it is due", workloads.DelayQueue{New: broken.IgnoresDue}).alone(),
	mutant("seconds", "not-early", "", "compares due times in whole seconds, not milliseconds", workloads.DelayQueue{New: broken.DueInSeconds}).alone(),
	mutant("sleeps-once", "progress", "", "sleeps until its first item is due, and misses items that arrive meanwhile", workloads.DelayQueue{New: broken.SleepsOnce}),
	mutant("any-due", "due-order", "", "delivers the oldest of the due items, not the one due first", workloads.DelayQueue{New: broken.AnyDue}).alone(),
}

var ofPriorityQueue = []Specimen{
	own(workloads.PriorityQueue{New: subjects.NewPriorityQueue}),
	variant("relaxed", "the recipe of package recipes, relaxed: it reads lists that may be stale", workloads.PriorityQueue{New: subjects.NewRelaxedPriorityQueue}),
	mutant("keeps-stale-cache", "priority", "", "uses one list until all its items are gone", workloads.PriorityQueue{New: broken.KeepsStaleCache}),
	// A single client gets its own items in the wrong order.
	mutant("ignores-priority", "priority", "", "delivers the oldest item", workloads.PriorityQueue{New: broken.IgnoresPriority}).alone(),
	mutant("string-compare", "priority", "", "compares priorities as text: 10 before 9", workloads.PriorityQueue{New: broken.StringCompare}).alone(),
	mutant("walks-on", "strict", "", "continues in a stale list when another client was quicker", workloads.PriorityQueue{New: broken.WalksOn}),
	mutant("no-fence", "strict", "", "claims to be strict, but reads lists from a server that may lag", workloads.PriorityQueue{New: broken.NoFence}),
}

var ofJobQueue = []Specimen{
	own(workloads.JobQueue{New: subjects.NewJobQueue}),
	variant("do", "the recipe of package recipes, whose workers take jobs with Do", workloads.JobQueue{New: subjects.NewDoJobQueue}),
	variant("once", "the recipe of package recipes; each job is put twice with PutOnce", workloads.JobQueue{New: subjects.NewOnceJobQueue}),
	mutant("leases-of-their-own", "lease-exclusion", "", "checks that a job has no lease, then creates one without checking again", workloads.JobQueue{New: broken.LeasesOfTheirOwn}),
	mutant("finish-unguarded", "finish-once", "expire:holder/400ms", "finishes a job without checking that it still has the lease", workloads.JobQueue{New: broken.FinishUnguarded}).besides("lease-exclusion", "own-znodes"),
	mutant("delete-on-take", "conservation", "lose-reply:delete/300ms", "deletes a job when it takes it, and creates it again when it gives it back", workloads.JobQueue{New: broken.DeleteOnTake}),
	mutant("counts-its-own", "attempts", "", "each worker counts only its own attempts", workloads.JobQueue{New: broken.CountsItsOwn}),
	mutant("never-requeues", "progress", "expire:holder/400ms", "creates persistent leases, and forgets them when its session ends", workloads.JobQueue{New: broken.NeverRequeues}),
	mutant("leaves-lease", "progress", "lose-reply:create:who=all/300ms", "leaves its lease behind when Take fails", workloads.JobQueue{New: broken.LeavesLease}),
}

var ofMasterWorker = []Specimen{
	own(workloads.MasterWorker{JobQueue: workloads.JobQueue{New: subjects.NewMasterWorker}}),
	variant("do", "the recipe of package recipes, whose workers take tasks with Do", workloads.MasterWorker{JobQueue: workloads.JobQueue{New: subjects.NewDoMasterWorker}}),
	mutant("backup-tasks", "lease-exclusion", "", "also assigns a slow task to a second worker", workloads.MasterWorker{JobQueue: workloads.JobQueue{New: broken.BackupTasks}}).besides("finish-once"),
	mutant("reassigns-finished", "finish-once", "lose-reply:delete/300ms", "records a result, then deletes the task, and assigns every task that still exists", workloads.MasterWorker{JobQueue: workloads.JobQueue{New: broken.ReassignsFinished}}).besides("conservation"),
	mutant("removes-on-assign", "conservation", "expire:holder/400ms", "deletes a task when it assigns it, and creates it again if it is given back", workloads.MasterWorker{JobQueue: workloads.JobQueue{New: broken.RemovesOnAssign}}).besides("attempts"),
	mutant("counts-anew", "attempts", "expire:holder/400ms", "each master counts only the attempts that it started", workloads.MasterWorker{JobQueue: workloads.JobQueue{New: broken.CountsAnew}}),
	mutant("unguarded-plan", "stale-plan", "expire:holder/400ms", "keeps assigning tasks after it lost the lead", workloads.MasterWorker{JobQueue: workloads.JobQueue{New: broken.UnguardedPlan}}).besides("lease-exclusion", "finish-once"),
	mutant("forgets-crashed-worker", "reassign", "expire:holder/400ms", "never checks that workers are alive", workloads.MasterWorker{JobQueue: workloads.JobQueue{New: broken.ForgetsCrashedWorker}}),
}
