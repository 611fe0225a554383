// Package backend chooses the ensemble that a command starts or looks at: servers in this process, containers, files
// for Apache ZooKeeper, or servers that zklab did not start. It has the flags of that choice and of the servers'
// settings, and turns them into an ensemble.Starter. The laboratory and the commands for ensembles share it.
package backend
