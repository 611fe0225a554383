// Package files keeps the state of an embedded ensemble's servers in a folder, so that they outlive the
// process. It only stores this state, and never changes it:
//
//	lock                        held while a process uses the folder
//	ensemble.json               what all servers share
//	server-1/epochs             the two epochs of package zab
//	server-1/snapshot.<zxid>    the tree as it was at that zxid; none for 0
//	server-1/log.<zxid>         the transactions behind it, in ZooKeeper's own format
//
// A transaction is acknowledged once it was handed to the operating system, in one write for all
// transactions that came together: it outlives the process, however that ends, but not the machine.
// With fsync it is acknowledged once it is on the disk, as in Apache ZooKeeper, and so it also outlives
// a power failure.
//
// A log that has become long is replaced by a snapshot and a short log: the new files are written
// beside the old ones, and count from the moment when the new log gets its name.
package files

import "errors"

// ErrDamaged means that files were changed or lost in a way that no server causes.
var ErrDamaged = errors.New("damaged files")
