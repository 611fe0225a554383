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
	wire.SessionClosedAuth: NotAllowed, wire.QuotaExceeded: NotAllowed, wire.ReconfigDisabled: NotAllowed, wire.Unimplemented: NotAllowed,
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

// explain returns an error that says what failed, and why.
func explain(what string, err error) error {
	var code wire.Code
	if large, ok := errors.AsType[*client.TooLarge](err); ok {
		return &explained{fmt.Sprintf("%s: the server closed the connection: the request has %d bytes, and servers accept %d unless jute.maxbuffer says otherwise", what, large.Bytes, wire.MaxRequest), err}
	}
	if big := new(client.LargeReply); errors.As(err, &big) {
		return &explained{fmt.Sprintf("%s: the reply has %d bytes, and the shell takes %d: give it --max-frame %d", what, big.Bytes, big.Limit, big.Bytes), err}
	}
	if errors.As(err, &code) && code.Advice() != "" {
		return &explained{what + ": " + code.Advice(), err}
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
var errNoChroot = &explained{"the path after the servers does not exist: leave it out, and create it first", wire.NoNode}

// missing reports whether an error means that a znode does not exist.
func missing(err error) bool { return errors.Is(err, wire.NoNode) }

// Interruption returns the message for an error that is an interruption. It does not say where the
// interruption happened, but it mentions a write that may have been done.
func Interruption(err error) string {
	if client.MayBeDone(err) {
		return "interrupted: the last write was sent, and may or may not have been done"
	}
	return "interrupted"
}
