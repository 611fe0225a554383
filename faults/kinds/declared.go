package kinds

import "github.com/zklab/zklab/history"

// all are the declared kinds, in order.
var all []Kind

func declare(k Kind) Kind {
	all = append(all, k)
	return k
}

// reconnects is the trait of most faults that end connections.
var reconnects = history.FaultTraits{Reconnects: true}

// Faults on servers.
var (
	Pause    = declare(Kind{Name: "pause", Hits: Servers, Was: "was paused", Were: "were paused", Down: true, Common: true, Traits: reconnects})
	Kill     = declare(Kind{Name: "kill", Hits: Servers, Was: "was killed and down", Were: "were killed and down", Down: true, Traits: reconnects})
	Restart  = declare(Kind{Name: "restart", Hits: Servers, Was: "was restarted", Were: "were restarted", Traits: reconnects})
	Rolling  = declare(Kind{Name: "rolling", Hits: Servers, Was: "was restarted", Were: "were restarted one after the other", Traits: reconnects})
	FullDisk = declare(Kind{Name: "full-disk", Hits: Servers, Was: "had no room on its disk", Were: "had no room on their disks", Down: true})
	SlowDisk = declare(Kind{Name: "slow-disk", Hits: Servers, Was: "had a slow disk", Were: "had slow disks"})
	// A server with an empty disk takes over all that the others have.
	EmptyDisk = declare(Kind{Name: "empty-disk", Hits: Servers, Was: "was killed and lost its disk", Were: "were killed and lost their disks", Down: true, Traits: reconnects})
	// What a server had not forced to its disk is lost with its power.
	Unsynced = declare(Kind{Name: "unsynced", Hits: Servers, Was: "was without power", Were: "were without power", Down: true, Traits: reconnects})
	// A wall clock that jumps disturbs no right server.
	WallClock = declare(Kind{Name: "wall-clock", Hits: Servers, Was: "had a wrong wall clock", Were: "had wrong wall clocks", Traits: history.FaultTraits{Clocks: true}})
	// A server that was removed takes part in no decision, and goes on to serve its clients.
	Reconfig = declare(Kind{Name: "reconfig", Hits: Servers, Was: "was removed from the ensemble", Were: "were removed from the ensemble", Traits: reconnects})
	// Meanwhile the ensemble has servers of two versions.
	Upgrade = declare(Kind{Name: "upgrade", Hits: Servers, Was: "came back as another version", Were: "came back as another version, one after the other", Traits: reconnects})
)

// Faults on the network between servers.
var (
	Partition   = declare(Kind{Name: "partition", Hits: Network, Was: "was cut off from other servers", Were: "were cut off from other servers"})
	Lossy       = declare(Kind{Name: "lossy", Hits: Network, Was: "lost packets", Were: "lost packets"})
	SlowNetwork = declare(Kind{Name: "slow-network", Hits: Network, Was: "was slow to reach for the others", Were: "were slow to reach for the others"})
)

// Faults on links of clients.
var (
	CutOff    = declare(Kind{Name: "cut-off", Hits: Links, Was: "did not reach some servers", Were: "did not reach some servers"})
	Cut       = declare(Kind{Name: "cut", Hits: Links, Was: "had its connection cut", Were: "had their connections cut", Moment: true, Traits: reconnects})
	Reset     = declare(Kind{Name: "reset", Hits: Links, Was: "had its connection reset", Were: "had their connections reset", Moment: true, Traits: reconnects})
	Refuse    = declare(Kind{Name: "refuse", Hits: Links, Was: "was refused any connection", Were: "were refused any connection", Traits: reconnects})
	StallLink = declare(Kind{Name: "stall-link", Hits: Links, Was: "had a link on which nothing passed", Were: "had links on which nothing passed", Traits: history.FaultTraits{Absent: true}})
	SlowLink  = declare(Kind{Name: "slow-link", Hits: Links, Was: "had a slow link", Were: "had slow links", Traits: history.FaultTraits{Absent: true}})
	Move      = declare(Kind{Name: "move", Hits: Links, Was: "was moved to another server", Were: "were moved to other servers", Traits: reconnects})
)

// Faults on single messages.
var (
	LoseRequest = declare(Kind{Name: "lose-request", Hits: Messages, Traits: reconnects})
	LoseReply   = declare(Kind{Name: "lose-reply", Hits: Messages, Traits: reconnects})
	LateRequest = declare(Kind{Name: "late-request", Hits: Messages, Was: "had a write held back until another client had acted", Were: "had writes held back until another client had acted", Traits: history.FaultTraits{Reconnects: true}})
	LateEvent   = declare(Kind{Name: "late-event", Hits: Messages, Was: "was told of watch events late", Were: "were told of watch events late"})
)

// Faults on sessions.
var (
	Expire    = declare(Kind{Name: "expire", Hits: Sessions, Was: "had its session expired by force", Were: "had their sessions expired by force", Common: true, Moment: true, Traits: history.FaultTraits{Sessions: history.EndAtOnce}})
	Silence   = declare(Kind{Name: "silence", Hits: Sessions, Was: "had a silent link", Were: "had silent links", Traits: history.FaultTraits{Sessions: history.EndByTimeout, Absent: true}})
	Duplicate = declare(Kind{Name: "duplicate", Hits: Sessions, Was: "shared its session with a copy", Were: "shared their sessions with copies"})
)

// Faults on processes of clients.
var (
	Freeze = declare(Kind{Name: "freeze", Hits: Processes, Was: "was frozen", Were: "were frozen", Traits: history.FaultTraits{Sessions: history.EndIfOutlasted, Absent: true}})
	Crash  = declare(Kind{Name: "crash", Hits: Processes, Was: "was killed", Were: "were killed", Traits: history.FaultTraits{Crashes: true}})
)

// Faults on znodes.
var (
	Foreign  = declare(Kind{Name: "foreign", Hits: Znodes})
	Touch    = declare(Kind{Name: "touch", Hits: Znodes})
	ACL      = declare(Kind{Name: "acl", Hits: Znodes, Traits: history.FaultTraits{Denies: true}})
	Recreate = declare(Kind{Name: "recreate", Hits: Znodes, Traits: history.FaultTraits{Deletes: true}})
	Counter  = declare(Kind{Name: "counter", Hits: Znodes})
)
