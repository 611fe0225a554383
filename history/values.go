package history

import (
	"math"
	"slices"
	"time"
)

// This file defines the vocabulary that all histories share: the names of facts (Event.F) and the
// types of their values. Package models has the operations of each object. Durations in values are
// in nanoseconds, as is Event.Time.

// Bounds of time. All times of a record lie between them.
const (
	Never  = time.Duration(math.MaxInt64) // later than everything
	Always = time.Duration(math.MinInt64) // earlier than everything
)

// Header is the value of the first event of every history: Nemesis, Info, FBegin.
type Header struct {
	Version int       `json:"version"`
	Model   string    `json:"model"` // the workload that wrote the history, and so the properties that apply (package models)
	Wall    time.Time `json:"wall"`  // wall-clock time of Event.Time zero
	Params  Params    `json:"params"`
	// Object is the text that declares the objects of kind Model (object.Parse), if zklab does not know that kind
	// and a file declares it.
	Object string `json:"object,omitempty"`

	// Declaration says who declared the objects, if zklab does not know their kind; nil otherwise.
	Declaration *Declaration `json:"declaration,omitempty"`

	// Declared is this program's declaration of objects of kind Model (a models.Declared), if zklab does
	// not know that kind. It is never written: without Object, only a program with the declaration can
	// judge the history.
	Declared Declared `json:"-"`
}

// Declared is a declaration of objects that zklab does not know, as a header tells it to other programs.
type Declared interface {
	// Written returns the text that declares the objects; "" if a program does.
	Written() string
	// Identity tells the declaration of a program apart from others of the same name; nil for a text.
	Identity() *Declaration
}

// Declaration distinguishes the kinds of objects that programs declare under one name.
type Declaration struct {
	Module string `json:"module,omitempty"` // of the program that declares it
	// Operations are the operations, with the types of their arguments and answers: "add(int64) int64".
	Operations []string `json:"operations"`
}

// Params has what checking needs to know about a run.
type Params struct {
	Clients        int           `json:"clients"`
	Servers        int           `json:"servers"`
	Addresses      []string      `json:"addresses,omitempty"`  // client addresses of the servers, from server 1 on
	SessionTimeout time.Duration `json:"session_timeout"`      // negotiated
	Tick           time.Duration `json:"tick,omitempty"`       // the servers' tickTime
	SyncLimit      int           `json:"sync_limit,omitempty"` // the servers' syncLimit, in ticks
	// Sweep is the interval at which servers look for containers and TTL znodes to delete; 0 if
	// unknown.
	Sweep time.Duration `json:"sweep,omitempty"`
	// MinSession and MaxSession are the bounds of session timeouts that every server enforces; 0 if
	// unknown.
	MinSession time.Duration `json:"min_session,omitempty"`
	MaxSession time.Duration `json:"max_session,omitempty"`
	Reconnect  time.Duration `json:"reconnect,omitempty"` // limit on one client's reconnect
	// Slack is the time that a recipe may need beyond the end of a dead session and a reconnect; 0
	// means UsualSlack.
	Slack   time.Duration `json:"slack,omitempty"`
	Load    time.Duration `json:"load,omitempty"`    // how long clients are to begin operations
	MinLoad int           `json:"min_load"`          // ok operations required before the first fault
	Parties int           `json:"parties,omitempty"` // double-barrier: members of a round
	Leases  int           `json:"leases,omitempty"`  // semaphore: number of leases
	Tries   int           `json:"tries,omitempty"`   // job-queue, master-worker: attempts per job
	Subject string        `json:"subject,omitempty"`
	Expects []string      `json:"expects,omitempty"` // kinds of faults that were scheduled
	// Optional lists those of Expects that were not asked for by name. They need not take effect for
	// the run to be the one that was asked for.
	Optional []string `json:"optional,omitempty"`
	// SameClock means that the servers run in the recording process, so that their times are
	// comparable with those of the record.
	SameClock bool `json:"same_clock,omitempty"`
	// Unlogged means that the ensemble cannot report its committed transactions, so that checks of
	// transactions are not available.
	Unlogged bool `json:"unlogged,omitempty"`
	// Root is the znode above all objects of the run. If it is set, the record names each session
	// that links carried (FConnected) and each session of the harness that writes below Root
	// (FHarness). Any other session that writes there belongs to a client that bypasses its link.
	Root string `json:"root,omitempty"`
	Seed int64  `json:"seed"`
}

