package barriers

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// raised is a time in which a barrier certainly was up: it begins when a raise returns,
// and ends when the first of the lifts that do not certainly precede the raise can have
// had its effect.
type raised struct {
	evidence.Span
	raise *history.Operation
	lift  *liftEffect  // nil: none
	lifts []liftEffect // the lifts that may end the time, in order of invocation
	shown int          // the event whose zxid shows a raise with an unknown outcome; -1: none
	seen  int          // the await before the raise's return whose session had seen the raise; -1: none
}

// upTimes are the times in which a barrier certainly was up.
type upTimes struct {
	of []raised // in order of time
	// known lists the times whose raise has a known zxid, or a known upper bound of it, in order of
	// that zxid; longest is, for each, the one up to it that lasted longest.
	known   []raised
	zxids   []uint64
	longest []int
}

// liftEffect is a lift, and the time from which it can have had its effect.
type liftEffect struct {
	op    *history.Operation
	from  time.Duration
	shown int // the event that shows, by the log, that it had no effect before; -1 if it can have had it at once
}

// ups returns the times in which the key's barrier certainly was up. A failed lift leaves it up. A
// raise with an unknown outcome is certain once a zxid was seen at which the transaction log shows it
// done. A lift with an unknown outcome may happen at any later time, so nothing is certain after a
// transaction by which its client, or another session, may have carried it out.
func ups(k *evidence.Key) *upTimes {
	var raises []raised
	var lifts []liftEffect
	for _, op := range k.Ops() {
		switch {
		case op.F == models.FRaise && op.Outcome() == history.OK:
			raises = append(raises, raised{Span: evidence.Span{From: op.Return.Time, To: evidence.Never}, raise: op, shown: -1, seen: -1})
		case op.F == models.FRaise && op.Outcome() == history.Info:
			if t, event := settledRaise(k.Record, op); t != evidence.Never {
				raises = append(raises, raised{Span: evidence.Span{From: t, To: evidence.Never}, raise: op, shown: event, seen: -1})
			}
		case op.F == models.FLift && op.Outcome() != history.Fail:
			from, event := loweredFrom(k.Record, op)
			lifts = append(lifts, liftEffect{op, from, event})
		}
	}
	// Lifts, like raises, are in order of invocation. With several coordinators, a lift after the
	// first one that counts may precede the raise; it counts all the same, to be safe.
	earliest := make([]*liftEffect, len(lifts)) // from each lift on, the one with the earliest effect
	for i := len(lifts) - 1; i >= 0; i-- {
		earliest[i] = &lifts[i]
		if i+1 < len(lifts) && earliest[i+1].from < lifts[i].from {
			earliest[i] = earliest[i+1]
		}
	}
	var ups, all []raised
	first := 0
	awaits := newAwaitsByZxid(k)
	for _, u := range raises {
		awaits.advance(&u)
		for first < len(lifts) && evidence.EffectiveBy(lifts[first].op) < u.raise.Began() {
			first++
		}
		if first < len(lifts) {
			u.To, u.lift, u.lifts = earliest[first].from, earliest[first], lifts[first:]
		}
		all = append(all, u)
		if u.From < u.To {
			ups = append(ups, u)
		}
	}
	slices.SortStableFunc(ups, func(x, y raised) int { return cmp.Compare(x.From, y.From) })
	for i := range ups {
		if i > 0 && ups[i-1].To > ups[i].To { // began later, returned earlier
			ups[i] = ups[i-1]
		}
	}
	t := &upTimes{of: ups}
	t.byZxid(all)
	return t
}

// byZxid keeps the times whose raise has a known zxid, or a known upper bound of it.
func (t *upTimes) byZxid(all []raised) {
	type numbered struct {
		raised
		zxid uint64
	}
	var known []numbered
	for _, u := range all {
		if z := raisedBy(u.raise); z != 0 {
			known = append(known, numbered{u, z})
		}
	}
	slices.SortStableFunc(known, func(x, y numbered) int { return cmp.Compare(x.zxid, y.zxid) })
	longest := 0
	for i, n := range known {
		if n.To > known[longest].To {
			longest = i
		}
		t.known, t.zxids, t.longest = append(t.known, n.raised), append(t.zxids, n.zxid), append(t.longest, longest)
	}
}

// raisedBy returns a zxid by which a raise certainly had its effect: its own, or the highest that its
// session had seen when it returned; 0 if none is known.
func raisedBy(raise *history.Operation) uint64 {
	switch {
	case raise.Outcome() != history.OK:
		return 0
	case raise.Return.Zxid != 0:
		return uint64(raise.Return.Zxid)
	case raise.Invoke.Session != 0 && raise.Invoke.Session == raise.Return.Session:
		return uint64(raise.Return.Seen)
	}
	return 0
}

// awaitsByZxid holds the awaits whose session had seen something, the highest zxid first, and
// for each of them the earliest await up to it.
type awaitsByZxid struct {
	of       []*history.Operation
	earliest []*history.Operation
}

func newAwaitsByZxid(k *evidence.Key) awaitsByZxid {
	var s awaitsByZxid
	for _, op := range k.Ops() {
		if op.F == models.FAwait && seenBy(op) != 0 {
			s.of = append(s.of, op)
		}
	}
	slices.SortStableFunc(s.of, func(x, y *history.Operation) int { return cmp.Compare(seenBy(y), seenBy(x)) })
	for i, op := range s.of {
		if i > 0 && s.earliest[i-1].Began() <= op.Began() {
			op = s.earliest[i-1]
		}
		s.earliest = append(s.earliest, op)
	}
	return s
}

// advance lets the time in which the barrier certainly was up begin when a session had
// seen the raise, if that was before the raise returned.
func (s awaitsByZxid) advance(u *raised) {
	z := raisedBy(u.raise)
	i, _ := slices.BinarySearchFunc(s.of, z, func(op *history.Operation, z uint64) int {
		if seenBy(op) >= z {
			return -1
		}
		return 1
	})
	if z == 0 || i == 0 || s.earliest[i-1].Began() >= u.From {
		return
	}
	u.From, u.seen = s.earliest[i-1].Began(), s.earliest[i-1].Invoke.Index
}

// seenBy returns the highest zxid in an answer to the session of an await. That zxid was committed,
// whether or not the client got the answer. It is 0 if none is known.
func seenBy(op *history.Operation) uint64 {
	if op.Invoke.Session == 0 || op.Return != nil && op.Return.Session != op.Invoke.Session {
		return 0
	}
	return uint64(op.Invoke.Seen)
}

// met returns a time in which the barrier was up when an await was called, and that began before
// the oldest state that the await can have been shown: the time around that state, or one whose
// raise the client had been told of. It returns false if there is none, so that the await may have
// found the barrier down.
func (t *upTimes) met(a *evidence.Record, op *history.Operation) (raised, bool) {
	u, ok := upAt(t.of, a.View(op))
	i, _ := slices.BinarySearch(t.zxids, a.Told(op)+1)
	if i == 0 {
		return u, ok
	}
	if seen := t.known[t.longest[i-1]]; seen.To > op.Began() && (!ok || seen.To > u.To) {
		return seen, true
	}
	return u, ok
}

// upAt returns the time around t in which the barrier was up; false if it may have been
// down. ups are also in order of their ends: a later raise has fewer lifts that do not
// precede it.
func upAt(ups []raised, t time.Duration) (raised, bool) {
	i, _ := slices.BinarySearchFunc(ups, t, func(u raised, t time.Duration) int { return cmp.Compare(u.From, t) })
	if i == 0 || ups[i-1].To <= t {
		return raised{}, false
	}
	return ups[i-1], true
}
