package wire

import (
	"errors"
	"fmt"
	"time"
)

// ErrUnknownOp means that a server does not know a request type, or does not accept it from clients.
// The server answers Unimplemented and closes the connection.
var ErrUnknownOp = errors.New("unknown request type")

// DecodeRequest reads the record after the header of a request. The type of the result depends on op:
//
//	Create, Create2, CreateContainer, CreateTTL   *CreateRequest
//	Delete                                        *VersionRequest
//	SetData                                       *SetDataRequest
//	SetACL                                        *SetACLRequest
//	Exists, GetData, GetChildren, GetChildren2    *ReadRequest
//	GetACL, Sync, GetEphemerals,
//	GetAllChildrenNumber, DeleteContainer         *PathRequest
//	Auth                                          *AuthRequest
//	SetWatches, SetWatches2                       *SetWatchesRequest
//	AddWatch                                      *AddWatchRequest
//	RemoveWatches, CheckWatches                   *WatchesRequest
//	Reconfig                                      *ReconfigRequest
//	SASL                                          *SASLRequest
//	Multi, MultiRead                              []MultiOp
//	Ping, CloseSession, WhoAmI                    nil
//
// The error wraps ErrUnknownOp for all other types, including Check, which a client may send only
// within a multi. Every other error means that a server answers the record with MarshallingError. Bytes
// after the record are ignored, as servers do.
//
// Data (of znodes, and of Auth) is a part of record, not a copy: a caller that keeps it uses a separate
// buffer for each request. An ACL may be shared by many requests, so it must not be changed.
func DecodeRequest(op Op, record []byte) (any, error) {
	d := Decoder{rest: record}
	request := d.request(op)
	if d.err != nil {
		return nil, fmt.Errorf("%s request: %w", op, d.err)
	}
	return request, nil
}

func (d *Decoder) request(op Op) any {
	switch op {
	case Create, Create2, CreateContainer, CreateTTL:
		return d.createRequest(op)
	case Delete:
		return d.versionRequest()
	case SetData:
		return &SetDataRequest{Path: d.String(), Data: d.Buffer(), Version: d.Int()}
	case SetACL:
		return &SetACLRequest{Path: d.String(), ACL: d.acl(), Version: d.Int()}
	case Exists, GetData, GetChildren, GetChildren2:
		return &ReadRequest{Path: d.path(), Watch: d.Bool()}
	case GetACL, GetAllChildrenNumber:
		return &PathRequest{Path: d.path()}
	case Sync, GetEphemerals, DeleteContainer:
		return &PathRequest{Path: d.String()}
	case Auth:
		return &AuthRequest{Type: d.Int(), Scheme: d.String(), Auth: d.Buffer()}
	case SetWatches, SetWatches2:
		return d.setWatchesRequest(op)
	case AddWatch:
		return &AddWatchRequest{Path: d.String(), Mode: AddWatchMode(d.Int())}
	case RemoveWatches, CheckWatches:
		return &WatchesRequest{Path: d.String(), Type: WatcherType(d.Int())}
	case Reconfig:
		return &ReconfigRequest{Joining: d.String(), Leaving: d.String(), NewMembers: d.Buffer(), FromConfig: d.Long()}
	case SASL:
		return &SASLRequest{Token: d.Buffer()}
	case Multi, MultiRead:
		return d.multi(op)
	case Ping, CloseSession, WhoAmI:
		return nil
	}
	d.err = ErrUnknownOp
	return nil
}

// path reads the path of a znode to be read, which must not be null. An empty path is another name of
// the root.
func (d *Decoder) path() string {
	b := d.Buffer()
	if b == nil {
		d.fail("a path is null")
	}
	return string(b)
}

func (d *Decoder) createRequest(op Op) *CreateRequest {
	r := &CreateRequest{Path: d.String(), Data: d.Buffer(), ACL: d.acl(), Mode: CreateMode(d.Int())}
	if op == CreateTTL {
		r.TTL = d.ttl()
	}
	return r
}

func (d *Decoder) versionRequest() *VersionRequest {
	return &VersionRequest{Path: d.String(), Version: d.Int()}
}

