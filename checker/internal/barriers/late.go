package barriers

import (
	"context"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// lateWaiter requires that after a lift and the heal no waiter is left behind.
var lateWaiter = &frame.Property{
	Name:     "late",
	NoModel:  frame.Timed,
	Liveness: true,
	Meaning:  "no client was left waiting at a lifted barrier",
	Decider:  "waits after the lift",
	Evidence: frame.FromSessions,
	Applies:  frame.IsOwn,
	Decide: func(_ context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		if f.Timed(k.Record) {
			decideLate(&f, k)
		}
		return f
	},
}

func decideLate(f *frame.Finding, k *evidence.Key) {
	lift := lifted(k)
	if lift == nil {
		return
	}
	f.Count("lifted", 1)
	for _, op := range k.Ops() {
		if op.F != models.FAwait {
			continue
		}
		from := max(op.Began(), lift.Return.Time)
		live := k.WhileLive(op.Client, evidence.Span{From: from, To: evidence.Ended(op)})
		if len(live) > 0 {
			f.Count("waits_judged", 1)
		}
		worst := evidence.Longest(live)
		f.Longest("longest_wait_seconds", worst.Length())
		f.Overdue(frame.Overdue(k.Record, worst, worst.Length()), append(evidence.EventsOf(lift), evidence.EventsOf(op)...),
			"client %d still waited at %s from %s to %s (%s, of %s allowed), though the barrier was lifted by %s",
			op.Client, k.Name, words.At(worst.From), words.At(worst.To), words.Lasting(worst.Length()), words.Lasting(k.Bound), words.At(lift.Return.Time))
	}
}

// lifted returns the lift after which the key's barrier certainly stayed down; nil
// if there is none.
func lifted(k *evidence.Key) *history.Operation {
	var lift *history.Operation
	raisedBy := evidence.Always // latest moment at which some raise may have taken effect
	for _, op := range k.Ops() {
		switch {
		case op.F == models.FRaise && op.Outcome() != history.Fail:
			raisedBy = max(raisedBy, evidence.EffectiveBy(op))
		case op.F == models.FLift && op.Outcome() == history.OK:
			if lift == nil || op.Began() > lift.Began() {
				lift = op
			}
		}
	}
	if lift == nil || raisedBy > lift.Began() {
		return nil
	}
	return lift
}
