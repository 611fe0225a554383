// Package files keeps the servers of an embedded ensemble in a folder, so that
// they outlive the process. It may not change what a server remembers, only keep
// it:
//
//	lock                        held while a process uses the folder
//	ensemble.json               what all servers share
//	server-1/epochs             the two epochs of package zab
//	server-1/snapshot.<zxid>    the tree as it was at that zxid; none for 0
//	server-1/log.<zxid>         the transactions behind it, in ZooKeeper's own format
//
// A transaction is acknowledged when it was handed to the operating system, in
// one piece for all that came together: it outlives the process, however that
// ends, but not the machine. With fsync it is acknowledged when it is on the
// disk, as Apache ZooKeeper does it, and outlives a failure of power, too.
//
// A log that has become long gives way to a snapshot and a short one: the new
// files are written beside the old ones, and count from the moment in which the
// new log gets its name.
package files

import "errors"

// ErrDamaged means files that were changed, or lost, in a way in which no server
// leaves them.
var ErrDamaged = errors.New("damaged files")
