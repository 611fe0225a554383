package checker

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// holdProgress says that after heal every live contender gets its turn: the
// hold is not idle while somebody waits, and at the end nobody stands in line
// who neither waits nor holds.
var holdProgress = &property{
	name:     "progress",
	decider:  "idle time, final lists",
	evidence: sessionEvidence,
	applies:  func(a *analysis) bool { return !a.foreign },
	decide: func(_ context.Context, a *analysis, k *keyRecord) finding {
		var f finding
		decideIdle(&f, a, k)
		decideOrphans(&f, a, k)
		decideRefused(&f, a, k)
		if why := a.untimed(); why != "" {
			f.unknown("%s", why)
		}
		return f
	},
}

// Shorter waits do not count as waiting: a recipe must have the time to answer.
// A client that tries again after a wait that it gave up goes on waiting.
const (
	realWait = time.Second
	retry    = time.Second
)

// decideIdle looks for a long stretch in which somebody live waited and nobody held.
func decideIdle(f *finding, a *analysis, k *keyRecord) {
	holds := k.holds(a)
	busy := make([]span, 0, len(holds))
	for _, h := range holds {
		busy = append(busy, span{h.ao, h.idleFrom()})
	}
	waits, ops := waiting(a, k, history.FAcquire)
	busy = union(busy)
	f.judgeWaits(a, without(waits, busy), func(from, to time.Duration) bool { return touches(busy, from, to) },
		func(s span, length time.Duration) (string, []int) {
			waited := during(ops, s)
			var witness []int
			for _, op := range waited {
				witness = append(witness, events(op)...)
			}
			return "client " + itoa(waited[0].Client) + " waited for " + k.key + " from " + at(waited[0].Began()) +
				", and nobody held it from " + at(s.from) + " to " + at(s.to) + " (" + lasting(length) + ", of " + lasting(a.bound) + " allowed)", witness
		})
}

// refusals are a client's acquires that were answered by one and the same error
// at once, while it was connected, since it last held.
type refusals struct {
	first, second, last *history.Operation
	n                   int
}

// decideRefused looks for a client that asked for its turn when all was well
// and was refused at once. It did not wait, so it did not wait too long; but a
// lock that answers an error for ever once its session expired is not right. If
// every time for longer than the bound it was refused for the same reason, that
// is a violation; after one refusal nobody knows whether it would have had its
// turn.
func decideRefused(f *finding, a *analysis, k *keyRecord) {
	of := map[int]*refusals{}
	for _, op := range k.ops {
		if op.F != history.FAcquire || op.Return == nil {
			continue
		}
		r := of[op.Client]
		switch {
		case op.Outcome() == history.OK:
			delete(of, op.Client)
		case !a.refused(op):
		case r == nil || r.last.Return.Error.Message != op.Return.Error.Message:
			of[op.Client] = &refusals{first: op, last: op, n: 1}
		default:
			if r.n++; r.n == 2 {
				r.second = op
			}
			r.last = op
		}
	}
	for _, client := range slices.Sorted(maps.Keys(of)) {
		r := of[client]
		if r.last.Began() < a.settled {
			continue
		}
		f.count("refused", 1)
		why := r.last.Return.Error.Message
		if s := (span{r.first.Began(), r.last.Return.Time}); r.n >= 3 && a.overdue(s, s.length()) == Violation {
			f.violated(slices.Concat(events(r.first), events(r.second), events(r.last)), "client %d asked for %s %d times from %s to %s, also after heal, and was refused at once each time: %s",
				client, k.key, r.n, at(s.from), at(s.to), why)
			continue
		}
		f.unknown("client %d asked for %s at %s, after heal, and was refused at once: %s", client, k.key, at(r.last.Began()), why)
	}
}

// refused says that an acquire got an error at once, and neither for the
// caller's lack of patience nor for want of a connection.
func (a *analysis) refused(op *history.Operation) bool {
	return op.Return.Time-op.Began() < realWait && !gaveUp(op) &&
		a.connectedAt(op.Client, op.Began()) && a.connectedAt(op.Client, op.Return.Time) && op.Invoke.Session == op.Return.Session
}

// gaveUp says that a call ended with the caller's patience, or does not say why.
func gaveUp(op *history.Operation) bool {
	e := op.Return.Error
	return e == nil || e.Code == "timeout" || e.Code == "cancelled"
}

// waiting is when live clients waited for an operation f of a key, and those
// operations. Waits that were answered soon, or said no at once, are none.
func waiting(a *analysis, k *keyRecord, f string) ([]span, []*history.Operation) {
	var of []span
	var ops []*history.Operation
	for _, op := range k.ops {
		s := span{op.Began(), min(ended(op), a.end)}
		if op.F != f || s.length() < realWait {
			continue
		}
		if live := a.whileLive(op.Client, s); len(live) > 0 {
			of = append(of, live...)
			ops = append(ops, op)
		}
	}
	return union(of), ops
}

