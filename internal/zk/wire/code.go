package wire

import "strconv"

// Code is the error code in a reply. It is an error; OK is none, so test with
// == OK before you return one.
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
	SessionClosedSASL       Code = -124
	QuotaExceeded           Code = -125
	ThrottledOp             Code = -127
)

var codeNames = map[Code]string{
	OK: "ok", SystemError: "system error", RuntimeInconsistency: "runtime inconsistency",
	DataInconsistency: "data inconsistency", ConnectionLoss: "connection loss",
	MarshallingError: "marshalling error", Unimplemented: "unimplemented",
	OperationTimeout: "operation timeout", BadArguments: "bad arguments",
	NewConfigNoQuorum: "no quorum of the new configuration", ReconfigInProgress: "reconfiguration in progress",
	APIError: "api error", NoNode: "no node", NoAuth: "no auth", BadVersion: "bad version",
	NoChildrenForEphemerals: "no children for ephemerals", NodeExists: "node exists",
	NotEmpty: "not empty", SessionExpired: "session expired", InvalidCallback: "invalid callback",
	InvalidACL: "invalid acl", AuthFailed: "auth failed", Closing: "closing", Nothing: "nothing",
	SessionMoved: "session moved", NotReadOnly: "not read-only",
	EphemeralOnLocalSession: "ephemeral on local session", NoWatcher: "no watcher",
	RequestTimeout: "request timeout", ReconfigDisabled: "reconfiguration disabled",
	SessionClosedSASL: "session closed, sasl required", QuotaExceeded: "quota exceeded",
	ThrottledOp: "throttled",
}

// String is the name, such as "no node".
func (c Code) String() string {
	if name, ok := codeNames[c]; ok {
		return name
	}
	return "code " + strconv.Itoa(int(c))
}

// Error is String.
func (c Code) Error() string { return c.String() }
