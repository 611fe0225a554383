package zkconn

import (
	"errors"
	"fmt"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/zk/wire"
)

// codes holds the codes of go-zookeeper's errors. go-zookeeper has no errors for other codes.
var codes = map[error]wire.Code{
	zk.ErrAPIError: wire.APIError, zk.ErrNoNode: wire.NoNode, zk.ErrNoAuth: wire.NoAuth, zk.ErrBadVersion: wire.BadVersion,
	zk.ErrNoChildrenForEphemerals: wire.NoChildrenForEphemerals, zk.ErrNodeExists: wire.NodeExists, zk.ErrNotEmpty: wire.NotEmpty,
	zk.ErrSessionExpired: wire.SessionExpired, zk.ErrInvalidACL: wire.InvalidACL, zk.ErrAuthFailed: wire.AuthFailed,
	zk.ErrClosing: wire.Closing, zk.ErrNothing: wire.Nothing, zk.ErrSessionMoved: wire.SessionMoved,
	zk.ErrReconfigDisabled: wire.ReconfigDisabled, zk.ErrBadArguments: wire.BadArguments,
}

// Explained adds to an error of go-zookeeper advice on what to do, if the error has a server's code.
func Explained(err error) error {
	if advice, _ := Advice(err); advice != "" {
		return fmt.Errorf("%w: %s", err, advice)
	}
	return err
}

// Advice explains, for people, the server's code in an error, with what to do about it, and returns the name
// of the code in the error's text. Both are "" if the error has no code.
func Advice(err error) (advice, name string) {
	if code, ok := errors.AsType[wire.Code](err); ok {
		return code.Advice(), code.String()
	}
	for known, code := range codes {
		if errors.Is(err, known) {
			return code.Advice(), known.Error()
		}
	}
	return "", ""
}
