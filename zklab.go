// Package zklab runs ZooKeeper recipes against an ensemble, injects faults while they run, records
// every operation, and decides from the record whether the recipe kept its promises.
//
// An [Experiment] says what to run. [Experiment.Run] runs it and leaves a folder with the history,
// verdicts and a report. [Test] runs an experiment as a Go test, in real time or in the
// virtual time of testing/synctest; [Simulate], [Sweep] and [Explore] run many simulations. [Judge]
// checks a stored run, or a bare history, again.
//
// A run passes through these packages: an [ensemble.Starter] starts the servers. Clients connect
// through package [link], which observes and disturbs their messages. A [workloads.Workload] makes
// the clients use the recipe under test while package [faults] plays its schedule. The
// [history.Recorder] records everything. Package checker decides, and package reports/onerun
// writes the report. The report has plots if the program imports package reports.
//
// Package zklab must import neither the container backend nor package reports, so that testing a recipe compiles
// neither Docker's client nor what draws.
package zklab

import (
	"context"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/version"
	"github.com/zklab/zklab/internal/lab/judge"
	"github.com/zklab/zklab/store"
)

// Version returns, in one line, the version of zklab in this program: the module's version, the
// commit if it was recorded, the Go version and the platform. Results, reports and zklab --version
// print the same line.
func Version() string { return version.Line() }

// Judge checks a stored run or a bare history again, from its record alone. It takes from
// result.json what only the run itself knew, and from transactions.jsonl the committed
// transactions, unless opts has them; either file may be missing. If the transactions cannot be
// read, Judge leaves them out and adds a warning. It writes nothing. It returns an error if the
// record cannot be read; see history.Open.
func Judge(ctx context.Context, run *store.Run, opts checker.Options) (*store.Result, error) {
	return judge.Run(ctx, run, opts)
}
