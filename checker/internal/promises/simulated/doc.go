// Package simulated is an ensemble that exists only as one log of transactions,
// for tests of package promises: servers that lag, clients that lose replies,
// connections and sessions. It records what the links of real clients record, and
// can be told to break one promise. It shares no code with what it tests.
//
// servers.go has the tree, the leader and the servers that lag behind it,
// clients.go the clients and the wire.
package simulated
