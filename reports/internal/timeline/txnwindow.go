package timeline

import (
	"slices"

	"github.com/zklab/zklab/history"
)

// txnWindow keeps some of the transactions that come, in their order: those around the first one
// that is not before near; if there is none, the last ones. If there are few transactions, it keeps
// all.
type txnWindow struct {
	most  int // how many it keeps
	near  history.ID
	found bool // at is known; true from the start: the first ones are kept
	at    int  // the number of the first transaction that is not before near

	kept  []history.Txn // transaction number n is at index n modulo most
	last  int           // how many of the count transactions were put into kept
	count int
}

func (w *txnWindow) add(t *history.Txn) {
	if !w.found && t.Zxid.Compare(w.near) >= 0 {
		w.found, w.at = true, w.count
	}
	w.count++
	if w.found && w.last >= max(w.at+w.most/2, w.most) {
		return
	}
	if len(w.kept) < w.most {
		w.kept = append(w.kept, *t)
	} else {
		w.kept[w.last%w.most] = *t
	}
	w.last++
}

func (w *txnWindow) txns() []history.Txn {
	from := 0 // of the oldest
	if w.last > w.most {
		from = w.last % w.most
	}
	return slices.Concat(w.kept[from:], w.kept[:from])
}
