package txnlog

import (
	"cmp"
	"math"
	"slices"

	"github.com/zklab/zklab/history"
)

// gap is where a log lacks transactions that its server has had, or may have had:
// what is above after and below before. The server got them in a snapshot from its
// leader, or the file is damaged there.
type gap struct{ after, before uint64 }

// latest is above the zxid of everything that ever was committed.
const latest = history.ID(-2)

// gaps finds them by the numbers: within an epoch zxids rise by one with each
// transaction, and each epoch begins with 1 in their lower half.
func (l Log) gaps() []gap {
	zxids := l.zxids()
	gaps := l.damage(zxids)
	last := uint64(0)
	for _, z := range zxids {
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

// damage is what may be missing because files are damaged.
func (l Log) damage(zxids []uint64) []gap {
	var gaps []gap
	for _, z := range l.Damaged {
		g := gap{uint64(z), math.MaxUint64}
		if i, _ := slices.BinarySearch(zxids, uint64(z)+1); i < len(zxids) {
			g.before = zxids[i]
		}
		gaps = append(gaps, g)
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
