// Package external runs experiments on an ensemble that somebody else started.
// It may not change its servers but by the commands that the user gave.
//
// A [Config] names its servers. Start looks at them and changes nothing; what a run
// needs is done through the servers' client ports, so that faults of clients, their
// links, messages, sessions, processes and znodes work on any ensemble. Servers are
// harmed by commands that the user gives ([ensemble.Commands]); what has no command
// this ensemble lacks ([ensemble.Limited]), and so it has no transaction logs, no
// partitions and no disks.
//
// The ensemble is [ensemble.Shared]: others may use it, and a run removes what it made.
// Close undoes what was done to servers, and stops nothing.
//
// [Parse] reads a connect string, config.go has the options, look.go the
// first look, server.go what is done to a server, command.go how its commands are run.
package external
