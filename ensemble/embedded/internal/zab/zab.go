// Package zab replicates a log of transactions over the servers of an
// ensemble, as ZooKeeper's atomic broadcast does: a leader is elected by epoch,
// zxid and id; it brings a quorum up to date with its own log (difference,
// truncation or snapshot) under a new epoch, and then proposes transactions,
// each of which is committed when a quorum has it on disk.
//
// A [Node] is one server's part in that, as a state machine without goroutines,
// locks or clocks: its owner hands it messages ([Node.Step]) and the time
// ([Node.Tick]), and it answers with calls to [App] and messages to send. So
// the same code runs under real time, under virtual time, and in a simulation
// that chooses every delivery.
//
// What is replicated is opaque: an [Entry]'s Data, a State's content.
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

// Role is what a server is at the moment.
type Role int

// The roles.
const (
	Looking Role = iota // no leader known, or not in sync with it: serves nobody
	Following
	Leading
	Observing
)

// Config says who a node is. Times are counted in ticks as in zoo.cfg.
type Config struct {
	ID        int
	Voters    []int // ids, all of them, this one too unless it observes
	Observers []int
	Tick      time.Duration
	InitLimit int // ticks that electing, discovering and synchronising may take
	SyncLimit int // ticks of silence after which leader and learner give each other up
}

// App is the server that a node replicates for. The node calls it from within
// Step, Tick, Propose and the like, on the goroutine of the caller. App may call
// Propose, SendLeader and SendLearner from within Commit, Receive and Serve.
type App interface {
	// Send hands a message to the network. Messages from one node to another
	// arrive in order; they may be delayed for long, lost with everything after
	// them on the same Conn, or arrive when nobody wants them any more.
	Send(Message)
	// Install replaces the state, before the first Serve and whenever a leader
	// sent a snapshot. The state is the App's from then on.
	Install(s State, zxid int64)
	// Commit applies the next committed entry. On every server each entry comes
	// once, in the order of zxids, after Install.
	Commit(Entry)
	// Serve says that the server is in sync under a leader (which may be itself)
	// and may serve clients.
	Serve(role Role, leader int, epoch int64)
	// Suspend says that it no longer may.
	Suspend()
	// Receive gets what SendLeader and SendLearner sent, in the order in which
	// it was sent and, from the leader, in its place among the commits.
	Receive(from int, payload any)
	// Beat is asked of a learner that answers the leader's ping; a payload that
	// is not nil reaches the leader's Receive.
	Beat() any
}
