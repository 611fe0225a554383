package wire

import (
	"time"

	"pgregory.net/rapid"
)

// Generators of all records of the protocol.

var (
	int32s = rapid.Int32()
	int64s = rapid.Int64()
	texts  = rapid.OneOf(rapid.Just(""), rapid.Just("/a/b"), rapid.String())
	lists  = rapid.SliceOf(texts)
	// datas generates null as well as empty data.
	datas = rapid.OneOf(rapid.Just([]byte(nil)), rapid.Just([]byte{}), rapid.SliceOf(rapid.Byte()))
	stats = rapid.Custom(func(t *rapid.T) Stat {
		return Stat{
			Czxid: int64s.Draw(t, "czxid"), Mzxid: int64s.Draw(t, "mzxid"),
			Ctime: int64s.Draw(t, "ctime"), Mtime: int64s.Draw(t, "mtime"),
			Version: int32s.Draw(t, "version"), Cversion: int32s.Draw(t, "cversion"), Aversion: int32s.Draw(t, "aversion"),
			EphemeralOwner: int64s.Draw(t, "owner"),
			DataLength:     int32s.Draw(t, "length"), NumChildren: int32s.Draw(t, "children"), Pzxid: int64s.Draw(t, "pzxid"),
		}
	})
	entries = rapid.Custom(func(t *rapid.T) ACL {
		return ACL{Perms: Perm(int32s.Draw(t, "perms")), ID: ID{Scheme: texts.Draw(t, "scheme"), ID: texts.Draw(t, "id")}}
	})
	someACLs = rapid.OneOf(rapid.Just(openACL), rapid.SliceOf(entries))
	acls     = rapid.OneOf(rapid.Just([]ACL(nil)), someACLs)
)

func creates(op Op, modes *rapid.Generator[CreateMode], acls *rapid.Generator[[]ACL]) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		r := &CreateRequest{
			Path: texts.Draw(t, "path"), Data: datas.Draw(t, "data"), ACL: acls.Draw(t, "acl"), Mode: modes.Draw(t, "mode"),
		}
		if op == CreateTTL {
			r.TTL = time.Duration(rapid.Int64Range(-10, 1<<40).Draw(t, "ttl")) * time.Millisecond
		}
		return r
	})
}

func versions() *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		return &VersionRequest{Path: texts.Draw(t, "path"), Version: int32s.Draw(t, "version")}
	})
}

func setDatas() *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		return &SetDataRequest{Path: texts.Draw(t, "path"), Data: datas.Draw(t, "data"), Version: int32s.Draw(t, "version")}
	})
}

func reads() *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		return &ReadRequest{Path: texts.Draw(t, "path"), Watch: rapid.Bool().Draw(t, "watch")}
	})
}

func paths() *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any { return &PathRequest{Path: texts.Draw(t, "path")} })
}

func watches() *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		return &WatchesRequest{Path: texts.Draw(t, "path"), Type: WatcherType(int32s.Draw(t, "type"))}
	})
}

func setWatches(op Op) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		r := &SetWatchesRequest{
			RelativeZxid: int64s.Draw(t, "zxid"),
			Data:         lists.Draw(t, "data"), Exist: lists.Draw(t, "exist"), Child: lists.Draw(t, "child"),
		}
		if op == SetWatches2 {
			r.Persistent, r.PersistentRecursive = lists.Draw(t, "persistent"), lists.Draw(t, "recursive")
		}
		return r
	})
}

