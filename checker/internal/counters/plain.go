package counters

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
)

// plainReads requires what must hold even for a read that may be old: a session is never shown less
// than it has seen or made (single system image, Programmer's Guide, Consistency Guarantees), and
// no client is shown more than can have been added by then.
var plainReads = &frame.Property{
	Name:     "plain-reads",
	NoModel:  frame.Given,
	Meaning:  "no session saw an older value than before, or its own write undone",
	Decider:  "sweep over sessions",
	Evidence: func(*evidence.Record) string { return "S" },
	Decide: onCounter(func(f *frame.Finding, c *counter) {
		f.Count("plain", 0)
		for _, s := range c.plain {
			f.CountCall(c.Record, "plain", s.op)
		}
		decideSessions(f, c)
		decideMade(f, c)
	}),
	Exercise: func(_ *evidence.Record, figures map[string]float64) string {
		return frame.Because(frame.Few(figures["plain"], 20, "plain reads"), frame.MoreLoad)
	},
}

// decideSessions compares plain reads with what their session had seen. An operation that
// began in one session and ended in another says nothing about either.
func decideSessions(f *frame.Finding, c *counter) {
	all := slices.Concat(c.steps, c.plain)
	slices.SortFunc(all, func(a, b *step) int { return cmp.Compare(a.op.Invoke.Index, b.op.Invoke.Index) })
	seen := map[*evidence.Session]*step{} // the largest value of each session
	for _, s := range all {
		in := c.Only(s.op)
		if s.op.Outcome() != history.OK || in == nil {
			continue
		}
		before := seen[in]
		if before != nil && s.plain && before.ret < s.inv && s.value < before.value {
			f.Violated(slices.Concat(before.event, s.event), "%s, though in the same session %s", s.text, before.text)
		}
		if before == nil || s.value > before.value {
			seen[in] = s
		}
	}
}

// decideMade finds plain reads whose value is more than all changes together that had
// been called by then can have made.
func decideMade(f *frame.Finding, c *counter) {
	var changes []*step
	for _, s := range c.steps {
		if s.kind != reads {
			changes = append(changes, s)
		}
	}
	slices.SortFunc(changes, func(a, b *step) int { return cmp.Compare(a.inv, b.inv) })
	for _, s := range c.plain {
		most, _ := slices.BinarySearchFunc(changes, s.ret, func(x *step, t time.Duration) int {
			if x.inv <= t {
				return -1
			}
			return 1
		})
		if s.value > int64(most) || s.value < 0 {
			f.Violated(s.event, "%s, when only %s had been called", s.text, prose.Count(most, "change"))
		}
	}
}
