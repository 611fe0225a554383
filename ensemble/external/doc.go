// Package external runs experiments on an ensemble that zklab did not start. It may change its servers
// only by the commands that the user gave.
//
// A [Config] names its servers. Start looks at them and changes nothing; everything that a run needs is
// done through the servers' client ports, so faults of clients, their links, messages, sessions,
// processes and znodes work on any ensemble. Servers are harmed by commands that the user gives
// ([ensemble.Commands]). The ensemble lacks the abilities that have no command ([ensemble.Limited]), so
// it has no transaction logs, no partitions and no disks.
//
// The ensemble is [ensemble.Shared]: others may use it, and a run removes what it made. Close undoes
// the harm to servers, and stops nothing.
//
// [Parse] reads a connect string, config.go has the options, look.go the first look, server.go the harm
// to a server, command.go the running of its commands.
package external
