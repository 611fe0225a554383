// Package kazoo declares the classes of kazoo, in Python, that zklab runs behind its adapter in examples/kazoo.
package kazoo

import (
	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/workloads"
)

// noReport is the end of Why where no report of the mistake was found.
const noReport = " No report of it was found."

// Program declares them.
var Program = entry.Program{
	Folder: "kazoo", Name: "kazoo 2.8.0", Adapter: "examples/kazoo/adapter.py", Command: "python3 examples/kazoo/adapter.py ARGUMENTS",
	Classes: []entry.Class{
		{Name: "Lock", Workload: workloads.Lock{}},
		{Name: "Barrier", Workload: workloads.Barrier{}, Port: "kazoobarrier", Mistakes: []entry.Cause{{
			Breaks: []string{"late"},
			Why: "the watcher of `wait` ignores the event that tells it that a broken connection has taken its watch. `wait` does not look again. " +
				"This is the mistake of the port, and needs only a broken connection ([a report](../catalog/reports/kazoo-barrier/README.md)).",
		}}},
		{Name: "DoubleBarrier", Workload: workloads.DoubleBarrier{}, Mistakes: []entry.Cause{
			{
				Breaks: []string{"leave"},
				Why: "`_inner_leave` deletes its znode once more after its wait. `leave` takes the NoNodeError for a failure, and returns although " +
					"others are inside ([a report](../catalog/reports/kazoo-doublebarrier-leave/README.md)). A member whose session has expired " +
					"returns in the same way; kazoo warns that it is no part of the barrier any more.",
			},
			{
				Breaks: []string{"progress"},
				Why: "the watchers in `_inner_enter` and `_inner_leave` ignore the loss of their watch, as that of Barrier does " +
					"([a report](../catalog/reports/kazoo-doublebarrier/README.md)).",
			},
		}},
		{Name: "Counter", Workload: workloads.Counter{}, Mistakes: []entry.Cause{{
			Breaks: []string{"linearizable", "plain-reads"},
			Why: "`_inner_change` sets the sum and gets no answer. `client.retry` runs it again: it reads the new sum, and adds once more " +
				"([a report](../catalog/reports/kazoo-counter/README.md)).",
		}}},
		{Name: "Queue", Workload: workloads.Queue{}, Mistakes: []entry.Cause{{
			Breaks: []string{"loss"},
			Why: "`_inner_get` deletes an item and gets no answer. `get` runs it again by `client.retry`, which takes the next item, or finds that " +
				"the first one is gone. No client gets the first one." + noReport,
		}}},
		{Name: "Queue with priorities", Workload: workloads.PriorityQueue{}, Mistakes: []entry.Cause{
			{Breaks: []string{"loss"}, Why: "as Queue does."},
			{
				Breaks: []string{"priority"},
				Why: "`_inner_get` lists the items again only when it has handed out all items of its last list. So a client passes over a better " +
					"item, even one that it has put in itself. This needs no fault. It is on purpose " +
					"([kazoo#177](https://github.com/python-zk/kazoo/pull/177)): ZooKeeper's recipe for queues allows it, and its recipe for " +
					"priority queues does not.",
			},
		}},
		{Name: "LockingQueue", Object: "examples/kazoo/lockingqueue.yaml", Mistakes: []entry.Cause{
			{
				Breaks: []string{"recovers"},
				Why: "`get` goes on answering the entry whose lock is lost, and `holds_lock`, which `consume` calls, raises NoNodeError each time " +
					"([a report](../catalog/reports/kazoo-lockingqueue/README.md)).",
			},
			{
				Breaks: []string{"loss"},
				Why: "`_take` creates its lock of an entry and gets no answer. It does not look for the lock, and no client gets the entry as long as " +
					"that session lives." + noReport,
			},
		}},
		{Name: "Party", Workload: workloads.Membership{}},
		{Name: "ShallowParty", Workload: workloads.Membership{}, Arguments: "--shallow-party", Mistakes: []entry.Cause{{
			Breaks: []string{"real", "snapshots"},
			Why: "`__iter__` takes each child of the path for a member, also a znode that another program has put there, which the fault `foreign` " +
				"does. Party looks at the names of the children first." + noReport,
		}}},
		{Name: "SetPartitioner", Workload: workloads.Partitioner{}, Mistakes: []entry.Cause{{
			Breaks: []string{"coverage", "progress"},
			Why: "`finish` does not stop `_allocate_transition`, which runs on another thread. That one takes one more lock, sees that the state has " +
				"changed, and returns without a release. No other member gets the item as long as the session lives. This needs no fault " +
				"([a report](../catalog/reports/kazoo-setpartitioner/README.md)). " +
				"A user called `finish` only when it was safe ([otter#511](https://github.com/rackerlabs/otter/pull/511)).",
		}}},
		{Name: "DataWatch", Workload: workloads.Config{}},
		{Name: "TreeCache", Workload: workloads.Cache{}},
	},
}
