package txnlog

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/zklab/zklab/history"
)

// Log is the log that one server has on disk.
type Log struct {
	Entries []Entry
	// Snapshots are the zxids of the snapshots that the server has.
	Snapshots []history.ID
	// Damaged holds the zxids after which a file is damaged: between each of them and its next entry,
	// the server may have had any transactions.
	Damaged []history.ID
}

// Committed returns, in the order of their zxids, the transactions that a majority of the logs holds.
// Read the logs when nothing is under way any more: a transaction in fewer logs was never acknowledged.
//
// It returns an error if some transaction cannot be decided: the servers that hold it are a majority only
// together with servers that may have got it in a snapshot or lost it to damage.
func Committed(logs []Log) ([]history.Txn, error) {
	var committed []history.Txn
	found := gather(logs)
	gaps := make([][]gap, len(logs))
	for i, log := range logs {
		gaps[i] = log.gaps()
	}
	for _, zxid := range order(found) {
		best := found[zxid].most()
		holders := len(best.holders)
		switch {
		case holders > len(logs)/2:
			committed = append(committed, best.txn)
		case holders+mayHaveHad(gaps, zxid) > len(logs)/2:
			return nil, fmt.Errorf("nobody can tell whether transaction %s was committed: %d of %d logs hold it, and a server without it has got a snapshot in its place, or its log is damaged there", zxid, holders, len(logs))
		}
	}
	for _, z := range begun(gaps) { // where gaps overlap, one of them begins
		if n := mayHaveHad(gaps, z); len(found[z]) == 0 && n > len(logs)/2 {
			return nil, fmt.Errorf("nobody can tell what was committed from %s on: %d of %d servers have got a snapshot in its place, or their logs are damaged there", z, n, len(logs))
		}
	}
	return committed, nil
}

// variant is a transaction in the form in which some servers have it.
type variant struct {
	txn     history.Txn
	bytes   string
	holders []int // indexes of logs, each once
}

type variants []variant

// most returns the variant that most servers have.
func (v variants) most() variant {
	return slices.MaxFunc(v, func(a, b variant) int { return cmp.Compare(len(a.holders), len(b.holders)) })
}

// gather collects the variants of each zxid. A log can contain a record twice: a server that was cut
// off in the middle of a sync writes the record again.
func gather(logs []Log) map[history.ID]variants {
	found := map[history.ID]variants{}
	for i, log := range logs {
		for _, e := range log.Entries {
			found[e.Txn.Zxid] = found[e.Txn.Zxid].add(i, e)
		}
	}
	return found
}

func (v variants) add(log int, e Entry) variants {
	for i := range v {
		if v[i].bytes == e.bytes {
			if !slices.Contains(v[i].holders, log) {
				v[i].holders = append(v[i].holders, log)
			}
			return v
		}
	}
	return append(v, variant{e.Txn, e.bytes, []int{log}})
}

// order sorts zxids as unsigned numbers.
func order(found map[history.ID]variants) []history.ID {
	return slices.SortedFunc(maps.Keys(found), func(a, b history.ID) int { return cmp.Compare(uint64(a), uint64(b)) })
}
