// Package sessions simulates clients and servers, and records what the links of real clients would
// record, for tests of the promises of sessions; it imports nothing of what it tests. The servers lag,
// the clients lose replies, connections and sessions, and the servers can be made to break one promise.
//
// File servers.go has the leader and the servers that lag behind it; clients.go has the clients and the
// wire.
package sessions
