package monitor

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// newSession is the time between two attempts to begin a new session.
const newSession = time.Second

// feed keeps a session, and begins a new one when it has ended. It sets the watch, and passes events
// and replies to the tree, in the order in which the server sent them. It starts and stops the reads.
type feed struct {
	cfg     client.Config
	root    string // the subtree to watch
	connect connector
	// locked calls do while it holds the lock of the tree, the reads, the reach and the changes.
	locked  func(do func())
	tree    listener
	reads   *schedule
	reach   *reach
	changes *changes

	client    session
	isWatched bool // the watch was set in this session; after a reconnect the client sets it again
	conn      Conn
}

// listener is the part of the tree that a feed needs.
type listener interface {
	// begin is called whenever the watch is set, also after a reconnect.
	begin()
	happened(e client.Event)
	replied(r reply)
}

// session is the part of a client that a follower needs. Tests use one with a defect.
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
		return nil, err // a nil *client.Client would be a session that is not nil
	}
	return c, nil
}

// follow follows the subtree, in one session after the other, until ctx ends.
func (f *feed) follow(ctx context.Context, c session) {
	for c != nil {
		f.inSession(ctx, c)
		c = f.another(ctx)
	}
}

// another begins a new session. It returns nil when ctx has ended.
func (f *feed) another(ctx context.Context) session {
	for ctx.Err() == nil {
		c, err := f.connect(ctx, f.cfg)
		if err == nil {
			return c
		}
		f.locked(func() { f.conn.Problem = err.Error() })
		_ = await.Sleep(ctx, newSession)
	}
	return nil
}

func (f *feed) inSession(ctx context.Context, c session) {
	ctx, cancel := context.WithCancel(ctx)
	var setting sync.WaitGroup
	defer setting.Wait()
	defer c.Close()
	defer cancel()
	f.locked(func() {
		f.client, f.isWatched, f.reach.own = c, false, false
		f.reads.over(c)
	})
	setting.Go(func() { c.Mark(watchSet{c.AddWatch(ctx, f.root, client.Recursive)}) })
	for {
		e, err := c.Next(ctx)
		if err != nil {
			f.locked(func() { f.lost(err) })
			return
		}
		f.locked(func() { f.learn(e) })
	}
}

// watchSet is the result of setting the watch.
type watchSet struct{ err error }

// learn handles the next event, reply or state of the client.
func (f *feed) learn(e client.Event) {
	switch what := e.Mark.(type) {
	case nil:
	case watchSet:
		f.watching(what.err, e.Zxid)
		return
	case reply:
		f.reach.caughtUp(e.Zxid)
		if f.reads.replied(what) {
			f.tree.replied(what)
			f.reads.again(what.target)
		}
		return
	}
	switch e.Session {
	case "":
		f.reach.caughtUp(e.Zxid - 1) // other events of the same transaction may follow
		f.tree.happened(e)
	case client.Connected:
		f.connected(e)
	case client.Disconnected:
		f.lost(e.Err)
		f.changes.tell(Change{Kind: Disconnected, Zxid: f.reach.horizon, Server: e.Server, Reason: reason(e.Err)})
	case client.Expired:
		f.changes.tell(Change{Kind: Expired, Zxid: f.reach.horizon})
	}
}

func reason(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func (f *feed) connected(e client.Event) {
	s := f.client.Session()
	f.conn = Conn{Connected: true, Server: e.Server, Session: s.ID, Timeout: s.Timeout, Since: time.Now(), ReadOnly: f.client.ReadOnly()}
	if f.isWatched { // the client has set the watch again
		f.begin(e.Zxid)
	}
}

// watching handles the result of setting the watch of a new session.
func (f *feed) watching(err error, zxid int64) {
	switch {
	case errors.Is(err, wire.Unimplemented):
		f.reach.own = true
		f.changes.tell(Change{Kind: Unwatched, Server: f.conn.Server, Reason: ownWords})
	case err != nil:
		f.conn.Problem = "cannot set the watch: " + err.Error()
		f.changes.tell(Change{Kind: Unwatched, Server: f.conn.Server, Reason: err.Error()})
		return
	}
	f.isWatched = true
	if f.conn.Connected { // otherwise the client sets it again after it has reconnected
		f.begin(zxid)
	}
}

// begin lets the tree read what it needs, on a connection whose watch reports everything after zxid.
func (f *feed) begin(zxid int64) {
	f.reach.begin(zxid)
	f.reads.start(f.reach.own)
	f.changes.tell(Change{Kind: Connected, Zxid: zxid, Server: f.conn.Server})
	f.tree.begin()
	f.reach.caughtUp(zxid)
}

// lost stops the reads after the connection is lost.
func (f *feed) lost(why error) {
	f.reach.end(f.changes)
	f.reads.stop()
	if f.conn.Connected || f.conn.Since.IsZero() {
		f.conn.Connected, f.conn.Since = false, time.Now()
	}
	f.conn.Problem = reason(why)
}

func (f *feed) how() string {
	if f.reach.own {
		return "one watch for each znode: " + f.conn.Server + " is older than 3.6"
	}
	return "one recursive watch"
}
