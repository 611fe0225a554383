package wire

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The bytes here are written out by hand from ZooKeeper's zookeeper.jute, field
// by field, so that encoder and decoder cannot agree on a mistake.

func fields(t *testing.T, hexadecimal ...string) []byte {
	t.Helper()
	return unhex(t, strings.ReplaceAll(strings.Join(hexadecimal, ""), " ", ""))
}

// aStat and aStatHex are the same stat, in which each field has a different value.
var (
	aStat = Stat{
		Czxid: 0x100000001, Mzxid: 0x100000002, Ctime: 3, Mtime: 4, Version: 5, Cversion: 6, Aversion: 7,
		EphemeralOwner: 0x1a, DataLength: 9, NumChildren: 10, Pzxid: 0x10000000b,
	}
	aStatHex = "0000000100000001 0000000100000002 0000000000000003 0000000000000004" +
		"00000005 00000006 00000007 000000000000001a 00000009 0000000a 000000010000000b"
)

func TestGoldenRequests(t *testing.T) {
	world := "00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65"
	for _, c := range []struct {
		name   string
		op     Op
		number string // of op
		record []string
		want   any
	}{
		{
			"null data and ACL", Create, "00000001",
			[]string{"00000002 2f61", "ffffffff", "ffffffff", "00000003"},
			&CreateRequest{Path: "/a", Mode: EphemeralSequential},
		},
		{
			"empty data and ACL", Create2, "0000000f",
			[]string{"00000002 2f61", "00000000", "00000000", "00000002"},
			&CreateRequest{Path: "/a", Data: []byte{}, ACL: []ACL{}, Mode: PersistentSequential},
		},
		{
			"container", CreateContainer, "00000013",
			[]string{"00000002 2f61", "00000001 78", world, "00000004"},
			&CreateRequest{Path: "/a", Data: []byte("x"), ACL: openACL, Mode: Container},
		},
		{
			"TTL of a second", CreateTTL, "00000015",
			[]string{"00000002 2f61", "00000001 78", world, "00000005", "00000000000003e8"},
			&CreateRequest{Path: "/a", Data: []byte("x"), ACL: openACL, Mode: PersistentTTL, TTL: time.Second},
		},
		{"two entries", SetACL, "00000007", []string{
			"00000002 2f61", "00000002", "00000001 00000006 646967657374 00000003 753a78", "0000000e 00000002 6970 00000002 3a3a", "ffffffff",
		}, &SetACLRequest{Path: "/a", ACL: []ACL{
			{PermRead, ID{"digest", "u:x"}}, {PermWrite | PermCreate | PermDelete, ID{"ip", "::"}},
		}, Version: -1}},
		{"", Delete, "00000002", []string{"00000002 2f61", "00000007"}, &VersionRequest{Path: "/a", Version: 7}},
		{"", SetData, "00000005", []string{"00000002 2f61", "00000002 7879", "00000003"}, &SetDataRequest{Path: "/a", Data: []byte("xy"), Version: 3}},
		{"", GetChildren2, "0000000c", []string{"00000001 2f", "01"}, &ReadRequest{Path: "/", Watch: true}},
		{"", Sync, "00000009", []string{"00000001 2f"}, &PathRequest{Path: "/"}},
		{"prefix", GetEphemerals, "00000067", []string{"00000001 2f"}, &PathRequest{Path: "/"}},
		{
			"", Auth, "00000064",
			[]string{"00000000", "00000006 646967657374", "00000003 753a70"},
			&AuthRequest{Scheme: "digest", Auth: []byte("u:p")},
		},
		{
			"", SetWatches, "00000065",
			[]string{"0000000100000002", "00000001 00000002 2f64", "00000000", "00000001 00000002 2f63"},
			&SetWatchesRequest{RelativeZxid: 0x100000002, Data: []string{"/d"}, Exist: []string{}, Child: []string{"/c"}},
		},
		{"", SetWatches2, "00000069", []string{
			"0000000100000002", "00000000", "00000001 00000002 2f65", "00000000",
			"00000001 00000002 2f70", "00000002 00000002 2f72 00000001 2f",
		}, &SetWatchesRequest{
			RelativeZxid: 0x100000002, Data: []string{}, Exist: []string{"/e"}, Child: []string{},
			Persistent: []string{"/p"}, PersistentRecursive: []string{"/r", "/"},
		}},
		{"", AddWatch, "0000006a", []string{"00000002 2f61", "00000001"}, &AddWatchRequest{Path: "/a", Mode: AddPersistentRecursive}},
		{"", RemoveWatches, "00000012", []string{"00000002 2f61", "00000003"}, &WatchesRequest{Path: "/a", Type: WatcherAny}},
		{"", CheckWatches, "00000011", []string{"00000002 2f61", "00000002"}, &WatchesRequest{Path: "/a", Type: WatcherData}},
		{"", Reconfig, "00000010", []string{"00000000", "00000001 32", "ffffffff", "ffffffffffffffff"}, &ReconfigRequest{Leaving: "2", FromConfig: -1}},
		{"", WhoAmI, "0000006b", nil, nil},
		{"", CloseSession, "fffffff5", nil, nil},
		{"", Multi, "0000000e", []string{
			"0000000d 00 ffffffff", "00000002 2f63 00000001",
			"00000015 00 ffffffff", "00000002 2f61 ffffffff", world, "00000006 0000000000000001",
			"00000005 00 ffffffff", "00000002 2f73 00000000 ffffffff",
			"ffffffff 01 ffffffff",
		}, []MultiOp{
			{Check, &VersionRequest{Path: "/c", Version: 1}},
			{CreateTTL, &CreateRequest{Path: "/a", ACL: openACL, Mode: PersistentSequentialTTL, TTL: time.Millisecond}},
			{SetData, &SetDataRequest{Path: "/s", Data: []byte{}, Version: -1}},
		}},
		{"", MultiRead, "00000016", []string{
			"00000004 00 ffffffff", "00000002 2f61 00", "00000008 00 ffffffff", "00000001 2f 00", "ffffffff 01 ffffffff",
		}, []MultiOp{{GetData, &ReadRequest{Path: "/a"}}, {GetChildren, &ReadRequest{Path: "/"}}}},
	} {
		record := fields(t, c.record...)
		got, err := DecodeRequest(c.op, record)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s %s: %v %s", c.op, c.name, err, diff)
		}
		frame := append(fields(t, "00000007", c.number), record...)
		if b := AppendRequest(RequestHeader{Xid: 7, Op: c.op}.Append(nil), c.op, c.want); !bytes.Equal(b, frame) {
			t.Errorf("%s %s: encoded\n%x, want\n%x", c.op, c.name, b, frame)
		}
	}
}

