package monitor

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/zklab/zklab/ensemble/status"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/zk/client"
)

// Config says what to follow, and how. Only the servers of Client are required.
type Config struct {
	// Client names the ensemble and the credentials. A follower ignores its Patience: it waits
	// without limit.
	Client client.Config
	// Root is the path of the subtree to follow; "" means "/".
	Root string
	// Queries say how to query the state of the servers every two seconds, one for each server or
	// one for all ([status.Look]). Without any, the follower does not query the servers.
	Queries []status.Query
	// LogLines is the number of changes to keep; 0 means 1000.
	LogLines int
	// All loads the whole subtree, so that all of it is compared after a lost connection.
	All bool
	// EventsOnly loads only the root: changes below it while there is no connection are not found.
	EventsOnly bool
	// Most is the largest number of znodes to load; 0 means 500,000. A folder that does not fit is
	// not listed, and a Change of kind Unread reports it.
	Most int
}

const (
	usualLog  = 1000
	usualMost = 500_000
	lookEvery = 2 * time.Second
)

// Follower is a live copy of a subtree. Its methods are safe for concurrent use, unless they say
// otherwise. It consists of the tree, which is the copy; the feed, which has the session; and the
// schedule of the reads.
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
	// connections are the sessions that servers report.
	connections []status.Session
}

// Follow begins a session, and starts to set the watch and to load the root. ctx bounds only the
// beginning. The caller closes the follower. Follow returns wire.NoNode if the root does not exist,
// and the error of [client.Connect] if no session begins.
func Follow(ctx context.Context, cfg Config) (*Follower, error) {
	return follow(ctx, cfg, connect)
}

func follow(ctx context.Context, cfg Config, connect connector) (*Follower, error) {
	cfg.Client.Patience = 0
	cfg.Root = cmp.Or(cfg.Root, "/")
	cfg.LogLines = cmp.Or(cfg.LogLines, usualLog)
	cfg.Most = cmp.Or(cfg.Most, usualMost)
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

// run starts the goroutines that run until Close.
func (f *Follower) run(c session) {
	var ctx context.Context
	ctx, f.cancel = context.WithCancel(context.Background())
	f.running.Go(func() { f.feed.follow(ctx, c) })
	f.running.Go(func() { f.reads.send(ctx, &f.mu) })
	if len(f.cfg.Queries) > 0 {
		f.running.Go(func() { f.lookAgain(ctx) })
	}
}

// Close ends the session and the follower. It may be called more than once. It returns nil.
func (f *Follower) Close() error {
	f.cancel()
	f.running.Wait()
	return nil
}

// locked calls do with the lock, and signals that there is something new to draw.
func (f *Follower) locked(do func()) {
	f.mu.Lock()
	do()
	f.mu.Unlock()
	await.Wake(f.changed)
}
