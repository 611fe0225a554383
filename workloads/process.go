package workloads

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/zkconn"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/subjects"
)

// This file handles clients in processes of their own (subjects.Client.Remote), which can end and
// be started again.

// Process is a client's own process, as far as its loop needs it.
type Process interface {
	// Await returns once the process runs, and returns the number of its life, from 1: each
	// start begins a new life. The error means that it will not run again, or that ctx
	// ended.
	Await(ctx context.Context) (life int, err error)
	// Life returns the present life; 0 while the process does not run.
	Life() int
	// Renew ends the present life as a crash does, and begins another one.
	Renew(ctx context.Context) error
}

// errGone is the error of an operation that belongs to an earlier life of the client's
// process. It was not done, and is not in the record.
var errGone = errors.New("the process that it belonged to has ended")

// Ready waits until the client can do something: at once within this process, otherwise
// when its own process runs.
func (c *Client) Ready(ctx context.Context) error {
	if c.Process == nil {
		return nil
	}
	_, err := c.Process.Await(ctx)
	return err
}

// begin checks that an operation can be done now. An operation for any life waits until the
// process runs, so that impossible operations do not fill the record.
func (c *Client) begin(ctx context.Context, op Op) error {
	switch {
	case c.stuck != nil:
		return c.stuck
	case c.Process == nil:
		return nil
	case op.Life != 0 && c.gone(op.Life):
		return errGone
	case op.Life != 0:
		return nil
	}
	life, err := c.Process.Await(ctx)
	switch {
	case err == nil:
		c.life = life
		return nil
	case ctx.Err() != nil:
		return err
	}
	c.stuck = fmt.Errorf("client %d does nothing more: %w", c.ID, err)
	return c.stuck
}

// gone reports whether a life of the client's process is over, and with it everything that
// the client held.
func (c *Client) gone(life int) bool { return c.Process != nil && c.Process.Life() != life }

// SessionID returns the client's present session; 0 if it has none or it is unknown here.
// For a client in another process it asks the link.
func (c *Client) SessionID() int64 {
	if c.Conn != nil {
		return c.Conn.SessionID()
	}
	s, ok := c.Link.Session()
	if !ok || s.Dead {
		return 0
	}
	return s.ID
}

// has reports whether a session belongs to the client, and has not ended as far as the client was
// told.
func (c *Client) has(session int64) bool {
	if session == 0 || session == c.SessionID() {
		return session == c.SessionID()
	}
	return slices.ContainsFunc(c.Link.Sessions(), func(s link.Session) bool { return s.ID == session && !s.Closed && !s.Expired })
}

// madeIn returns the session in which the latest call of a subject made what it has at a key: the one that the subject
// names, or the only one that created an ephemeral znode there. Otherwise it is the client's present session.
func (c *Client) madeIn(key string, subject any) int64 {
	if o, ok := subjects.Offered[subjects.Owner](subject); ok {
		if s := ownerOf(Op{Owner: o.Session}); s != 0 {
			return s
		}
	}
	made := slices.DeleteFunc(c.Link.Used(key), func(u history.Use) bool { return !u.Made })
	if len(made) == 1 {
		return int64(made[0].Session)
	}
	return c.SessionID()
}

// Touch makes one quorum write on the client's session that changes nothing (see
// [zkconn.NoopWrite]), within ctx. It is not an operation on the subject and not recorded
// as one; the link sees it. It returns subjects.ErrCannot if a client in another process
// does not offer it; then only the subject's own requests can prove that its session is alive.
func (c *Client) Touch(ctx context.Context, path string) error {
	if c.Conn == nil {
		return c.Remote.Touch(ctx, path)
	}
	return zkconn.NoopWrite(ctx, c.Conn, path)
}

// touchFor is like Touch, with a time limit; it returns nil if the client cannot touch.
func (c *Client) touchFor(ctx context.Context, limit time.Duration, path string) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := c.Ready(ctx); err != nil {
		return err
	}
	if err := c.Touch(ctx, path); !errors.Is(err, subjects.ErrCannot) {
		return err
	}
	return nil
}
