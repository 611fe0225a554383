// Package zoolock declares ZooKeeper's own lock in C, which zklab runs behind its adapter in examples/c.
package zoolock

import (
	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/workloads"
)

// Program declares it. To measure it, compile the adapter first, at the root of the repository, with the sources of
// Debian's package:
//
//	apt-get source zookeeper=3.8.0-11+deb12u2
//	LOCK=zookeeper-3.8.0/zookeeper-recipes/zookeeper-recipes-lock/src/main/c
//	gcc -DTHREADED -pthread -Iexamples/c/src -I/usr/include/zookeeper -I$LOCK/include -o bin/zoolock examples/c/src/adapter.c \
//	  examples/c/src/session.c catalog/originals/zoolock/src/zoolock.c $LOCK/src/zoo_lock.c -lzookeeper_mt -ljansson
var Program = entry.Program{
	Folder: "zoolock", Name: "ZooKeeper 3.8.0, in C", Adapter: "catalog/originals/zoolock/src/zoolock.c", Command: "bin/zoolock",
	Classes: []entry.Class{
		{Name: "zoo_lock.c", Workload: workloads.Lock{}, Port: "zoolock", Mistakes: []entry.Cause{{
			Breaks: []string{"progress"},
			Why: "a client that waits and gives up calls `zkr_lock_unlock`, which leaves its watch. When the znode before its own is deleted, " +
				"`lock_watcher_fn` calls `zkr_lock_lock`, which enters again and gets the lock. Its user no longer waits for it, and gives " +
				"nothing back. This is the mistake of the port.",
		}}},
	},
}
