// Package anyprogram runs a program of any kind, with its own tests, once for each message that it exchanges with ZooKeeper
// and each fault at it. The program is a command; its exit code is the verdict.
//
// [Explore] is where to start. Each run has an embedded ensemble and a port of its own. Behind the port is a link (package
// link) for each client, which names the client's messages and loses one of them. The messages come from two runs without a
// fault, in which the command has to pass. They are known by the client, the request, and the pattern of the znode's path, so
// that numbers and ids, which differ from run to run, do not matter.
//
// The package knows nothing of recipes, histories or properties. Beside the exit code it goes only by what is certain in the
// wire and in the transaction log: persistent znodes that no run without a fault leaves, and sequential znodes that their
// creator does not know of.
package anyprogram
