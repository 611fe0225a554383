package failures

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/zk/wire"
)

func TestUnanswered(t *testing.T) {
	for _, err := range []error{
		zk.ErrConnectionClosed, zk.ErrNoServer, zk.ErrClosing, zk.ErrSessionExpired, zk.ErrSessionMoved,
		io.EOF, errors.New("whatever a connection says when it cannot be written to"),
	} {
		if !Unanswered(err) {
			t.Errorf("%v counts as an answer", err)
		}
	}
	for _, err := range []error{
		nil, zk.ErrNoNode, zk.ErrNoAuth, zk.ErrNodeExists, fmt.Errorf("wrapped: %w", zk.ErrBadVersion),
		wire.Named(fmt.Errorf("unknown error: %v", zk.ErrCode(-125))), wire.Named(fmt.Errorf("unknown error: %v", zk.ErrCode(-1000))), context.DeadlineExceeded, ErrSessionLost, ErrClosed,
		ErrRemoved, ErrLost,
	} {
		if Unanswered(err) {
			t.Errorf("%v does not count as an answer", err)
		}
	}
}