// requests has a generator for each type that DecodeRequest knows.
func requests() map[Op]*rapid.Generator[any] {
	modes := rapid.Custom(func(t *rapid.T) CreateMode { return CreateMode(int32s.Draw(t, "mode")) })
	all := map[Op]*rapid.Generator[any]{
		Delete: versions(), SetData: setDatas(),
		SetWatches: setWatches(SetWatches), SetWatches2: setWatches(SetWatches2),
		RemoveWatches: watches(), CheckWatches: watches(),
		SetACL: rapid.Custom(func(t *rapid.T) any {
			return &SetACLRequest{Path: texts.Draw(t, "path"), ACL: acls.Draw(t, "acl"), Version: int32s.Draw(t, "version")}
		}),
		Auth: rapid.Custom(func(t *rapid.T) any {
			return &AuthRequest{Type: int32s.Draw(t, "type"), Scheme: texts.Draw(t, "scheme"), Auth: datas.Draw(t, "auth")}
		}),
		AddWatch: rapid.Custom(func(t *rapid.T) any {
			return &AddWatchRequest{Path: texts.Draw(t, "path"), Mode: AddWatchMode(int32s.Draw(t, "mode"))}
		}),
		Reconfig: rapid.Custom(func(t *rapid.T) any {
			return &ReconfigRequest{
				Joining: texts.Draw(t, "joining"), Leaving: texts.Draw(t, "leaving"),
				NewMembers: datas.Draw(t, "members"), FromConfig: int64s.Draw(t, "config"),
			}
		}),
		SASL:      rapid.Custom(func(t *rapid.T) any { return &SASLRequest{Token: datas.Draw(t, "token")} }),
		Multi:     multis(writes()),
		MultiRead: multis(readsOfMulti()),
	}
	for _, op := range []Op{Create, Create2, CreateContainer, CreateTTL} {
		all[op] = creates(op, modes, acls)
	}
	for _, op := range []Op{Exists, GetData, GetChildren, GetChildren2} {
		all[op] = reads()
	}
	for _, op := range []Op{GetACL, Sync, GetEphemerals, GetAllChildrenNumber, DeleteContainer} {
		all[op] = paths()
	}
	for _, op := range []Op{Ping, CloseSession, WhoAmI} {
		all[op] = rapid.Just(any(nil))
	}
	return all
}

func multis(op *rapid.Generator[MultiOp]) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any { return rapid.SliceOf(op).Draw(t, "operations") })
}

// writes generates operations of a multi whose creates have a mode that fits their type.
func writes() *rapid.Generator[MultiOp] {
	plain := rapid.SampledFrom([]CreateMode{Persistent, Ephemeral, PersistentSequential, EphemeralSequential})
	ttl := rapid.SampledFrom([]CreateMode{PersistentTTL, PersistentSequentialTTL})
	return rapid.OneOf(
		operations(Create, creates(Create, plain, someACLs)),
		operations(Create2, creates(Create2, plain, someACLs)),
		operations(CreateContainer, creates(CreateContainer, rapid.Just(Container), someACLs)),
		operations(CreateTTL, creates(CreateTTL, ttl, acls)),
		operations(Delete, versions()), operations(Check, versions()), operations(SetData, setDatas()),
	)
}

func readsOfMulti() *rapid.Generator[MultiOp] {
	unwatched := rapid.Map(reads(), func(r any) any { return &ReadRequest{Path: r.(*ReadRequest).Path} })
	return rapid.OneOf(operations(GetData, unwatched), operations(GetChildren, unwatched))
}

func operations(op Op, request *rapid.Generator[any]) *rapid.Generator[MultiOp] {
	return rapid.Map(request, func(r any) MultiOp { return MultiOp{op, r} })
}

// results generates results of a multi or a multi-read in the form in which they are decoded.
var results = rapid.Custom(func(t *rapid.T) OpResult {
	r := OpResult{Op: rapid.SampledFrom([]Op{ErrorOp, Create, Create2, Delete, Check, SetData, GetData, GetChildren}).Draw(t, "op")}
	switch r.Op {
	case ErrorOp:
		r.Err = Code(int32s.Draw(t, "err"))
	case Create:
		r.Path = texts.Draw(t, "path")
	case Create2:
		r.Path, r.Stat = texts.Draw(t, "path"), stats.Draw(t, "stat")
	case SetData:
		r.Stat = stats.Draw(t, "stat")
	case GetData:
		r.Data, r.Stat = datas.Draw(t, "data"), stats.Draw(t, "stat")
	case GetChildren:
		r.Children = lists.Draw(t, "children")
	}
	return r
})
