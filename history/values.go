package history

import (
	"math"
	"slices"
	"time"
)

// This file is the vocabulary of the format: the names of operations and facts
// (Event.F) and the shapes of their values. Durations in values are
// nanoseconds, as Event.Time is.

// The ends of time: times of a record lie between them.
const (
	Never  = time.Duration(math.MaxInt64) // later than everything
	Always = time.Duration(math.MinInt64) // earlier than everything
)

// Models: the workload that wrote a history, and so which properties apply.
const (
	ModelLock          = "lock"
	ModelElection      = "election"
	ModelQueue         = "queue"
	ModelBarrier       = "barrier"
	ModelDoubleBarrier = "double-barrier"
	ModelRegister      = "register" // the store itself
	ModelSession       = "session"  // the store itself; see wire.go
)

// Header is the value of the first event of every history: Nemesis, Info, FBegin.
type Header struct {
	Version int       `json:"version"`
	Model   string    `json:"model"`
	Wall    time.Time `json:"wall"` // wall-clock time of Event.Time zero
	Params  Params    `json:"params"`
}

// Params is what checking needs to know of a run.
type Params struct {
	Clients        int           `json:"clients"`
	Servers        int           `json:"servers"`
	Addresses      []string      `json:"addresses,omitempty"`  // at which clients reach the servers, from server 1 on
	SessionTimeout time.Duration `json:"session_timeout"`      // negotiated
	Tick           time.Duration `json:"tick,omitempty"`       // the servers' tickTime
	SyncLimit      int           `json:"sync_limit,omitempty"` // the servers' syncLimit, in ticks
	// Sweep is how often the servers look for containers and znodes with a TTL to delete; 0: not known.
	Sweep time.Duration `json:"sweep,omitempty"`
	// MinSession and MaxSession are what every server bounds session time-outs by; 0: not known.
	MinSession time.Duration `json:"min_session,omitempty"`
	MaxSession time.Duration `json:"max_session,omitempty"`
	Reconnect  time.Duration `json:"reconnect,omitempty"` // bound on one client's reconnect
	MinLoad    int           `json:"min_load"`            // ok operations wanted before the first fault
	Parties    int           `json:"parties,omitempty"`   // double-barrier: members of a round
	Leases     int           `json:"leases,omitempty"`    // semaphore: how many clients hold at a time
	Tries      int           `json:"tries,omitempty"`     // job-queue, master-worker: how often a job is tried
	Subject    string        `json:"subject,omitempty"`
	Expects    []string      `json:"expects,omitempty"` // kinds of faults that were scheduled
	// Optional are those of Expects that nobody asked for by name: a run in which one
	// took no effect is no other run than the one that was asked for.
	Optional []string `json:"optional,omitempty"`
	// SameClock says that the servers run in the process that records: times of the
	// record can be held against them.
	SameClock bool `json:"same_clock,omitempty"`
	// Unlogged says that the ensemble cannot tell what was committed: what rests on
	// transactions is not available.
	Unlogged bool `json:"unlogged,omitempty"`
	// Root is the znode that all objects of the run are below. Where it is there, the
	// record names each session that links carried (FConnected) and each of the
	// harness's own that writes below it (FHarness): another one that does is that of
	// a client which goes around its link.
	Root string `json:"root,omitempty"`
	Seed int64  `json:"seed"`
}

// Facts of the run: process "nemesis", type info.
const (
	FBegin     = "begin"     // Header; the first event
	FOffers    = "offers"    // Offers: what the subject can do beyond its contract
	FPhase     = "phase"     // Phase: a phase begins
	FHealth    = "health"    // Health: looked at from outside
	FHarness   = "harness"   // Harness: a session of the harness's own, in which it reads and writes below Params.Root
	FStall     = "stall"     // Stall: the harness itself was held up
	FClock     = "clock"     // Clock: the wall clock and the record's drifted apart
	FDrained   = "drained"   // key = a queue, value Drained: a fenced read at the end
	FFinal     = "final"     // key = a hold or a register, value Final: a fenced look at it at the end
	FAgreement = "agreement" // Agreement: the servers' trees were compared, after the heal
	FSurveyed  = "surveyed"  // key = a folder of model session, value Surveyed: all of it was read, fenced, at the end
	FEnd       = "end"       // the last event: the record is complete
)

