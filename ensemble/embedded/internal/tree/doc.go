// Package tree is the replicated state of an ensemble: znodes, their stats, and
// sessions. It may not use time, randomness or connections: the same
// transactions make the same tree.
//
// It is a state machine. A leader turns each request that changes something into
// a [Txn] (package prep), and every server applies the same transactions in the
// order of their zxids ([Tree.Apply]), so that all trees are equal. What a
// transaction comes to is a [Result]: what the reply tells, and the events for
// those who watch. Reads ([Tree.Exists], [Tree.Data], [Tree.ACL],
// [Tree.Children] and others) check permissions and answer with a code, as the
// last stage of a real server does.
//
// # Orders that clients can see
//
// ZooKeeper promises no order of children, nor of the ephemerals that go with a
// session, nor of the identities of a client. Java's server has one all the
// same, that of its hash sets, and clients see it: in a list of children, in the
// watch events of a closed session, in the expansion of the scheme auth. A Tree
// has the same (package javahash), so that it is deterministic and can be compared with a
// real server event by event.
//
// # Where it differs from Java's server
//
// A create with a negative TTL and a mode without one makes Java's servers stop:
// package prep refuses it. Everything else here follows Apache ZooKeeper 3.9.3,
// its oddities too: the empty path is an alias of the root for reads; the
// counter of sequential names does not wrap. Measured on real servers, it stays
// at 2147483647, where a second create of the same prefix fails with NodeExists;
// negative names come only behind another create of the parent that is not yet
// applied (see [Create].ParentCversion).
//
// A Tree is not safe for concurrent use.
package tree
