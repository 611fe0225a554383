package faults

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/link"
)

// Fault is a kind of harm with its parameters. Values are safe for concurrent
// use and hold nothing of a run.
type Fault interface {
	// Kind is the fault's name without parameters: pause, expire.
	Kind() string
	// Spec is how the fault is written in a schedule: pause:leader.
	Spec() string
	// Available says why a run in this setting cannot have the fault, for people; nil if it can.
	Available(s Setting) error
	// Inject does it. Whatever it did before it failed, it has undone.
	// ErrNoTarget means that there was nothing to do it to.
	Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error)
}

// Patience bounds each action on an ensemble: injecting, verifying, healing.
const Patience = 15 * time.Second

// ErrNoTarget is returned by Inject when there is nothing to harm: nobody
// holds, say. Another fault of its kind may still find something.
var ErrNoTarget = errors.New("found no target")

// Setting is what a fault can be done to, before a run has clients: the
// ensemble, running or a sketch of it ([ensemble.Sketcher]), and how clients run.
type Setting struct {
	Ensemble ensemble.Ensemble
	// Processes says that each client is a process of its own.
	Processes bool
}

// Preparing is a fault for which the ensemble must be started; see [ensemble.Preparer].
type Preparing interface{ Needs() ensemble.Ability }

// Traited is a fault of a kind that package kinds does not know, which says what checks
// and reports have to know of it. It is written into the record with the fault.
type Traited interface{ Traits() history.FaultTraits }

// Effect is a fault that was injected. Once it was verified it lasts as long as
// its step says (Target.Lasts), and then is healed; see [Ending] for those that
// are over before.
type Effect interface {
	// Describe says whom it hit; once it was verified, Detail may say to people
	// what happened: "lost the reply to create /a/b".
	Describe() history.FaultStep
	// Verify sees from outside that the fault took effect, through connections
	// that the fault does not control, or says what it saw instead. A fault that
	// waits for an occasion (a message to be lost) waits here, for Target.Lasts at
	// most: ErrNoTarget then means that the occasion never came.
	Verify(ctx context.Context) error
	// Heal undoes it. More than once is fine.
	Heal(ctx context.Context) error
}

// Ending is an effect that is over by itself: it is healed when Ended is closed,
// or when its step's time is over, whichever comes first. A fault that does
// everything in Inject and leaves nothing that lasts is closed from the beginning.
type Ending interface{ Ended() <-chan struct{} }

// atOnce is embedded in effects of which nothing lasts.
type atOnce struct{}

var ended = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Ended is closed.
func (atOnce) Ended() <-chan struct{} { return ended }

// effect is what effects have in common: whom they hit, and what they claimed until
// they are healed.
type effect struct {
	step    history.FaultStep
	release func() // more than once is fine
	healed  bool
}

// Describe says whom it hit.
func (e *effect) Describe() history.FaultStep { return e.step }

// once undoes an effect and gives back what it claimed, unless that was done:
// somebody else may have hit the same since.
func (e *effect) once(undo func() error) error {
	if e.healed {
		return nil
	}
	if err := undo(); err != nil {
		return err
	}
	e.healed = true
	e.release()
	return nil
}

// over says that an effect has ended by itself.
func over(e Ending) bool {
	select {
	case <-e.Ended():
		return true
	default:
		return false
	}
}

// Lasting is a fault whose effect depends on how long it lasts. Warn gives
// what to say about a duration that is too short, or nothing.
type Lasting interface {
	Warn(p ensemble.Profile, lasts time.Duration) string
}

// LastingForClients is Lasting for a fault of which it depends on the clients.
type LastingForClients interface {
	WarnClients(clients []Client, lasts time.Duration) string
}

// Target is what faults are injected into.
type Target struct {
	Ensemble ensemble.Ensemble
	Clients  []Client
	// Activity is what clients are doing, from the record as it grows; Now is
	// the record's clock.
	Activity *Activity
	Now      func() time.Duration
	// Admin is a connection that no fault reaches; nil where there is none. Root
	// is the znode below which the run's objects are, each a child of it.
	Admin *zk.Conn
	Root  string
	// Claims keep faults that last at one time out of each other's way. The zero
	// value is ready.
	Claims Claims
	// At is the message of a client that is stopped while the fault is injected; nil for
	// a fault at a time.
	At *link.Stopped
	// Lasts is how long the effect is meant to last, counted from when it was
	// verified. Play waits for that; a fault need not, unless it waits for an
	// occasion or divides the time up (a rolling restart). Each step of a plan gets
	// a Target of its own with it.
	Lasts time.Duration
}

// For is the target for one step that lasts so long. Claims are shared.
func (t *Target) For(d time.Duration) *Target {
	return &Target{
		Ensemble: t.Ensemble, Clients: t.Clients, Activity: t.Activity, Now: t.Now,
		Admin: t.Admin, Root: t.Root, Claims: Claims{of: &t.Claims}, Lasts: d,
	}
}

// Client is one client with its link to the ensemble.
type Client struct {
	ID   int
	Link *link.Link
	// Process is the client's own process; nil for a client within this one.
	Process Process
}

// Process is the process that a client runs in. Its methods are safe for
// concurrent use.
type Process interface {
	// Freeze stops the process (SIGSTOP) until Thaw (SIGCONT). More than once is fine.
	Freeze() error
	Thaw() error
	// Frozen asks the system.
	Frozen() (bool, error)
	// Kill ends it at once (SIGKILL), frozen or not, and returns when it has ended.
	Kill() error
	// Running asks the system whether it runs, frozen or not.
	Running() bool
	// Restart starts it again after Kill, with a session of its own. Of one that
	// runs: nil.
	Restart(ctx context.Context) error
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