// UsualSlack is the slack of a run whose experiment sets no other.
const UsualSlack = 2 * time.Second

// Facts of the run: process "nemesis", type info.
const (
	FBegin     = "begin"     // Header; the first event
	FOffers    = "offers"    // Offers: what the subject supports beyond its contract
	FPhase     = "phase"     // Phase: a phase begins
	FHealth    = "health"    // Health: the ensemble's, seen from outside
	FHarness   = "harness"   // Harness: a session in which the harness reads and writes below Params.Root
	FProbe     = "probe"     // Probe: writes that the harness made at a fixed rate
	FStall     = "stall"     // Stall: the harness itself was delayed
	FClock     = "clock"     // Clock: the wall clock and the record's clock drifted apart
	FDrained   = "drained"   // key = a queue, value by model: a fenced read at the end
	FFinal     = "final"     // key = an object, value by model: a fenced read at the end
	FAgreement = "agreement" // Agreement: the servers' trees were compared, after the heal
	FWatches   = "watches"   // Watches: the watches that sessions had at the end, before they were closed
	FEnd       = "end"       // the last event: the record is complete
)

// runFacts are the facts of the run. Older records have "surveyed": a folder of model session was read at the end.
var runFacts = []string{
	FBegin, FOffers, FPhase, FHealth, FHarness, FProbe, FStall, FClock, FDrained, FFinal, FAgreement, FWatches, FTreeWatch, FEnd, "surveyed",
}

// RunFact reports whether f, of a Nemesis event, is a fact of the run. All other names are kinds of
// faults.
func RunFact(f string) bool { return slices.Contains(runFacts, f) }

// Offers is the value of FOffers: what the subject supports. It is recorded only for holds,
// queues of all kinds, groups and caches.
type Offers struct {
	Fencing   bool `json:"fencing"`    // every grant has a token
	TellsLost bool `json:"tells_lost"` // the subject reports lost holds
	// Remote means that the subject lives in another process. The value of a release's invoke is
	// then what the harness had heard by that time; only a confirm asks the subject.
	Remote bool `json:"remote,omitempty"`
	// Strict means that each dequeue of a priority or delay queue returns an item that was the best
	// at some moment during the dequeue.
	Strict bool `json:"strict,omitempty"`
	// NeverCurrent means that a cache cannot tell when its copy is current, and is not asked for
	// that.
	NeverCurrent bool `json:"never_current,omitempty"`
	// Snapshots means that each list of a group is the whole group as it was at one moment.
	Snapshots bool `json:"snapshots,omitempty"`
	// Capacity is the maximum number of items in a queue; 0 means no limit.
	Capacity int `json:"capacity,omitempty"`
}

// Phases, in order. Heal ends when every fault is healed and the ensemble is
// healthy again. Quiesce gives every contender its turn and drains queues.
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

// Health is the value of FHealth. Healthy means that every server serves, one leads, and a write
// through each server is read through every other; otherwise Detail says why not. When is "before"
// (the load) or "after" (the heal).
type Health struct {
	Healthy bool   `json:"healthy"`
	When    string `json:"when"`
	Detail  string `json:"detail,omitempty"`
	Leader  int    `json:"leader,omitempty"` // server id
	Epoch   int64  `json:"epoch,omitempty"`  // of the leader's zxid; increases with each election
}

// Steps of a fault, in order. StepFailed and StepSkipped end it.
const (
	StepInject   = "inject"   // about to be injected
	StepVerified = "verified" // took effect, as seen from outside
	StepFailed   = "failed"   // could not be injected, or took no effect
	StepSkipped  = "skipped"  // found no target, or the load ended before
	StepHeal     = "heal"     // about to be healed
	StepHealed   = "healed"   // undone
	StepWarning  = "warning"  // a warning, in Detail
	StepElected  = "elected"  // a new leader serves after this fault: Servers names it
)

