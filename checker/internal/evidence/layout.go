package evidence

import (
	"github.com/zklab/zklab/history"
)

// Layout says whether the znodes of a subject are those that a check can read: what
// an operation that succeeded must have left in the transaction log is looked for
// there, and counted. Where nearly all is found, the layout is recognised, and what
// is missing contradicts the log. Where little is found, the subject does it another
// way, and the log says nothing of its operations.
type Layout struct {
	Found   int
	Missing int // although the log is whole where it should be
}

// Trusted says that what is missing contradicts the log.
func (l *Layout) Trusted() bool { return l.Found > 0 && l.Found >= 9*l.Missing }

// Window is the part of the log in which an operation that succeeded took effect:
// above the one zxid, up to the other. false if the log may lack something of it.
func (a *Record) Window(op *history.Operation) (low, high uint64, ok bool) {
	low = a.Zxids.Floor(op.Began())
	high, _, ok = a.Zxids.Ceil(op.Return.Time)
	return low, high, ok && a.Log.Covers(low, high)
}
