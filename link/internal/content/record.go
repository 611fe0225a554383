package content

import (
	"slices"
	"strings"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Keep is the size in bytes up to which a frame is recorded in full. A line of the record is also
// bounded, and JSON needs up to six bytes for one byte.
const Keep = 128 << 10

// Reply returns the name and value of a reply to a request of type op, or of an
// event. asked is true if there was such a request.
func Reply(op wire.Op, asked bool, h wire.ReplyHeader, f wire.Frame, record []byte) (name string, value []byte) {
	switch {
	case asked:
		return history.FReply, history.Value(reply(op, h, f, record))
	case h.Xid == wire.XidEvent:
		e, _ := wire.DecodeWatchEvent(record)
		return history.FEvent, history.Value(history.WatchEvent{Type: e.Type.String(), Path: e.Path})
	}
	return history.FReply, history.Value(history.Reply{Xid: h.Xid, Error: int32(h.Err)}) // a reply without a request
}

// Request returns a request in the form of the record. For a request that is too long,
// or that no server understands, it has the header and the first path.
func Request(h wire.RequestHeader, f wire.Frame, record []byte) history.Request {
	if f.Whole() && f.Size <= Keep {
		if r, err := wire.DecodeRequest(h.Op, record); err == nil {
			v := part(h.Op, r)
			v.Xid = h.Xid
			return v
		}
	}
	v := history.Request{Xid: h.Xid, Op: h.Op.String()}
	v.Path, _ = wire.Path(h.Op, record)
	return v
}

// part returns a request, or an operation of a multi.
func part(op wire.Op, request any) history.Request {
	v := history.Request{Op: op.String()}
	switch r := request.(type) {
	case *wire.CreateRequest:
		v.Path, v.Data, v.ACL = r.Path, r.Data, accessList(r.ACL)
		v.Ephemeral = ephemeral(r)
		v.Sequential = r.Mode.Sequential()
		if op == wire.CreateTTL {
			v.TTL = r.TTL
		}
	case *wire.VersionRequest:
		v.Path, v.Version = r.Path, &r.Version
	case *wire.SetDataRequest:
		v.Path, v.Data, v.Version = r.Path, r.Data, &r.Version
	case *wire.SetACLRequest:
		v.Path, v.Version, v.ACL = r.Path, &r.Version, accessList(r.ACL)
	case *wire.AuthRequest:
		v.Auth = authName(r)
	case *wire.ReadRequest:
		v.Path, v.Watch = r.Path, r.Watch
	case *wire.PathRequest:
		v.Path = r.Path
	case *wire.AddWatchRequest:
		v.Path, v.Recursive = r.Path, r.Mode == wire.AddPersistentRecursive
	case *wire.WatchesRequest:
		v.Path, v.Watcher = r.Path, int32(r.Type)
	case *wire.SetWatchesRequest:
		v.Since = history.ID(r.RelativeZxid)
		// Sorted, because go-zookeeper sends them in the order of its maps, which means
		// nothing.
		v.PersistentWatches = sorted(slices.Concat(r.Persistent, r.PersistentRecursive))
		v.DataWatches, v.ExistWatches, v.ChildWatches = sorted(r.Data), sorted(r.Exist), sorted(r.Child)
	case []wire.MultiOp:
		for _, o := range r {
			v.Parts = append(v.Parts, part(o.Op, o.Request))
		}
	}
	return v
}

// reply returns a reply in the form of the record. For a reply that is too long it has
// only the header.
func reply(op wire.Op, h wire.ReplyHeader, f wire.Frame, record []byte) history.Reply {
	v := history.Reply{Xid: h.Xid, Error: int32(h.Err)}
	if h.Err != wire.OK {
		return v
	}
	if v.Cut = !f.Whole(); v.Cut {
		return v
	}
	switch op {
	case wire.Create, wire.Create2, wire.CreateContainer, wire.CreateTTL:
		if r, err := wire.DecodeCreateReply(op, record); err == nil {
			v.Path = r.Path
			if op != wire.Create {
				v.Stat = stat(r.Stat)
			}
		}
	case wire.Exists, wire.SetData, wire.SetACL:
		if s, err := wire.DecodeStat(record); err == nil {
			v.Stat = stat(s)
		}
	case wire.GetData:
		if r, err := wire.DecodeDataReply(record); err == nil {
			v.Data, v.Stat = r.Data, stat(r.Stat)
		}
	case wire.GetACL:
		if r, err := wire.DecodeACLReply(record); err == nil {
			v.Stat = stat(r.Stat)
		}
	case wire.GetChildren, wire.GetChildren2:
		if r, err := wire.DecodeChildrenReply(op, record); err == nil {
			v.Children = r.Children
			if op == wire.GetChildren2 {
				v.Stat = stat(r.Stat)
			}
		}
	case wire.Multi, wire.MultiRead:
		if results, err := wire.DecodeMultiReply(record); err == nil {
			for i := range results {
				v.Parts = append(v.Parts, result(&results[i]))
			}
		}
	}
	return v
}

// result returns a result of a multi.
func result(r *wire.OpResult) history.Reply {
	v := history.Reply{Error: int32(r.Err), Path: r.Path, Data: r.Data, Children: r.Children}
	switch r.Op {
	case wire.Create2, wire.SetData, wire.GetData:
		v.Stat = stat(r.Stat)
	}
	return v
}

func stat(s wire.Stat) *history.Stat {
	return &history.Stat{
		Czxid: history.ID(s.Czxid), Mzxid: history.ID(s.Mzxid), Pzxid: history.ID(s.Pzxid),
		Version: s.Version, Cversion: s.Cversion, Aversion: s.Aversion,
		Owner: history.ID(s.EphemeralOwner), NumChildren: s.NumChildren,
	}
}

// sorted returns the paths in order. It does not change the request, which keeps what was
// sent.
func sorted(paths []string) []string { return slices.Sorted(slices.Values(paths)) }

// accessList returns nil for a list that allows everything to everyone.
func accessList(list []wire.ACL) []history.TxnACL {
	if len(list) == 1 && list[0] == (wire.ACL{Perms: wire.PermAll, ID: wire.ID{Scheme: "world", ID: "anyone"}}) {
		return nil
	}
	var out []history.TxnACL
	for _, a := range list {
		out = append(out, history.TxnACL{Perms: int32(a.Perms), Scheme: a.ID.Scheme, ID: a.ID.ID})
	}
	return out
}

// authName returns the identity that an auth request claims. Its secret is not recorded.
func authName(r *wire.AuthRequest) string {
	if user, _, ok := strings.Cut(string(r.Auth), ":"); ok && r.Scheme == "digest" {
		return r.Scheme + ":" + user
	}
	return r.Scheme
}
