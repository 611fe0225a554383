package declared

import (
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
)

// This file settles the outcomes of calls without an answer by the transaction log. A search has to try
// every place of such a call, and each one doubles its work. So a first search assumes that the call took
// effect if its client committed something during it, by that time, and never otherwise. An order that this
// search finds explains the calls. If it finds none, that says nothing: another client may have completed
// the call, or what was committed was only a preparation. Then all places are tried.

func (p *problem) reads(c *Call) bool {
	st, _ := p.Step(c.Operation)
	return st.Reads
}

// settled returns the items with the outcomes that the log suggests, or nil if it suggests none.
func (p *problem) settled() []*item {
	k := p.key.key
	if len(evidence.ChangesOf(k)) == 0 || k.Log == nil {
		return nil
	}
	commits := p.commits()
	var items []*item
	changed := false
	for _, it := range p.items {
		if it.call == nil || it.call.Outcome != Unheard {
			items = append(items, it)
			continue
		}
		changed = true
		if zxid, ok := commits[it.call]; ok {
			certain := *it
			certain.by, _ = k.Zxids.CommittedBy(zxid)
			items = append(items, &certain)
		}
	}
	if !changed {
		return nil
	}
	return items
}

// commits returns the transactions that calls without an answer may have made. A client makes its
// calls one after the other, and so its transactions. Those that it had seen when a call was
// answered were made by that call, or by unanswered calls before it.
func (p *problem) commits() map[*Call]uint64 {
	k := p.key.key
	of := map[*Call]uint64{}
	left, open := map[int][]uint64{}, map[int][]*Call{} // by client
	for _, w := range evidence.ChangesOf(k) {
		left[w.Client] = append(left[w.Client], w.Zxid)
	}
	settle := func(client int, zxids []uint64) {
		for _, z := range zxids {
			for i, c := range open[client] {
				before := max(k.Zxids.Floor(c.Began), uint64(max(c.op.Invoke.Seen, 0))) // what was made before the call is not its own
				if before < z && (of[c] == 0 || i == len(open[client])-1) {
					of[c] = z
					break
				}
			}
		}
	}
	for _, c := range p.key.Calls {
		if c.Outcome == Unheard {
			if !p.reads(c) {
				open[c.Client] = append(open[c.Client], c)
			}
			continue
		}
		all := left[c.Client]
		n, _ := slices.BinarySearch(all, uint64(max(c.op.Return.Seen, 0))+1)
		own := n
		if c.Outcome == Answered && !p.reads(c) && n > 0 && all[n-1] > k.Zxids.Floor(c.Began) {
			own--
		}
		settle(c.Client, all[:own])
		left[c.Client], open[c.Client] = all[n:], nil
	}
	for client, all := range left {
		settle(client, all)
	}
	return of
}