// FaultStep is the value of a fault's events. Fault is the number of the fault in the run, from 1.
// Clients and Sessions are the affected ones.
type FaultStep struct {
	Fault    int    `json:"fault"`
	Step     string `json:"step"`
	Spec     string `json:"spec,omitempty"` // as scheduled: pause:leader, expire:holder
	Servers  []int  `json:"servers"`
	Clients  []int  `json:"clients"`
	Sessions []ID   `json:"sessions,omitempty"`
	Detail   string `json:"detail,omitempty"`
	// Holding says what each session of an expiry was doing: "holding", "waiting" or "idle".
	Holding []string `json:"holding,omitempty"`
	// Lost are the messages that the fault has taken so far. Older records lack them.
	Lost []LostMessage `json:"lost,omitempty"`
	// Turns are those of the servers so far, if the fault takes them down one after the other. Older records
	// lack them.
	Turns []FaultTurn `json:"turns,omitempty"`
	// TooLate means that the load ended before the fault took effect. It is set in the skipped step.
	TooLate bool `json:"too_late,omitempty"`
	// Traits are set in the inject step. Older records lack them.
	Traits FaultTraits `json:"traits,omitzero"`
}

// FaultTurn is the turn of one server. It was told to go down at From, and seen to be down at At, on the clock of
// Event.Time.
type FaultTurn struct {
	Server int           `json:"server"`
	From   time.Duration `json:"from"`
	At     time.Duration `json:"at"`
}

// LostMessage is a message that a fault took on its way, at At. A lost request was not carried out; a lost
// reply is a reply to a request which was answered.
type LostMessage struct {
	What    string        `json:"what"` // "request" or "reply"
	Client  int           `json:"client"`
	Session ID            `json:"session"`
	Op      string        `json:"op"`             // see [Request]
	Path    string        `json:"path,omitempty"` // of the request
	At      time.Duration `json:"at"`             // on the clock of Event.Time
	// Refused is the server's error in a lost reply, such as "no node"; "" if it carried out the request. Older records
	// lack it.
	Refused string `json:"refused,omitempty"`
}

// The values of LostMessage.What.
const (
	LostRequest = "request"
	LostReply   = "reply"
)

// ForeignMark is part of the name of every znode that a fault creates among those of a recipe. All
// other znodes there were made by the clients under test.
const ForeignMark = "foreign"

// FaultTraits are the consequences of a fault that checks and reports need to know, besides the
// clients that it hit. The zero value has none of these consequences.
type FaultTraits struct {
	// Sessions says when the sessions of the clients end; "" means that they need not end.
	Sessions SessionsEnd `json:"sessions,omitempty"`
	// Absent means that the clients can do nothing, or cannot be heard, during the fault, although
	// their sessions may live.
	Absent bool `json:"absent,omitempty"`
	// Reconnects means that clients connect again, mostly in time to keep their sessions.
	Reconnects bool `json:"reconnects,omitempty"`
	// Crashes means that client processes end, so that these clients learn of nothing.
	Crashes bool `json:"crashes,omitempty"`
	// Denies means that the fault removes permissions on znodes. Deletes means that it deletes znodes
	// in use.
	Denies  bool `json:"denies,omitempty"`
	Deletes bool `json:"deletes,omitempty"`
	// Clocks means that servers' wall clocks are wrong. That changes when they delete znodes with a TTL and containers,
	// and the times that transactions state. It must change nothing else.
	Clocks bool `json:"clocks,omitempty"`
}

// SessionsEnd says when the sessions that a fault hits end.
type SessionsEnd string

// The values of SessionsEnd.
const (
	EndAtOnce      SessionsEnd = "at-once"      // by force
	EndByTimeout   SessionsEnd = "by-timeout"   // the fault lasts until the session times out
	EndIfOutlasted SessionsEnd = "if-outlasted" // if the fault lasts longer than the session
)

// Harness is the value of FHarness.
type Harness struct {
	Session ID `json:"session"`
}

// Probe is the value of FProbe: writes that the harness began at a fixed rate, each to the same
// znode of its own, whether or not earlier writes had ended.
type Probe struct {
	// Server is the number of the only server that the probe uses; 0 if it uses all of them, as
	// clients do.
	Server int `json:"server"`
	// From is when the first write was due, since the run began, and Every the time from one write
	// to the next. Both are in nanoseconds.
	From  time.Duration `json:"from"`
	Every time.Duration `json:"every"`
	// Took holds, for each write, how many microseconds passed from when it was due until it succeeded,
	// or, as a negative number, until it failed.
	Took []int64 `json:"took_us"`
}

// Stall is the value of FStall: the 10 ms heartbeat of the harness was late by Gap.
type Stall struct {
	Gap time.Duration `json:"gap"`
}

