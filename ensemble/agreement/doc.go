// Package agreement compares the servers of an ensemble with each other: each is read by
// itself, and all must have the same tree. ZooKeeper promises a single system image, and
// released servers have broken it in ways that no client of one server notices, such as a
// tree that one server lost (ZOOKEEPER-4925). It may not know a run, a recipe or a fault.
//
// [Config.Compare] opens a session with each server, does a quorum write through it that
// changes nothing, and reads. What the server then shows is at least all that was committed
// before. Trees that are equal agree. Where they differ, the difference may be a change that
// is under way, so that they are read again, behind new writes: see rounds.go.
//
// What is compared of a znode is all that a transaction makes of it: its path, data,
// permissions, czxid, mzxid, version, aversion and owner. Not compared are cversion and pzxid
// (see docs/checking.md).
package agreement
