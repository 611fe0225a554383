// Package promises decides, from what went over the wire, whether the servers kept the promises that
// the Programmer's Guide makes to their clients ("Consistency Guarantees", "What ZooKeeper Guarantees
// about Watches", "Ephemeral Nodes", "Sequence Nodes"). It may read only the record, and knows no
// recipe. Every recipe rests on these promises.
//
// [Check] reads a [Run] and returns a [Report] with one finding for each promise:
//
//   - record.go turns the facts into connections, requests and replies;
//   - past.go collects what is known to have happened to each znode: everything
//     if the committed transactions are known (tree.go), otherwise what clients
//     were told of their own writes;
//   - replay.go goes through each connection in the order of the wire; views.go
//     compares every reply with the past, watches.go keeps the table of watches
//     that the server must have;
//   - fifo.go, durable.go, names.go and expiry.go check the rest.
//
// A server answers reads from its own copy of the tree, which may lag. So the replies of one connection
// need not be fresh: they must be explained by versions of the tree that never go back. The earliest
// version that explains a reply is the best choice for all later replies, so the greedy choice is
// exact. A client that connects again must not be answered from before the last reply that it says it
// got. A reply that was lost on the way to it does not count.
package promises
