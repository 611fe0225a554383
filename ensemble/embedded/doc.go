// Package embedded is a ZooKeeper ensemble inside this process, for tests and experiments: one to seven
// servers, in Go, that speak ZooKeeper's client protocol and really replicate. It may not know who its
// clients are: nothing of links, faults or recipes. Leaders are elected, followers lag and catch up,
// sessions expire, watches fire, and servers can be paused, killed, started again and cut off from each
// other. What clients can observe is meant to be exactly what Apache ZooKeeper 3.9 shows them, even
// while servers fail. It is not a place for important data: everything is in memory, and lost with
// Close, unless [Config.Data] names a folder. Then the ensemble continues from there when it is started
// again, in whatever way the process ended.
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
// [Config] is an [ensemble.Starter]. [Ensemble] and [Server] have the optional abilities of package
// ensemble, except full disks and files to collect, so nearly every fault of zklab works here.
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
//     zxids have epochs. Like Apache's it has no configuration.
//   - An ensemble on ports that [Config.Addrs] names begins with an epoch that
//     follows from the clock, and one with files with an epoch behind all that they
//     name; both show it on every server from the start. Apache's followers show an
//     epoch with its first transaction. But here all servers end at once, and clients
//     of the run before are to find their sessions, or to get to know that there is
//     nothing left of them, from each.
//   - With [Config.UpgradeTo], servers imitate 3.8.0 before or after an upgrade, in what a client sees first:
//     srvr, stat, mntr and envi tell that version, events have no zxid (ZOOKEEPER-4655), and exists
//     needs no permission (ZOOKEEPER-2590). All else is as in 3.9.3.
//   - Znodes with a TTL can be created unless [Config.NoTTL] says otherwise.
//   - reconfig, where it is allowed, changes which of the servers vote and observe. A server
//     that is no longer a member follows and serves, as Apache's does; started again, it joins
//     the others, where Apache's process ends. Servers that join and are none of the ensemble's
//     need not exist: their votes are missing. Names of hosts are not looked
//     up, groups and weights are not known. Of several at once only the first is
//     carried out; with Apache's servers the others depend on a race. The first
//     version stays 0x100000000, whatever the epoch. Once members have changed, an election
//     takes a fifth of a tick.
//   - What mntr, envi, dump, cons and hash say differently stands in package
//     fourletter.
//   - A multi-read that holds no read is answered with the error alone; Java's
//     server appends an empty list. A create or delete of a null path is an invalid
//     path, not a record that cannot be read. A client that sends createSession
//     is disconnected; Java's server takes it for a write.
//   - Three requests that stop an Apache server for good are refused: see prep.
//     A setACL counts for the requests behind it at once; there it is a race.
//   - Files ([Config.Data]) are not laid out as Apache's, though the log has its
//     format, and are forced to disk only with [Config.Fsync].
//   - A server can lose its power ([Server.LosePower]), and its wall clock can jump
//     ([Server.ShiftClock]). The clock is used where Apache's is, but for one thing: when
//     it jumps ahead, a leader looks once for containers and znodes with a TTL; Apache's
//     makes up for all the looks that it seems to have missed.
//   - Quotas are counted, and enforced with [Config.EnforceQuota], as there.
//   - TLS ([Config.TLS]) is Go's: clients speak it on the one port there is, and a
//     client's certificate gives it no identity for access control lists (x509).
//   - Local sessions ([Config.LocalSessions]) are there in read-only mode alone: with a
//     majority every session is the ensemble's from the start, and not only once it
//     makes an ephemeral. So it outlives the server that its client is on.
//   - Unless [Config.MaxConnections] and [Config.Words] say otherwise, a server takes any
//     number of connections from one address, and answers all four-letter words; Apache's
//     takes 60, and answers srvr alone.
//   - jute.maxbuffer ([Config.MaxRequest]) is 1024 bytes to 16 MiB.
//   - A connection that asks for no session within ten seconds is closed: that is Apache's
//     zookeeper.nio.sessionlessCnxnTimeout, which is no setting here.
//   - Access control lists are always checked (skipACL), digests are SHA-1
//     (DigestAuthenticationProvider.digestAlg), and clients prove who they are by digest or
//     ip alone (authProvider.N, EnsembleAuthenticationProvider, x509).
//   - Not there: SASL, and so sessionRequireClientSASLAuth; the AdminServer's HTTP. A client
//     that begins with SASL is answered as by an Apache server without it: with no token and
//     no error, and its session expires if it sends nothing else.
package embedded
