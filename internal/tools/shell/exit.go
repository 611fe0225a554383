package shell

import (
	"errors"
	"fmt"

	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// The exit codes of the shell. Scripts rely on them.
const (
	OK           = 0
	NotFound     = 1
	Conflict     = 2 // another version, the znode exists already, or it has children
	NoConnection = 3 // or any other failure
	NotAllowed   = 4
	WrongUsage   = 64
	Interrupted  = 130
)

var codes = map[wire.Code]int{
	wire.NoNode: NotFound, wire.NoWatcher: NotFound,
	wire.BadVersion: Conflict, wire.NodeExists: Conflict, wire.NotEmpty: Conflict, wire.NoChildrenForEphemerals: Conflict,
	wire.NoAuth: NotAllowed, wire.AuthFailed: NotAllowed, wire.InvalidACL: NotAllowed, wire.NotReadOnly: NotAllowed,
	wire.QuotaExceeded: NotAllowed, wire.ReconfigDisabled: NotAllowed, wire.Unimplemented: NotAllowed,
	wire.BadArguments: WrongUsage,
}

// Code returns the exit code for the error of a statement.
func Code(err error) int {
	var usage errUsage
	var code wire.Code
	var own codedError
	switch {
	case err == nil:
		return OK
	case errors.As(err, &own):
		return own.code
	case errors.As(err, &usage):
		return WrongUsage
	case errors.As(err, &code):
		if c, ok := codes[code]; ok {
			return c
		}
	}
	return NoConnection
}

// codedError is an error of the shell itself, with its exit code. An empty message prints nothing.
type codedError struct {
	code    int
	message string
}

func (e codedError) Error() string { return e.message }

// words explain the error codes of servers.
var words = map[wire.Code]string{
	wire.NoNode:                  "there is no such znode",
	wire.BadVersion:              "it has another version: somebody wrote it meanwhile",
	wire.NodeExists:              "there is one already",
	wire.NotEmpty:                "it has children: rm -r removes them, too",
	wire.NoChildrenForEphemerals: "it is ephemeral: it can have no children",
	wire.NoAuth:                  "its list of permissions does not allow it: auth shows a credential",
	wire.InvalidACL:              "that is no list of permissions that the server takes",
	wire.AuthFailed:              "the server does not take this credential",
	wire.NotReadOnly:             "the server has no majority: it can only be read",
	wire.QuotaExceeded:           "the quota does not allow it",
	wire.ConnectionLoss:          "the connection was lost: it may have been done, or not",
	wire.Unimplemented:           "the server does not know this request: it is older, or was not told to allow it",
	wire.BadArguments:            "the server does not take these arguments",
	wire.NoWatcher:               "there is no such watch",
}

// explain returns an error that says what failed, and why.
func explain(what string, err error) error {
	var code wire.Code
	var large *client.TooLarge
	if errors.As(err, &large) {
		return &explained{fmt.Sprintf("%s: the server ended the connection: the request has %d bytes, and servers take %d where jute.maxbuffer does not say otherwise", what, large.Bytes, wire.MaxRequest), err}
	}
	if errors.As(err, &code) && words[code] != "" {
		return &explained{what + ": " + words[code], err}
	}
	return &explained{what + ": " + err.Error(), err}
}

type explained struct {
	text string
	err  error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.err }

// errNoChroot is the error for a chroot that does not exist.
var errNoChroot = &explained{"there is no znode of the path that stands behind the servers: leave that path out, and create it first", wire.NoNode}

// missing reports whether an error says that a znode does not exist.
func missing(err error) bool { return errors.Is(err, wire.NoNode) }

// Interruption returns the message for an error that is an interruption. It does not say where the
// interruption happened, but it mentions a write that may have been done.
func Interruption(err error) string {
	if client.MayBeDone(err) {
		return "interrupted: what was written last was sent, and may have been done, or not"
	}
	return "interrupted"
}
