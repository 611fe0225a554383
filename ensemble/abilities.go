package ensemble

import (
	"context"
	"time"

	"github.com/zklab/zklab/history"
)

// Pauser is a [Server] that can be frozen: its connections stay open and it answers nothing.
type Pauser interface {
	Pause(ctx context.Context) error
	Resume(ctx context.Context) error // nil if the server is not paused
	Paused(ctx context.Context) (bool, error)
}

// Killer is a [Server] that can be killed, and started again.
type Killer interface {
	// Kill ends the server at once, as SIGKILL does: its connections break, and what it had
	// not yet written to disk is lost. It works on a paused server, too. It returns nil if
	// the server is down.
	Kill(ctx context.Context) error
	// Start starts the server again at the same address, with the data that it had written
	// to disk. It returns once the server runs, which is before it has found the others and
	// serves. It returns nil if the server runs, paused or not.
	Start(ctx context.Context) error
	// Down reports whether the server is down: killed or stopped, and not started since.
	Down(ctx context.Context) (bool, error)
}

// Stopper is a [Killer] that can also be shut down in good order.
type Stopper interface {
	Killer
	// Stop ends the server as SIGTERM does. It returns nil if the server is down.
	Stop(ctx context.Context) error
}

// Partitioner is an [Ensemble] whose links between servers can be cut. A link has one
// direction. Servers are named by their IDs; an unknown ID, or a link from a server to
// itself, is an error. Clients are not affected.
type Partitioner interface {
	// Cut stops everything that server from sends to server to. Neither side gets an error:
	// a server that waits for an answer waits until its own timeout, as when a firewall
	// drops packets. A server that is started later is cut off, too. It returns nil if the
	// link is cut.
	Cut(ctx context.Context, from, to int) error
	// Heal undoes all cuts.
	Heal(ctx context.Context) error
}

// Slower is an [Ensemble] whose links between servers can be slow; see [Partitioner] for
// links.
type Slower interface {
	// Delay delays what server from sends to server to by a fixed time, in order. 0 ends
	// the delay.
	Delay(ctx context.Context, from, to int, by time.Duration) error
}

// Lossy is an [Ensemble] whose links between servers can lose packets; see
// [Partitioner] for links.
type Lossy interface {
	// Lose drops a share of the packets that server from sends to server to: at least 0 (no
	// loss) and less than 1. TCP sends them again: servers see delays and, if the share is
	// high, broken connections.
	Lose(ctx context.Context, from, to int, share float64) error
}

// DiskFiller is a [Server] whose disk can be filled. The ensemble must be started for it;
// see [Preparer].
type DiskFiller interface {
	// FillDisk leaves no room on the disk that the server writes to.
	FillDisk(ctx context.Context) error
	// FreeDisk undoes FillDisk. It returns nil if the disk is not full.
	FreeDisk(ctx context.Context) error
}

// DiskSlower is a [Server] whose disk can be slow.
type DiskSlower interface {
	// SlowDisk delays everything that the server writes to its disk; 0 ends the delay.
	SlowDisk(ctx context.Context, by time.Duration) error
}

// DiskEmptier is a [Killer] whose disk can be emptied, as when a server gets a new one. The others must
// hold what the ensemble has acknowledged, or it is lost.
type DiskEmptier interface {
	Killer
	// EmptyDisk removes all transactions, snapshots and epochs that the server has written. Its number and its
	// configuration stay. It is an error if the server is not down.
	EmptyDisk(ctx context.Context) error
	// DiskEmpty reports whether the server's disk has neither a transaction nor a snapshot.
	DiskEmpty(ctx context.Context) (bool, error)
}

// PowerLoser is a [Killer] whose machine can lose its power: what the server has written and not forced to its disk
// is lost with it, in part or as a whole. The rest is there when it is started again. Some ensembles must be started for
// it; see [Preparer].
type PowerLoser interface {
	Killer
	// HoldForces keeps the server's disk from completing what the server forces to it, until it is called with false or
	// the server loses its power. Meanwhile the server goes on to write. Servers that are held are those that will lose
	// their power together: LosePower of one may end the others, too, and has to be called for each.
	HoldForces(ctx context.Context, hold bool) error
	// LosePower ends the server at once. Of the transactions that it has written and not forced, the first ones remain:
	// keep, at least 0 and less than 1, chooses how many, from none to all. It returns how many were not forced, and how
	// many of these are lost. It works on a server that is down, too.
	LosePower(ctx context.Context, keep float64) (unforced, lost int, err error)
}

