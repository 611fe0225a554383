package configs

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// converge requires that every client that waits is told the last value, and every other value that
// was current for long.
var converge = &frame.Property{
	Name:     "converge",
	NoModel:  frame.Timed,
	Liveness: true,
	Meaning:  "after the heal, every watcher that waited learned the last value, and each value that stayed for longer than the bound",
	Decider:  "waits after the last change",
	Evidence: frame.FromSessions,
	Applies:  frame.IsOwn,
	Decide: onConfig(func(f *frame.Finding, c *config) {
		if !f.Timed(c.Record) {
			return
		}
		last, value, why := c.last()
		if why != "" {
			f.Unknown("%s", why)
			return
		}
		stood := c.stood()
		for _, w := range c.watches {
			if w.until != evidence.Never {
				continue
			}
			for _, s := range stood {
				decideConverge(f, c, w, s.change, s.value, s.until)
			}
			decideConverge(f, c, w, last, value, evidence.Never)
			decideRefused(f, c, w, last, value)
		}
	}),
	Exercise: frame.Wants("converged", 2, "watchers that saw the last value"),
}

// last returns the change that made the state at the end, or the reason why it is not
// known.
func (c *config) last() (x *change, value string, why string) {
	if c.final == nil {
		return nil, "", "the harness did not read " + c.name + " at the end"
	}
	if c.final.Register == nil {
		return nil, "", "there is no " + c.name + " at the end, and it is unknown which of several deletes was the last"
	}
	value = c.final.Register.Value
	x = c.setter[value]
	if x == nil || x.op.Outcome() != history.OK {
		return nil, "", "it is unknown since when " + c.name + " is " + strconv.Quote(value) + ", as it is at the end"
	}
	return x, value, ""
}

// standing is a value, and the time until which it certainly existed.
type standing struct {
	*change
	until time.Duration
}

// stood returns the values that certainly existed for longer than the bound before the next change
// was called.
func (c *config) stood() (all []standing) {
	changes := slices.Concat(c.changes, c.faults)
	slices.SortStableFunc(changes, func(x, y *change) int { return cmp.Compare(x.inv, y.inv) })
	done := evidence.Always // by when all earlier changes had taken effect
	for i, x := range changes {
		if i+1 < len(changes) && !x.absent && x.op.Outcome() == history.OK && done <= x.inv && changes[i+1].inv-max(x.ret, c.Settled) > c.Bound {
			all = append(all, standing{x, changes[i+1].inv})
		}
		done = max(done, x.ret)
	}
	return all
}

// decideConverge looks for a watcher that waited too long for a value that existed all the time:
// the last value or an earlier one. Other values that the watcher was told meanwhile do not
// help.
func decideConverge(f *frame.Finding, c *config, w *watch, last *change, value string, until time.Duration) {
	var worst evidence.Span
	var op *history.Operation
	for _, wait := range w.waits {
		from, to := max(wait.Began(), last.ret), evidence.Ended(wait.Operation)
		if s := evidence.Longest(c.WhileLive(w.client, evidence.Span{From: from, To: min(to, c.finalAt.Time, until)})); s.Length() > worst.Length() {
			worst, op = s, wait.Operation
		}
		if s := wait.told; s != nil && !s.absent && s.value == value {
			if until == evidence.Never {
				f.Count("converged", 1)
			}
			break
		}
	}
	f.Longest("longest_wait_seconds", worst.Length())
	r := frame.Overdue(c.Record, worst, worst.Length())
	if r == frame.Valid {
		return
	}
	counterexample, is := evidence.EventsOf(last.op), "was"
	if until == evidence.Never {
		is, counterexample = "is", append(counterexample, c.finalAt.Index)
	}
	f.Overdue(r, append(counterexample, evidence.EventsOf(op)...), "client %d still waited from %s to %s (%s, of %s allowed) for the next value of %s, which %s %q since %s at the latest",
		w.client, words.At(worst.From), words.At(worst.To), words.Lasting(worst.Length()), words.Lasting(c.Bound), c.name, is, value, words.At(last.ret))
}

// decideRefused looks for a watcher that asked again and again for the last value, and was refused
// at once each time, for longer than the bound. Such a watcher did not wait, so it did not wait too
// long.
func decideRefused(f *frame.Finding, c *config, w *watch, last *change, value string) {
	var asked []*history.Operation
	for _, wait := range w.waits {
		switch {
		case wait.told != nil && !wait.told.absent && wait.told.value == value:
			return
		case wait.Began() < max(last.ret, c.Settled):
		case !frame.RefusedAtOnce(c.Record, wait.Operation):
			asked = nil
		default:
			asked = append(asked, wait.Operation)
		}
	}
	if len(asked) < 3 {
		return
	}
	first, again := asked[0], asked[len(asked)-1]
	s := evidence.Span{From: first.Began(), To: again.Return.Time}
	if frame.Overdue(c.Record, s, s.Length()) != frame.Violation {
		return
	}
	counterexample := slices.Concat(evidence.EventsOf(last.op), evidence.EventsOf(first), evidence.EventsOf(asked[1]), evidence.EventsOf(again))
	f.Violated(append(counterexample, c.finalAt.Index), "client %d asked %d times from %s to %s for the next value of %s, which is %q since %s at the latest, and was refused at once each time: %s",
		w.client, len(asked), words.At(s.From), words.At(s.To), c.name, value, words.At(last.ret), again.Return.Error.Message)
}
