// Package subjects is what zklab puts to the test: the contract of each kind
// of recipe, the [Client] that a recipe under test gets, and the subjects that
// have a name on the command line (zklab, go-zookeeper, broken).
//
// A contract is a small interface. A workload takes a constructor,
//
//	New func(c *subjects.Client, path string) (subjects.Lock, error)
//
// and calls it once for each client and key. Values need not be safe for
// concurrent use by several goroutines, except where a method says so.
package subjects

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes"
)

// Client is what a subject gets to work with. Everything that it opens itself
// goes through Dial, so that faults reach it.
type Client struct {
	ID      int           // from 0
	Servers []string      // host:port
	Timeout time.Duration // negotiated session time-out
	Dial    zk.Dialer     // through the link that faults reach
	// Conn is opened and closed by the harness; nil where Remote is set.
	Conn *zk.Conn
	// Events are the session events of Conn, for the subject alone, none lost
	// as long as somebody reads in the end.
	Events <-chan zk.Event

	// Remote is set where the client lives in another process: that has the
	// connection, and makes the subjects.
	Remote Remote

	once    sync.Once
	session *recipes.Session // shared by this client's subjects of package recipes
}

// Remote makes subjects that live in another process. They offer, as the
// interfaces below, what the other process says that its subjects offer, and
// fail with an error that wraps ErrProcess while the process does not run. Safe
// for concurrent use.
type Remote interface {
	Lock(path string) (Lock, error)
	Queue(path string) (Queue, error)
	Barrier(path string) (Barrier, error)
	DoubleBarrier(path string, parties int) (DoubleBarrier, error)
	Election(path, id string) (Election, error)
	// Touch does one quorum write on the other process's session that changes
	// nothing, if it can (ErrCannot if not).
	Touch(ctx context.Context, path string) error
}

var (
	// ErrProcess is the error of a client whose process does not run, or does not
	// speak the protocol.
	ErrProcess = errors.New("the client's process")
	// ErrCannot is the error of something that a remote client does not offer.
	ErrCannot = errors.New("not offered")
)

// Lock is an exclusive lock on one path.
type Lock interface {
	// Lock waits until the lock is held or ctx ends.
	Lock(ctx context.Context) error
	Unlock(ctx context.Context) error
}

// Queue is a FIFO queue.
type Queue interface {
	Put(ctx context.Context, item []byte) error
	// Take removes the oldest item and waits for one until ctx ends.
	Take(ctx context.Context) ([]byte, error)
}

// Barrier holds everybody back while it is raised.
type Barrier interface {
	Raise(ctx context.Context) error
	Lift(ctx context.Context) error
	// Await returns nil once the barrier is not raised.
	Await(ctx context.Context) error
}

// DoubleBarrier lets its members in together and out together. It is made for
// a fixed number of parties.
type DoubleBarrier interface {
	Enter(ctx context.Context) error // waits until all parties are in
	Leave(ctx context.Context) error // waits until all have left
}

// Election elects one leader among candidates.
type Election interface {
	// Campaign waits until this candidate leads or ctx ends.
	Campaign(ctx context.Context) error
	Resign(ctx context.Context) error
}

// Fencer is a hold that gives a fencing token, which rises with every grant.
// Without it the fencing property is absent. Called while held.
type Fencer interface{ Fence() int64 }

// Holder says when a hold is lost. The channel belongs to the present hold and
// is closed when the hold is lost. Safe for concurrent use.
type Holder interface{ Lost() <-chan struct{} }

// Asked is a Holder that is far away: what Lost says here may be late. Held asks
// whether Lost of the present hold is open there; it was at some moment between
// call and return.
type Asked interface {
	Held(ctx context.Context) (bool, error)
}

// Owner tells the session that owns the present hold's znode. Called while held.
type Owner interface{ Session() int64 }

// LeaderTeller is an election that can say who leads, as far as it knows: the
// id that the leading candidate was made with, empty when nobody leads.
type LeaderTeller interface {
	Leader(ctx context.Context) (string, error)
}

// Closer is a subject with something to end: Close waits, until ctx ends, for
// clean-ups that go on after cancelled calls. More than once is fine.
type Closer interface {
	Close(ctx context.Context) error
}

// NoEffect says that err promises that the operation had no effect: only then
// it is recorded as fail. It is a method, so that recipes need not import zklab.
func NoEffect(err error) bool {
	var e interface{ NoEffect() bool }
	return errors.As(err, &e) && e.NoEffect()
}

// Itemizer is a queue in whose znode stand other children than items. Without
// it every child is an item.
type Itemizer interface{ IsItem(child string) bool }

// ItemNamer is an Itemizer whose items are the children whose names contain what
// ItemNames gives, so that another process can be told.
type ItemNamer interface {
	Itemizer
	ItemNames() string
}
