package checker

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// barrierProperties are those of a barrier that one coordinator raises and lifts.
var barrierProperties = []*property{early, lateWaiter, logAgrees}

// raised is a time in which a barrier certainly was up: from a raise's return until
// the first of the lifts that do not certainly precede the raise can have had its
// effect.
type raised struct {
	span
	raise *history.Operation
	lift  *lowering  // nil: none
	lifts []lowering // those that count, in order of invocation
	shown int        // the event that shows a raise with an unknown outcome by its zxid; -1: none
}

// lowering is a lift, and from when on it can have had its effect.
type lowering struct {
	op    *history.Operation
	from  time.Duration
	shown int // the event that shows that it had none before, by the log; -1: it can have had it at once
}

// ups are the times in which the key's barrier certainly was up. A failed lift
// leaves it up; a raise with an unknown outcome is certain once a zxid was seen
// at which the transaction log has it done; a lift with one may happen at any
// later time, so nothing is certain after the log has its client, or somebody, do
// something.
func (k *keyRecord) ups(a *analysis) []raised {
	var raises []raised
	var lifts []lowering
	for _, op := range k.ops {
		switch {
		case op.F == history.FRaise && op.Outcome() == history.OK:
			raises = append(raises, raised{span: span{op.Return.Time, never}, raise: op, shown: -1})
		case op.F == history.FRaise && op.Outcome() == history.Info:
			if t, event := a.settledRaise(op); t != never {
				raises = append(raises, raised{span: span{t, never}, raise: op, shown: event})
			}
		case op.F == history.FLift && op.Outcome() != history.Fail:
			from, event := a.loweredFrom(op)
			lifts = append(lifts, lowering{op, from, event})
		}
	}
	// Lifts, like raises, are in order of invocation. With several coordinators one
	// behind the first that counts may precede the raise: it counts, to be safe.
	earliest := make([]*lowering, len(lifts)) // from each on
	for i := len(lifts) - 1; i >= 0; i-- {
		earliest[i] = &lifts[i]
		if i+1 < len(lifts) && earliest[i+1].from < lifts[i].from {
			earliest[i] = earliest[i+1]
		}
	}
	var ups []raised
	first := 0
	for _, u := range raises {
		for first < len(lifts) && known(lifts[first].op) < u.raise.Began() {
			first++
		}
		if first < len(lifts) {
			u.to, u.lift, u.lifts = earliest[first].from, earliest[first], lifts[first:]
		}
		if u.from < u.to {
			ups = append(ups, u)
		}
	}
	slices.SortStableFunc(ups, func(x, y raised) int { return cmp.Compare(x.from, y.from) })
	for i := range ups {
		if i > 0 && ups[i-1].to > ups[i].to { // began later, returned earlier
			ups[i] = ups[i-1]
		}
	}
	return ups
}

// view is the earliest moment from which what an await was shown can be: a
// server may lag, but not behind what its session has already seen. A request
// that a quorum answered shows the moment at which it was sent, if the session
// still is the same. In a history without sessions nothing excuses a stale view.
func (a *analysis) view(op *history.Operation) time.Duration {
	if a.foreign && !a.hasSessions {
		return op.Began()
	}
	if op.Invoke.Session == 0 || op.Return != nil && op.Return.Session != op.Invoke.Session {
		return always
	}
	return min(op.Began(), op.Invoke.Alive)
}

// early says that nobody passes a barrier while it certainly is up.
var early = &property{
	name:    "early",
	decider: "interval search",
	evidence: func(a *analysis) string {
		if a.model == history.ModelBarrier && a.log != nil && a.trusted() {
			return "S, L"
		}
		return sessionEvidence(a)
	},
	decide: func(_ context.Context, a *analysis, k *keyRecord) finding {
		var f finding
		ups := k.ups(a)
		blocked := 0
		for _, op := range k.ops {
			if op.F != history.FAwait || op.Outcome() == history.Fail {
				continue
			}
			f.count("awaits", 1)
			if u, ok := upAt(ups, a.view(op)); ok {
				blocked++
				decideEarly(&f, k.key, op, u)
			} else if _, ok := upAt(ups, op.Began()); ok {
				f.count("awaits_unproven", 1)
			}
		}
		f.count("rounds", float64(len(ups)))
		f.count("blocked", float64(blocked))
		if blocked >= 2 {
			f.count("rounds_blocked", 1)
		}
		return f
	},
	exercise: blockedRounds,
}

