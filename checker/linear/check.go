package linear

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/checker/internal/evidence"
)

// Options say how to check. The zero value works.
type Options struct {
	// Budget is how long checking may take altogether; 0 means 60 s. A key that is not decided by
	// then is unknown.
	Budget time.Duration
	// Memory is roughly how many bytes searches may use; 0 means 1 GiB. The fast procedures need
	// memory in proportion to the history.
	Memory int64
	// PorcupineOnly leaves out the fast procedures, for comparison: porcupine decides each key as a
	// whole, and there is no counterexample.
	PorcupineOnly bool

	pace        int  // for tests: see object.pace
	verdictOnly bool // for tests: no counterexample is made smaller, and no other key is decided after a violation
}

func (o Options) budget() time.Duration {
	if o.Budget <= 0 {
		return time.Minute
	}
	return o.Budget
}

func (o Options) memory() int64 {
	if o.Memory <= 0 {
		return 1 << 30
	}
	return o.Memory
}

// Check decides every key, several at a time. It is safe for concurrent use. It returns soon after
// ctx ends or the budget is used up.
func Check(ctx context.Context, h *History, opts Options) Report {
	until := time.Now().Add(opts.budget())
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	findings := make([]finding, len(h.keys))
	searching, stop := context.WithCancel(ctx)
	defer stop()
	var enough sync.Once             // once a key is violated, searches under way end soon
	left := make([]int, len(h.keys)) // keys that are not decided yet
	for i := range left {
		left[i] = i
	}
	parts := []int64{16, 1} // first small shares, so that no key holds up others that need less
	if len(h.keys) == 1 {
		parts = parts[1:]
	}
	for _, part := range parts {
		var next atomic.Int64
		var wg sync.WaitGroup
		workers := max(1, min(runtime.GOMAXPROCS(0), len(left)))
		for range workers {
			wg.Go(func() {
				s := &scratch{}
				for at := int(next.Add(1)) - 1; at < len(left); at = int(next.Add(1)) - 1 {
					i := left[at]
					findings[i] = h.said(i, h.decide(searching, i, s, until, opts, opts.memory()/int64(workers)/part))
					if findings[i].result == checker.Violation {
						enough.Do(func() { time.AfterFunc(opts.grace(), stop) })
					}
				}
			})
		}
		wg.Wait()
		left = slices.DeleteFunc(left, func(i int) bool { return findings[i].result != checker.Unknown })
	}
	return h.report(findings)
}

// untoldValue explains why a violation is none for certain.
const untoldValue = "an operation of unknown outcome may have been called with another value than its invocation says, as those that succeeded were"

// said makes a violation unknown if an operation of the key may have had any value.
func (h *History) said(key int, f finding) finding {
	if f.result != checker.Violation || key >= len(h.untold) || !h.untold[key] {
		return f
	}
	return finding{result: checker.Unknown, decider: f.decider, reason: untoldValue + "; if not, this is a violation: " + f.reason}
}

// grace returns how long searches go on after another key was found to be violated.
func (o Options) grace() time.Duration {
	if o.verdictOnly {
		return 0
	}
	return 2 * time.Second
}

// decide tries one procedure after another on a key.
func (h *History) decide(ctx context.Context, i int, s *scratch, until time.Time, opts Options, memory int64) finding {
	k := &object{ctx: ctx, h: h, key: i, ops: h.ops[i], ranks: h.ranks[i], initial: h.initials[i], permits: int32(h.Model.parameter), scratch: s, pace: opts.pace, asFound: opts.verdictOnly}
	if time.Now().After(until) {
		return undecided(context.DeadlineExceeded)
	}
	searched := h.Model.kind.machine != nil // Jepsen's checks are not objects that have an order
	var f finding
	if !opts.PorcupineOnly || !searched {
		if f = k.decide(); f.result != "" {
			return f
		}
		if !searched {
			return finding{result: checker.Unknown, reason: f.reason}
		}
	}
	if err := ctx.Err(); err != nil {
		return undecided(err)
	}
	ask := k.search
	if opts.PorcupineOnly {
		ask = k.askPorcupine
	}
	p := ask(until, memory)
	if p.result != "" {
		return p
	}
	if err := ctx.Err(); err != nil {
		return undecided(err)
	}
	if f.reason != "" {
		p.reason = f.reason + "; " + p.reason
	}
	return finding{result: checker.Unknown, decider: byPorcupine, reason: p.reason}
}

// undecided returns an unknown finding with the reason why a search ended early.
func undecided(err error) finding {
	reason := evidence.BudgetSpent
	if errors.Is(err, context.Canceled) {
		reason = "not searched to the end: another key is violated, or the check was interrupted"
	}
	return finding{result: checker.Unknown, reason: reason}
}
