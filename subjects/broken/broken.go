// Package broken contains mutants: subjects with a seeded defect, one for each way in which
// published recipes were wrong. They show what a violation looks like. Only the names on
// the command line and tests may use them.
//
// With one client on an idle ensemble all of them pass, unless their comment says
// otherwise. Some fail whenever clients compete, others when something happens to a client:
// a lost reply, an expired session, an operation that is given up. Each names the property
// that finds it.
package broken

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

var openACL = zk.WorldACL(zk.PermAll)

// How often mutants retry after a lost reply, and the pauses after which they retry or
// look again.
const (
	retries    = 20
	retryPause = 20 * time.Millisecond
	lookAgain  = 5 * time.Millisecond
)

// waitFor waits for a watch to fire.
func waitFor(ctx context.Context, watch <-chan zk.Event) error {
	select {
	case e := <-watch:
		return e.Err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// opened makes a subject on the connection of a client of this process, and creates the
// znode at path, whose parent exists.
func opened[T any](c *subjects.Client, path string, make func(*zk.Conn) T) (subject T, err error) {
	if err = ensure(c, path); err == nil {
		subject = make(c.Conn)
	}
	return subject, err
}

// ensure creates a znode, if it does not exist.
func ensure(c *subjects.Client, path string) error {
	if err := c.Connected(); err != nil {
		return err
	}
	if _, err := c.Conn.Create(path, nil, 0, openACL); err != nil && !errors.Is(err, zk.ErrNodeExists) {
		return fmt.Errorf("make znode %s: %w", path, err)
	}
	return nil
}
