// Package fourletter makes the answers to ZooKeeper's four-letter words: a
// connection whose first four bytes are such a word gets a text and is closed.
// The package never reads a server: servers hand it copies of the facts.
//
// A server hands the facts over in a [Server], on the goroutine that owns them,
// and [Answer] makes the text there; [Is] tells a word from the length of a
// connect request. [Counters] and [ConnCounters] count what the words report.
//
// [Prometheus] tells the metrics of mntr to Prometheus: both come from one table.
//
// The texts are laid out as Apache ZooKeeper 3.9.3 lays them out, byte by byte,
// for the programs that read them. What a hash map orders by chance in Java
// (sessions, paths) is sorted here.
//
// # What differs from a real server
//
//   - The version is "3.9.3-zklab", or "3.8.0-zklab" of a [Server] that is older,
//     with the day on which Apache built that version in the form that such dates had before 3.5: go-zookeeper v1.0.4's FLWSrvr and
//     Metricbeat read only that form, and every program that was tried reads it.
//   - envi answers <NA> for Java's properties, followed by go.version;
//     os.memory.* describe the Go runtime: max is the soft memory limit. Names of
//     systems are Go's ("linux", not "Linux").
//   - mntr has every key of a real server, but for those that it makes for each
//     learner's queue and for each znode below the root. What there is none of is 0:
//     Java's request processors and their queues, snapshots, the JVM's pauses, TLS,
//     local sessions, dropped connections, followers without a vote. It counts what
//     [Count] and [Measure] name, reads and updates; response_bytes counts
//     replies only, and a learner's proposals are the committed ones.
//   - dump leaves out the empty sets that a real server's expiry queue keeps until
//     their time comes.
//   - The open files belong to the whole process, -1 where the system does not
//     tell, and with them their limit.
//   - lresp of cons counts milliseconds since 1970, as ZooKeeper 3.4 did; since
//     3.5 it counts from an arbitrary moment.
//   - What gtmk and stmk set is kept for each run of a server, and traces nothing.
//   - hash lists nothing, as a real server does before its 128th transaction. Then
//     that has a line for each one whose zxid is a multiple of 128 ("80: 254474642712"):
//     a checksum of its whole tree, which no client reads and which comparing servers
//     that share their transactions would tell nothing.
package fourletter
