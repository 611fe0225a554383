// Package client is one client's connection to ZooKeeper as recipes use it: which session the
// connection is on and whether the session may be gone, requests that are repeated until a server
// has answered, waits that do not rely on watches alone, and tasks in the background.
//
// A [Client] outlives its [Session]. The effect of a session's request counts for that session
// alone. The package does not know which recipes there are, and makes no errors of calls: see
// [Options].
package client