func TestGoldenReplies(t *testing.T) {
	for _, c := range []struct {
		name    string
		encoded []byte
		want    []string
	}{
		{"stat", aStat.Append(nil), []string{aStatHex}},
		{"create", AppendCreateReply(nil, Create, CreateReply{"/a", aStat}), []string{"00000002 2f61"}},
		{"create2", AppendCreateReply(nil, Create2, CreateReply{"/a", aStat}), []string{"00000002 2f61", aStatHex}},
		{"null data", DataReply{nil, aStat}.Append(nil), []string{"ffffffff", aStatHex}},
		{"no data", DataReply{[]byte{}, aStat}.Append(nil), []string{"00000000", aStatHex}},
		{"ACL", ACLReply{openACL, aStat}.Append(nil), []string{"00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65", aStatHex}},
		{"no children", AppendChildrenReply(nil, GetChildren, ChildrenReply{}), []string{"00000000"}},
		{"children2", AppendChildrenReply(nil, GetChildren2, ChildrenReply{[]string{"b", "a"}, aStat}), []string{"00000002 00000001 62 00000001 61", aStatHex}},
		{"ephemerals", AppendChildrenReply(nil, GetEphemerals, ChildrenReply{[]string{"/b"}, aStat}), []string{"00000001 00000002 2f62"}},
		{"children number", AppendChildrenNumberReply(nil, 258), []string{"00000102"}},
		{"sync", AppendSyncReply(nil, "/"), []string{"00000001 2f"}},
		{"addWatch", AppendAddWatchReply(nil), []string{"00000000"}},
		{"whoAmI", AppendWhoAmIReply(nil, []ClientInfo{{"ip", "::1"}, {"digest", "u"}}), []string{"00000002", "00000002 6970 00000003 3a3a31", "00000006 646967657374 00000001 75"}},
		{
			"watch event", WatchEvent{EventChildrenChanged, StateConnected, "/a"}.Append(ReplyHeader{Xid: XidEvent, Zxid: 0x100000007}.Append(nil)),
			[]string{"ffffffff 0000000100000007 00000000", "00000004 00000003 00000002 2f61"},
		},
		{"multi", AppendMultiReply(nil, []OpResult{
			{Op: Check}, {Op: Create, Path: "/a"}, {Op: CreateContainer, Path: "/c", Stat: aStat}, {Op: SetData, Stat: aStat}, {Op: Delete},
		}), []string{
			"0000000d 00 00000000", "00000001 00 00000000 00000002 2f61", "0000000f 00 00000000 00000002 2f63", aStatHex,
			"00000005 00 00000000", aStatHex, "00000002 00 00000000", "ffffffff 01 ffffffff",
		}},
		{"failed multi", AppendMultiReply(nil, []OpResult{{Op: ErrorOp}, {Op: ErrorOp, Err: NoNode}, {Op: ErrorOp, Err: RuntimeInconsistency}}), []string{
			"ffffffff 00 00000000 00000000", "ffffffff 00 ffffff9b ffffff9b", "ffffffff 00 fffffffe fffffffe", "ffffffff 01 ffffffff",
		}},
		{"multi-read", AppendMultiReply(nil, []OpResult{
			{Op: GetData, Data: []byte("x"), Stat: aStat}, {Op: GetChildren, Children: []string{"b"}}, {Op: ErrorOp, Err: NoAuth},
		}), []string{
			"00000004 00 00000000 00000001 78", aStatHex, "00000008 00 00000000 00000001 00000001 62",
			"ffffffff 00 ffffff9a ffffff9a", "ffffffff 01 ffffffff",
		}},
	} {
		if want := fields(t, c.want...); !bytes.Equal(c.encoded, want) {
			t.Errorf("%s:\n%s, want\n%s", c.name, hex.EncodeToString(c.encoded), hex.EncodeToString(want))
		}
	}
}

