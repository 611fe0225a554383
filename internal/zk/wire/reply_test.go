package wire

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// replyRoundTrip checks that decoding an encoded value of in gives the value again.
func replyRoundTrip[T any](t *testing.T, name string, in *rapid.Generator[T], encode func([]byte, T) []byte, decode func([]byte) (T, error)) {
	t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
		want := in.Draw(t, "reply")
		record := encode([]byte("before"), want)[len("before"):]
		got, err := decode(record)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Fatalf("%v, -want +got\n%s", err, diff)
		}
		for n := range record {
			if _, err := decode(record[:n]); err == nil {
				t.Fatalf("cut off at %d of %d: no error", n, len(record))
			}
		}
	}))
}

func TestRepliesRoundTrip(t *testing.T) {
	for _, op := range []Op{Create, Create2, CreateContainer, CreateTTL} {
		replyRoundTrip(t, op.String(), rapid.Custom(func(t *rapid.T) CreateReply {
			r := CreateReply{Path: texts.Draw(t, "path")}
			if op != Create {
				r.Stat = stats.Draw(t, "stat")
			}
			return r
		}), func(b []byte, r CreateReply) []byte { return AppendCreateReply(b, op, r) },
			func(b []byte) (CreateReply, error) { return DecodeCreateReply(op, b) })
	}
	for _, op := range []Op{GetChildren, GetChildren2, GetEphemerals} {
		replyRoundTrip(t, op.String(), rapid.Custom(func(t *rapid.T) ChildrenReply {
			r := ChildrenReply{Children: lists.Draw(t, "children")}
			if op == GetChildren2 {
				r.Stat = stats.Draw(t, "stat")
			}
			return r
		}), func(b []byte, r ChildrenReply) []byte { return AppendChildrenReply(b, op, r) },
			func(b []byte) (ChildrenReply, error) { return DecodeChildrenReply(op, b) })
	}
	replyRoundTrip(t, "stat", stats, func(b []byte, s Stat) []byte { return s.Append(b) }, DecodeStat)
	replyRoundTrip(t, "getData", rapid.Custom(func(t *rapid.T) DataReply {
		return DataReply{Data: datas.Draw(t, "data"), Stat: stats.Draw(t, "stat")}
	}), func(b []byte, r DataReply) []byte { return r.Append(b) }, DecodeDataReply)
	replyRoundTrip(t, "getACL", rapid.Custom(func(t *rapid.T) ACLReply {
		return ACLReply{ACL: acls.Draw(t, "acl"), Stat: stats.Draw(t, "stat")}
	}), func(b []byte, r ACLReply) []byte { return r.Append(b) }, DecodeACLReply)
	replyRoundTrip(t, "getAllChildrenNumber", rapid.IntRange(0, 1<<31-1), AppendChildrenNumberReply, DecodeChildrenNumberReply)
	replyRoundTrip(t, "sync", texts, AppendSyncReply, DecodeSyncReply)
	replyRoundTrip(t, "addWatch", rapid.Just(OK), func(b []byte, _ Code) []byte { return AppendAddWatchReply(b) }, DecodeAddWatchReply)
	replyRoundTrip(t, "whoAmI", rapid.SliceOf(rapid.Custom(func(t *rapid.T) ClientInfo {
		return ClientInfo{AuthScheme: texts.Draw(t, "scheme"), User: texts.Draw(t, "user")}
	})), AppendWhoAmIReply, DecodeWhoAmIReply)
	replyRoundTrip(t, "event", rapid.Custom(func(t *rapid.T) WatchEvent {
		return WatchEvent{Type: EventType(int32s.Draw(t, "type")), State: int32s.Draw(t, "state"), Path: texts.Draw(t, "path")}
	}), func(b []byte, e WatchEvent) []byte { return e.Append(b) }, DecodeWatchEvent)
	replyRoundTrip(t, "multi", rapid.SliceOf(results), AppendMultiReply, DecodeMultiReply)
}

func TestFramesBuiltInPlace(t *testing.T) {
	b := AppendFrame(nil, []byte("one"))
	start := len(b)
	b = BeginFrame(b)
	b = append(b, "the second"...)
	EndFrame(b, start)
	if diff := cmp.Diff(AppendFrame(AppendFrame(nil, []byte("one")), []byte("the second")), b); diff != "" {
		t.Error(diff)
	}
}
