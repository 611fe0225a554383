package monitor

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/zklab/zklab/ensemble/status"
	"github.com/zklab/zklab/internal/zk/client"
)

// Config says what is followed. Only the servers of Client must be given.
type Config struct {
	// Client says which ensemble, and as whom. Its Patience is not used: a follower waits.
	Client client.Config
	// Root is the subtree that is followed, "/" when empty.
	Root string
	// Queries are how servers are asked for their state every two seconds, one for each or
	// one for all ([status.Look]). Without any they are not asked.
	Queries []status.Query
	// LogLines is how many changes are kept, 1000 when 0.
	LogLines int
	// All loads the whole subtree, so that after a loss of the connection all of it is
	// compared.
	All bool
	// EventsOnly loads the root alone: of what happens below it while there is no connection
	// nothing is found.
	EventsOnly bool
	// Most bounds how many znodes are loaded, 500,000 when 0. A folder that does not fit is not
	// listed, and says so.
	Most int
}

const (
	usualLog  = 1000
	usualMost = 500_000
	lookEvery = 2 * time.Second
)

// Follower is a live copy of a subtree. Its methods are safe for concurrent use. It puts
// together what it is made of: the tree, which is the copy; the feed, which has the session; and
// the schedule of the reads.
type Follower struct {
	cfg     Config
	cancel  context.CancelFunc
	running sync.WaitGroup
	changed chan struct{}

	mu      sync.Mutex // guards everything below
	tree    *tree
	reads   *schedule
	feed    *feed
	changes *changes

	status   status.Ensemble
	statusAt time.Time
	// connections are the sessions that servers tell of.
	connections []status.Session
}

// Follow begins a session, sets the watch and opens the root. ctx bounds that alone. The caller
// closes the follower. Where the root is not there, the error is wire.NoNode; other errors
// are those of [client.Connect].
func Follow(ctx context.Context, cfg Config) (*Follower, error) {
	return follow(ctx, cfg, connect)
}

func follow(ctx context.Context, cfg Config, connect connector) (*Follower, error) {
	cfg.Client.Patience = 0
	if cfg.Root == "" {
		cfg.Root = "/"
	}
	if cfg.LogLines == 0 {
		cfg.LogLines = usualLog
	}
	if cfg.Most == 0 {
		cfg.Most = usualMost
	}
	f := &Follower{cfg: cfg, changed: make(chan struct{}, 1), reads: newSchedule(), changes: newChanges(cfg.LogLines)}
	r := new(reach)
	f.tree = newTree(cfg, r, f.reads, f.changes)
	f.feed = &feed{cfg: cfg.Client, root: cfg.Root, connect: connect, locked: f.locked, tree: f.tree, reads: f.reads, reach: r, changes: f.changes}
	c, err := connect(ctx, cfg.Client)
	if err != nil {
		return nil, err
	}
	if _, err := c.Exists(ctx, cfg.Root, false); err != nil {
		c.Close()
		return nil, fmt.Errorf("%s: %w", cfg.Root, err)
	}
	f.run(c)
	return f, nil
}

// run starts all that goes on until Close.
func (f *Follower) run(c session) {
	var ctx context.Context
	ctx, f.cancel = context.WithCancel(context.Background())
	f.running.Go(func() { f.feed.follow(ctx, c) })
	f.running.Go(func() { f.reads.send(ctx, &f.mu) })
	if len(f.cfg.Queries) > 0 {
		f.running.Go(func() { f.lookAgain(ctx) })
	}
}

// Close ends the session and the follower. Safe to call more than once.
func (f *Follower) Close() error {
	f.cancel()
	f.running.Wait()
	return nil
}

// locked changes the copy, and says that there is something new to draw.
func (f *Follower) locked(do func()) {
	f.mu.Lock()
	do()
	f.mu.Unlock()
	select {
	case f.changed <- struct{}{}:
	default:
	}
}
