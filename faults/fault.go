package faults

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults/link"
	"github.com/zklab/zklab/history"
)

// Fault is a kind of harm with its parameters. Values are safe for concurrent
// use and hold nothing of a run.
type Fault interface {
	// Kind is the fault's name without parameters: pause, expire.
	Kind() string
	// Spec is how the fault is written in a schedule: pause:leader.
	Spec() string
	// Available says why this ensemble cannot have the fault, for people; nil if it can.
	Available(e ensemble.Ensemble) error
	// Inject does it. Whatever it did before it failed, it has undone.
	// ErrNoTarget means that there was nothing to do it to.
	Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error)
}

// Effect is a fault that was injected.
type Effect interface {
	// Describe says whom it hit.
	Describe() history.FaultStep
	// Verify sees from outside that the fault took effect, through connections
	// that the fault does not control, or says what it saw instead.
	Verify(ctx context.Context) error
	// Heal undoes it. More than once is fine.
	Heal(ctx context.Context) error
}

// Lasting is a fault whose effect depends on how long it lasts. Warn gives
// what to say about a duration that is too short, or nothing.
type Lasting interface {
	Warn(p ensemble.Profile, lasts time.Duration) string
}

// Target is what faults are injected into.
type Target struct {
	Ensemble ensemble.Ensemble
	Clients  []Client
	// Activity is what clients are doing, from the record as it grows; Now is
	// the record's clock.
	Activity *Activity
	Now      func() time.Duration
}

// Client is one client with its link to the ensemble.
type Client struct {
	ID   int
	Link *link.Link
}

// on gives the clients whose link is connected to one of the addresses.
func (t *Target) on(addrs map[string]bool) []int {
	var ids []int
	for _, c := range t.Clients {
		if s, ok := c.Link.Session(); ok && addrs[s.Server] {
			ids = append(ids, c.ID)
		}
	}
	return ids
}
