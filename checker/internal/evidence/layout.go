package evidence

import (
	"github.com/zklab/zklab/history"
)

// Layout says whether a check can read the znodes of a subject. The check looks in the transaction
// log for what each operation that succeeded must have left there, and counts. If it finds nearly
// all, it recognises the layout, and what is missing contradicts the log. If it finds little, the
// subject works in another way, and the log says nothing about its operations.
type Layout struct {
	Found   int
	Missing int // although the log is whole where it should be
}

// Trusted reports whether what is missing contradicts the log.
func (l *Layout) Trusted() bool { return l.Found > 0 && l.Found >= 9*l.Missing }

// Window returns the part of the log in which an operation that succeeded took effect: above low,
// up to high. It returns false if the log may lack some of it.
func (a *Record) Window(op *history.Operation) (low, high uint64, ok bool) {
	low = a.Zxids.Floor(op.Began())
	high, _, ok = a.Zxids.Ceil(op.Return.Time)
	return low, high, ok && a.Log.Covers(low, high)
}
