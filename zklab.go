// Package zklab runs ZooKeeper recipes against an ensemble, injects faults while
// they run, records every operation, and decides from the record whether the
// recipe kept its promise. It may not import the container backend: who tests a
// recipe need not depend on Docker's client.
//
// An [Experiment] says what to run; [Experiment.Run] runs it and leaves a
// folder with history, verdicts, plots and a report. [Test] runs one as a Go
// test, in real time or in the virtual time of testing/synctest. [Judge] decides
// a stored run, or a bare history, again.
//
// The way of one run through the packages: an [ensemble.Starter] starts servers;
// clients connect through package [link], which sees and disturbs what they
// say; a [workloads.Workload] lets them use the recipe under test while
// package [faults] plays its schedule; the [history.Recorder] writes it all
// down; package checker decides, package reports draws.
package zklab

import "github.com/zklab/zklab/internal/base/version"

// Version says in one line which zklab this program has: the version of its module, the
// commit if it was recorded, the version of Go and the platform. Results, reports and
// zklab --version have the same line.
func Version() string { return version.Line() }
