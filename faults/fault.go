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

// Fault is a kind of harm with its parameters. Values are safe for concurrent use and keep
// no state of a run.
type Fault interface {
	// Kind is the fault's name without parameters: pause, expire.
	Kind() string
	// Spec is the fault as a schedule writes it: pause:leader.
	Spec() string
	// Available returns nil if a run in this setting can have the fault, else the reason in
	// words for people.
	Available(s Setting) error
	// Inject injects the fault. If it fails, it has undone what it did. It returns
	// ErrNoTarget if there was nothing to harm.
	Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error)
}

// Patience bounds each action on an ensemble: injecting, verifying, healing.
const Patience = 15 * time.Second

// ErrNoTarget is returned by Inject when there is nothing to harm: for example, when no
// client holds. Another fault of the same kind may still find a target.
var ErrNoTarget = errors.New("found no target")

// Setting holds all that faults can be done to, before a run has clients: the ensemble, running or
// as a sketch ([ensemble.Sketcher]), and how clients run.
type Setting struct {
	Ensemble ensemble.Ensemble
	// Processes is true if each client is a process of its own.
	Processes bool
}

// Preparing is a fault for which the ensemble must be prepared at its start; see
// [ensemble.Preparer].
type Preparing interface{ Needs() ensemble.Ability }

// Traited is a fault of a kind that package kinds does not know. It tells checks and
// reports its traits, which are written into the record with the fault.
type Traited interface{ Traits() history.FaultTraits }

// Effect is an injected fault. Once verified it lasts as long as its step says
// (Target.Lasts); then it is healed. See [Ending] for effects that end earlier.
type Effect interface {
	// Describe says what the fault hit. After Verify, Detail may tell people what happened:
	// "lost the reply to create /a/b".
	Describe() history.FaultStep
	// Verify sees from outside, through connections that the fault does not control, that
	// the fault took effect; otherwise its error says what it saw instead. A fault that
	// waits for an occasion (a message to lose) waits here, for at most Target.Lasts;
	// ErrNoTarget then means that the occasion never came.
	Verify(ctx context.Context) error
	// Heal undoes the fault. It may be called more than once.
	Heal(ctx context.Context) error
}

// Ending is an effect that ends by itself. It is healed when Ended is closed or when its
// step's time is over, whichever comes first. If a fault does everything in Inject and
// nothing lasts, Ended is closed from the beginning.
type Ending interface{ Ended() <-chan struct{} }

// atOnce is embedded in effects that do not last.
type atOnce struct{}

var ended = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Ended returns a closed channel.
func (atOnce) Ended() <-chan struct{} { return ended }

// effect holds what effects have in common: what they hit, and what they claim until they are
// healed.
type effect struct {
	step    history.FaultStep
	release func() // more than once is fine
	healed  bool
}

// hit returns the common part of an effect on servers and their clients.
func (t *Target) hit(spec string, servers []ensemble.Server, release func()) effect {
	return effect{release: release, step: history.FaultStep{Spec: spec, Servers: idsOf(servers), Clients: t.on(addresses(servers))}}
}

// Describe returns the step: what the fault hit.
func (e *effect) Describe() history.FaultStep { return e.step }

// once undoes an effect and releases its claims, unless that was done before: another fault
// may have hit the same target since.
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

// Lasting is a fault whose effect depends on how long it lasts. Warn returns a warning
// about a duration that is too short, or "".
type Lasting interface {
	Warn(p ensemble.Profile, lasts time.Duration) string
}

// LastingForClients is like Lasting, for a fault where the least duration depends on the
// clients.
type LastingForClients interface {
	WarnClients(clients []Client, lasts time.Duration) string
}

// Target holds all that faults are injected into.
type Target struct {
	Ensemble ensemble.Ensemble
	Clients  []Client
	// Activity tells what clients are doing, from the growing record. Now is the record's
	// clock.
	Activity *Activity
	Now      func() time.Duration
	// Admin is a connection that no fault reaches; nil if there is none. Root is the znode
	// whose children are the run's objects.
	Admin *zk.Conn
	Root  string
	// Claims keep overlapping faults out of each other's way. The zero value is ready.
	Claims Claims
	// At is the client's message that is stopped while the fault is injected; nil for a
	// fault at a time.
	At *link.Stopped
	// Lasts is how long the effect is meant to last after it was verified. Play waits that
	// long; a fault need not, unless it waits for an occasion or divides the time up (a
	// rolling restart). Each step of a plan gets its own Target with its own Lasts.
	Lasts time.Duration
}

// For returns the target for one step that lasts d. It shares t's claims.
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

// Process is the process that a client runs in. Its methods are safe for concurrent use.
type Process interface {
	// Freeze stops the process (SIGSTOP) until Thaw (SIGCONT). Both may be called more than
	// once.
	Freeze() error
	Thaw() error
	// Frozen asks the operating system whether the process is stopped.
	Frozen() (bool, error)
	// Kill kills the process (SIGKILL), frozen or not, and returns when it has ended.
	Kill() error
	// Running asks the operating system whether the process runs, frozen or not.
	Running() bool
	// Restart starts the process again after Kill, with a new session. It returns nil if
	// the process runs.
	Restart(ctx context.Context) error
}

// on returns the clients whose link is connected to one of the addresses.
func (t *Target) on(addrs map[string]bool) []int {
	var ids []int
	for _, c := range t.Clients {
		if s, ok := c.Link.Session(); ok && addrs[s.Server] {
			ids = append(ids, c.ID)
		}
	}
	return ids
}