// blockedRounds wants rounds in which several waiters met a raised barrier.
func blockedRounds(_ *analysis, figures map[string]float64) string {
	const wanted = 5
	if n := figures["rounds_blocked"]; n < wanted {
		return fmt.Sprintf("only %s had two waiters that certainly met the raised barrier, of %d wanted", count(int(n), "round"), wanted)
	}
	return ""
}

// upAt is the time around t in which the barrier was up; false if it may have
// been down. ups are in order of their ends, too: a later raise has fewer lifts
// that do not precede it.
func upAt(ups []raised, t time.Duration) (raised, bool) {
	i, _ := slices.BinarySearchFunc(ups, t, func(u raised, t time.Duration) int { return cmp.Compare(u.from, t) })
	if i == 0 || ups[i-1].to <= t {
		return raised{}, false
	}
	return ups[i-1], true
}

func decideEarly(f *finding, key string, op *history.Operation, u raised) {
	if op.Outcome() != history.OK || op.Return.Time >= u.to || f.again() {
		return
	}
	until := "and never lifted"
	witness := append(append(events(u.raise), u.shown), events(op)...)
	byLog := u.shown >= 0
	if u.lift != nil {
		until = "and not lifted before " + at(u.to)
		witness = append(witness, u.lift.op.Invoke.Index)
	}
	for _, l := range u.lifts {
		if l.op.Began() > op.Return.Time {
			break
		}
		byLog, witness = true, append(witness, l.op.Invoke.Index, l.shown)
	}
	f.byLog = byLog
	f.violated(witness, "client %d waited at %s from %s and passed at %s, though it was raised by %s %s",
		op.Client, key, at(op.Began()), at(op.Return.Time), at(u.from), until)
}

// lateWaiter says that after a lift, and heal, nobody is left behind.
var lateWaiter = &property{
	name:     "late",
	decider:  "waits after the lift",
	evidence: sessionEvidence,
	applies:  func(a *analysis) bool { return !a.foreign },
	decide: func(_ context.Context, a *analysis, k *keyRecord) finding {
		var f finding
		if why := a.untimed(); why != "" {
			f.unknown("%s", why)
			return f
		}
		decideLate(&f, a, k)
		return f
	},
}

func decideLate(f *finding, a *analysis, k *keyRecord) {
	lift := k.lifted()
	if lift == nil {
		return
	}
	f.count("lifted", 1)
	for _, op := range k.ops {
		if op.F != history.FAwait {
			continue
		}
		from := max(op.Began(), lift.Return.Time)
		var worst span
		live := a.whileLive(op.Client, span{from, ended(op)})
		if len(live) > 0 {
			f.count("waits_judged", 1)
		}
		for _, s := range live {
			if s.length() > worst.length() {
				worst = s
			}
		}
		f.figures = withLongest(f.figures, "longest_wait_seconds", worst.length())
		f.overdue(a.overdue(worst, worst.length()), append(events(lift), events(op)...),
			"client %d still waited at %s from %s to %s (%s, of %s allowed), though it was lifted by %s",
			op.Client, k.key, at(worst.from), at(worst.to), lasting(worst.length()), lasting(a.bound), at(lift.Return.Time))
	}
}

// lifted is the lift after which the key's barrier certainly stayed down; nil
// if there is none.
func (k *keyRecord) lifted() *history.Operation {
	var lift *history.Operation
	raisedBy := always // latest moment at which some raise may have taken effect
	for _, op := range k.ops {
		switch {
		case op.F == history.FRaise && op.Outcome() != history.Fail:
			raisedBy = max(raisedBy, known(op))
		case op.F == history.FLift && op.Outcome() == history.OK:
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