// runFacts are they, as events call them.
var runFacts = []string{
	FBegin, FOffers, FPhase, FHealth, FHarness, FStall, FClock, FDrained, FFinal, FAgreement, FSurveyed, FEnd,
}

// RunFact says that an F of the nemesis is a fact of the run. All others are steps of faults.
func RunFact(f string) bool { return slices.Contains(runFacts, f) }

// Offers is the value of FOffers: of the subject of a hold, of a queue that has an order of its own, or a cache.
type Offers struct {
	Fencing   bool `json:"fencing"`    // it gives a token with every grant
	TellsLost bool `json:"tells_lost"` // it says when a hold is lost
	// Remote says that it lives in another process. What a release's invoke says
	// of the hold is what had been heard by then; only a confirm asks.
	Remote bool `json:"remote,omitempty"`
	// Strict says of a priority or delay queue that each dequeue gives an item than which there
	// was no better one at some moment during it.
	Strict bool `json:"strict,omitempty"`
	// NeverCurrent says of a cache that it cannot say when its copy is current, and is not asked for that.
	NeverCurrent bool `json:"never_current,omitempty"`
	// Capacity says of a queue how many items it has at most; 0: it has no bound.
	Capacity int `json:"capacity,omitempty"`
}

// Phases, in order. Heal ends when every fault is healed and the ensemble was
// found healthy again; quiesce gives every contender its turn and drains.
const (
	PhaseSetup   = "setup"
	PhaseLoad    = "load"
	PhaseHeal    = "heal"
	PhaseQuiesce = "quiesce"
)

// Phase is the value of FPhase.
type Phase struct {
	Name string `json:"name"`
}

// Health is the value of FHealth: every server serves, one leads, and a write
// through each is read through every other, or why not. When is "before" (the
// load) or "after" (the heal).
type Health struct {
	Healthy bool   `json:"healthy"`
	When    string `json:"when"`
	Detail  string `json:"detail,omitempty"`
	Leader  int    `json:"leader,omitempty"` // server id
	Epoch   int64  `json:"epoch,omitempty"`  // of the leader's zxid: it rises with each election
}

// Steps of a fault, in order; failed and skipped end it.
const (
	StepInject   = "inject"   // about to be done
	StepVerified = "verified" // seen from outside that it took effect
	StepFailed   = "failed"   // could not be done, or took no effect
	StepSkipped  = "skipped"  // found no target
	StepHeal     = "heal"     // about to be undone
	StepHealed   = "healed"   // undone
	StepWarning  = "warning"  // something to know of it, in Detail
	StepElected  = "elected"  // a new leader serves after this fault: Servers names it
)

// FaultStep is the value of a fault's events. Fault numbers the faults of a
// run from 1. Clients and Sessions are the affected ones.
type FaultStep struct {
	Fault    int    `json:"fault"`
	Step     string `json:"step"`
	Spec     string `json:"spec,omitempty"` // as scheduled: pause:leader, expire:holder
	Servers  []int  `json:"servers"`
	Clients  []int  `json:"clients"`
	Sessions []ID   `json:"sessions,omitempty"`
	Detail   string `json:"detail,omitempty"`
	// Holding says of an expiry what its sessions did: "holding", "waiting" or "idle".
	Holding []string `json:"holding,omitempty"`
	// Traits are in the inject step. Records of before they were written lack them.
	Traits FaultTraits `json:"traits,omitzero"`
}

// ForeignMark is in the name of each znode that a fault makes among those of a recipe: whatever
// else is there somebody made who is under test.
const ForeignMark = "foreign"

