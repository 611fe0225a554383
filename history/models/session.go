package models

// Operations on ZooKeeper itself: model session. Each is a burst of requests of one client, most of
// them sent without waiting for earlier replies: invoke Burst, ok nothing. An ok means that servers
// answered all of them, with any result. Bursts make the load, and their latency is measured; the
// promises are checked with the facts of the wire.
const (
	FPipeline   = "pipeline"    // writes, followed by a read of the client's own znode
	FReads      = "reads"       // reads of znodes that others write
	FWatch      = "watch"       // reads that leave watches, and reads that show changes
	FTogether   = "together"    // a multi that changes several znodes, or fails
	FEphemerals = "ephemerals"  // ephemerals of the client's session and of others
	FSequence   = "sequence"    // sequential creates and deletes, sometimes of their parent
	FVisit      = "visit"       // another session that ends, and reads of its ephemerals
	FSyncRead   = "sync-read"   // a sync, followed by a read
	FFencedRead = "fenced-read" // a quorum write that changes nothing, followed by a read
	FConflict   = "conflict"    // writes that must fail
	FRights     = "rights"      // requests that only some clients may make
	FLifetimes  = "lifetimes"   // containers and znodes with a TTL
)

// Burst is the value of the invoke of every operation of model session.
type Burst struct {
	Requests int `json:"requests"` // of the client's session
}

// Session is ZooKeeper itself: what servers promise to a session. Its operations are bursts of
// requests, named for their purpose. Histories may have bursts with other names.
var Session = &Model{
	Name: "session", About: "the store itself: what servers promise a session", Called: "the store",
	Sessions: true, Keyless: true, Store: true,
	Operations: []Operation{ // a single server can answer these
		{F: FReads}, {F: FWatch}, {F: FSyncRead},
	},
	Others: &Operation{Quorum: always},
}
