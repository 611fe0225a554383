package locks

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/prose"
)

// holdProgress requires that after heal every live contender gets its turn: no hold, or lease, is free while a client
// waits, and at the end no client stands in line that neither waits nor holds.
var holdProgress = frame.Progress("idle time, final lists", frame.FromSessions, decideHoldProgress)

// placesOf returns how many clients can hold a key, and text saying that fewer do.
func placesOf(k *evidence.Key) (n int, idle string) {
	if k.Object.State != models.Shared {
		return 1, "no client held it"
	}
	n = max(1, k.Params.Leases)
	return n, "fewer than " + prose.Count(n, "client") + " held it"
}

// OwnProgress is the property progress for holds of a program's own objects. Their lines are not
// known, so only idle time and refusals count.
var OwnProgress = frame.Progress("idle time", frame.FromSessions, func(_ context.Context, k *evidence.Key) frame.Finding {
	var f frame.Finding
	n, idle := placesOf(k)
	decideIdle(&f, k, n, idle)
	decideRefused(&f, k)
	decideDeclined(&f, k)
	f.Timed(k.Record)
	return f
})

// decideHoldProgress decides the property progress for zklab's own holds.
func decideHoldProgress(ctx context.Context, k *evidence.Key) frame.Finding {
	var f frame.Finding
	n, idle := placesOf(k)
	decideLeftBehind(ctx, &f, k)
	decideIdle(&f, k, n, idle)
	decideOrphans(&f, k)
	decideRefused(&f, k)
	f.Timed(k.Record)
	return f
}

// decideIdle looks for a long time in which a live client waited and fewer than n held.
func decideIdle(f *frame.Finding, k *evidence.Key, n int, idle string) {
	holds := holdsOf(k)
	spans := make([]evidence.Span, 0, len(holds))
	for _, h := range holds {
		spans = append(spans, evidence.Span{From: h.Granted, To: h.idleFrom()})
	}
	waits, ops := waiting(k, func(op *history.Operation) bool { return op.F == models.FAcquire })
	judgeIdle(f, k, waits, ops, crowded(spans, n), idle)
}

// judgeIdle judges waits for operations while the key was not busy; idle describes that state in words.
func judgeIdle(f *frame.Finding, k *evidence.Key, waits []evidence.Span, ops []*history.Operation, busy []evidence.Span, idle string) {
	f.JudgeWaits(k.Record, evidence.Subtract(waits, busy), func(from, to time.Duration) bool { return evidence.Touches(busy, from, to) },
		func(s evidence.Span, length time.Duration) (string, []int) {
			waited := during(ops, s)
			var counterexample []int
			for _, op := range waited {
				counterexample = append(counterexample, evidence.EventsOf(op)...)
			}
			if left, seen := final(k); left != nil && len(left.Contenders) > 0 { // this may be what it waited for
				counterexample = append(counterexample, seen.Index)
			}
			return "client " + words.Number(waited[0].Client) + " waited for " + k.Name + " from " + words.At(waited[0].Began()) +
				", and " + idle + " from " + words.At(s.From) + " to " + words.At(s.To) + " (" + words.Lasting(length) + ", of " + words.Lasting(k.Bound) + " allowed)", counterexample
		})
}

// refusals holds the acquires of one client since it last held that were all answered
// at once with the same error, while the client was connected.
type refusals struct {
	first, second, last *history.Operation
	n                   int
}

// decideRefused looks for a client that asked for its turn when all was well and was refused at
// once. Such a client did not wait, so it did not wait too long; but a lock that returns an error
// for ever after its session expired is wrong. If the client was refused for the same reason each
// time, for longer than the bound, that is a violation. After a single refusal it is not known
// whether the client would have got its turn. If nothing ever worked, there is no violation either:
// then the subject lacks something.
func decideRefused(f *frame.Finding, k *evidence.Key) {
	of := map[int]*refusals{}
	for _, op := range k.Ops() {
		if op.F != models.FAcquire || op.Return == nil || k.OfNew(op) {
			continue
		}
		r := of[op.Client]
		switch {
		case op.Outcome() == history.OK:
			delete(of, op.Client)
		case !refused(k.Record, op):
		case r == nil || r.last.Return.Error.Message != op.Return.Error.Message:
			of[op.Client] = &refusals{first: op, last: op, n: 1}
		default:
			if r.n++; r.n == 2 {
				r.second = op
			}
			r.last = op
		}
	}
	never := ""
	if len(of) > 0 {
		never = k.NeverWorked()
	}
	for _, client := range slices.Sorted(maps.Keys(of)) {
		r := of[client]
		if never != "" {
			f.Unknown("%s", never)
			return
		}
		if r.last.Began() < k.Settled {
			continue
		}
		f.Count("refused", 1)
		why := r.last.Return.Error.Message
		if s := (evidence.Span{From: r.first.Began(), To: r.last.Return.Time}); r.n >= 3 && frame.Overdue(k.Record, s, s.Length()) == frame.Violation {
			f.Violated(slices.Concat(evidence.EventsOf(r.first), evidence.EventsOf(r.second), evidence.EventsOf(r.last)), "client %d asked for %s %d times from %s to %s, also after heal, and was refused at once each time: %s",
				client, k.Name, r.n, words.At(s.From), words.At(s.To), why)
			continue
		}
		f.Unknown("client %d asked for %s at %s, after heal, and was refused at once: %s", client, k.Name, words.At(r.last.Began()), why)
	}
}

