package workloads

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zklab/zklab/internal/zk/zkconn"
	"github.com/zklab/zklab/subjects"
)

// This file is about clients that live in processes of their own
// (subjects.Client.Remote): those can end and be started again.

// Process is a client's own process, as far as its loop needs to know.
type Process interface {
	// Await returns once the process runs, and says which life of it that is, from
	// 1: each start begins one. The error says that it will not run again, or
	// that ctx ended.
	Await(ctx context.Context) (life int, err error)
	// Life is the present life; 0 while the process does not run.
	Life() int
}

// errGone is the error of an operation that belonged to an earlier life of the
// client's process. It was not done, and is not in the record.
var errGone = errors.New("the process that it belonged to has ended")

// Ready waits until the client can do something: at once within this process,
// else once its own process runs.
func (c *Client) Ready(ctx context.Context) error {
	if c.Process == nil {
		return nil
	}
	_, err := c.Process.Await(ctx)
	return err
}

// begin says whether an operation can be done now. One that belongs to no life
// in particular waits until the process runs, so that what a client cannot do is
// not in the record a thousand times.
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

// gone says that a life of the client's process is over, and with it everything
// that the client held.
func (c *Client) gone(life int) bool { return c.Process != nil && c.Process.Life() != life }

// SessionID is the client's session now; 0 if it has none, as far as is known
// here. Of a client in another process the link knows.
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

// Touch does one quorum write on the client's session that changes nothing (see
// [zkconn.NoopWrite]), within ctx. It is not an operation on the subject and not recorded as
// one; the link sees it. subjects.ErrCannot means that a client in another
// process does not offer it: then nothing proves its session alive but what the
// subject itself sends.
func (c *Client) Touch(ctx context.Context, path string) error {
	if c.Conn == nil {
		return c.Remote.Touch(ctx, path)
	}
	return zkconn.NoopWrite(ctx, c.Conn, path)
}

// touchFor is Touch for so long, where the client can; an error that it cannot is none.
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
