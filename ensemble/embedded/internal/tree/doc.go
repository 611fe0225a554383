// Package tree is the replicated state of an ensemble: znodes, their stats, and sessions. It uses no
// time, randomness or connections: the same transactions make the same tree.
//
// It is a state machine. A leader turns each request that changes something into a [Txn] (package
// prep), and every server applies the same transactions in the order of their zxids ([Tree.Apply]), so
// that all trees are equal. The outcome of a transaction is a [Result]: the content of the reply, and
// the events for watchers. Reads ([Tree.Exists], [Tree.Data], [Tree.ACL], [Tree.Children] and others)
// check permissions and answer with a code, as the last stage of a real server does.
//
// # Orders that clients can see
//
// ZooKeeper promises no order of children, of the ephemerals that are deleted with a session, or of the
// identities of a client. Java's server still has an order, that of its hash sets, and clients see it:
// in a list of children, in the watch events of a closed session, in the expansion of the scheme auth.
// A Tree has the same order (package javahash), so that it is deterministic and can be compared with a
// real server event by event.
//
// # Where it differs from Java's server
//
// A create with a negative TTL and a mode without a TTL makes Java's servers stop: package prep refuses
// it. Everything else follows Apache ZooKeeper 3.9.3, including its oddities: the empty path is an
// alias of the root for reads; the counter of sequential names does not wrap. Measured on real servers,
// the counter stays at 2147483647, where a second create with the same prefix fails with NodeExists;
// negative names occur only after another create in the same parent that is not yet applied (see
// [Create].ParentCversion).
//
// A Tree is not safe for concurrent use.
package tree
