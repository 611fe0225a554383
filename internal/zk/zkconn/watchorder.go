package zkconn

import (
	"slices"

	"github.com/zklab/zklab/internal/zk/wire"
)

// watchesInOrder sorts the watches in a frame with which a client sets its watches again by their
// paths. go-zookeeper sends them in the random order of its map, and the server reports missed changes
// in that order, so a run would differ each time. All other frames are returned as they are, and so is
// a connection's first frame, which is not a request and whose bytes at the place of the xid are 0.
func watchesInOrder(frame []byte) []byte {
	if len(frame) < 4 {
		return frame
	}
	h, record, err := wire.DecodeRequestHeader(frame[4:])
	if err != nil || h.Op != wire.SetWatches || h.Xid == 0 {
		return frame
	}
	request, err := wire.DecodeRequest(h.Op, record)
	r, ok := request.(*wire.SetWatchesRequest)
	if err != nil || !ok {
		return frame
	}
	for _, paths := range [][]string{r.Data, r.Exist, r.Child} {
		slices.Sort(paths)
	}
	return wire.AppendFrame(nil, wire.AppendRequest(h.Append(nil), h.Op, r))
}