// during are as few of some operations, in order of invocation, as show that
// somebody waited throughout s.
func during(ops []*history.Operation, s span) []*history.Operation {
	var of []*history.Operation
	reach := always
	for _, op := range ops {
		if op.Began() < s.to && ended(op) > s.from && ended(op) > reach {
			if n := len(of); n > 1 && op.Began() <= ended(of[n-2]) {
				of = of[:n-1] // it was needed for nothing
			}
			of, reach = append(of, op), ended(op)
		}
	}
	return of
}

// judgeWaits adds up stretches that follow each other closely, unless
// something happened in between, and judges the longest.
func (f *finding) judgeWaits(a *analysis, waits []span, between func(from, to time.Duration) bool, words func(span, time.Duration) (string, []int)) {
	var cur, worst span
	var length, longest time.Duration
	for _, w := range waits {
		if length > 0 && (w.from-cur.to > retry || between(cur.to, w.from)) {
			length = 0
		}
		if length == 0 {
			cur = w
		}
		cur.to = w.to
		length += w.length()
		if length > longest {
			worst, longest = cur, length
		}
	}
	f.figures = withLongest(f.figures, "longest_wait_seconds", longest)
	if r := a.overdue(worst, longest); r != Valid {
		text, witness := words(worst, longest)
		f.overdue(r, witness, "%s", text)
	}
}

func withLongest(figures map[string]float64, name string, d time.Duration) map[string]float64 {
	if figures == nil {
		figures = map[string]float64{}
	}
	figures[name] = max(figures[name], d.Seconds())
	return figures
}

// touches says that one of some spans, a union, reaches into [from,to].
func touches(of []span, from, to time.Duration) bool {
	i := reaching(of, from)
	return i < len(of) && of[i].from <= to
}

// decideOrphans reads the list of contenders that was taken at the end.
func decideOrphans(f *finding, a *analysis, k *keyRecord) {
	final, seen := k.final(a)
	if final == nil {
		f.unknown("there is no list of contenders from the end, so it is not known whether one was left behind")
		return
	}
	for _, c := range final.Contenders {
		s := a.sessions[c.Owner]
		if s == nil || s.client < 0 {
			f.count("foreign_children", 1)
			continue
		}
		f.count("contenders_at_end", 1)
		since, wants := lastWish(a, k, s, seen)
		if wants {
			continue
		}
		since = max(since, a.settled)
		if a.settled == never {
			continue
		}
		f.overdue(a.old(span{since, seen.Time}), append([]int{seen.Index}, lastEvents(k, s, seen)...),
			"at %s %s still stood in line for %s, though its session %s of client %d neither waited nor held since %s",
			at(seen.Time), c.Name, k.key, s.id, s.client, at(since))
	}
}

// old is like overdue, but what is too young is unknown and not valid.
func (a *analysis) old(s span) Result {
	if s.length() <= a.bound+a.stalled(s) {
		return Unknown
	}
	return Violation
}

// final is the last list of contenders of a key, with its event.
func (k *keyRecord) final(a *analysis) (*history.Final, *history.Event) {
	for i := len(k.facts) - 1; i >= 0; i-- {
		if e := k.facts[i]; e.F == history.FFinal {
			var v history.Final
			a.decode(e, &v)
			return &v, e
		}
	}
	return nil, nil
}

// lastWish says whether a session had reason to stand in line at an event, and
// if not, since when it had none.
func lastWish(a *analysis, k *keyRecord, s *session, seen *history.Event) (time.Duration, bool) {
	since := min(s.told, s.dhi)
	if since == never {
		since = always
	}
	for _, op := range k.ops {
		if op.F != history.FAcquire || op.Invoke.Index > seen.Index || !owns(a, op, s) {
			continue
		}
		if a.over(op) >= seen.Time {
			return 0, true
		}
		since = max(since, a.over(op))
	}
	for _, h := range k.holds(a) {
		if h.client != s.client || h.ao > seen.Time || !slices.Contains(h.death.of, s) {
			continue
		}
		end := h.idleFrom()
		if end >= seen.Time {
			return 0, true
		}
		since = max(since, end)
	}
	return since, false
}

// owns says that s can own what op made.
func owns(a *analysis, op *history.Operation, s *session) bool {
	if op.Client != s.client {
		return false
	}
	return slices.Contains(a.owners(op), s)
}

// lastEvents are those of the session's last acquire and release before seen.
func lastEvents(k *keyRecord, s *session, seen *history.Event) []int {
	var last []int
	for _, op := range k.ops {
		if op.Client == s.client && op.Invoke.Index < seen.Index && (op.F == history.FAcquire || op.F == history.FRelease) {
			last = events(op)
		}
	}
	return last
}
