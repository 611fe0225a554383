// Package server is one server of an embedded ensemble, from the moment that it
// is started until it is stopped or killed. It may not touch another server's
// state: what it knows of others comes in messages.
//
// One goroutine, the loop (loop.go), owns all state: the replication node, the
// znode tree, watches, sessions, connections. Everybody else hands it events
// through the inbox: the readers of client connections (conn.go) decoded
// requests, the other servers messages. What the loop has to say it appends to
// the buffer of a connection, whose writer sends it. So requests are handled one
// after another, as ZooKeeper's ordering promises want it, while decoding,
// encoding into the network and the network itself run beside.
//
// A request's way: conn.go reads it, requests.go answers it from the tree
// (reads.go) or sends it to the leader (writes.go), which makes a transaction of
// it, has it replicated and, once it is committed, applied by every server
// (app.go); the server that the client is on then replies. connect.go makes and
// resumes sessions, sessions.go is the leader's list of them, watches.go what a
// client asked to be told.
package server