// Clock is the value of FClock. Drift is how much further than [Event.Time] the wall clock has
// moved since the record began. An event is recorded whenever Drift has changed by a millisecond
// since the last one; it starts at 0.
type Clock struct {
	Drift time.Duration `json:"drift"`
}

// Agreement is the value of FAgreement: the result of reading the tree at and below Root from each
// server separately, after a quorum write through that server. Servers are given by number.
type Agreement struct {
	Root       string       `json:"root"`              // "/" means everything except /zookeeper
	Servers    []int        `json:"servers"`           // servers that were read and compared
	Aliases    []int        `json:"aliases,omitempty"` // servers whose address leads to one of Servers
	Unread     []ServerNote `json:"unread,omitempty"`  // servers that could not be read, and why
	Znodes     int          `json:"znodes"`            // number on each server, if they agree
	Ephemerals int          `json:"ephemerals"`        // ephemeral znodes among them
	// Hidden is the number of znodes that the harness may not read. For these, only the stat or the
	// existence was compared, and nothing below them.
	Hidden int `json:"hidden,omitempty"`
	// During means that clients and faults were active. Then only differences count, not servers
	// that were down or trees that changed while they were read.
	During bool `json:"during,omitempty"`
	// Unsettled means that the trees changed during each attempt to read them.
	Unsettled bool `json:"unsettled,omitempty"`
	// Signs are reports of the servers themselves that their trees differ.
	Signs []ServerNote `json:"signs,omitempty"`
	// Digests are servers that have counted digests different from the leader's since they started.
	// Their trees differed then, or they replayed transactions twice when they loaded their logs.
	Digests []ServerNote `json:"digests,omitempty"`
	// Everything means that, because of Digests, the znodes beyond Root were compared as well, and are the same.
	Everything bool `json:"everything,omitempty"`
	// Differences lists the first differing znodes by path. Different is the total number of
	// znodes that differ.
	Differences []TreeDifference `json:"differences,omitempty"`
	Different   int              `json:"different,omitempty"`
}

// Watches is the value of FWatches: the watches of data and existence that were set on the servers,
// as the servers listed them for the four-letter word wchc. Watches of children are not among them.
type Watches struct {
	Sessions []SessionWatches `json:"sessions,omitempty"`
	Unread   []ServerNote     `json:"unread,omitempty"` // servers that did not tell, and why
}

// SessionWatches are the watches of one session, by path.
type SessionWatches struct {
	Session ID       `json:"session"`
	Paths   []string `json:"paths"`
}

// ServerNote is a note about one server.
type ServerNote struct {
	Server int    `json:"server"`
	Text   string `json:"text"`
	// False says why what the server reports shows nothing; "" if it may.
	False string `json:"false,omitempty"`
}

// TreeDifference is a znode that differs between servers. Field is its first field, in the order of
// the constants, with different values.
type TreeDifference struct {
	Path   string      `json:"path"`
	Field  string      `json:"field"`
	Values []TreeValue `json:"values"` // the value of the fewest servers comes first
}

// TreeValue is the value that some servers have in a field of a znode.
type TreeValue struct {
	Servers []int  `json:"servers"`
	Value   string `json:"value"`
}

// Fields of znodes that are compared. Values of FieldPresent are "yes" and "no"; values of FieldOwner
// and the zxids are hexadecimal.
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

// Facts of sessions and connections: process "session", type info. Session and Client
// are set; so are Alive and Seen once the session had a reply that determines them.
const (
	FConnected    = "connected"    // Connected: the server accepted the session, new or old
	FDisconnected = "disconnected" // the connection of the session ended
	FExpired      = "expired"      // Expired: the client was told "session expired"
	FDead         = "dead"         // Dead: the session has certainly ended
	FUnanswered   = "unanswered"   // Unanswered: a connection ended with unanswered requests
	FOvertaken    = "overtaken"    // Overtaken: a server answered a request before older ones of the same connection
	FLost         = "lost"         // key, LostHold: the subject reported its hold as lost
	FRenewed      = "renewed"      // key: from here on the client calls a new subject
	FMade         = "made"         // key, Made: New made the client's next subject, and began while the client had no session
	FUnreturned   = "unreturned"   // key, Unreturned: the client gave up waiting for a call to return
)

