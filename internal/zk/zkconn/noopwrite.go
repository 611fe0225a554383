package zkconn

import (
	"context"

	"github.com/go-zookeeper/zk"
	"github.com/zklab/zklab/internal/base/await"
)

// NoopWrite does one quorum write on the connection's session that changes nothing: a multi with a
// single check of path, which must exist. Its reply proves that the session was alive when the write
// was sent, and a later read on the same session sees at least what was committed before the write.
// (sync is not a quorum operation, ZOOKEEPER-1675.) If ctx ends first, the error is its cause; the
// write itself may still happen.
func NoopWrite(ctx context.Context, conn *zk.Conn, path string) error {
	return await.Until(ctx, func() error { // the call ends with the connection at the latest
		_, err := conn.Multi(&zk.CheckVersionRequest{Path: path, Version: -1})
		return err
	})
}
