package txnlog

import (
	"cmp"
	"math"
	"slices"

	"github.com/zklab/zklab/history"
)

// gap is a range in which a log lacks transactions that its server has had, or may have had: zxids
// above after and below before. The server got them in a snapshot from its leader, or the file is
// damaged there.
type gap struct{ after, before uint64 }

// begun returns the first zxid of each gap.
func begun(gaps [][]gap) []history.ID {
	var zxids []history.ID
	for _, of := range gaps {
		for _, g := range of {
			zxids = append(zxids, history.ID(g.after+1))
		}
	}
	return zxids
}

// gaps finds the gaps in a log by the numbers: within an epoch zxids rise by one with each transaction,
// and each epoch begins with 1 in their lower half.
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
	for _, s := range l.Snapshots {
		gaps = append(gaps, held(uint64(s), zxids)...)
	}
	return gaps
}

// held returns the range of transactions that a server got in a snapshot and has no entries of: it begins
// after the server's last entry before the snapshot. A snapshot named after the beginning of an epoch
// contains nothing of that epoch.
func held(snapshot uint64, zxids []uint64) []gap {
	i, ok := slices.BinarySearch(zxids, snapshot)
	last := uint64(0)
	if i > 0 {
		last = zxids[i-1]
	}
	if ok || snapshot <= last || snapshot+1 == first(snapshot) {
		return nil
	}
	return []gap{{last, snapshot + 1}}
}

// damage returns the gaps that damaged files may have left.
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

// first returns the first zxid of an epoch.
func first(z uint64) uint64 { return z>>32<<32 + 1 }

// zxids returns the zxids of the entries, sorted, each once.
func (l Log) zxids() []uint64 {
	zxids := make([]uint64, 0, len(l.Entries))
	for _, e := range l.Entries {
		zxids = append(zxids, uint64(e.Txn.Zxid))
	}
	slices.SortFunc(zxids, cmp.Compare)
	return slices.Compact(zxids)
}

// mayHaveHad counts the servers that may have got a transaction in a snapshot, or may have lost it to
// damage.
func mayHaveHad(gaps [][]gap, zxid history.ID) int {
	n := 0
	for _, of := range gaps {
		if slices.ContainsFunc(of, func(g gap) bool { return g.after < uint64(zxid) && uint64(zxid) < g.before }) {
			n++
		}
	}
	return n
}
