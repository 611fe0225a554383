// Package agreement compares the servers of an ensemble with each other: it reads each
// server separately, and all must have the same tree. ZooKeeper promises a single system
// image, and released servers have broken it in ways that no client of one server notices,
// such as a tree that one server lost (ZOOKEEPER-4925). The package knows no run, recipe or
// fault.
//
// [Config.Compare] opens a session with each server, makes a quorum write through it that
// changes nothing, and reads. The server then shows at least everything that was committed
// before. Equal trees agree. If trees differ, a change may be under way, so Compare reads
// them again after new writes: see rounds.go.
//
// Compare looks at everything that a transaction sets on a znode: its path, data,
// permissions, czxid, mzxid, version, aversion and owner. It does not compare cversion and
// pzxid (see docs/checking.md).
package agreement
