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

// LogReader is an [Ensemble] that can copy each server's logs, configuration and
// transaction logs to dir/<server id>/. Called after the run, before Close.
type LogReader interface {
	CollectLogs(ctx context.Context, dir string) error
}

// TransactionReader is an [Ensemble] that can tell what was committed.
type TransactionReader interface {
	// Transactions gives all committed transactions since the ensemble was
	// started, in the order of their zxids: what a majority of the servers has
	// written down, and nothing else. Failed requests that got a zxid are among
	// them. The caller may keep the slice and must not change what it shares.
	Transactions(ctx context.Context) ([]history.Txn, error)
}
