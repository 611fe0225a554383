package wire

import (
	"strconv"
	"strings"
)

// Code is the error code in a reply. It implements error, but OK is not an error, so test with == OK
// before you return one.
type Code int32

// The codes, by the numbers of the protocol.
const (
	OK                      Code = 0
	SystemError             Code = -1
	RuntimeInconsistency    Code = -2
	DataInconsistency       Code = -3
	ConnectionLoss          Code = -4
	MarshallingError        Code = -5
	Unimplemented           Code = -6
	OperationTimeout        Code = -7
	BadArguments            Code = -8
	UnknownSession          Code = -12
	NewConfigNoQuorum       Code = -13
	ReconfigInProgress      Code = -14
	APIError                Code = -100
	NoNode                  Code = -101
	NoAuth                  Code = -102
	BadVersion              Code = -103
	NoChildrenForEphemerals Code = -108
	NodeExists              Code = -110
	NotEmpty                Code = -111
	SessionExpired          Code = -112
	InvalidCallback         Code = -113
	InvalidACL              Code = -114
	AuthFailed              Code = -115
	Closing                 Code = -116
	Nothing                 Code = -117
	SessionMoved            Code = -118
	NotReadOnly             Code = -119
	EphemeralOnLocalSession Code = -120
	NoWatcher               Code = -121
	RequestTimeout          Code = -122
	ReconfigDisabled        Code = -123
	SessionClosedAuth       Code = -124 // Java calls it SESSIONCLOSEDREQUIRESASLAUTH; it does not stand for SASL alone
	QuotaExceeded           Code = -125
	ThrottledOp             Code = -127
)

// meaning is a code in words.
type meaning struct {
	name   string // short
	advice string // for people: what happened, and the way out
}

// Records contain the names. In messages, the advice may follow a name and a colon.
var meanings = map[Code]meaning{
	OK:                      {"ok", ""},
	SystemError:             {"system error", "the server failed: its log names the reason"},
	RuntimeInconsistency:    {"runtime inconsistency", "the server did not carry it out: its log names the reason"},
	DataInconsistency:       {"data inconsistency", "the server found its own data wrong: its log names the reason"},
	ConnectionLoss:          {"connection loss", "the connection was lost: the operation may or may not have been done"},
	MarshallingError:        {"marshalling error", "the server cannot read the request: it may be too old for it"},
	Unimplemented:           {"unimplemented", "the server does not support this request: it is too old, or its configuration does not allow it"},
	OperationTimeout:        {"operation timeout", "the server took too long: try again"},
	BadArguments:            {"bad arguments", "the server rejects these arguments"},
	UnknownSession:          {"unknown session", "the server does not know the session: connect again"},
	NewConfigNoQuorum:       {"no quorum of the new configuration", "a majority of the new members must run before: start them, and try again"},
	ReconfigInProgress:      {"reconfiguration in progress", "try again when it has ended"},
	APIError:                {"api error", "the server rejects the request: its log names the reason"},
	NoNode:                  {"no node", "no such znode"},
	NoAuth:                  {"no auth", "its permissions do not allow it: authenticate with auth (outside the shell: --auth)"},
	BadVersion:              {"bad version", "it has another version: another client wrote it meanwhile"},
	NoChildrenForEphemerals: {"no children for ephemerals", "it is ephemeral and cannot have children"},
	NodeExists:              {"node exists", "it exists already"},
	NotEmpty:                {"not empty", "it has children: rm -r also removes them"},
	SessionExpired:          {"session expired", "the session is over, with its ephemeral znodes and watches: connect again"},
	InvalidCallback:         {"invalid callback", "the client is wrong: report it"},
	InvalidACL:              {"invalid acl", "the server rejects these permissions"},
	AuthFailed:              {"auth failed", "the server rejects this credential: check its scheme, user and password"},
	Closing:                 {"closing", "the connection is being closed: connect again"},
	Nothing:                 {"nothing", "the server has no answer"},
	SessionMoved:            {"session moved", "another connection took the session over: try again"},
	NotReadOnly:             {"not read-only", "the server has no majority and accepts only reads"},
	EphemeralOnLocalSession: {"ephemeral on local session", "the session is known to one server only: set localSessionsUpgradingEnabled=true on the servers"},
	NoWatcher:               {"no watcher", "no such watch"},
	RequestTimeout:          {"request timeout", "the server gave up: the operation may or may not have been done"},
	ReconfigDisabled:        {"reconfiguration disabled", "set reconfigEnabled=true on the servers"},
	SessionClosedAuth:       {"session closed, authentication required", "the server requires authentication (enforce.auth.enabled or sessionRequireClientSASLAuth): give --auth @FILE, with a line such as digest:user:password or sasl:user:password in the file"},
	QuotaExceeded:           {"quota exceeded", "the quota does not allow it"},
	ThrottledOp:             {"throttled", "the server has too much to do, and did not do it: try again later"},
}

// String returns the name, such as "no node".
func (c Code) String() string {
	if m, ok := meanings[c]; ok {
		return m.name
	}
	return "code " + strconv.Itoa(int(c))
}

// Error returns the same as String.
func (c Code) Error() string { return c.String() }

// Named returns the code in an error of go-zookeeper whose only text is "unknown error" and the number. It
// returns any other error as it is.
func Named(err error) error {
	if err == nil {
		return nil
	}
	number, ok := strings.CutPrefix(err.Error(), "unknown error: ")
	if code, bad := strconv.ParseInt(number, 10, 32); ok && bad == nil {
		return Code(code)
	}
	return err
}

// Advice explains, for people, what happened and what to do; "" for OK and unknown codes.
func (c Code) Advice() string { return meanings[c].advice }
