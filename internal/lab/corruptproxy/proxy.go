// Package corruptproxy is a proxy with a deliberate defect: it stands between a client's link and the
// servers, on any ensemble, and now and then corrupts what it passes on, so that the client sees what
// ZooKeeper must never show. It tests the checks that should find such corruptions. It knows the wire
// protocol, but nothing of links, records and checks.
//
// A [Proxy] wraps a dialer. All connections made through it share their knowledge: what the proxy shows
// to one client can depend on what it showed to another.
package corruptproxy

import (
	"net"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/zk/wire"
)

// Corruption names a way to break one promise of the Programmer's Guide.
type Corruption string

// The corruptions. About describes them.
const (
	EventLate     Corruption = "event-late"
	EventTwice    Corruption = "event-twice"
	EventsSwapped Corruption = "events-swapped"
	ReadBehind    Corruption = "read-behind"
	LostWrite     Corruption = "lost-write"
	HalfMulti     Corruption = "half-multi"
	EphemeralKept Corruption = "ephemeral-kept"
	EphemeralGone Corruption = "ephemeral-gone"
	NameTwice     Corruption = "name-twice"
	Reordered     Corruption = "reordered"
	StaleSync     Corruption = "stale-sync"
	OtherSession  Corruption = "other-session"
	LongTimeout   Corruption = "long-timeout"
	ExpiredAlive  Corruption = "expired-alive"
	Undying       Corruption = "undying"
	Unanswered    Corruption = "unanswered"
	ZxidFalls     Corruption = "zxid-falls"
	VersionOff    Corruption = "version-off"
	ReadBack      Corruption = "read-back"
	OwnReadBack   Corruption = "own-read-back"
	EventMissing  Corruption = "event-missing"
	EventFalse    Corruption = "event-false"
	EventOfFailed Corruption = "event-of-failed"

	ChildMissing     Corruption = "child-missing"
	PzxidKept        Corruption = "pzxid-kept"
	TornRead         Corruption = "torn-read"
	MultiIndex       Corruption = "multi-index"
	WatchesForgotten Corruption = "watches-forgotten"
	VersionIgnored   Corruption = "version-ignored"
	EphemeralStays   Corruption = "ephemeral-stays"
	SequenceReused   Corruption = "sequence-reused"
	PartDone         Corruption = "part-done"
	DoneTwice        Corruption = "done-twice"
	RefusedWrongly   Corruption = "refused-wrongly"
	OtherError       Corruption = "other-error"
	CversionOff      Corruption = "cversion-off"
	EventKind        Corruption = "event-kind"
	StuckServer      Corruption = "stuck-server"
	RightsIgnored    Corruption = "rights-ignored"
	RightsRefused    Corruption = "rights-refused"
	ContainerEarly   Corruption = "container-early"
	ContainerFull    Corruption = "container-full"
	TTLEarly         Corruption = "ttl-early"

	PersistentMissing Corruption = "persistent-missing"
	PersistentSwapped Corruption = "persistent-swapped"
	RemovedTells      Corruption = "removed-tells"
)

