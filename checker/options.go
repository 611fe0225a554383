package checker

import (
	"time"

	"github.com/zklab/zklab/history"
)

// Options say how to check. The zero value works.
type Options struct {
	// Strict makes measured properties (belief) count.
	Strict bool
	// Budget is how long checking may take altogether; 0 is 60 s. What is not
	// decided by then is unknown. In a testing/synctest bubble time stands still
	// meanwhile; there the referee is bounded by a number of tries, and the other
	// checks need no bound.
	Budget time.Duration
	// Memory is how many bytes the referee may use for its search, roughly; 0 is
	// 256 MiB. Everything else needs memory in proportion to the history.
	Memory int64
	// Model is the model to check by, for a history that does not name one.
	Model string
	// Extra are checks beside those of the model.
	Extra []Check
	// Transactions are what the ensemble committed during the run, in the order
	// of their zxids (history.OpenTxns), as far as that is known: evidence "L".
	// They may begin late, end early and have holes: what is there counts, and what
	// is missing proves something only where the numbering shows the list whole.
	// They are not changed.
	Transactions []history.Txn
	// NoReferee leaves porcupine out.
	NoReferee bool
}

func (o Options) budget() time.Duration {
	if o.Budget <= 0 {
		return time.Minute
	}
	return o.Budget
}

func (o Options) memory() int64 {
	if o.Memory <= 0 {
		return 256 << 20
	}
	return o.Memory
}
