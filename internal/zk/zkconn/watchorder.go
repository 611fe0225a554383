package zkconn

import (
	"slices"

	"github.com/zklab/zklab/internal/zk/wire"
)

// watchesInOrder is a frame of a client with the watches that it sets again in the order of their
// paths: go-zookeeper sends them as its map has them, the server tells what was missed in that
// order, and what follows would be another thing each time. All other frames are as they are.
// A connection's first one, whose xid is 0 where there is none, is no request.
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