// ttl reads milliseconds. A number that a Duration cannot hold becomes the nearest one that it can, 292
// years, which still exceeds what a server accepts (2^40-1 ms).
func (d *Decoder) ttl() time.Duration {
	const most = int64(1<<63-1) / int64(time.Millisecond)
	return time.Duration(min(max(d.Long(), -most), most)) * time.Millisecond
}

func (d *Decoder) setWatchesRequest(op Op) *SetWatchesRequest {
	r := &SetWatchesRequest{RelativeZxid: d.Long(), Data: d.strings(), Exist: d.strings(), Child: d.strings()}
	if op == SetWatches2 {
		r.Persistent, r.PersistentRecursive = d.strings(), d.strings()
	}
	return r
}

// AppendRequest appends the record of a request, which must have the type that [DecodeRequest] returns
// for op, or *VersionRequest for Check. It panics if request is nothing that a client sends.
func AppendRequest(b []byte, op Op, request any) []byte {
	switch r := request.(type) {
	case nil:
		return b
	case *CreateRequest:
		return AppendCreateRequest(b, op, r)
	case *SetWatchesRequest:
		return AppendSetWatchesRequest(b, op, r)
	case []MultiOp:
		return AppendMultiRequest(b, r)
	case interface{ Append(b []byte) []byte }:
		return r.Append(b)
	}
	panic(fmt.Sprintf("wire: %T is no %s request", request, op))
}

// AppendCreateRequest appends the record of a create, with the TTL only if op is CreateTTL.
func AppendCreateRequest(b []byte, op Op, r *CreateRequest) []byte {
	b = AppendString(b, r.Path)
	b = AppendBuffer(b, r.Data)
	b = appendACL(b, r.ACL)
	b = AppendInt(b, int32(r.Mode))
	if op == CreateTTL {
		b = AppendLong(b, r.TTL.Milliseconds())
	}
	return b
}

// AppendSetWatchesRequest appends the record, with persistent watches only if op is SetWatches2.
func AppendSetWatchesRequest(b []byte, op Op, r *SetWatchesRequest) []byte {
	b = AppendLong(b, r.RelativeZxid)
	b = appendStrings(appendStrings(appendStrings(b, r.Data), r.Exist), r.Child)
	if op == SetWatches2 {
		b = appendStrings(appendStrings(b, r.Persistent), r.PersistentRecursive)
	}
	return b
}

// Append appends the record to b.
func (r VersionRequest) Append(b []byte) []byte {
	return AppendInt(AppendString(b, r.Path), r.Version)
}

// Append appends the record to b.
func (r SetDataRequest) Append(b []byte) []byte {
	return AppendInt(AppendBuffer(AppendString(b, r.Path), r.Data), r.Version)
}

// Append appends the record to b.
func (r SetACLRequest) Append(b []byte) []byte {
	return AppendInt(appendACL(AppendString(b, r.Path), r.ACL), r.Version)
}

// Append appends the record to b.
func (r ReadRequest) Append(b []byte) []byte {
	return AppendBool(AppendString(b, r.Path), r.Watch)
}

// Append appends the record to b.
func (r PathRequest) Append(b []byte) []byte { return AppendString(b, r.Path) }

// Append appends the record to b.
func (r AuthRequest) Append(b []byte) []byte {
	return AppendBuffer(AppendString(AppendInt(b, r.Type), r.Scheme), r.Auth)
}

// Append appends the record to b.
func (r AddWatchRequest) Append(b []byte) []byte {
	return AppendInt(AppendString(b, r.Path), int32(r.Mode))
}

// Append appends the record to b.
func (r WatchesRequest) Append(b []byte) []byte {
	return AppendInt(AppendString(b, r.Path), int32(r.Type))
}

// Append appends the record to b.
func (r ReconfigRequest) Append(b []byte) []byte {
	b = AppendBuffer(AppendString(AppendString(b, r.Joining), r.Leaving), r.NewMembers)
	return AppendLong(b, r.FromConfig)
}

// Append appends the record to b.
func (r SASLRequest) Append(b []byte) []byte { return AppendBuffer(b, r.Token) }
