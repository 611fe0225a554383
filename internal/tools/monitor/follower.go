package monitor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/zklab/zklab/ensemble/status"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
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
	usualLog   = 1000
	usualMost  = 500_000
	lookEvery  = 2 * time.Second
	newSession = time.Second // from one attempt at a new session to the next
)

// Follower is a live copy of a subtree. Its methods are safe for concurrent use.
type Follower struct {
	cfg     Config
	cancel  context.CancelFunc
	running sync.WaitGroup
	changed chan struct{}

	connect connector

	mu        sync.Mutex
	client    session
	isWatched bool // the watch was set in this session: the client sets it again by itself
	begun     bool // the watch was set once
	ready     bool // the watch is set
	own       bool // the servers know no persistent watches
	conn      Conn

	changes *changes
	root    *node
	choice  *choice
	reads   *schedule
	counts  Counts
	owners  map[int64]int // ephemerals that are loaded, by session
	ghosts  []*node       // deleted znodes that are still shown, the oldest first
	filter  string        // of the rows
	unmade  []*node       // folders whose rows are to be made when somebody looks
	helpers []*node       // folders that are listed for what others mean

	// horizon is the zxid up to which all events came; while a connection is lost that of
	// the loss. watched is the zxid at which the present watch was set: what is later,
	// events tell.
	horizon, watched int64
	heard            heard
	checks           int // znodes that are to be compared
	comparing        bool
	found            int // differences, since the last loss

	status   status.Ensemble
	statusAt time.Time
	// connections are the sessions that servers tell of.
	connections []status.Session
}

// session is what a follower needs of a client; tests have one with a defect.
type session interface {
	Next(ctx context.Context) (client.Event, error)
	Mark(v any)
	AddWatch(ctx context.Context, path string, kind client.Watch) error
	Exists(ctx context.Context, path string, watch bool) (wire.Stat, error)
	Get(ctx context.Context, path string, watch bool) ([]byte, wire.Stat, error)
	Children(ctx context.Context, path string, watch bool) ([]string, wire.Stat, error)
	ACL(ctx context.Context, path string) ([]wire.ACL, wire.Stat, error)
	Session() wire.Session
	ReadOnly() bool
	Close()
}

type connector func(context.Context, client.Config) (session, error)

func connect(ctx context.Context, cfg client.Config) (session, error) {
	c, err := client.Connect(ctx, cfg)
	if err != nil {
		return nil, err // not a session that is a nil client
	}
	return c, nil
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
	f := &Follower{
		cfg: cfg, connect: connect, changed: make(chan struct{}, 1),
		changes: newChanges(cfg.LogLines), owners: make(map[int64]int), choice: new(choice), reads: newSchedule(),
	}
	f.choice.of = f.choice
	f.root = f.newNode(nil, cfg.Root)
	f.root.open = !cfg.EventsOnly
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
	f.running.Go(func() { f.sessions(ctx, c) })
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

// sessions follows in one session after the other, until ctx ends.
func (f *Follower) sessions(ctx context.Context, c session) {
	for c != nil {
		f.inSession(ctx, c)
		c = f.another(ctx)
	}
}

// another begins the next session, nil when ctx has ended.
func (f *Follower) another(ctx context.Context) session {
	for ctx.Err() == nil {
		c, err := f.connect(ctx, f.cfg.Client)
		if err == nil {
			return c
		}
		f.locked(func() { f.conn.Problem = err.Error() })
		_ = await.Sleep(ctx, newSession)
	}
	return nil
}

func (f *Follower) inSession(ctx context.Context, c session) {
	ctx, cancel := context.WithCancel(ctx)
	var setting sync.WaitGroup
	defer setting.Wait()
	defer c.Close()
	defer cancel()
	f.locked(func() {
		f.client, f.own, f.isWatched = c, false, false
		f.reads.over(c)
	})
	setting.Go(func() { c.Mark(watchSet{c.AddWatch(ctx, f.cfg.Root, client.Recursive)}) })
	for {
		e, err := c.Next(ctx)
		if err != nil {
			f.locked(func() { f.lost(err) })
			return
		}
		f.locked(func() { f.learn(e) })
	}
}

// watchSet is what setting the watch came to.
type watchSet struct{ err error }

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

// learn takes what the client tells next.
func (f *Follower) learn(e client.Event) {
	switch what := e.Mark.(type) {
	case nil:
	case watchSet:
		f.watching(what.err, e.Zxid)
		return
	case reply:
		f.caughtUp(e.Zxid)
		if f.reads.replied(what) {
			f.replied(what)
			f.reads.again(what.target)
		}
		return
	}
	switch e.Session {
	case "":
		f.caughtUp(e.Zxid - 1) // others of the same transaction may follow
		f.happened(e)
	case client.Connected:
		f.connected(e)
	case client.Disconnected:
		f.lost(e.Err)
		f.changes.tell(Change{Kind: Disconnected, Zxid: f.horizon, Server: e.Server, Reason: reason(e.Err)})
	case client.Expired:
		f.changes.tell(Change{Kind: Expired, Zxid: f.horizon})
	}
}

// caughtUp notes that all events up to a zxid came.
func (f *Follower) caughtUp(zxid int64) {
	if f.ready {
		f.horizon = max(f.horizon, zxid)
	}
}

func reason(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func (f *Follower) connected(e client.Event) {
	s := f.client.Session()
	f.conn = Conn{Connected: true, Server: e.Server, Session: s.ID, Timeout: s.Timeout, Since: time.Now(), ReadOnly: f.client.ReadOnly()}
	if f.isWatched { // the client has set the watch again
		f.begin(e.Zxid)
	}
}

// watching goes on when the watch of a new session is set, or cannot be.
func (f *Follower) watching(err error, zxid int64) {
	switch {
	case errors.Is(err, wire.Unimplemented):
		f.own = true
		f.changes.tell(Change{Kind: Unwatched, Server: f.conn.Server, Reason: ownWords})
	case err != nil:
		f.conn.Problem = "the watch cannot be set: " + err.Error()
		f.changes.tell(Change{Kind: Unwatched, Server: f.conn.Server, Reason: err.Error()})
		return
	}
	f.isWatched = true
	if f.conn.Connected { // else the client sets it again with the next connection
		f.begin(zxid)
	}
}

// begin reads what is to be read on a connection whose watch tells from zxid on.
func (f *Follower) begin(zxid int64) {
	f.reads.start(f.own)
	f.watched, f.ready = zxid, true
	f.changes.tell(Change{Kind: Connected, Zxid: zxid, Server: f.conn.Server})
	if f.begun {
		f.compare()
	} else {
		f.loadRoot()
	}
	f.begun = true
	f.horizon = max(f.horizon, zxid)
	f.rechoose()
}

// lost stops the reads.
func (f *Follower) lost(why error) {
	if f.ready {
		f.hearNoMore()
	}
	f.ready = false
	f.reads.stop()
	if f.conn.Connected || f.conn.Since.IsZero() {
		f.conn.Connected, f.conn.Since = false, time.Now()
	}
	f.conn.Problem = reason(why)
}
