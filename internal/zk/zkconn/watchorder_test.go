package zkconn

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/zk/wire"
)

// Watches that are set again are sent in a fixed order, whatever the order of a map; everything else is
// sent unchanged, even a connect request whose zxid could be mistaken for such a request.
func TestWatchesAreSetInOrder(t *testing.T) {
	frame := func(op wire.Op, r any) []byte {
		return wire.AppendFrame(nil, wire.AppendRequest(wire.RequestHeader{Xid: 7, Op: op}.Append(nil), op, r))
	}
	set := func(data, exist, child []string) []byte {
		return frame(wire.SetWatches, &wire.SetWatchesRequest{RelativeZxid: 9, Data: data, Exist: exist, Child: child})
	}
	got := watchesInOrder(set([]string{"/b", "/a", "/c"}, []string{"/e", "/d"}, []string{}))
	if diff := cmp.Diff(set([]string{"/a", "/b", "/c"}, []string{"/d", "/e"}, []string{}), got); diff != "" {
		t.Error(diff)
	}
	hello := wire.AppendFrame(nil, wire.ConnectRequest{LastZxid: int64(wire.SetWatches) << 32, Password: make([]byte, 16)}.Append(nil))
	for _, same := range [][]byte{
		frame(wire.GetData, &wire.ReadRequest{Path: "/b"}), hello, nil, {1}, got[:len(got)-1], got[:13],
	} {
		if !bytes.Equal(watchesInOrder(same), same) {
			t.Errorf("%q became %q", same, watchesInOrder(same))
		}
	}
}
