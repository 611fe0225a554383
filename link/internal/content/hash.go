package content

import (
	"hash/fnv"

	"github.com/zklab/zklab/internal/zk/wire"
)

// Hash hashes what a message says.
func Hash(said []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(said) // it never fails
	return h.Sum64()
}

// WithoutStat returns the reply to an operation without the zxids and times of the znode's stat,
// which are at its end.
func WithoutStat(reply []byte, op wire.Op, err wire.Code) []byte {
	if err != wire.OK || !endsWithStat(op) {
		return reply
	}
	return wire.WithoutTimes(reply)
}

// endsWithStat reports whether replies to an operation end with a znode's stat.
func endsWithStat(op wire.Op) bool {
	switch op {
	case wire.Exists, wire.GetData, wire.GetACL, wire.GetChildren2, wire.SetData, wire.SetACL, wire.Create2, wire.CreateContainer, wire.CreateTTL:
		return true
	}
	return false
}
