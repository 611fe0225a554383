// Package server is one server of an embedded ensemble, from its start until it is stopped or killed.
// It must not touch another server's state: everything that it knows of other servers comes in
// messages.
//
// One goroutine at a time takes a turn (loop.go): it owns all state, which is the replication node, the
// znode tree, watches, sessions and connections. All others put events into the inbox: the readers of
// client connections (conn.go) put decoded requests there, the other servers put messages. So requests
// are handled one after another, as ZooKeeper's ordering promises require.
//
// While few clients send requests (crowd.go), the goroutine that read a request takes
// the turn, writes the reply, and takes turns of the servers to which it sent messages. So
// it takes a lone client's request all the way, with one system call for each frame that
// it reads or writes, and one to find that nothing more has come. With more clients, each
// server's loop takes the turns, so that many requests share one, and each connection's
// writer sends the replies, side by side. The loop also takes the turns for timers, and the
// writer sends what the network does not take at once: a turn never waits.
//
// The path of a request: conn.go reads it, requests.go answers it from the tree (reads.go) or sends it
// to the leader (writes.go). The leader makes it a transaction and replicates it; once it is committed,
// every server applies it (app.go), and the client's server replies. connect.go creates and resumes
// sessions, sessions.go is the leader's list of them, and watches.go has the clients' watches.
package server
