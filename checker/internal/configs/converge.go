package configs

import (
	"strconv"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// converge says that the last value comes to everybody who waits for it.
var converge = &frame.Property{
	Name:     "converge",
	Meaning:  "after the heal, the last value came to every watcher who waited for it",
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
		for _, w := range c.watches {
			if w.until == evidence.Never {
				decideConverge(f, c, w, last, value)
			}
		}
	}),
	Exercise: frame.Wants("converged", 2, "watchers who were told the last value"),
}

// last is the change that made what there is in the end, or why that is not known.
func (c *config) last() (x *change, value string, why string) {
	if c.final == nil {
		return nil, "", "nobody looked at " + c.name + " at the end"
	}
	if c.final.Register == nil {
		return nil, "", "there is no " + c.name + " at the end, and of several deletes nobody can tell which was the last"
	}
	value = c.final.Register.Value
	x = c.setter[value]
	if x == nil || x.op.Outcome() != history.OK {
		return nil, "", "since when " + c.name + " is " + strconv.Quote(value) + ", as it is at the end, is not known"
	}
	return x, value, ""
}

// decideConverge looks whether a watcher waited for too long for the last value. Other
// values that it was told meanwhile do not help.
func decideConverge(f *frame.Finding, c *config, w *watch, last *change, value string) {
	var worst evidence.Span
	var op *history.Operation
	for _, wait := range w.waits {
		from, to := max(wait.Began(), last.ret), evidence.Ended(wait.Operation)
		for _, s := range c.WhileLive(w.client, evidence.Span{From: from, To: min(to, c.finalAt.Time)}) {
			if s.Length() > worst.Length() {
				worst, op = s, wait.Operation
			}
		}
		if s := wait.told; s != nil && !s.absent && s.value == value {
			f.Count("converged", 1)
			break
		}
	}
	f.Longest("longest_wait_seconds", worst.Length())
	r := frame.Overdue(c.Record, worst, worst.Length())
	if r == frame.Valid {
		return
	}
	witness := append(evidence.EventsOf(last.op), c.finalAt.Index)
	f.Overdue(r, append(witness, evidence.EventsOf(op)...), "client %d still waited from %s to %s (%s, of %s allowed) to be told what comes next of %s, which is %q since %s at the latest",
		w.client, words.At(worst.From), words.At(worst.To), words.Lasting(worst.Length()), words.Lasting(c.Bound), c.name, value, words.At(last.ret))
}
