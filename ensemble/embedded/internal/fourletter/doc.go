// Package fourletter makes the answers to ZooKeeper's four-letter words: a
// connection whose first four bytes are one of them gets a text and is closed.
//
// A server hands the facts over in a [Server], on the goroutine that owns them,
// and [Answer] makes the text there; [Is] tells a word from the length of a
// connect request. [Counters] and [ConnCounters] count what the words report.
//
// The texts are laid out as Apache ZooKeeper 3.9.3 lays them out, byte by byte,
// for the programs that read them. What a hash map orders by chance in Java
// (sessions, paths) is sorted here.
//
// # What differs from a real server
//
//   - The version is "3.9.3-zklab", with the day on which Apache built 3.9.3 in
//     the form that such dates had before 3.5: go-zookeeper v1.0.4's FLWSrvr and
//     Metricbeat read no other, and nobody was found who cannot read this one.
//   - envi has no java.* lines and no os.version; go.version stands in their
//     place, and os.memory.* are those of the Go runtime: max is the soft memory
//     limit. Names of systems are Go's ("linux", not "Linux").
//   - mntr has every gauge of a real server and of the some 100 counters and
//     summaries behind them bytes_received_count, updatelatency and readlatency
//     (without quantiles). Left out are those of the JVM, of Java's request
//     processors and queues, of learner handlers, of TLS and Netty, and those per
//     namespace. What there is none of is 0: TLS, local sessions, dropped
//     connections, followers without a vote.
//   - dump leaves out the empty sets that a real server's expiry queue keeps until
//     their time comes.
//   - The open files are those of the whole process, -1 where the system does not
//     tell, and with them their limit.
//   - lresp of cons counts milliseconds since 1970, as ZooKeeper 3.4 did; since
//     3.5 it counts from an arbitrary moment.
//   - gtmk and stmk set what Java traces: gtmk answers with the default, stmk is
//     closed without an answer. hash lists the digests of every 128th
//     transaction, which are not computed here: it lists none, as a young server.
package fourletter
