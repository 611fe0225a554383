// Package container runs real Apache ZooKeeper servers in containers, with testcontainers-go. Package
// zklab may not import it: tests of a recipe need not depend on a client of Docker.
//
// [Config] is an [ensemble.Starter]; its zero value starts three servers. Start picks the image, makes
// a network for the run, starts the servers at fixed addresses on it with their client ports published
// on 127.0.0.1, and waits until the ensemble is healthy. The ensemble can pause, kill, stop and start
// its servers ([ensemble.Pauser], [ensemble.Stopper]), break the network between them
// ([ensemble.Partitioner], [ensemble.Lossy], [ensemble.Slower]: a helper container beside each server
// does it), set their wall clocks ([ensemble.ClockShifter]), take from their disks what they have not forced
// ([ensemble.PowerLoser]: for both, servers preload a library that the image has), and copy their logs
// ([ensemble.LogReader]).
//
// Everything that a run makes has labels that name the run and the process that owns it. Close removes
// what its run made; [Clean] removes what dead processes left; [Check] reports what a run would find
// here.
//
// A program that imports this package runs without the reaper of testcontainers-go
// (TESTCONTAINERS_RYUK_DISABLED is set for it and its children) and without its
// log, also for containers of its own: see [log.SetDefault].
//
// [log.SetDefault]: https://pkg.go.dev/github.com/testcontainers/testcontainers-go/log#SetDefault
package container
