package locks

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// MultiLock is an object with several keys, of which a client locks some at once, or none.
// Exclusion, tokens and fencing are as for a lock, for each of the keys; a client locks all
// its keys at the same moment.
var MultiLock = frame.Model{
	Object:     models.MultiLock,
	Properties: []*frame.Property{exclusion, grants, tokens, fencing, lost, allOrNone, setProgress, frame.OwnZnodes, holdsLogged},
	References: []*frame.Reference{partsReference, partsTokensReference},
}

// allOrNone requires that a client that does not get all keys gets none: an acquire without
// success leaves no contender behind for any of them.
var allOrNone = &frame.Property{
	Name:     "all-or-none",
	NoModel:  frame.Timed,
	Meaning:  "a client that did not get all its keys kept none",
	Decider:  "final lists",
	Evidence: frame.FromSessions,
	Applies:  frame.IsOwn,
	Decide: func(_ context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		f.Count("given_up", 0)
		for _, op := range givenUp(k) {
			f.CountCall(k.Record, "given_up", op)
		}
		decideOrphans(&f, k)
		f.Timed(k.Record)
		return f
	},
	Exercise: frame.Wants("given_up", 2, "acquires of several keys that failed"),
}

// givenUp returns the acquires of several keys that did not succeed.
func givenUp(k *evidence.Key) (all []*history.Operation) {
	for _, op := range k.Ops() {
		if op.F == models.FAcquire && op.Return != nil && op.Outcome() != history.OK && len(askedFor(k, op)) > 1 {
			all = append(all, op)
		}
	}
	return all
}

// setProgress requires that, after the heal, every live contender gets its turn: no client waits
// for keys that are free and are not connected, through the waits of other clients, with a key that
// is held.
var setProgress = frame.Progress("idle time of connected keys", frame.FromSessions, func(ctx context.Context, k *evidence.Key) frame.Finding {
	var f frame.Finding
	f.Count("crosswise", float64(crosswise(k)))
	decideIdleSets(ctx, &f, k)
	decideRefused(&f, k)
	f.Timed(k.Record)
	return f
})

func init() {
	setProgress.Exercise = frame.Wants("crosswise", 5, "acquires that met one of two keys in common, named in another order")
}

// claim is a wait for some keys, or a hold of them.
type claim struct {
	set string // the keys, as one name
	evidence.Span
	op *history.Operation // the operation that waits; nil: the client holds
}

// claims lists the claims on a key.
type claims struct {
	all   []claim
	parts map[string][]string // the keys of each set
	waits map[string][]claim  // waits of live clients that are long enough to be judged, by set
	sets  []string            // sets for which a client waits that long, in order
}

func setName(parts []string) string { return strings.Join(parts, "\x00") }

func (c *claims) add(parts []string, span evidence.Span, op *history.Operation) {
	if span.Length() <= 0 {
		return
	}
	set := setName(parts)
	c.parts[set] = parts
	c.all = append(c.all, claim{set: set, Span: span, op: op})
	if op != nil && evidence.Ended(op)-op.Began() >= frame.RealWait {
		if c.waits[set] == nil {
			c.sets = append(c.sets, set)
		}
		c.waits[set] = append(c.waits[set], c.all[len(c.all)-1])
	}
}

// claimsOf returns the waits of live clients for a key, and its holds. Short waits are not
// judged, but are in the way of others while they last.
func claimsOf(k *evidence.Key) *claims {
	c := &claims{parts: map[string][]string{}, waits: map[string][]claim{}}
	for _, op := range k.Ops() {
		if op.F != models.FAcquire {
			continue
		}
		parts, s := askedFor(k, op), evidence.Span{From: op.Began(), To: min(evidence.Ended(op), k.End)}
		if s.Length() < frame.RealWait {
			c.add(parts, s, op)
			continue
		}
		for _, live := range k.WhileLive(op.Client, s) {
			c.add(parts, live, op)
		}
	}
	for _, h := range holdsOf(k) {
		c.add(h.held(), evidence.Span{From: h.Granted, To: min(h.idleFrom(), k.End)}, nil)
	}
	return c
}

// decideIdleSets looks, for each set of keys that a client waits for, for a long time in which no
// client held one of them, nor a key for which others wait together with one of them, and so on:
// since waiters are served in order, a waiter also stands behind those. Deadlocked waiters wait for
// each other, and for no holder.
func decideIdleSets(ctx context.Context, f *frame.Finding, k *evidence.Key) {
	c := claimsOf(k)
	busy, all := c.busy(ctx)
	if !all {
		return // some waits are missing, without which a client may seem to have waited for no holder
	}
	for _, set := range c.sets {
		waits := make([]evidence.Span, 0, len(c.waits[set]))
		var ops []*history.Operation
		for _, w := range c.waits[set] {
			waits = append(waits, w.Span)
			if len(ops) == 0 || ops[len(ops)-1] != w.op {
				ops = append(ops, w.op)
			}
		}
		f.JudgeWaits(k.Record, evidence.Subtract(evidence.Union(waits), busy[set]), func(from, to time.Duration) bool { return evidence.Touches(busy[set], from, to) },
			func(s evidence.Span, length time.Duration) (string, []int) {
				waited := during(ops, s)
				var counterexample []int
				for _, op := range waited {
					counterexample = append(counterexample, evidence.EventsOf(op)...)
				}
				return "client " + words.Number(waited[0].Client) + " waited for " + namesOf(k.Name, c.parts[set]) + " from " + words.At(waited[0].Began()) +
					", and no client in its way held anything from " + words.At(s.From) + " to " + words.At(s.To) + " (" + words.Lasting(length) + ", of " + words.Lasting(k.Bound) + " allowed)", counterexample
			})
	}
}

