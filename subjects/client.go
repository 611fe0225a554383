package subjects

import (
	"context"
	"errors"
	"fmt"
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
	// Events are the session events of Conn, none lost as long as somebody reads in the
	// end. There is one channel for each client, which all of its subjects share: one
	// goroutine of a client reads it, not one of each subject.
	Events <-chan zk.Event

	// Own is the session of a library that has connections of its own, in a program that opened it
	// (Connect of adapter.Subjects); [Own] gives it with its type. Conn and Events are nil then.
	Own any

	// Remote is set where the client lives in another process: that has the
	// connection, and makes the subjects.
	Remote Remote

	once    sync.Once
	recipes *recipes.Client // shared by this client's subjects of package recipes

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

// recipeClient is the client of package recipes on the client's connection.
// It reads the client's events, so all subjects of the client share it, which are of one kind: the
// first one says with which options it is made.
func (c *Client) recipeClient(options ...recipes.Option) *recipes.Client {
	c.once.Do(func() { c.recipes = recipes.NewClient(c.Conn, c.Events, c.Timeout, options...) })
	return c.recipes
}

// Own is the session that the program opened for the client with its own library, as what it is. The
// error says that there is none of that type.
func Own[T any](c *Client) (session T, err error) {
	session, ok := c.Own.(T)
	if !ok {
		return session, fmt.Errorf("client %d has no session of the type %T of its own library: Connect of adapter.Subjects gave %T", c.ID, session, c.Own)
	}
	return session, nil
}

// BeforeEnd has a function called when the client is closed, also where nobody closes its
// subjects: a process that was killed does not. The function should return when its context
// ends. [Client.Close] waits for it ten seconds longer, and then goes on without it.
// BeforeEnd is safe for concurrent use.
func (c *Client) BeforeEnd(f func(context.Context)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.atEnd = append(c.atEnd, f)
}

// ofRecipe makes a subject of package recipes with that client.
func ofRecipe[T any](c *Client, make func(*recipes.Client) T, options ...recipes.Option) (subject T, err error) {
	if err = c.Connected(); err == nil {
		subject = make(c.recipeClient(options...))
	}
	return subject, err
}

// endGrace is how long a function of [Client.BeforeEnd] may go on after its context has ended.
const endGrace = 10 * time.Second

// Close ends what the subjects of this client shared. The harness calls it
// before it closes Conn; the subjects have been closed by then. The error may be that a
// function of [Client.BeforeEnd] did not return in time.
func (c *Client) Close(ctx context.Context) error {
	c.once.Do(func() {}) // nothing is opened any more
	c.mu.Lock()
	atEnd := c.atEnd
	c.mu.Unlock()
	var errs []error
	for _, end := range atEnd {
		errs = append(errs, within(ctx, end))
	}
	if c.recipes != nil {
		errs = append(errs, c.recipes.Close(ctx))
	}
	return errors.Join(errs...)
}

// within calls end, and waits for it until a while after ctx has ended.
func within(ctx context.Context, end func(context.Context)) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		end(ctx)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	select {
	case <-done:
		return nil
	case <-time.After(endGrace):
		return fmt.Errorf("a function of BeforeEnd did not return within %s after its context ended", endGrace)
	}
}
