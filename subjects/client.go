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

// Client gives a subject its client of ZooKeeper. A subject opens sessions of its own with
// [Client.Connect], or with Dial, so that faults reach them.
type Client struct {
	ID      int           // from 0
	Servers []string      // host:port
	Timeout time.Duration // negotiated session timeout
	Dial    zk.Dialer     // through the link that faults reach
	// Conn is opened and closed by the harness; nil if Remote is set.
	Conn *zk.Conn
	// Events are the events of Conn from the first on. None is lost as long as a goroutine
	// reads them eventually. There is one channel per client, which all its subjects share:
	// one goroutine of a client reads it, not one per subject. Subjects that each follow the
	// session use Subscribe.
	Events <-chan zk.Event
	// Subscribe returns a channel of the caller's own with the events of Conn from now on. No
	// event is lost as long as a goroutine reads them eventually, and a slow reader delays
	// neither Conn nor another reader. The channel is closed when ctx ends, or when Conn is
	// closed with its client. Subscribe is safe for concurrent use.
	Subscribe func(ctx context.Context) <-chan zk.Event

	// Own is the session of a library with its own connections, in a program that opened it
	// (Connect of adapter.Subjects). The function [Own] returns it with its type. Conn and
	// Events are then nil.
	Own any

	// Remote is set if the client lives in another process. That process has the connection
	// and makes the subjects.
	Remote Remote

	once    sync.Once
	recipes *recipes.Client // shared by this client's subjects of package recipes

	mu     sync.Mutex
	atEnd  []func(context.Context) // end background work of its subjects before the session ends
	own    []*zk.Conn              // sessions of Connect that are open; nil in the places of closed ones
	closed bool                    // nothing more is opened
}

// Remote makes subjects that live in another process. While the process does not run, their calls return
// errors that wrap [ErrProcess]. It is safe for concurrent use.
type Remote interface {
	// Make makes an object of a recipe, by the name of its workload, on a path. The value
	// is its further argument, or nil. offers lists what it may offer beyond its operations.
	Make(recipe, path string, value any, offers ...string) (Object, error)
	// Touch makes one quorum write on the other process's session that changes nothing. It
	// returns ErrCannot if the process does not offer that.
	Touch(ctx context.Context, path string) error
}

// recipeClient returns the [recipes.Client] on this client's connection. It reads the
// client's events, so all subjects of the client share it. These are all of one kind, and
// the first subject determines the options.
func (c *Client) recipeClient(options ...recipes.Option) *recipes.Client {
	c.once.Do(func() { c.recipes = recipes.NewClient(c.Conn, c.Events, c.Timeout, options...) })
	return c.recipes
}

// Own returns the session that the program opened for the client with its own library, with
// its type. It returns an error if there is no session of that type.
func Own[T any](c *Client) (session T, err error) {
	session, ok := c.Own.(T)
	if !ok {
		return session, fmt.Errorf("client %d has no session of the type %T of its own library: Connect of adapter.Subjects gave %T", c.ID, session, c.Own)
	}
	return session, nil
}

// BeforeEnd registers a function that is called when the client is closed, even if its
// subjects are not closed, as after their process was killed. The function should return
// when its context ends. [Client.Close] waits ten seconds longer for it, and then goes on
// without it. BeforeEnd is safe for concurrent use.
func (c *Client) BeforeEnd(f func(context.Context)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.atEnd = append(c.atEnd, f)
}

// ofRecipe makes a subject of package recipes on the client's [recipes.Client].
func ofRecipe[T any](c *Client, make func(*recipes.Client) T, options ...recipes.Option) (subject T, err error) {
	if err = c.Connected(); err == nil {
		subject = make(c.recipeClient(options...))
	}
	return subject, err
}

// endGrace is how long a function of [Client.BeforeEnd] may continue after its context has
// ended.
const endGrace = 10 * time.Second

// Close ends what the subjects of this client share, and closes their own sessions. The harness
// calls it before it closes Conn and after it has closed the subjects. It returns an error if a
// function of [Client.BeforeEnd] did not return in time.
func (c *Client) Close(ctx context.Context) error {
	c.once.Do(func() {}) // nothing more is opened
	c.mu.Lock()
	c.closed = true
	atEnd := c.atEnd
	c.mu.Unlock()
	var errs []error
	for _, end := range atEnd {
		errs = append(errs, within(ctx, end))
	}
	if c.recipes != nil {
		errs = append(errs, c.recipes.Close(ctx))
	}
	c.closeOwn()
	return errors.Join(errs...)
}

// within calls end, and waits for it until endGrace after ctx has ended.
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
