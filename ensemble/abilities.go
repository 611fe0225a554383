package ensemble

import (
	"context"
	"time"

	"github.com/zklab/zklab/history"
)

// Pauser is a [Server] that can be frozen: its connections stay open and it answers nothing.
type Pauser interface {
	Pause(ctx context.Context) error
	Resume(ctx context.Context) error // of a server that is not paused: nil
	Paused(ctx context.Context) (bool, error)
}

// Killer is a [Server] that can be killed, and started again.
type Killer interface {
	// Kill ends the server at once, as SIGKILL does: its connections break, what
	// it had not yet written down is lost. Of a paused server, too. Of one that
	// is down: nil.
	Kill(ctx context.Context) error
	// Start starts the server again at the same address, with the data that it
	// had written down. It returns once the server runs, which is before it has
	// found the others and serves. Of one that runs, paused or not: nil.
	Start(ctx context.Context) error
	// Down says whether the server is down: killed or stopped, and not started since.
	Down(ctx context.Context) (bool, error)
}

// Stopper is a [Killer] that can also be shut down in good order.
type Stopper interface {
	Killer
	// Stop ends the server as SIGTERM does. Of one that is down: nil.
	Stop(ctx context.Context) error
}

// Partitioner is an [Ensemble] whose links between servers can be cut. A link
// has one direction. Servers are named by their IDs; an unknown one, or a link
// from a server to itself, is an error. Clients are not affected.
type Partitioner interface {
	// Cut makes that nothing reaches server to any more that server from sends.
	// Nobody is told: whoever waits for an answer waits until its patience ends,
	// as when a firewall drops packets. A server that is started later is cut
	// off, too. Of a link that is cut: nil.
	Cut(ctx context.Context, from, to int) error
	// Heal undoes all cuts.
	Heal(ctx context.Context) error
}

// Slower is an [Ensemble] whose links between servers can be slow; see
// [Partitioner] for links.
type Slower interface {
	// Delay makes what server from sends reach server to so much later than it
	// would, in order. 0 undoes it.
	Delay(ctx context.Context, from, to int, by time.Duration) error
}

// Lossy is an [Ensemble] whose links between servers can lose packets; see
// [Partitioner] for links.
type Lossy interface {
	// Lose makes a share of the packets that server from sends to server to get
	// lost, from 0 (undoes it) up to, but without, 1. TCP sends them again: what
	// servers see are delays, and broken connections where the share is high.
	Lose(ctx context.Context, from, to int, share float64) error
}

// DiskFiller is a [Server] whose disk can be full. The ensemble has to be
// started for it; see [Preparer].
type DiskFiller interface {
	// FillDisk leaves no room on the disk that the server writes to.
	FillDisk(ctx context.Context) error
	// FreeDisk undoes it. Of one that is not full: nil.
	FreeDisk(ctx context.Context) error
}

// DiskSlower is a [Server] whose disk can be slow.
type DiskSlower interface {
	// SlowDisk makes what the server writes reach its disk only so much later; 0
	// undoes it.
	SlowDisk(ctx context.Context, by time.Duration) error
}

// SequenceSetter is an [Ensemble] that can set the counter that the names of a
// znode's next sequential children come from.
type SequenceSetter interface {
	SetSequence(ctx context.Context, path string, next int32) error
}

// Ability is something that an ensemble of a kind can do in principle, but
// perhaps not this one, or not here.
type Ability string

// The abilities that can be missing.
const (
	CanPartition Ability = "partition" // Partitioner
	CanDelay     Ability = "delay"     // Slower
	CanLose      Ability = "lose"      // Lossy
	CanFillDisk  Ability = "fill disk" // DiskFiller
	CanPause     Ability = "pause"     // Pauser, of each server
	CanKill      Ability = "kill"      // Killer, of each server
	CanStop      Ability = "stop"      // Stopper, of each server
	CanSweep     Ability = "sweep"     // containers and znodes with a TTL that it may delete go within seconds
	CanTellRole  Ability = "tell role" // servers say whether they lead
)

// Limited is an [Ensemble] that lacks some of the abilities whose methods it has.
type Limited interface {
	// Lacks says why, and what can be done about it, for people; nil if it
	// lacks nothing.
	Lacks(a Ability) error
}

// LogReader is an [Ensemble] that can copy each server's logs, configuration and
// transaction logs to dir/<server id>/. Called after the run, before Close.
type LogReader interface {
	CollectLogs(ctx context.Context, dir string) error
}

// TransactionReader is an [Ensemble] that can tell what was committed.
type TransactionReader interface {
	// Transactions gives all committed transactions since the ensemble was
	// started, in the order of their zxids: what a majority of the servers has
	// written down, and nothing else. Ask when nothing is under way: what was
	// acknowledged is in a majority at once, what was not may be. Failed requests that got a zxid are among
	// them. The caller may keep the slice and must not change what it shares.
	Transactions(ctx context.Context) ([]history.Txn, error)
}

// TransactionStreamer is a [TransactionReader] that hands over what was committed
// while it goes on, so that nobody has to keep all of it in memory until the end.
type TransactionStreamer interface {
	TransactionReader
	// StreamTransactions begins to hand over; each stream gives all. It is an error
	// if the ensemble has kept too little to begin at the beginning.
	StreamTransactions(ctx context.Context) (TransactionStream, error)
}

// TransactionStream gives what [TransactionReader] tells of, in order, each
// transaction once. It is for one goroutine.
type TransactionStream interface {
	// Next gives the transactions that follow those that it gave before: a batch, or
	// nothing if no more were committed. What it gave the ensemble may forget.
	Next(ctx context.Context) ([]history.Txn, error)
	// Close ends the stream; the ensemble keeps nothing for it any more.
	Close()
}