// The numbers come from the Java classes that use zookeeper.jute: ZooDefs, CreateMode, Watcher,
// AddWatchMode.
func TestGoldenNumbers(t *testing.T) {
	for name, c := range map[string][2]any{
		"perms": {[]Perm{PermRead, PermWrite, PermCreate, PermDelete, PermAdmin, PermAll}, []Perm{1, 2, 4, 8, 16, 31}},
		"modes": {
			[]CreateMode{Persistent, Ephemeral, PersistentSequential, EphemeralSequential, Container, PersistentTTL, PersistentSequentialTTL},
			[]CreateMode{0, 1, 2, 3, 4, 5, 6},
		},
		"watchers": {
			[]WatcherType{WatcherChildren, WatcherData, WatcherAny, WatcherPersistent, WatcherPersistentRecursive},
			[]WatcherType{1, 2, 3, 4, 5},
		},
		"events": {
			[]EventType{
				EventNone, EventCreated, EventDeleted, EventDataChanged, EventChildrenChanged,
				EventDataWatchRemoved, EventChildWatchRemoved, EventPersistentWatchRemoved,
			},
			[]EventType{-1, 1, 2, 3, 4, 5, 6, 7},
		},
		"addWatch": {[]AddWatchMode{AddPersistent, AddPersistentRecursive}, []AddWatchMode{0, 1}},
		"state":    {StateConnected, int32(3)},
	} {
		if diff := cmp.Diff(c[1], c[0]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
