package txnlog

import (
	"cmp"
	"slices"

	"github.com/zklab/zklab/history"
)

// gap is where a log lacks transactions that its server has had: what is above
// after and below before. The server got them in a snapshot from its leader.
type gap struct{ after, before uint64 }

// gaps finds them by the numbers: within an epoch zxids rise by one with each
// transaction, and each epoch begins with 1 in their lower half.
func (l Log) gaps() []gap {
	var gaps []gap
	last := uint64(0)
	for _, z := range l.zxids() {
		if z != last+1 && z != first(z) {
			gaps = append(gaps, gap{last, z})
		}
		last = z
	}
	// A snapshot named after the beginning of an epoch holds nothing of it.
	if s := uint64(l.Snapshot); s > last && s+1 != first(s) {
		gaps = append(gaps, gap{last, s + 1})
	}
	return gaps
}

// first is the first zxid of an epoch.
func first(z uint64) uint64 { return z>>32<<32 + 1 }

// zxids are those of the entries, sorted, each once.
func (l Log) zxids() []uint64 {
	zxids := make([]uint64, 0, len(l.Entries))
	for _, e := range l.Entries {
		zxids = append(zxids, uint64(e.Txn.Zxid))
	}
	slices.SortFunc(zxids, cmp.Compare)
	return slices.Compact(zxids)
}

// mayHaveHad counts the servers that may have got a transaction in a snapshot.
func mayHaveHad(gaps [][]gap, zxid history.ID) int {
	n := 0
	for _, of := range gaps {
		if slices.ContainsFunc(of, func(g gap) bool { return g.after < uint64(zxid) && uint64(zxid) < g.before }) {
			n++
		}
	}
	return n
}
