// Package zab replicates a log of transactions over the servers of an ensemble,
// as ZooKeeper's atomic broadcast does: a leader is elected by epoch, zxid and
// id; it brings a quorum up to date with its own log (difference, truncation or
// snapshot) under a new epoch, and then proposes transactions, each of which is
// committed when a quorum has it on disk. It may not look into a transaction,
// and uses no network, disk or clock.
//
// A [Node] is one server's part in that, as a state machine without goroutines, locks or clocks: its
// owner passes it messages ([Node.Step]) and the time ([Node.Tick]), and it answers with calls of [App]
// and messages to send. So the same code runs in real time, in virtual time, and in a simulation that
// chooses every delivery.
//
// What is replicated is opaque: an [Entry]'s Data, a State's content, except that either may name the
// members of the ensemble (members.go). What must survive a crash is on the node's [Disk].
//
// # The way of a server
//
// A server begins by looking for a leader (election.go). The servers send each other their votes until
// a quorum agrees; the elected server leads, and the others connect to it. Then come three phases. When
// any of them fails, the server starts again:
//
//	discovery.go   Connect  -> NewEpoch  -> AckEpoch    an epoch that had no leader before, and promises
//	sync.go        NewLeader -> AckLeader -> UpToDate    a quorum takes over the leader's log
//	broadcast.go   Propose  -> Ack       -> Commit      one entry after the other
//
// leader.go has what a leader knows of its learners and when it gives up, learner.go the other side,
// node.go the entry points and the order in which App is called, disk.go the log and how two logs are
// brought in line.
//
// # Why nothing is lost
//
// A committed entry is on the disks of a quorum, all of which had taken over the log of the epoch's
// leader before (their current epoch shows that). The leader of a later epoch has promises of a quorum,
// and the two quorums share a server. After its promise, that server acknowledges nothing of an earlier
// epoch any more, so the log that it reported with the promise contains everything that it ever
// acknowledged; and a leader whose log is less recent, by current epoch and then by zxid, steps back.
// So the leader has what was committed, brings a quorum to have it, and only then serves.
//
// If a node is told to drop an entry that it knows to be committed, or gets entries with a gap, it
// panics: that is a defect of this package or of the network below. A server whose disk is Hasty drops
// such an entry: others may have lost it with their power.
//
// # Time
//
// Election waits are a fifth of a tick at most, and none when all voters have answered. Each phase
// before broadcast ends after InitLimit ticks. After that a leader pings twice a tick, and once a tick
// counts the learners that answered within SyncLimit ticks; a learner waits SyncLimit ticks for a
// message of its leader.
//
// Differences from Apache ZooKeeper 3.9: the log sent to a learner is one message, taken over as a
// whole; a log of another epoch is cut back to what is known to be committed instead of being replaced
// by a snapshot; a server that looks for a leader counts itself as a supporter of a leader that it
// finds; a leader that has no quorum yet gives up when its electors look again, and a leader that
// serves gives up when a learner has accepted a later epoch, since that learner could never join
// otherwise.
package zab

import "time"

// Entry is one transaction of the log. It is never changed: the servers of an
// ensemble, which live in one process, share it.
type Entry struct {
	Zxid int64 // epoch in the high 32 bits, counter in the low ones
	Data any
}

// State is the replicated state at some zxid: what a snapshot holds.
type State interface {
	// Apply applies the next committed entry.
	Apply(Entry)
	// Clone gives an independent copy.
	Clone() State
}

// Role is a server's part at the moment.
type Role int

// The roles.
const (
	Looking Role = iota // no leader known, or not in sync with it: serves no client
	Following
	Leading
	Observing
)

// Config describes a node. Times are counted in ticks as in zoo.cfg.
type Config struct {
	ID        int
	Voters    []int // ids, all of them, this one too unless it observes; the log may name others
	Observers []int
	Tick      time.Duration
	InitLimit int // ticks that electing, discovering and synchronising may take
	SyncLimit int // ticks of silence after which leader and learner give each other up
}

// App is the server that a node replicates for. The node calls it from within
// Step, Tick, Propose and the like, on the goroutine of the caller, one call at a
// time. App may call Propose, SendLeader and SendLearner from within Commit,
// Receive and Serve, and may read the node at any time.
type App interface {
	// Send hands a message to the network. Messages from one node to another arrive in order; they may
	// be delayed for long, lost with everything after them on the same Conn, or arrive when the
	// receiver has no more use for them.
	Send(Message)
	// Install replaces the state, before the first Serve and whenever a leader
	// sent a snapshot. The state is the App's from then on.
	Install(s State, zxid int64)
	// Commit applies the next committed entry. On every server each entry comes once, in the order of
	// zxids, after Install. Those that come before Serve are what the server missed: no client of this
	// server waits for them.
	Commit(Entry)
	// Serve tells the server that it is in sync under a leader (which may be itself)
	// and may serve clients.
	Serve(role Role, leader int, epoch int64)
	// Suspend tells the server that it may serve no longer.
	Suspend()
	// Receive gets what SendLeader and SendLearner sent, in the order in which
	// it was sent and, from the leader, in its place among the commits.
	Receive(from int, payload any)
	// Beat is asked of a learner that serves, when it answers the leader's ping; a
	// payload that is not nil reaches the leader's Receive.
	Beat() any
}