// claimed is how many clients wait for a set, and how many hold it, at one moment.
type claimed struct{ waits, holds int }

// busy returns, for each set, the times in which a client that was in its way held. all is false if
// ctx ended before the result was complete.
func (c *claims) busy(ctx context.Context) (of map[string][]evidence.Span, all bool) {
	type turn struct {
		at    time.Duration
		by    int
		claim *claim
	}
	turns := make([]turn, 0, 2*len(c.all))
	for i := range c.all {
		turns = append(turns, turn{c.all[i].From, 1, &c.all[i]}, turn{c.all[i].To, -1, &c.all[i]})
	}
	slices.SortFunc(turns, func(x, y turn) int { return cmp.Compare(x.at, y.at) })
	of = map[string][]evidence.Span{}
	open := map[string]claimed{}
	var now []string // the sets with a holder in the way
	stale := true
	for i, t := range turns {
		if ctx.Err() != nil {
			return of, false
		}
		was := open[t.claim.set]
		is := was
		if t.claim.op != nil {
			is.waits += t.by
		} else {
			is.holds += t.by
		}
		stale = stale || (was.waits > 0) != (is.waits > 0) || (was.holds > 0) != (is.holds > 0)
		if open[t.claim.set] = is; is == (claimed{}) {
			delete(open, t.claim.set)
		}
		if i+1 == len(turns) || turns[i+1].at == t.at {
			continue
		}
		if stale {
			now, stale = c.blocked(open), false
		}
		for _, set := range now {
			of[set] = extended(of[set], evidence.Span{From: t.at, To: turns[i+1].at})
		}
	}
	return of, true
}

// extended adds a span to an ordered list of spans.
func extended(all []evidence.Span, s evidence.Span) []evidence.Span {
	if n := len(all); n > 0 && all[n-1].To == s.From {
		all[n-1].To = s.To
		return all
	}
	return append(all, s)
}

// blocked returns the sets that are judged and have a holder in the way. Keys are connected if a
// client waits for both or holds both.
func (c *claims) blocked(open map[string]claimed) []string {
	next := map[string]string{} // a key that this one is connected with; the last of a chain stands for all keys in it
	root := func(part string) string {
		for {
			to, ok := next[part]
			if !ok {
				return part
			}
			part = to
		}
	}
	for set := range open {
		first := root(c.parts[set][0])
		for _, part := range c.parts[set][1:] {
			if other := root(part); other != first {
				next[other] = first
			}
		}
	}
	held := map[string]bool{}
	for set, n := range open {
		if n.holds > 0 {
			held[root(c.parts[set][0])] = true
		}
	}
	var blocked []string
	for set := range open {
		if c.waits[set] != nil && held[root(c.parts[set][0])] {
			blocked = append(blocked, set)
		}
	}
	return blocked
}

// mostOrders is the maximum number of orders of keys that are compared with each other.
const mostOrders = 64

// crosswise counts acquires that were invoked during another acquire, or its hold, that
// names two or more of the same keys in another order.
func crosswise(k *evidence.Key) int {
	granted := map[*history.Operation]time.Duration{}
	for _, h := range holdsOf(k) {
		granted[h.Grant] = h.idleFrom()
	}
	n := 0
	orders, until := map[string][]string{}, map[string]time.Duration{}
	for _, op := range k.Ops() {
		var v models.Keys
		if op.F != models.FAcquire {
			continue
		}
		if k.Decode(op.Invoke, &v); len(v.Keys) < 2 {
			continue
		}
		order := setName(v.Keys)
		if orders[order] == nil && len(orders) < mostOrders {
			orders[order] = v.Keys
		}
		for name, other := range orders {
			if until[name] >= op.Began() && cross(other, v.Keys) {
				n++
				break
			}
		}
		until[order] = max(until[order], evidence.Ended(op), granted[op])
	}
	return n
}

// cross reports whether two lists name two of the same things in different orders.
func cross(x, y []string) bool {
	last := -1
	for _, key := range y {
		i := slices.Index(x, key)
		if i >= 0 && i < last {
			return true
		}
		last = max(last, i)
	}
	return false
}
