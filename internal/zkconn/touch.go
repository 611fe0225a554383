package zkconn

import (
	"context"

	"github.com/go-zookeeper/zk"
)

// Touch does one quorum write on the connection's session that changes nothing: a
// multi with a single check of path, which must be there. It makes the session's
// latest sign of life sharp, and a read after it on the same session is fenced: it
// cannot be older than the touch. (sync is not a quorum operation,
// ZOOKEEPER-1675.) If ctx ends first, the error is its cause; the write itself
// may still happen.
func Touch(ctx context.Context, conn *zk.Conn, path string) error {
	done := make(chan error, 1)
	go func() { // ends with the connection at the latest
		_, err := conn.Multi(&zk.CheckVersionRequest{Path: path, Version: -1})
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
