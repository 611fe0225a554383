package recipes

import (
	"context"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/virtual/jitter"
	"github.com/zklab/zklab/recipes/internal/client"
)

// Client is a connection to ZooKeeper that knows which session it is on, and since when no server
// has answered. It outlives its sessions: when one expires, its recipes go on in the next one. All
// recipes of a connection share one Client. It is safe for concurrent use.
type Client struct {
	client  *client.Client
	options client.Options
}

// Session is the old name of [Client].
//
// Deprecated: use [Client]. A Client is no ZooKeeper session: it outlives them.
type Session = Client

// NewClient returns a client of a connection and its events.
//
// The client reads events until the channel is closed. It needs all events, in their order, so
// nothing else may read from the channel. If events is nil, the client notices changes up to a
// tenth of the timeout later, and a contender whose turn comes makes one more read.
//
// timeout is the negotiated session timeout. The servers may have shortened the requested one, and
// go-zookeeper does not say so; a smaller value is on the safe side.
//
// Close the client before the connection.
func NewClient(conn *zk.Conn, events <-chan zk.Event, timeout time.Duration, options ...Option) *Client {
	return clientOf(conn, events, timeout, options...)
}

// NewSession is the old name of [NewClient].
//
// Deprecated: use [NewClient].
func NewSession(conn *zk.Conn, events <-chan zk.Event, timeout time.Duration, options ...Option) *Client {
	return NewClient(conn, events, timeout, options...)
}

// clientOf is NewClient for any connection.
func clientOf(connection client.Conn, events <-chan zk.Event, timeout time.Duration, set ...Option) *Client {
	c := &Client{options: client.Options{
		ACL: zk.WorldACL(zk.PermAll), Jitter: jitter.Wanted(), Failed: newError, Refused: newRefusal,
	}}
	for _, option := range set {
		option(c)
	}
	c.client = client.New(connection, events, timeout, c.options)
	return c
}

// ID returns the id of the present session, or 0 if there is none.
func (c *Client) ID() int64 { return c.client.ID() }

// Await waits until there is a session and a server that answers, or ctx ends. Call it at the start
// of a program: other calls wait until their contexts end, even if the addresses of the servers are
// wrong. It returns the error of ctx, or [ErrClosed].
func (c *Client) Await(ctx context.Context) error {
	_, err := c.client.Begin(ctx)
	return err
}

// Close waits until the recipes of the client have cleaned up, or ctx ends. Then it ends clean-ups
// and calls that are still under way. Close the recipes first: otherwise the servers keep a lock
// that is held until the connection is closed. Close returns the error of ctx if ctx has ended
// clean-ups. You may call Close again.
func (c *Client) Close(ctx context.Context) error { return c.client.Close(ctx) }
