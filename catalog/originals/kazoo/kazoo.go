// Package kazoo declares the classes of kazoo, in Python, that zklab runs behind its adapter in examples/kazoo.
package kazoo

import (
	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/workloads"
)

// Program declares them.
var Program = entry.Program{
	Folder: "kazoo", Name: "kazoo 2.8.0", Adapter: "examples/kazoo/adapter.py", Command: "python3 examples/kazoo/adapter.py",
	Classes: []entry.Class{
		{Name: "Barrier", Workload: workloads.Barrier{}, Port: "kazoobarrier", Mistakes: []entry.Cause{{
			Breaks: []string{"late"},
			Why:    "`wait` ignores the event that says that its watch is gone ([a report](../catalog/reports/kazoo-barrier/README.md)).",
		}}},
	},
}