// Facts of a client that is a process of its own: process "session", type info.
const (
	FStarted = "started" // the process runs, and makes new objects
	FExited  = "exited"  // Exited: the process ended, or can no longer be used
)

// Exited is the value of FExited.
type Exited struct {
	// By is "crash" if a fault killed the process, or "itself" if it ended or broke the adapter
	// protocol. In the second case the client does nothing more in this run, and nothing that it
	// did counts for the recipe.
	By     string `json:"by"`
	Detail string `json:"detail,omitempty"`
}

// The values of Exited.By.
const (
	ByCrash  = "crash"
	ByItself = "itself"
)

// Connected is the value of FConnected.
type Connected struct {
	Server  string        `json:"server"`  // address
	Timeout time.Duration `json:"timeout"` // negotiated
	// Seen is the last zxid that the client said it had seen on this session when it connected; 0
	// for a new session. A server that is behind must not accept the session. Seen leaves out
	// replies that never reached the client.
	Seen ID `json:"seen,omitempty"`
	// Asked is the session that the client asked for, 0 for a new one. Wanted is the timeout that
	// it asked for. Older records have neither.
	Asked  ID            `json:"asked,omitempty"`
	Wanted time.Duration `json:"wanted,omitempty"`
	// Paused is how long the client had no connection and tried to make none since it last lost the
	// connection of a session: the pause of its library. It is 0 for the first connection of a
	// client, and in older records.
	Paused time.Duration `json:"paused,omitempty"`
}

// Expired is the value of FExpired: how the client had kept the session alive. It is absent for a
// session that the link had not carried before, and in older records.
type Expired struct {
	Server string `json:"server"` // address of the server that reported the expiry
	// Answered is the send time of the latest request that a server answered: any request,
	// including pings and connects. Since is the earliest such time from which on answered requests
	// followed each other in less than half a timeout. Both are on the clock of Event.Time.
	Answered time.Duration `json:"answered"`
	Since    time.Duration `json:"since"`
}

// Dead is the value of FDead. By is the evidence.
type Dead struct {
	By string `json:"by"` // "close-reply": a reply to the session's closeSession was received
	// Sent is when that closeSession was sent, or earlier; 0 if it is not known. If it ended
	// the session, the session lived until then.
	Sent time.Duration `json:"sent,omitempty"`
}

// Unanswered is the value of FUnanswered. Requests lists the requests that need a quorum, in order of
// sending. Each may have been carried out, or may still be. A request that a fault dropped on its
// way is not included.
type Unanswered struct {
	Requests []UnansweredRequest `json:"requests"`
	// Older is the number of earlier unanswered requests, which are left out.
	Older int `json:"older,omitempty"`
}

// Overtaken is the value of FOvertaken. Servers answer the requests of a connection in order,
// except for pings and authentication. It is recorded the first time that a request is overtaken.
type Overtaken struct {
	Requests []UnansweredRequest `json:"requests"` // in order of sending
	By       UnansweredRequest   `json:"by"`       // the one that was answered
}

// UnansweredRequest is a request that was sent to a server.
type UnansweredRequest struct {
	Xid  int32         `json:"xid"` // number within the session: Txn.Cxid
	Op   string        `json:"op"`  // name of its type: Txn.Type
	Path string        `json:"path,omitempty"`
	Sent time.Duration `json:"sent"` // on the clock of Event.Time
}

// LostHold is the value of FLost.
type LostHold struct {
	Token ID `json:"token,omitempty"` // of the hold that was lost
}

// Made is the value of FMade.
type Made struct {
	Began time.Duration `json:"began"` // when New was called, on the clock of Event.Time
}

// Unreturned is the value of FUnreturned. The client does nothing more, because its subject is still inside the call.
type Unreturned struct {
	Of    string        `json:"of"`    // Event.F of the call
	Until time.Duration `json:"until"` // when the context of the call ended, on the clock of Event.Time
}

// Error codes that checks depend on. Package subjects defines all others.
const (
	CodeError     = "error"     // an error without its own code
	CodePanic     = "panic"     // the subject crashed
	CodeRefused   = "refused"   // an answer that the operation declares as an error; nothing changed
	CodeProcess   = "process"   // the client's process ended, or broke the adapter protocol
	CodeTimeout   = "timeout"   // the operation timed out
	CodeCancelled = "cancelled" // the operation was cancelled
)
