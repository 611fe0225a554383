package recipes

import (
	"context"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/virtual/turns"
	"github.com/zklab/zklab/recipes/internal/client"
)

// Client is a connection to ZooKeeper that knows which session it is on, and since when no server
// has answered. It outlives its sessions: when one expires, its recipes go on in the next one.
// All recipes of a connection share one Client. It is safe for concurrent use.
type Client struct {
	client  *client.Client
	options client.Options
}

// Session is the old name of [Client].
//
// Deprecated: use [Client]. A Client is no ZooKeeper session: it outlives them.
type Session = Client

// NewClient makes a client of a connection and its events. It reads events
// until they are closed, so they must be for it alone, and all of them, in their order; nil
// will do, at the price of noticing changes up to a tenth of the time-out later, and of a read
// more for a turn that comes. The time-out is the one that
// was negotiated, which the servers may have made shorter than the one asked for
// (go-zookeeper does not tell); a smaller value is on the safe side.
//
// Close it before the connection.
func NewClient(conn *zk.Conn, events <-chan zk.Event, timeout time.Duration, options ...Option) *Client {
	return clientOf(conn, events, timeout, options...)
}

// NewSession is the old name of [NewClient].
//
// Deprecated: use [NewClient].
func NewSession(conn *zk.Conn, events <-chan zk.Event, timeout time.Duration, options ...Option) *Client {
	return NewClient(conn, events, timeout, options...)
}

// clientOf is NewClient of any connection.
func clientOf(connection client.Conn, events <-chan zk.Event, timeout time.Duration, set ...Option) *Client {
	c := &Client{options: client.Options{
		ACL: zk.WorldACL(zk.PermAll), InTurn: turns.Wanted(), Failed: newError, Refused: newRefusal,
	}}
	for _, option := range set {
		option(c)
	}
	c.client = client.New(connection, events, timeout, c.options)
	return c
}

// ID returns the id of the present session, 0 if there is none.
func (c *Client) ID() int64 { return c.client.ID() }

// Await waits until there is a session and a server that answers, or ctx ends: other calls
// wait for as long as their contexts say, too, and a program that was given the wrong address
// should rather say so at its start. The error is that of ctx, or [ErrClosed].
func (c *Client) Await(ctx context.Context) error {
	_, err := c.client.Begin(ctx)
	return err
}

// Close waits until the clean-ups of the client's recipes are done or ctx has
// ended, then ends them, and everything that still waits. Close the recipes
// first: a lock that is held stays held on the servers until the connection is
// closed, too. The error is that of ctx, if clean-ups were cut short. Closing
// again is fine.
func (c *Client) Close(ctx context.Context) error { return c.client.Close(ctx) }
