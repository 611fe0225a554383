package wire

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Op is the type of a request.
type Op int32

// The request types that clients send, by the numbers of the protocol.
const (
	Notification         Op = 0
	Create               Op = 1
	Delete               Op = 2
	Exists               Op = 3
	GetData              Op = 4
	SetData              Op = 5
	GetACL               Op = 6
	SetACL               Op = 7
	GetChildren          Op = 8
	Sync                 Op = 9
	Ping                 Op = 11
	GetChildren2         Op = 12
	Check                Op = 13
	Multi                Op = 14
	Create2              Op = 15
	Reconfig             Op = 16
	CheckWatches         Op = 17
	RemoveWatches        Op = 18
	CreateContainer      Op = 19
	DeleteContainer      Op = 20
	CreateTTL            Op = 21
	MultiRead            Op = 22
	Auth                 Op = 100
	SetWatches           Op = 101
	SASL                 Op = 102
	GetEphemerals        Op = 103
	GetAllChildrenNumber Op = 104
	SetWatches2          Op = 105
	AddWatch             Op = 106
	WhoAmI               Op = 107
	CreateSession        Op = -10
	CloseSession         Op = -11
)

// ErrorOp is the type of a result of a multi that is an error. The operations before the one that
// failed also get it, with OK as their error. No request has it.
const ErrorOp Op = -1

var opNames = map[Op]string{
	Notification: "notification", Create: "create", Delete: "delete", Exists: "exists",
	GetData: "getData", SetData: "setData", GetACL: "getACL", SetACL: "setACL",
	GetChildren: "getChildren", Sync: "sync", Ping: "ping", GetChildren2: "getChildren2",
	Check: "check", Multi: "multi", Create2: "create2", Reconfig: "reconfig",
	CheckWatches: "checkWatches", RemoveWatches: "removeWatches",
	CreateContainer: "createContainer", DeleteContainer: "deleteContainer",
	CreateTTL: "createTTL", MultiRead: "multiRead", Auth: "auth", SetWatches: "setWatches",
	SASL: "sasl", GetEphemerals: "getEphemerals", GetAllChildrenNumber: "getAllChildrenNumber",
	SetWatches2: "setWatches2", AddWatch: "addWatch", WhoAmI: "whoAmI",
	CreateSession: "createSession", CloseSession: "closeSession",
}

var opsByName = func() map[string]Op {
	m := make(map[string]Op, len(opNames))
	for op, name := range opNames {
		m[name] = op
	}
	return m
}()

// String returns the name, such as "getChildren2"; "op 77" for an unknown type.
func (op Op) String() string {
	if name, ok := opNames[op]; ok {
		return name
	}
	return "op " + strconv.Itoa(int(op))
}

// Known reports whether op is one of the constants.
func (op Op) Known() bool {
	_, ok := opNames[op]
	return ok
}

// ParseOp is the inverse of [Op.String] for known types.
func ParseOp(name string) (Op, error) {
	if op, ok := opsByName[name]; ok {
		return op, nil
	}
	return 0, fmt.Errorf("%q is not a request type such as create, delete, setData or getChildren", name)
}

// OpNames lists the names that ParseOp takes, sorted.
func OpNames() []string { return slices.Sorted(maps.Keys(opsByName)) }

// Kind returns the kind of a request, whatever its variant: Create for every kind of create,
// GetChildren for both kinds of list, SetWatches for both kinds of that. People do not care which
// variant a client library sends.
func (op Op) Kind() Op {
	switch op {
	case Create2, CreateContainer, CreateTTL:
		return Create
	case GetChildren2:
		return GetChildren
	case SetWatches2:
		return SetWatches
	}
	return op
}
