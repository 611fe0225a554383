package stats

import (
	"sort"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/entry"
)

// baseline describes the operations before the first fault.
type baseline struct {
	slow  map[string]time.Duration // by operation: over twice the usual p99
	codes map[string]bool          // of errors that happen without any fault
}

// calm describes the operations that ended before the first fault. How long operations usually take
// follows from those that began in the second half of that time: the first seconds of a load can be slow,
// in containers above all, and would hide outages that are as long.
func calm(ops operations, until time.Duration) baseline {
	b := baseline{slow: map[string]time.Duration{}, codes: map[string]bool{}}
	byF, late := map[string]*latencies{}, map[string]*latencies{}
	var half time.Duration
	for first := range ops {
		half = first.Began() + (until-first.Began())/2
		break
	}
	for op := range ops {
		if op.Return == nil || op.Return.Time >= until {
			continue
		}
		if op.Outcome() != history.OK {
			b.codes[code(op)] = true
			continue
		}
		entry.Of(&byF, op.F).record(took(op))
		if op.Began() >= half {
			entry.Of(&late, op.F).record(took(op))
		}
	}
	for f, l := range byF {
		if late[f] != nil {
			l = late[f]
		}
		b.slow[f] = 2 * l.quantile(99)
	}
	return b
}

// took returns how long an operation took from its invocation. Counting from the intended start
// would include waiting in the harness, so that a backlog from the start of the load would hide a
// fault.
func took(op *history.Operation) time.Duration { return op.Return.Time - op.Began() }

// code returns the error code of an operation that did not succeed.
func code(op *history.Operation) string {
	if op.Return == nil {
		return "open"
	}
	if op.Return.Error == nil {
		return string(op.Return.Type)
	}
	return op.Return.Error.Code
}

// feels reports whether the operation shows that something was wrong.
func (b baseline) feels(op *history.Operation) bool {
	if op.Outcome() != history.OK && !b.codes[code(op)] {
		return true
	}
	limit, known := b.slow[op.F]
	return op.Return != nil && known && took(op) > limit
}

// feeling finds out whether an operation that shows trouble overlaps a span.
type feeling struct {
	began []time.Duration // rising
	ended []time.Duration // the latest end of operations 0 to i
}

func newFeeling(ops operations, before baseline) feeling {
	var f feeling
	latest := time.Duration(0)
	for op := range ops {
		if !before.feels(op) {
			continue
		}
		// An operation without completion counts for the fault in which it began.
		end := op.Began()
		if op.Return != nil {
			end = op.Return.Time
		}
		latest = max(latest, end)
		f.began = append(f.began, op.Began())
		f.ended = append(f.ended, latest)
	}
	return f
}

func (f feeling) during(s Span) bool {
	// Among the operations that began by the end of the span, the latest end decides.
	i := sort.Search(len(f.began), func(i int) bool { return f.began[i] > s.Until })
	return i > 0 && f.ended[i-1] >= s.From
}