// FaultTraits are what checks and reports have to know of a fault, besides whom it
// hit. The zero value is a fault of which nothing of this follows.
type FaultTraits struct {
	// Sessions says whether the sessions of the clients end; "" is that they need not.
	Sessions SessionsEnd `json:"sessions,omitempty"`
	// Absent says that the clients can do nothing meanwhile, though their sessions may
	// live, or cannot be heard.
	Absent bool `json:"absent,omitempty"`
	// Reconnects says that clients connect again, mostly in time to keep their sessions.
	Reconnects bool `json:"reconnects,omitempty"`
	// Crashes says that processes of clients end: nobody is left to be told of anything.
	Crashes bool `json:"crashes,omitempty"`
	// Denies says that permissions on znodes are taken away, Deletes that znodes are
	// deleted under those who use them.
	Denies  bool `json:"denies,omitempty"`
	Deletes bool `json:"deletes,omitempty"`
}

// SessionsEnd is when the sessions end that a fault hits.
type SessionsEnd string

// When sessions end.
const (
	EndAtOnce      SessionsEnd = "at-once"      // by force
	EndByTimeout   SessionsEnd = "by-timeout"   // the fault lasts until then
	EndIfOutlasted SessionsEnd = "if-outlasted" // where the fault lasts longer than they do
)

// Harness is the value of FHarness.
type Harness struct {
	Session ID `json:"session"`
}

// Stall is the value of FStall: the harness's 10 ms heartbeat was late by Gap.
type Stall struct {
	Gap time.Duration `json:"gap"`
}

// Clock is the value of FClock: since the record began the wall clock has moved that much
// further than [Event.Time]. It is told when it differs by a millisecond from what was told
// last, at first from nothing.
type Clock struct {
	Drift time.Duration `json:"drift"`
}

// Agreement is the value of FAgreement: what was found when the tree at and below Root was
// read from each server by itself, behind a quorum write through that server. Servers are
// named by their numbers.
type Agreement struct {
	Root       string       `json:"root"`              // "/" is all but /zookeeper
	Servers    []int        `json:"servers"`           // that were read, and so compared
	Aliases    []int        `json:"aliases,omitempty"` // whose address leads to one of Servers
	Unread     []ServerNote `json:"unread,omitempty"`  // that could not be read, and why
	Znodes     int          `json:"znodes"`            // that each has, where they agree
	Ephemerals int          `json:"ephemerals"`        // of these
	// Hidden are those that the harness may not read: of these the stat alone was compared, or
	// only that they are there, and nothing that is below them.
	Hidden int `json:"hidden,omitempty"`
	// During says that clients were at work, and faults done: only what differs counts, and not
	// that servers were down, or that trees changed while they were read.
	During bool `json:"during,omitempty"`
	// Unsettled says that the trees changed each time that they were read.
	Unsettled bool `json:"unsettled,omitempty"`
	// Signs are what servers themselves tell that shows that their trees differ.
	Signs []ServerNote `json:"signs,omitempty"`
	// Digests are servers that count digests that are not the leader's since they began: their
	// trees differed then, or they replayed transactions a second time when they loaded their logs.
	Digests []ServerNote `json:"digests,omitempty"`
	// Differences are the first by path, and Different is how many znodes differ in all.
	Differences []TreeDifference `json:"differences,omitempty"`
	Different   int              `json:"different,omitempty"`
}

// ServerNote is something about one server.
type ServerNote struct {
	Server int    `json:"server"`
	Text   string `json:"text"`
}

// TreeDifference is a znode that is not the same on all servers: the first of its fields, in
// the order of the constants, of which servers have different values.
type TreeDifference struct {
	Path   string      `json:"path"`
	Field  string      `json:"field"`
	Values []TreeValue `json:"values"` // the one that the fewest have comes first
}

