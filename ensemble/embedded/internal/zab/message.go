package zab

import "fmt"

// Message goes from one node to another. Only the fields that its kind lists are used. It is a value;
// what it points to is never changed.
type Message struct {
	Kind     Kind
	From, To int
	// Conn is the connection that the message belongs to, zero for a Notify.
	Conn Conn

	Epoch   int64
	Zxid    int64
	Commit  int64
	Entry   Entry
	Sync    *Sync
	Vote    *Notification
	Payload any
}

// Conn names one attempt of a learner to be served by a leader. No two
// attempts have the same name, also over restarts, so that what is left of one
// is never taken for part of another.
type Conn struct {
	Learner int // the server that connects
	Boot    int // how often it was started
	Try     int // counted in this boot
}

// Kind is the kind of a message. The names in brackets are the names of Apache
// ZooKeeper's packets.
type Kind int

// The kinds of message.
const (
	// Notify sends a vote, or who leads, to a server that looks for a leader: Vote.
	Notify Kind = iota
	// Connect opens a connection [FOLLOWERINFO, OBSERVERINFO]: Epoch is the
	// latest one that the learner has accepted.
	Connect
	// NewEpoch answers it [LEADERINFO]: Epoch is the leader's.
	NewEpoch
	// AckEpoch promises to follow no leader of an earlier epoch. Epoch is the learner's current one or
	// noPromise, Zxid the end of its log, Commit what it knows to be committed.
	AckEpoch
	// NewLeader brings the learner's log in line [DIFF, TRUNC or SNAP with what
	// follows, NEWLEADER]: Sync; the leader knows all up to Commit to be committed.
	NewLeader
	// AckLeader confirms that all of it is on disk: Zxid is the end of the log.
	AckLeader
	// UpToDate lets the learner serve, from the state at Commit on.
	UpToDate
	// Propose hands an entry to a follower: Entry.
	Propose
	// Ack confirms that the follower has all up to Zxid on disk.
	Ack
	// Commit tells a follower that all up to Zxid is committed.
	Commit
	// Inform gives an observer the next committed entry: Entry.
	Inform
	// Ping asks a learner for a Pong; Pong has the Payload of App.Beat.
	Ping
	// Pong answers a Ping.
	Pong
	// Payload carries what the servers have to say to each other: Payload.
	Payload
	// Close ends a connection, or refuses it. Nothing follows it on its Conn.
	Close
)

var kinds = [...]string{
	"Notify", "Connect", "NewEpoch", "AckEpoch", "NewLeader", "AckLeader", "UpToDate",
	"Propose", "Ack", "Commit", "Inform", "Ping", "Pong", "Payload", "Close",
}

// String returns the kind's name.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kinds) {
		return fmt.Sprintf("Kind(%d)", int(k))
	}
	return kinds[k]
}

// Vote names the leader that a server wants, with the reason. A server prefers the candidate
// with the latest epoch, then the one with the longest log, then the one with the highest id.
type Vote struct {
	Leader int
	Epoch  int64 // the candidate's current epoch
	Zxid   int64 // the end of its log
}

// Notification is the message between servers in an election.
type Notification struct {
	Role  Role  // of the sender; Following, Observing and Leading even before it serves
	Round int64 // of the sender's latest election
	Vote  Vote  // complete only if the sender is looking for a leader; otherwise only Leader counts
	// Members are those that the sender knows to be committed; nil if it knows of no change, committed or not.
	Members *Members
}

// better reports whether a server prefers v to o.
func (v Vote) better(o Vote) bool {
	if v.Epoch != o.Epoch {
		return v.Epoch > o.Epoch
	}
	if v.Zxid != o.Zxid {
		return v.Zxid > o.Zxid
	}
	return v.Leader > o.Leader
}

// Sync brings a learner's log in line with the leader's.
type Sync struct {
	Mode SyncMode
	// After is where Entries begin: the zxid of the last entry that both have, or
	// of the snapshot. The learner drops its later entries
	// that the leader does not have.
	After    int64
	Snapshot State // the state at After, which the learner takes over; only in mode Snap
	Entries  []Entry
}

// SyncMode is the way in which a learner is synchronised.
type SyncMode int

// The modes.
const (
	Diff  SyncMode = iota // it lacks some entries, perhaps none
	Trunc                 // it has entries that the leader lacks
	Snap                  // it lacks entries that the leader no longer has
)