// corruptions lists how each corruption is done.
var corruptions = []struct {
	name  Corruption
	about string
	every int // every so many opportunities, one is used for a corruption
	// new is called once for each Proxy. It returns the function that makes the corrupter of each
	// connection.
	new func() func() corrupter
}{
	{EventLate, "a watch event arrives after a reply that shows the change", 5, perConn[eventLate]},
	{EventTwice, "a one-time watch fires twice", 5, perConn[eventTwice]},
	{EventsSwapped, "the events of two changes arrive in the wrong order", 1, perConn[eventsSwapped]},
	{ReadBehind, "after a reconnect, a read returns a state older than the session has seen", 1, perConn[readBehind]},
	{LostWrite, "writes to one znode are acknowledged but never done", 20, shared(func() *lostWrite { return &lostWrite{} })},
	{HalfMulti, "a multi is visible in one of its znodes but not in another", 2, newHalfMulti},
	{EphemeralKept, "an ephemeral znode outlives the close of its session", 2, shared(func() ephemeralKept { return ephemeralKept{closed: map[int64]bool{}} })},
	{EphemeralGone, "an ephemeral znode is missing while its session lives", 3, shared(newEphemeralGone)},
	{NameTwice, "the same sequential name is assigned twice", 5, shared(func() nameTwice { return nameTwice{last: map[string]string{}} })},
	{Reordered, "two writes of a session are applied in the wrong order", 10, perConn[reordered]},
	{StaleSync, "a read after a sync does not show the state before the sync", 1, perConn[staleSync]},
	{OtherSession, "a reconnecting client gets a new session instead of its own", 1, perConn[otherSession]},
	{LongTimeout, "a client is granted twice the session timeout it asked for", 3, perConn[longTimeout]},
	{ExpiredAlive, "a session is declared expired while the server still answers its client", 300, shared(func() expiredAlive { return expiredAlive{expired: map[int64]bool{}} })},
	{Undying, "the session of a client that left never expires", 1, perConn[undying]},
	{Unanswered, "a read is never answered, although later requests are", 100, perConn[unanswered]},
	{ZxidFalls, "a read returns a lower zxid than the reply before it", 50, perConn[zxidFalls]},
	{VersionOff, "the reply to a write has a version that is one too high", 20, perConn[versionOff]},
	{ReadBack, "a read shows an older state than the one before it", 1, newReadBack},
	{OwnReadBack, "a read does not show what its session wrote", 5, newOwnReadBack},
	{EventMissing, "an event is never delivered", 5, perConn[eventMissing]},
	{EventFalse, "an event reports a change that never happened", 5, perConn[eventFalse]},
	{EventOfFailed, "an event reports a change of a multi that failed", 1, newEventOfFailed},
	{ChildMissing, "a list of children lacks an existing child", 20, perConn[childMissing]},
	{PzxidKept, "the pzxid of a parent does not change when a child is deleted", 1, shared(func() pzxidKept { return pzxidKept{last: map[string]wire.ChildrenReply{}} })},
	{TornRead, "a read returns the data from before a change and the stat from after it", 5, perConn[tornRead]},
	{MultiIndex, "a failed multi blames the wrong operation", 2, perConn[multiIndex]},
	{WatchesForgotten, "watches that a client sets again after a reconnect never fire", 1, perConn[watchesForgotten]},
	{VersionIgnored, "a write with the wrong version succeeds", 5, perConn[versionIgnored]},
	{EphemeralStays, "an ephemeral znode is created as a persistent one", 5, perConn[ephemeralStays]},
	{SequenceReused, "a sequential name is assigned again after its znode was deleted", 5, shared(newSequenceReused)},
	{PartDone, "a failed multi applied its first operation", 2, perConn[partDone]},
	{DoneTwice, "a write is applied twice, and the reply is that of the second time", 10, perConn[doneTwice]},
	{RefusedWrongly, "a write with the right version is refused", 1, perConn[refusedWrongly]},
	{OtherError, "a write refused for its version is told that the znode does not exist", 3, perConn[otherError]},
	{CversionOff, "the cversion of a parent counts data changes of its children", 1, shared(func() cversionOff { return cversionOff{sets: map[string]int32{}} })},
	{EventKind, "an event reports a deletion as a data change", 5, perConn[eventKind]},
	{StuckServer, "a server answers for ever from the state it had when the client connected", 1, perConn[stuckServer]},
	{RightsIgnored, "a client gets the permissions of all other clients", 1, newRightsIgnored},
	{RightsRefused, "a client is refused a read that it is permitted", 20, perConn[rightsRefused]},
	{ContainerEarly, "a container is deleted that never had a child", 3, newSweptEarly(wire.CreateContainer)},
	{ContainerFull, "a container is deleted while it has a child", 2, shared(func() sweptFull { return sweptFull{containers: map[string]bool{}} })},
	{TTLEarly, "a znode with a TTL is deleted before the TTL is over", 2, newSweptEarly(wire.CreateTTL)},
	{PersistentMissing, "an event of a persistent watch is never delivered", 20, perConn[persistentMissing]},
	{PersistentSwapped, "the events of a persistent watch arrive in the wrong order", 1, perConn[persistentSwapped]},
	{RemovedTells, "a removed watch still reports changes", 1, perConn[removedTells]},
}

// About describes the corruption in a few words; "" if it is unknown.
func (k Corruption) About() string {
	for _, t := range corruptions {
		if t.name == k {
			return t.about
		}
	}
	return ""
}

// Corruptions lists all corruptions.
func Corruptions() (all []Corruption) {
	for _, t := range corruptions {
		all = append(all, t.name)
	}
	return all
}

// Proxy does one kind of corruption to all clients that connect through it. It is safe for
// concurrent use.
type Proxy struct {
	mu           sync.Mutex
	newCorrupter func() corrupter // makes the corrupter of one more connection
	every        int
	chances      int // opportunities so far
	done         int // corruptions so far
	kept         []*keptConn
	memory
}

// New returns a proxy. It panics if the corruption is unknown.
func New(k Corruption) *Proxy {
	for _, t := range corruptions {
		if t.name == k {
			return &Proxy{newCorrupter: t.new(), every: t.every, memory: newMemory()}
		}
	}
	panic("corruptproxy: no corruption is called " + string(k))
}

// Through returns a dialer whose connections pass a new proxy.
func (k Corruption) Through(dial zk.Dialer) zk.Dialer { return New(k).Dialer(dial) }

// Dialer makes connections through the proxy.
func (p *Proxy) Dialer(dial zk.Dialer) zk.Dialer {
	return func(network, addr string, timeout time.Duration) (net.Conn, error) {
		inner, err := dial(network, addr, timeout)
		if err != nil {
			return nil, err
		}
		return newConn(p, inner), nil
	}
}

// Corrupted returns the number of corruptions so far.
func (p *Proxy) Corrupted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done
}

// corrupts reports whether to corrupt at this opportunity. Call it last, once the corruption is
// otherwise possible. p.mu must be held.
func (p *Proxy) corrupts() bool {
	p.chances++
	if p.chances%p.every != 0 {
		return false
	}
	p.done++
	return true
}