// TreeValue is what some servers have in a field of a znode.
type TreeValue struct {
	Servers []int  `json:"servers"`
	Value   string `json:"value"`
}

// Fields of znodes that are compared. Of a present one the value is "yes" or "no"; of owner
// and the zxids it is hexadecimal.
const (
	FieldPresent  = "present"
	FieldCzxid    = "czxid"
	FieldOwner    = "owner" // ephemeralOwner
	FieldVersion  = "version"
	FieldAversion = "aversion"
	FieldACL      = "acl"
	FieldData     = "data"
	FieldMzxid    = "mzxid"
)

// Drained is the value of FDrained. Empty says that a fenced read showed no
// item; its completion is this event's time at the latest. Left are the items
// that the drain did not get out in its bound.
type Drained struct {
	Empty bool `json:"empty"`
	Left  int  `json:"left,omitempty"`
}

// Contender is a znode in a hold's folder.
type Contender struct {
	Name  string `json:"name"`
	Owner ID     `json:"owner"` // its ephemeralOwner, 0 for a persistent znode
}

// Final is the value of FFinal, read fenced at the end: of a hold the contenders
// in its folder, of a register what it holds.
type Final struct {
	Contenders []Contender `json:"contenders,omitempty"`
	Register   *Reading    `json:"register,omitempty"`
}

// Surveyed is the value of FSurveyed. Client is whose session it was read on, -1
// for one that no fault of a client reaches; what was read is in the facts of the wire.
type Surveyed struct {
	Client  int `json:"client"`
	Session ID  `json:"session"`
	Znodes  int `json:"znodes"` // that were there, the folder among them
}

// Facts of sessions and connections: process "session", type info. Session and
// Client are set; Alive and Seen too, once the session had such a reply.
const (
	FConnected    = "connected"    // Connected: the server accepted the session, new or not
	FDisconnected = "disconnected" // the connection of the session ended
	FExpired      = "expired"      // Expired: the client was handed "session expired"
	FDead         = "dead"         // Dead: the session certainly is dead by now
	FUnanswered   = "unanswered"   // Unanswered: a connection ended with requests that nobody answered
	FOvertaken    = "overtaken"    // Overtaken: a server answered a request before older ones of the same connection
	FLost         = "lost"         // key, LostHold: the subject closed Lost of its hold
)

// Facts of a client that is a process of its own: process "session", type info.
const (
	FStarted = "started" // the process runs, and makes its objects anew
	FExited  = "exited"  // Exited: the process ended, or is of no use any more
)

// Exited is the value of FExited.
type Exited struct {
	// By is "crash" (a fault killed it) or "itself" (it ended, or did not keep to
	// the adapter protocol): then it does nothing more in this run, and nothing of
	// what it did before counts for the recipe.
	By     string `json:"by"`
	Detail string `json:"detail,omitempty"`
}

// What ends a client's process; see Exited.
const (
	ByCrash  = "crash"
	ByItself = "itself"
)

// Connected is the value of FConnected.
type Connected struct {
	Server  string        `json:"server"`  // address
	Timeout time.Duration `json:"timeout"` // negotiated
	// Seen is the last zxid that the client said it had seen on this session, when
	// it asked: a server that is behind must not take it. Replies that never
	// reached the client are not in it. 0 for a new session.
	Seen ID `json:"seen,omitempty"`
	// Asked is the session that the client asked for, 0 for a new one, and Wanted the
	// time-out. Older records have neither.
	Asked  ID            `json:"asked,omitempty"`
	Wanted time.Duration `json:"wanted,omitempty"`
}

// Expired is the value of FExpired: how the client had kept the session alive. There is
// none of a session that the link had not carried before, and none in older records.
type Expired struct {
	Server string `json:"server"` // address: who says that it expired
	// Answered is when the latest request was sent that a server answered: any request, a
	// ping or a connect. Since is the earliest such time from which on such requests came less
	// than half a time-out apart. Both are on the clock of Event.Time.
	Answered time.Duration `json:"answered"`
	Since    time.Duration `json:"since"`
}

