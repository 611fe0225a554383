package subjects

import (
	"context"
	"strings"

	"github.com/zklab/zklab/recipes"
)

// recipeSession is the session of package recipes on the client's connection.
// It reads the client's events, so all subjects of the client share it.
func (c *Client) recipeSession() *recipes.Session {
	c.once.Do(func() { c.session = recipes.NewSession(c.Conn, c.Events, c.Timeout) })
	return c.session
}

// Close ends what the subjects of this client shared. The harness calls it
// before it closes Conn; the subjects have been closed by then.
func (c *Client) Close(ctx context.Context) error {
	c.once.Do(func() {}) // nothing is opened any more
	if c.session == nil {
		return nil
	}
	return c.session.Close(ctx)
}

// NewLock is zklab's own lock, recipes.Lock.
func NewLock(c *Client, path string) (Lock, error) {
	if err := c.connected(); err != nil {
		return nil, err
	}
	return recipes.NewLock(c.recipeSession(), path), nil
}

// NewElection is zklab's own leader election, recipes.Election.
func NewElection(c *Client, path, id string) (Election, error) {
	if err := c.connected(); err != nil {
		return nil, err
	}
	return recipes.NewElection(c.recipeSession(), path, id), nil
}

// NewQueue is zklab's own queue, recipes.Queue.
func NewQueue(c *Client, path string) (Queue, error) {
	if err := c.connected(); err != nil {
		return nil, err
	}
	return ownQueue{recipes.NewQueue(c.recipeSession(), path)}, nil
}

// ownQueue tells the harness which children of the queue's znode are items.
type ownQueue struct{ *recipes.Queue }

func (q ownQueue) IsItem(child string) bool { return strings.Contains(child, q.ItemNames()) }
func (ownQueue) ItemNames() string          { return "-item-" }

// NewBarrier is zklab's own barrier, recipes.Barrier.
func NewBarrier(c *Client, path string) (Barrier, error) {
	if err := c.connected(); err != nil {
		return nil, err
	}
	return recipes.NewBarrier(c.recipeSession(), path), nil
}

// NewDoubleBarrier is zklab's own double barrier, recipes.DoubleBarrier.
func NewDoubleBarrier(c *Client, path string, parties int) (DoubleBarrier, error) {
	if err := c.connected(); err != nil {
		return nil, err
	}
	return recipes.NewDoubleBarrier(c.recipeSession(), path, parties), nil
}
