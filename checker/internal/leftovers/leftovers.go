// Package leftovers counts what the clients of a run left on the servers: znodes and watches. It
// takes the znodes from the transaction log, which ends when the subjects have released what they
// hold and before the clients' sessions are closed, and the watches from what the servers reported
// at that moment. It decides nothing.
package leftovers

import (
	"fmt"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
)

// Found counts the znodes that the clients of a run left. It leaves out what zklab itself created.
type Found struct {
	// Persistent and Ephemeral count the znodes of these kinds that existed at the end. Swept
	// counts containers and znodes with a TTL, which the servers delete by themselves. Ephemeral
	// znodes do not count if their clients no longer used the session, as after a crash.
	Persistent int `json:"persistent"`
	Ephemeral  int `json:"ephemeral"`
	Swept      int `json:"swept,omitempty"`
	// Watches counts the watches of data and existence that the clients' sessions had at the end, each
	// path once for each session; -1 if that is not known.
	Watches int `json:"watches"`
	// Groups are the znodes that operations left, by folder, kind and operation, the largest group
	// first. They leave out znodes that were created before the first operation, such as an
	// object's folder, and items of queues. Besides the znodes that existed at the end, they
	// include ephemeral znodes that their clients never deleted although they no longer used them,
	// and that ended with their sessions. Watches are in a group if the znode that they watched has
	// been deleted.
	Groups []Group `json:"groups,omitempty"`
}

// Group are znodes of one kind in similar folders, or watches on such znodes, that operations of one name
// and outcome left.
type Group struct {
	// Pattern is the common path, with * for counters and other unique parts: "k*/mark-*". It is
	// relative to the run's root for znodes below it.
	Pattern string       `json:"pattern"`
	Kind    Kind         `json:"kind"`
	F       string       `json:"f"`
	Outcome history.Type `json:"outcome"` // of the operations
	Left    int          `json:"left"`
	AtEnd   int          `json:"at_end"` // how many of the znodes existed at the end
	// Operations counts the operations with this name and outcome. Leaving counts those that left at
	// least one of the znodes. FirstHalf counts those of Leaving that are in the first half of
	// Operations, in order of time.
	Operations int `json:"operations"`
	Leaving    int `json:"leaving"`
	FirstHalf  int `json:"first_half"`
	// Grows means that the number of znodes grows with the load: see [Found.Warnings].
	Grows bool `json:"grows,omitempty"`
}

// Kind says what was left.
type Kind string

// The kinds: four of znodes, and watches on deleted znodes.
const (
	Persistent Kind = "persistent"
	Ephemeral  Kind = "ephemeral"
	Container  Kind = "container"
	TTL        Kind = "ttl"
	Watch      Kind = "watch"
)

// Total counts all znodes.
func (l *Found) Total() int { return l.Persistent + l.Ephemeral + l.Swept }

// Warnings returns a sentence for each group that grows with the load. A group grows if
//
//   - it has persistent or ephemeral znodes, or watches (the servers delete other znodes by
//     themselves),
//   - at least a tenth of the operations left something,
//   - these operations are more than twice as many as the combinations of a key and a session in
//     which the operation was called, since objects may need some znodes for each combination (or,
//     if the znodes are not at or below an object's path, more than twice as many as these
//     sessions), and
//   - they are spread over the run: the second half of the operations has at least half as many of
//     them as the first half, which has some.
func (l *Found) Warnings() (texts []string) {
	for _, g := range l.Groups {
		if g.Grows {
			texts = append(texts, g.Warning())
		}
	}
	return texts
}

// Warning describes the group in a sentence. It is meaningful only if the group grows.
func (g *Group) Warning() string {
	outcome := map[history.Type]string{history.Fail: " that failed", history.Info: " with an unknown outcome"}[g.Outcome]
	one, several := string(g.Kind)+" znode", string(g.Kind)+" znodes"
	if g.Kind == Watch {
		one, several = "watch on a deleted znode", "watches on deleted znodes"
	}
	what := fmt.Sprintf("%d %s", g.Left, several)
	if g.Left == g.Leaving {
		what = "one " + one + " each"
	}
	return fmt.Sprintf("what the clients leave behind grows with the load: %d of %s%s left %s (%s)",
		g.Leaving, prose.Count(g.Operations, g.F), outcome, what, g.Pattern)
}