// Dead is the value of FDead: by whose knowledge.
type Dead struct {
	By string `json:"by"` // "close-reply": a reply to a closeSession of it was received
}

// Unanswered is the value of FUnanswered. Requests are those that a quorum would
// have had to answer, in order of sending: each may have been carried out, or be
// carried out yet. One that a fault dropped on its way is not among them.
type Unanswered struct {
	Requests []UnansweredRequest `json:"requests"`
	// Older is how many were sent before these and are left out.
	Older int `json:"older,omitempty"`
}

// Overtaken is the value of FOvertaken. Servers answer the requests of a connection in their
// order, but for pings and authentication. The first time that a request is overtaken counts.
type Overtaken struct {
	Requests []UnansweredRequest `json:"requests"` // in order of sending
	By       UnansweredRequest   `json:"by"`       // the one that was answered
}

// UnansweredRequest is one that was sent to a server.
type UnansweredRequest struct {
	Xid  int32         `json:"xid"` // its number on its session: Txn.Cxid
	Op   string        `json:"op"`  // the name of its type: Txn.Type
	Path string        `json:"path,omitempty"`
	Sent time.Duration `json:"sent"` // on the clock of Event.Time
}

// LostHold is the value of FLost.
type LostHold struct {
	Token ID `json:"token,omitempty"` // of the hold that was lost
}

// Operations on a hold: models lock and election.
const (
	// FAcquire: invoke nothing, ok Grant. A fail or info is no hold.
	FAcquire = "acquire"
	// FRelease: invoke Held (asked for after the invocation's time was taken), ok nothing.
	FRelease = "release"
	// FConfirm: do you still hold? invoke nothing, ok Held.
	FConfirm = "confirm"
	// FWrite: a write to the guarded resource; invoke Grant, ok Written. Model
	// register has an FWrite of its own.
	FWrite = "write"
	// FLeader: who leads? invoke nothing, ok Leader. Election only.
	FLeader = "leader"
)

// Operations on a read-write lock, beside those on a hold. Its FAcquire has a Wish as the
// value of its invoke.
const (
	// FDowngrade: the hold for writing becomes one for reading; no values.
	FDowngrade = "downgrade"
	// FRevoke: those who hold it are asked to give it back; no values.
	FRevoke = "revoke"
	// FListen: waits for being asked for the present hold; invoke Held, ok Heard.
	FListen = "listen"
	// A read of the guarded resource is FRead, with the values of FWrite.
)

// Wish is what a hold of a read-write lock is for.
type Wish struct {
	Mode string `json:"mode,omitempty"` // ToRead; "": to write
}

// ToRead is the mode of a hold that others may have, too.
const ToRead = "read"

// Heard is the value of a listen's ok.
type Heard struct {
	Revoked bool `json:"revoked"` // somebody asked for the hold
}

// Grant is the value of an acquire's ok and of a write's invoke. Token is 0
// for subjects without fencing.
type Grant struct {
	Token ID `json:"token,omitempty"`
}

// Held is the value of a release's invoke and a confirm's ok.
type Held struct {
	Held  bool `json:"held"`
	Token ID   `json:"token,omitempty"`
}

// Written is the value of a write's ok: whether the resource accepted the
// token, and the place of this write in the resource's own order, from 1.
type Written struct {
	Accepted bool  `json:"accepted"`
	Token    ID    `json:"token,omitempty"`
	Order    int64 `json:"order"`
}

// Leader is the value of a leader's ok. Client is -1 when nobody leads, as far as known.
type Leader struct {
	Client int `json:"client"`
}

// Operations on a queue.
const (
	// FEnqueue: invoke Item, ok nothing.
	FEnqueue = "enqueue"
	// FDequeue: invoke nothing, ok Item; an absent value means that the queue was empty.
	FDequeue = "dequeue"
)

