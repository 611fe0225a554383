package subjects

import (
	"context"
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

	mu    sync.Mutex
	atEnd []func(context.Context) // what its subjects do by themselves ends before its session
}

// Remote makes subjects that live in another process; the contracts turn them into
// what a workload uses ([RemoteLock], say). They fail with an error that wraps
// ErrProcess while the process does not run. Safe for concurrent use.
type Remote interface {
	// Make makes an object of a recipe, by the name of its workload, on a path. The value
	// is what else it is made with, or nil; offers are what it may offer beyond its
	// operations.
	Make(recipe, path string, value any, offers ...string) (Object, error)
	// Touch does one quorum write on the other process's session that changes
	// nothing, if it can (ErrCannot if not).
	Touch(ctx context.Context, path string) error
}

// recipeSession is the session of package recipes on the client's connection.
// It reads the client's events, so all subjects of the client share it.
func (c *Client) recipeSession() *recipes.Session {
	c.once.Do(func() { c.session = recipes.NewSession(c.Conn, c.Events, c.Timeout) })
	return c.session
}

// BeforeEnd has a function called when the client is closed, also where nobody closes its
// subjects: a process that was killed does not. Safe for concurrent use.
func (c *Client) BeforeEnd(f func(context.Context)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.atEnd = append(c.atEnd, f)
}

// ofRecipe makes a subject of package recipes in that session.
func ofRecipe[T any](c *Client, make func(*recipes.Session) T) (subject T, err error) {
	if err = c.Connected(); err == nil {
		subject = make(c.recipeSession())
	}
	return subject, err
}

// Close ends what the subjects of this client shared. The harness calls it
// before it closes Conn; the subjects have been closed by then.
func (c *Client) Close(ctx context.Context) error {
	c.once.Do(func() {}) // nothing is opened any more
	c.mu.Lock()
	atEnd := c.atEnd
	c.mu.Unlock()
	for _, end := range atEnd {
		end(ctx)
	}
	if c.session == nil {
		return nil
	}
	return c.session.Close(ctx)
}