// refused reports whether an acquire got an error at once, and not the answer that another client holds.
func refused(a *evidence.Record, op *history.Operation) bool {
	return frame.RefusedAtOnce(a, op) && !declined(op)
}

// declined reports whether the answer was that another client holds.
func declined(op *history.Operation) bool {
	return op.Outcome() == history.Fail && op.Return.Error != nil && op.Return.Error.Code == history.CodeRefused
}

// waiting returns when live clients waited for some operations of a key, and those operations. It
// leaves out waits that were answered soon or refused at once.
func waiting(k *evidence.Key, which func(*history.Operation) bool) ([]evidence.Span, []*history.Operation) {
	var of []evidence.Span
	var ops []*history.Operation
	for _, op := range k.Ops() {
		s := evidence.Span{From: op.Began(), To: min(evidence.Ended(op), k.End)}
		if !which(op) || s.Length() < frame.RealWait {
			continue
		}
		if live := k.WhileLive(op.Client, s); len(live) > 0 {
			of = append(of, live...)
			ops = append(ops, op)
		}
	}
	return evidence.Union(of), ops
}

// during returns a minimal list of operations, in order of invocation, which together show that a
// client waited throughout s.
func during(ops []*history.Operation, s evidence.Span) []*history.Operation {
	var of []*history.Operation
	reach := evidence.Always
	for _, op := range ops {
		if op.Began() < s.To && evidence.Ended(op) > s.From && evidence.Ended(op) > reach {
			if n := len(of); n > 1 && op.Began() <= evidence.Ended(of[n-2]) {
				of = of[:n-1] // the last one turned out not to be needed
			}
			of, reach = append(of, op), evidence.Ended(op)
		}
	}
	return of
}

// decideOrphans reads the list of contenders that was taken at the end.
func decideOrphans(f *frame.Finding, k *evidence.Key) {
	final, seen := final(k)
	if final == nil {
		f.Unknown("there is no list of contenders from the end, so it is not known whether one was left behind")
		return
	}
	for _, c := range final.Contenders {
		s := k.Session(c.Owner)
		if s == nil || s.Client < 0 {
			f.Count("foreign_children", 1)
			continue
		}
		f.Count("contenders_at_end", 1)
		since, wants := lastWish(k, s, seen)
		if wants {
			continue
		}
		since = max(since, k.Settled)
		if k.Settled == evidence.Never {
			continue
		}
		r := old(k.Record, evidence.Span{From: since, To: seen.Time})
		f.Overdue(r, append([]int{seen.Index}, lastEvents(k, s, seen)...),
			"at %s %s still stood in line for %s, though its session %s of client %d neither waited nor held since %s",
			words.At(seen.Time), c.Name, k.Name, s.ID, s.Client, words.At(since))
		if n := k.Log.Newest(k.Params.Root+"/"+k.Name+"/"+c.Name, c.Owner); n != nil && r == frame.Violation {
			f.Names(n)
		}
	}
}

// old is like overdue, but returns unknown instead of valid for a span within the
// bound.
func old(a *evidence.Record, s evidence.Span) frame.Result {
	if s.Length() <= a.Bound+a.Stalled(s) {
		return frame.Unknown
	}
	return frame.Violation
}

// final returns the last list of contenders of a key, with its event.
func final(k *evidence.Key) (*models.Final, *history.Event) {
	for i := len(k.Facts) - 1; i >= 0; i-- {
		if e := k.Facts[i]; e.F == history.FFinal {
			var v models.Final
			k.Decode(e, &v)
			return &v, e
		}
	}
	return nil, nil
}

// lastWish reports whether a session had reason to stand in line at an event, and if it
// had none, since when.
func lastWish(k *evidence.Key, s *evidence.Session, seen *history.Event) (time.Duration, bool) {
	since := min(s.Expired, s.DiedBy)
	if since > seen.Time { // it was alive then: the harness ends all sessions after its last look
		since = evidence.Always
	}
	for _, op := range k.Ops() {
		if op.F != models.FAcquire || op.Invoke.Index > seen.Index || !owns(k.Record, op, s) {
			continue
		}
		if k.OverBy(op) >= seen.Time {
			return 0, true
		}
		since = max(since, k.OverBy(op))
	}
	for _, h := range holdsOf(k) {
		if h.Client != s.Client || h.Granted > seen.Time || !slices.Contains(h.death.Owners, s) {
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

// owns reports whether s can own what op made.
func owns(a *evidence.Record, op *history.Operation, s *evidence.Session) bool {
	if op.Client != s.Client {
		return false
	}
	return slices.Contains(a.Owners(op), s)
}

// lastEvents returns the events of the session's last acquire and release before seen.
func lastEvents(k *evidence.Key, s *evidence.Session, seen *history.Event) []int {
	var last []int
	for _, op := range k.Ops() {
		if op.Client == s.Client && op.Invoke.Index < seen.Index && (op.F == models.FAcquire || op.F == models.FRelease) {
			last = evidence.EventsOf(op)
		}
	}
	return last
}
