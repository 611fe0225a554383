// Package promises decides from what went over the wire whether the servers kept
// what the Programmer's Guide promises to their clients ("Consistency
// Guarantees", "What ZooKeeper Guarantees about Watches", "Ephemeral Nodes",
// "Sequence Nodes"). It may read the record alone, and knows no recipe. Every
// recipe rests on that.
//
// [Check] reads a [Run] and gives a [Report] with one finding for each promise:
//
//   - record.go makes connections, requests and replies of the facts;
//   - past.go collects what is known to have happened to each znode: all of it
//     where the committed transactions are known (tree.go), else what clients
//     were told of their own writes;
//   - replay.go goes through each connection in the order of the wire; views.go
//     compares every reply with the past, watches.go keeps the table of watches
//     that the server must have;
//   - fifo.go, durable.go, names.go and expiry.go look at the rest.
//
// A server answers reads from its own copy of the tree, which may lag. So the
// replies of one connection need not be fresh: they must be explained by versions
// of the tree that never go back. The earliest version that explains a reply is
// the best choice for all that follow, so that the greedy choice is exact. A
// client that connects again must not be answered from before the last reply
// that it says it got; what was lost on the way to it binds nobody.
package promises