// ClockShifter is a [Server] whose wall clock can be wrong. Some ensembles must be started for it; see [Preparer].
type ClockShifter interface {
	// ShiftClock sets the server's wall clock ahead by that much, or back if it is negative, of the time that it would
	// show otherwise; 0 sets it right. Clocks that measure how long something takes go on as before. The clock stays as
	// it is when the server is started again.
	ShiftClock(ctx context.Context, by time.Duration) error
	// Clock returns what the server's wall clock shows.
	Clock(ctx context.Context) (time.Time, error)
}

// Reconfigurer is an [Ensemble] whose servers carry out reconfig for a client that may do so. The ensemble must
// be started for it; see [Preparer].
type Reconfigurer interface {
	// Administrator returns the scheme and the credential of such a client; an empty scheme if any client may.
	Administrator() (scheme string, credential []byte)
}

// Upgrader is a [Stopper] that can come back as another version of ZooKeeper, as in a rolling upgrade. The ensemble
// must be started with a second version: see embedded.Config.UpgradeTo and container.Config.UpgradeTo.
type Upgrader interface {
	Stopper
	// SetUpgraded has the server come back, at its next start, as the second version, or as the first one, with the
	// address and the data that it has. It is an error if the server is not down.
	SetUpgraded(ctx context.Context, upgraded bool) error
	// Upgraded reports whether the server runs, or will start, as the second version.
	Upgraded(ctx context.Context) (bool, error)
}

// SequenceSetter is an [Ensemble] that can set the counter from which the next sequential
// children of a znode get their names.
type SequenceSetter interface {
	SetSequence(ctx context.Context, path string, next int32) error
}

// Ability is something that this kind of ensemble can do in principle, but perhaps not this
// ensemble, or not on this machine.
type Ability string

// The abilities that can be missing.
const (
	CanPartition   Ability = "partition"   // Partitioner
	CanDelay       Ability = "delay"       // Slower
	CanLose        Ability = "lose"        // Lossy
	CanFillDisk    Ability = "fill disk"   // DiskFiller
	CanEmptyDisk   Ability = "empty disk"  // DiskEmptier, of each server
	CanLosePower   Ability = "lose power"  // PowerLoser, of each server
	CanShiftClock  Ability = "shift clock" // ClockShifter, of each server
	CanReconfigure Ability = "reconfigure" // Reconfigurer
	CanUpgrade     Ability = "upgrade"     // Upgrader, of each server
	CanPause       Ability = "pause"       // Pauser, of each server
	CanKill        Ability = "kill"        // Killer, of each server
	CanStop        Ability = "stop"        // Stopper, of each server
	CanSweep       Ability = "sweep"       // containers and znodes with a TTL are deleted within seconds once they may be
	CanTellRole    Ability = "tell role"   // servers report whether they lead
)

// Limited is an [Ensemble] that lacks some of the abilities whose methods it has.
type Limited interface {
	// Lacks returns why the ensemble lacks an ability, and what can be done about it, for
	// people; nil if it has the ability.
	Lacks(a Ability) error
}

// ObserverCounter is an [Ensemble] that knows how many of its servers are observers.
type ObserverCounter interface {
	Observers() int
}

// LogReader is an [Ensemble] that can copy each server's logs, configuration and
// transaction logs to dir/<server id>/. Called after the run, before Close.
type LogReader interface {
	CollectLogs(ctx context.Context, dir string) error
}

// TransactionReader is an [Ensemble] that can report the committed transactions.
type TransactionReader interface {
	// Transactions returns all transactions that were committed since the ensemble was
	// started, in the order of their zxids: exactly those that a majority of the servers
	// has written to disk. Call it when no request is under way: an acknowledged write is on
	// a majority already, but one under way may get there during the call. Failed requests
	// that got a zxid are included. The caller may keep and change the slice, but not the
	// data that its elements point to.
	Transactions(ctx context.Context) ([]history.Txn, error)
}

// TransactionStreamer is a [TransactionReader] that streams transactions while they are
// committed, so that they need not all be kept in memory until the end.
type TransactionStreamer interface {
	TransactionReader
	// StreamTransactions begins a stream; each stream has all transactions. It is an error
	// if the ensemble no longer has them from the beginning.
	StreamTransactions(ctx context.Context) (TransactionStream, error)
}

// TransactionStream yields the transactions of [TransactionReader] in order, each once. It
// is for one goroutine.
type TransactionStream interface {
	// Next returns the next batch of transactions, or nothing if no more were committed.
	// The ensemble may discard what Next has returned.
	Next(ctx context.Context) ([]history.Txn, error)
	// Close ends the stream; the ensemble keeps nothing more for it.
	Close()
}
