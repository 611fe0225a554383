package recipes

import "github.com/zklab/zklab/recipes/internal/znodes"

// This file is for observers that look at znodes of these recipes and take no part.

// Turn says what the order of the znodes in a folder means.
type Turn int

// The turns.
const (
	First  Turn = iota + 1 // the first one holds what the others wait for
	Some                   // the first n hold it; the folder's data is n in decimal
	Shared                 // a writer holds it if it is the first one, a reader if no writer is ahead
	Alive                  // each exists as long as its client lives; there is nothing to wait for
	Items                  // each waits to be taken
)

// Ranking says what the rank in a name means.
type Ranking int

// The rankings.
const (
	Unranked   Ranking = iota
	ByPriority         // the priority of an item
	ByDueTime          // the time at which an item is due, in milliseconds since 1970
)

// Name holds the parts of a znode's name, if a recipe of this package has created the znode.
type Name struct {
	Recipe string // "lock", "queue"; the simplest one if several use such names
	Turn   Turn
	Writer bool // for the turn Shared: it wants to write
	// What is a word for such a znode, for people.
	What string
	// Holds is a word for people for what the holder does: "holds", "leads". HeldBy is the same
	// from the other side: "held by". Both are empty if there is nothing to hold.
	Holds, HeldBy string
	// Ranking is the meaning of [Name.Rank].
	Ranking Ranking
	// Instance means that instances of a service also have such names.
	Instance bool
	// Holder is the id of the worker that has a job, or "".
	Holder string
	// Attempt is the number of attempts at a job that were begun, of at most Tries.
	Attempt, Tries int

	node znodes.Node
}

// byKind has all names, by their kinds. The contenders of a MultiLock and of a SetPartitioner are
// those of locks. Instances of a service and clients in a double barrier are members.
var byKind = map[string]Name{
	kindLock:      {Recipe: "lock", Turn: First, What: "contender", Holds: "holds", HeldBy: "held by"},
	kindCandidate: {Recipe: "election", Turn: First, What: "candidate", Holds: "leads", HeldBy: "led by"},
	kindLease:     {Recipe: "semaphore", Turn: Some, What: "contender", Holds: "holds", HeldBy: "held by"},
	kindRead:      {Recipe: "rwlock", Turn: Shared, What: "reader", Holds: "holds, reads", HeldBy: "held for reading by"},
	kindWrite:     {Recipe: "rwlock", Turn: Shared, Writer: true, What: "writer", Holds: "holds, writes", HeldBy: "held for writing by"},
	kindMember:    {Recipe: "membership", Turn: Alive, What: "member", Instance: true},
	kindItem:      {Recipe: "queue", Turn: Items, What: "item"},
	kindBounded:   {Recipe: "queue", Turn: Items, What: "item"},
	kindTaking:    {Recipe: "queue", Turn: Alive, What: "waiting consumer"},
	kindPutting:   {Recipe: "queue", Turn: Alive, What: "waiting producer"},
	kindDue:       {Recipe: "delay-queue", Turn: Items, What: "item", Ranking: ByDueTime},
	kindJob:       {Recipe: "job-queue", Turn: Items, What: "job"},
	kindTaken:     {Recipe: "job-queue", Turn: Alive, What: "taken job"},
	kindWorker:    {Recipe: "job-queue", Turn: Alive, What: "worker"},
	kindIdle:      {Recipe: "job-queue", Turn: Alive, What: "idle worker"},
}

// ParseName parses the name of a znode, without its folder. It returns false for names that no
// recipe of this package makes.
func ParseName(name string) (Name, bool) {
	for kind, z := range byKind {
		if _, _, ok := znodes.Split(name, kind); !ok {
			continue
		}
		var ok bool
		switch kind {
		case kindJob, kindTaken:
			var j jobName
			j, ok = parseJob(name, kind)
			z.node = znodes.Node{Name: name, ID: j.id, Kind: kind, Seq: j.seq}
			z.Holder, z.Attempt, z.Tries = j.worker, j.attempt, j.tries
		case kindDue:
			z.node, ok = znodes.ParseRanked(name, kind)
		case kindItem:
			if z.node, ok = znodes.Parse(name, kind); !ok {
				z.Recipe, z.Ranking = "priority-queue", ByPriority
				z.node, ok = znodes.ParseRanked(name, kind)
			}
		default:
			z.node, ok = znodes.Parse(name, kind)
		}
		return z, ok
	}
	return Name{}, false
}

// In returns the recipe whose znode has a child of this name. has reports whether the znode also
// has a child of another name: members and a child "ready" belong to a double barrier.
func (z Name) In(has func(child string) bool) string {
	if z.node.Kind == kindMember && has(readyNode) {
		return "double-barrier"
	}
	return z.Recipe
}

// Rank returns the rank of an item, whose meaning is z.Ranking; 0 if it has none.
func (z Name) Rank() int64 { return z.node.Rank }

// ID returns the random part of the name. A job has the same one in all its states.
func (z Name) ID() string { return z.node.ID }

// CompareNames compares the names of znodes in a folder by their turn, for slices.SortFunc.
func CompareNames(a, b Name) int { return znodes.Compare(a.node, b.node) }
