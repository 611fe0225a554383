// Package embedded is a ZooKeeper ensemble inside this process, for tests and
// experiments: one to seven servers, in Go, that speak ZooKeeper's client
// protocol and replicate for real. Leaders are elected, followers lag and catch
// up, sessions expire, watches fire, and servers can be paused, killed, started
// again and cut off from each other. What clients can observe is meant to be
// exactly what Apache ZooKeeper 3.9 shows them, also while servers fail. It is
// not a place for data that matter: all is in memory, and gone with Close.
//
//	e, err := embedded.Start(embedded.Config{})
//	if err != nil { … }
//	defer e.Close()
//	conn, events, err := zk.Connect(e.Addrs(), 4*time.Second)
//
// Clients of any language reach the servers over loopback TCP. With
// [Config.InMemory] there is no network at all: connections are made by
// [Ensemble.Dial] (zk.WithDialer(e.Dial)), and everything may run in a
// testing/synctest bubble, where simulated minutes take milliseconds.
//
// [Config] is an [ensemble.Starter]. [Ensemble] and [Server] have the optional
// abilities of package ensemble, but for full disks and files to collect, so that
// nearly every fault of zklab works here.
//
// How it works: package server (in internal/) is one server, an event loop over
// a replication node (zab), a tree of znodes (tree), the leader's validation
// (prep) and the tables of watches (watch). This package gives the servers
// their disks, their clients' listeners and the links between them (mesh), and
// starts and ends them.
//
// # Differences from Apache ZooKeeper
//
//   - The version in srvr, stat, mntr and envi names a date in the form of
//     ZooKeeper 3.5 ("built on 10/17/2024 23:21 UTC"), which go-zookeeper can read.
//   - Elections take milliseconds, and a fifth of a tick at most while a server is
//     away, where Java's take 0.3 to 1 s. So with the default ticks an outage is
//     about 0.1 s when the leader is killed (1 s), and 2.1 s when it is paused
//     (2.5 to 3 s). A server that is started, or goes on after a pause, serves
//     again at once (0.1 to 1 s, in which it closes every connection).
//   - Where Java's threads race after a pause of more than SyncLimit ticks the usual
//     outcome comes always: a follower hangs up at once (Java's sometimes answers
//     something from its old state first), and a deposed leader leads nobody for half
//     a tick or a whole one (Java's sometimes notices at once) and has ended the
//     sessions that were overdue (Java's sometimes hears of their clients first).
//   - One server alone calls itself standalone, and elects itself, so that its
//     zxids have epochs.
//   - Znodes with a TTL can be created unless [Config.NoTTL] says otherwise.
//   - reconfig, where it is allowed, changes what /zookeeper/config says, and not
//     which servers vote.
//   - A multi-read that holds no read is answered with the error alone; Java's
//     server appends an empty list. A create or delete of a null path is an invalid
//     path, not a record that cannot be read. A client that sends createSession
//     is disconnected; Java's server takes it for a write.
//   - Three requests that stop an Apache server for good are refused: see prep.
//     A setACL counts for the requests behind it at once; there it is a race.
//   - Not there: TLS, SASL, local sessions, read-only mode, the AdminServer's
//     HTTP, enforced quotas, files on disk.
package embedded
