package recipes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/go-zookeeper/zk"
)

func TestUnanswered(t *testing.T) {
	for _, err := range []error{
		zk.ErrConnectionClosed, zk.ErrNoServer, zk.ErrClosing, zk.ErrSessionExpired, zk.ErrSessionMoved,
		io.EOF, errors.New("whatever a connection says when it cannot be written to"),
	} {
		if !unanswered(err) {
			t.Errorf("%v counts as an answer", err)
		}
	}
	for _, err := range []error{
		nil, zk.ErrNoNode, zk.ErrNoAuth, zk.ErrNodeExists, fmt.Errorf("wrapped: %w", zk.ErrBadVersion),
		fmt.Errorf("unknown error: %v", zk.ErrCode(-125)), context.DeadlineExceeded, ErrSessionLost, ErrClosed,
		ErrEmpty, ErrRemoved, ErrLost,
	} {
		if unanswered(err) {
			t.Errorf("%v does not count as an answer", err)
		}
	}
}

func TestErrorTellsItsCauseAndEffect(t *testing.T) {
	r := newRecipe(&client{options: options{Failed: newError}}, "/a")
	err := r.definite("lock", zk.ErrNoAuth)
	if !errors.Is(err, zk.ErrNoAuth) || err.Error() != "lock /a: zk: not authenticated" {
		t.Errorf("error: %v", err)
	}
	var e *Error
	if !errors.As(err, &e) || !e.NoEffect() || !errors.As(r.indefinite("lock", err), &e) || e.NoEffect() {
		t.Error("wrong effect")
	}
}