// Item is the value of an enqueue's invoke and a dequeue's ok: unique in the run.
type Item struct {
	Item string `json:"item"`
}

// Operations on a barrier: one coordinator raises and lifts, others wait. A
// key is one round.
const (
	FRaise = "raise"
	FLift  = "lift"
	FAwait = "await"
)

// Operations on a double barrier: Params.Parties members a round. A key is one round.
const (
	FEnter = "enter"
	FLeave = "leave"
)

// Operations on a register: one znode, whose data is its value. It begins with
// the value "", which nobody writes; every other value is written once in a run.
// FWrite is the third: invoke Writing, ok Stored.
const (
	// FRead: invoke HowRead, ok Reading.
	FRead = "read"
	// FCAS: compare and set; invoke Swap, ok Stored. A fail with the code
	// CodeMismatch or CodeConflict has lost against somebody who was quicker.
	FCAS = "cas"
)

// Codes of errors that checks go by. All others are package subjects'.
const (
	CodeError     = "error"     // one without a name of its own
	CodePanic     = "panic"     // the subject crashed
	CodeProcess   = "process"   // the client's process ended, or does not keep to its protocol
	CodeTimeout   = "timeout"   // its time was up
	CodeCancelled = "cancelled" // it was called off
)

// Codes of the errors of a compare-and-set that did nothing.
const (
	CodeMismatch = "mismatch" // another value was there
	CodeConflict = "conflict" // somebody wrote between the comparison and the setting
)

// Kinds of reads of a register.
const (
	ReadPlain  = "plain"  // whatever the server that the client is on has: perhaps an old value
	ReadSync   = "sync"   // after a sync: old only where a deposed leader answers (ZOOKEEPER-1675)
	ReadFenced = "fenced" // after a quorum write on the same session: never old
)

// HowRead is the value of a read's invoke.
type HowRead struct {
	Kind string `json:"kind"`
}

// Reading is the value of a read's ok.
type Reading struct {
	Value string `json:"value"`
	// Mzxid is the zxid of the write whose value it is, where the subject tells;
	// of the value "" that of the znode's creation. Version is the znode's.
	Mzxid   ID    `json:"mzxid,omitempty"`
	Version int32 `json:"version,omitempty"`
}

// Writing is the value of a register's write.
type Writing struct {
	Value string `json:"value"`
}

// Swap is the value of a compare-and-set.
type Swap struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Stored is the value of the ok of a write or compare-and-set, whose own zxid is
// Event.Zxid: the znode's version that it made, where the subject tells. The
// znode begins with version 0, and each write makes the next one.
type Stored struct {
	Version int32 `json:"version,omitempty"`
}

// Operations on the store itself: model session. Each is a burst of requests of one
// client, most of them sent without waiting for the replies before: invoke Burst, ok
// nothing, which says that servers answered them all, with whatever. They are load
// and latency; what was promised is decided from the facts of the wire.
const (
	FPipeline   = "pipeline"    // writes, and a read of the own znode behind them
	FReads      = "reads"       // of znodes that others write
	FWatch      = "watch"       // reads that leave watches, and reads that show changes
	FTogether   = "together"    // a multi that changes several znodes, or fails
	FEphemerals = "ephemerals"  // of the client's session, and those of others
	FSequence   = "sequence"    // sequential creates, and deletes; sometimes of their parent
	FVisit      = "visit"       // of another session, which ends, and what is seen of its ephemerals
	FSyncRead   = "sync-read"   // a sync, and a read behind it
	FFencedRead = "fenced-read" // a quorum write that changes nothing, and a read behind it
	FConflict   = "conflict"    // writes that have to fail
	FRights     = "rights"      // what only some clients may do
	FLifetimes  = "lifetimes"   // containers and znodes with a TTL
)

// Burst is the value of the invoke of such an operation.
type Burst struct {
	Requests int `json:"requests"` // of the client's session
}
