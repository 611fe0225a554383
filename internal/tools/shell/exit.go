package shell

import (
	"errors"
	"fmt"

	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// The exit codes of a shell, a contract with scripts.
const (
	OK           = 0
	NotFound     = 1
	Conflict     = 2 // what is there is not as it was expected: another version, something, or children
	NoConnection = 3 // or anything else that went wrong
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

// Code is the exit code for what a statement came to.
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

// codedError is an error of a shell's own, with its exit code. Without a message it has
// been told.
type codedError struct {
	code    int
	message string
}

func (e codedError) Error() string { return e.message }

// words say what a server's answer means to who asked.
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

// explain is an error in words, of what was done to a path.
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

// errNoChroot is what a root is that is not there.
var errNoChroot = &explained{"there is no znode of the path that stands behind the servers: leave that path out, and create it first", wire.NoNode}

// missing says that a znode is not there.
func missing(err error) bool { return errors.Is(err, wire.NoNode) }

// Interruption is what people are told of an error that is an interruption, without where it
// happened, but for a write that may have been done.
func Interruption(err error) string {
	if client.MayBeDone(err) {
		return "interrupted: what was written last was sent, and may have been done, or not"
	}
	return "interrupted"
}
