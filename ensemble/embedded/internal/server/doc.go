// Package server is one server of an embedded ensemble, from the moment that it
// is started until it is stopped or killed. It may not touch another server's
// state: what it knows of others comes in messages.
//
// One goroutine at a time takes a turn (loop.go): it owns all state, which is the
// replication node, the znode tree, watches, sessions and connections. All others
// put events into the inbox: the readers of client connections (conn.go) put
// decoded requests there, the other servers put messages. So requests are handled
// one after another, as ZooKeeper's ordering promises want it.
//
// While few clients send requests (crowd.go), the goroutine that read a request takes
// the turn, writes the reply, and takes turns of the servers to which it sent messages. So
// it takes a lone client's request all the way, with one system call for each frame that
// it reads or writes, and one to find that nothing more has come. With more clients, each
// server's loop takes the turns, so that many requests share one, and each connection's
// writer sends the replies, side by side. The loop also takes the turns for timers, and the
// writer sends what the network does not take at once: a turn never waits.
//
// A request's way: conn.go reads it, requests.go answers it from the tree
// (reads.go) or sends it to the leader (writes.go), which makes a transaction of
// it, has it replicated and, once it is committed, applied by every server
// (app.go); the server that the client is on then replies. connect.go makes and
// resumes sessions, sessions.go is the leader's list of them, watches.go what a
// client asked to be told.
package server
