package evidence

import (
	"slices"

	"github.com/zklab/zklab/history"
)

// Layout tells whether a check can read the znodes of a subject. The check looks in the transaction
// log for what each operation that succeeded must have left there, and counts. If it finds nearly
// all, it recognises the layout, and what is missing contradicts the log. If it finds little, the
// subject works in another way, and the log says nothing about its operations.
type Layout struct {
	Found   int
	Missing int // although the log is whole where it should be
}

// Trusted reports whether what is missing contradicts the log.
func (l *Layout) Trusted() bool { return l.Found > 0 && l.Found >= 9*l.Missing }

// rootMade returns the zxid at which the run's root was created; 0 if the log does not have it.
var rootMade = Once(func(a *Record) uint64 {
	for _, all := range a.Log.Folders {
		if i := slices.IndexFunc(all, func(n *Znode) bool { return n.Path == a.Params.Root }); i >= 0 {
			return all[i].Created
		}
	}
	return 0
})

// FromBeginning reports whether the log has everything that happened below the run's root up to a
// zxid: nothing below it is older than the root itself. If the record does not name the root, the
// log counts from its own beginning.
func (a *Record) FromBeginning(high uint64) bool {
	begin := uint64(a.Transactions[0].Zxid)
	if a.Params.Root != "" {
		begin = rootMade(a)
	}
	return begin != 0 && begin <= high && a.Log.Covers(begin-1, high)
}

// Window returns the part of the log in which an operation that succeeded took effect: above low,
// up to high. It returns false if the log may lack some of it.
func (a *Record) Window(op *history.Operation) (low, high uint64, ok bool) {
	low = a.Zxids.Floor(op.Began())
	high, _, ok = a.Zxids.Ceil(op.Return.Time)
	return low, high, ok && a.Log.Covers(low, high)
}
