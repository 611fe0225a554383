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
)

// Partitioner is a set of items that members share. Exclusion, tokens and fencing are as for a
// multi-lock: a share is a hold of its items.
//
// The operations show which clients are members: a client is one from its first acquire until it
// has left, an acquire has failed or its process has ended. The promises for a constant set of
// members apply only while the members stay the same, and while all of them do their part: each
// waits for its share, or holds one and waits to be told that another share is due to it.
var Partitioner = frame.Model{
	Object:     models.Partitioner,
	Properties: []*frame.Property{exclusion, grants, tokens, fencing, lost, coverage, balance, shareProgress, frame.OwnZnodes, holdsLogged},
	References: []*frame.Reference{partsReference, partsTokensReference},
}

// coverage requires that no item is left over: once the members stay the same, every item is
// held.
var coverage = &frame.Property{
	Name:     "coverage",
	NoModel:  frame.Timed,
	Liveness: true,
	Meaning:  "once the members stayed the same, each item was held by one of them",
	Decider:  "idle time of items",
	Evidence: frame.FromSessions,
	Applies:  frame.IsOwn,
	Decide:   onSharing(decideCoverage),
	Exercise: dealtAnew,
}

// balance requires that the shares are even: once the members stay the same, no share has two items
// more than another.
var balance = &frame.Property{
	Name:     "balance",
	NoModel:  frame.Timed,
	Liveness: true,
	Meaning:  "once the members stayed the same, no share had two items more than another",
	Decider:  "sizes of shares that are held together",
	Evidence: frame.FromSessions,
	Applies:  frame.IsOwn,
	Decide:   onSharing(decideBalance),
	Exercise: dealtAnew,
}

// shareProgress requires that, after the heal, no client waits for its share while nothing changes.
var shareProgress = frame.Progress("waits while the members stay the same, final lists", frame.FromSessions, func(_ context.Context, k *evidence.Key) frame.Finding {
	var f frame.Finding
	decideShareWaits(&f, k)
	decideOrphans(&f, k)
	decideRefused(&f, k)
	f.Timed(k.Record)
	return f
})

// dealtAnew describes what is missing for shares to have been dealt again, or returns "".
func dealtAnew(_ *evidence.Record, figures map[string]float64) string {
	if missing := frame.Few(figures["told"], 2, "times a member saw that another share was due to it"); missing != "" {
		return missing
	}
	return frame.Few(figures["together"], 5, "shares that were granted while another client held one")
}

// onSharing decides promises that apply once the members stay the same.
func onSharing(decide func(context.Context, *frame.Finding, *evidence.Key)) func(context.Context, *evidence.Key) frame.Finding {
	return func(ctx context.Context, k *evidence.Key) (f frame.Finding) {
		f.Add(sharingOf(k).figures)
		decide(ctx, &f, k)
		f.Timed(k.Record)
		return f
	}
}

// sharing records when members shared a set, and when they did not do their part.
type sharing struct {
	figures map[string]float64
	items   []string // of the set, sorted
	clients int      // number of clients that were members at any time
	moves   []evidence.Span
	// deaf is when a client held a share without waiting to be told that another one was due; away is
	// when a client that may have been a member neither held a share nor asked for one.
	deaf, away []evidence.Span
	active     []evidence.Span // when a live client held a share or asked for one
}

var sharingOf = evidence.OncePerKey(readSharing)

func readSharing(k *evidence.Key) *sharing {
	s := &sharing{figures: map[string]float64{}}
	ops, shares := map[int][]*history.Operation{}, byClient(holdsOf(k))
	for _, op := range k.Ops() {
		ops[op.Client] = append(ops[op.Client], op)
		if op.F == models.FAcquire {
			s.items = append(s.items, askedFor(k, op)...)
		}
		if isDue(k, op) {
			s.figures["told"]++
		}
	}
	slices.Sort(s.items)
	s.items = slices.Compact(s.items)
	s.clients = len(ops)
	for client, of := range ops {
		s.readMember(k, client, of, shares[client])
	}
	s.moves, s.deaf, s.away = evidence.Union(s.moves), evidence.Union(s.deaf), evidence.Union(s.away)
	s.active = evidence.Union(s.active)
	s.figures["together"] = float64(len(contended(k, byPart(coresOf(holdsOf(k))))))
	return s
}

// isDue reports whether an operation told its client that another share is due to it.
func isDue(k *evidence.Key, op *history.Operation) bool {
	var v models.Due
	if op.F == models.FChanged && op.Outcome() == history.OK {
		k.Decode(op.Return, &v)
	}
	return v.Due
}

// readMember reads when a client became a member and ceased to be one, and what it did meanwhile.
func (s *sharing) readMember(k *evidence.Key, client int, ops []*history.Operation, shares []*hold) {
	var asks, hears []evidence.Span
	doubtful := false // the outcome of its leave is unknown, so it may be a member or not
	in, member := false, evidence.Span{From: evidence.Never, To: evidence.Always}
	moved := func(at time.Duration) { s.moves = append(s.moves, evidence.Span{From: at, To: at}) }
	var memberships []evidence.Span
	ends := func(at time.Duration) {
		moved(at)
		if in {
			memberships = append(memberships, evidence.Span{From: member.From, To: at})
		}
		in = false
	}
	exit := evidence.Never
	for _, op := range ops {
		if exit < op.Began() {
			ends(exit)
		}
		if op.F == models.FAcquire && (!in || doubtful) {
			moved(op.Began())
			if !in {
				member.From = op.Began()
			}
			in, doubtful = true, false
		}
		exit, _ = k.ExitAfter(client, op.Began())
		span := evidence.Span{From: op.Began(), To: min(evidence.Ended(op), exit, k.End)}
		switch {
		case op.F == models.FAcquire:
			asks = append(asks, span)
			if op.Outcome() != history.OK {
				ends(span.To)
			}
		case op.F == models.FChanged:
			hears = append(hears, span)
		case op.F == models.FLeave && op.Outcome() == history.Fail:
			moved(op.Began())
		case op.F == models.FLeave:
			s.moves = append(s.moves, span) // at some moment of that span
			if doubtful = op.Outcome() != history.OK; !doubtful {
				ends(span.To)
			}
		}
	}
	if exit < k.End {
		ends(exit)
	}
	if in {
		ends(k.End)
	}
	s.readPart(k, client, memberships, asks, hears, shares)
}

// readPart reads when a member did not do its part.
func (s *sharing) readPart(k *evidence.Key, client int, memberships, asks, hears []evidence.Span, shares []*hold) {
	var held []evidence.Span
	for _, h := range shares {
		held = append(held, h.lasts(k))
	}
	memberships = evidence.Union(memberships)
	for _, session := range k.OldestFirst() {
		for _, over := range []time.Duration{session.DiedBy, session.Expired} {
			if session.Client == client && evidence.Touches(memberships, over, over) { // it becomes a member again
				s.moves = append(s.moves, evidence.Span{From: over, To: over})
			}
		}
	}
	held, asks = evidence.Union(held), evidence.Union(asks)
	s.deaf = append(s.deaf, evidence.Subtract(held, evidence.Union(hears))...)
	doing := evidence.Union(slices.Concat(held, asks))
	s.away = append(s.away, evidence.Subtract(memberships, doing)...)
	for _, span := range doing {
		s.active = append(s.active, k.WhileLive(client, span)...)
	}
}

// lasts returns the time in which a hold lasted, as its client saw it.
func (h *hold) lasts(k *evidence.Key) evidence.Span {
	return evidence.Span{From: h.Granted, To: max(h.Granted, min(h.idleFrom(), k.End))}
}

// decideShareWaits looks for a client that waited for its share for too long.
func decideShareWaits(f *frame.Finding, k *evidence.Key) {
	s := sharingOf(k)
	if s.clients > len(s.items) { // the other clients may have had to stand by
		return
	}
	busy := evidence.Union(slices.Concat(s.moves, s.deaf))
	of := map[int][]evidence.Span{}
	ops := map[int][]*history.Operation{}
	for _, op := range k.Ops() {
		span := evidence.Span{From: op.Began(), To: min(evidence.Ended(op), k.End)}
		if op.F == models.FAcquire && span.Length() >= frame.RealWait {
			of[op.Client] = append(of[op.Client], k.WhileLive(op.Client, span)...)
			ops[op.Client] = append(ops[op.Client], op)
		}
	}
	for _, client := range slices.Sorted(maps.Keys(of)) {
		waits := evidence.Subtract(evidence.Union(of[client]), busy)
		f.JudgeWaits(k.Record, waits, func(from, to time.Duration) bool { return evidence.Touches(busy, from, to) },
			func(span evidence.Span, length time.Duration) (string, []int) {
				return "client " + words.Number(client) + " waited for its share of " + k.Name + ", while the members stayed the same from " +
					words.At(span.From) + " to " + words.At(span.To) + overdue(k, length), eventsDuring(ops[client], span)
			})
	}
}

// overdue returns text saying how long something took, and how long it may take.
func overdue(k *evidence.Key, length time.Duration) string {
	return " (" + words.Lasting(length) + ", of " + words.Lasting(k.Bound) + " allowed)"
}

// eventsDuring returns the events of operations that were under way throughout a span.
func eventsDuring(ops []*history.Operation, span evidence.Span) (events []int) {
	for _, op := range during(ops, span) {
		events = append(events, evidence.EventsOf(op)...)
	}
	return events
}

// decideCoverage looks for an item that no client held for too long.
func decideCoverage(ctx context.Context, f *frame.Finding, k *evidence.Key) {
	s := sharingOf(k)
	of := byPart(holdsOf(k))
	for _, item := range s.items {
		if ctx.Err() != nil {
			return
		}
		busy := slices.Concat(s.moves, s.deaf, s.away)
		for _, h := range of[item] {
			busy = append(busy, h.lasts(k))
		}
		busy = evidence.Union(busy)
		f.JudgeWaits(k.Record, evidence.Subtract(s.active, busy), func(from, to time.Duration) bool { return evidence.Touches(busy, from, to) },
			func(span evidence.Span, length time.Duration) (string, []int) {
				text, events := activeDuring(k, span)
				return "no client held " + nameOf(k.Name, item) + " from " + words.At(span.From) + " to " + words.At(span.To) + overdue(k, length) +
					", while " + text, events
			})
	}
}

// activeDuring describes the clients that held shares, or waited for one, throughout a span.
func activeDuring(k *evidence.Key, span evidence.Span) (text string, events []int) {
	var ops []*history.Operation
	for _, op := range k.Ops() {
		if op.F == models.FAcquire || op.F == models.FChanged {
			ops = append(ops, op)
		}
	}
	text = "others waited for their shares"
	for _, op := range during(ops, span) {
		events = append(events, evidence.EventsOf(op)...)
		if h := holdAt(byClient(holdsOf(k))[op.Client], op); op.F == models.FChanged && h != nil {
			text = "client " + words.Number(h.Client) + " held " + h.of(k.Name)
			events = append(events, h.Shown...)
		}
	}
	return text, events
}

// heard returns the events of the calls in which the client of a hold waited, during a span, to be
// told that another share is due to it.
func (h *hold) heard(k *evidence.Key, span evidence.Span) (events []int) {
	var ops []*history.Operation
	for _, op := range k.Ops() {
		if op.F == models.FChanged && op.Client == h.Client {
			ops = append(ops, op)
		}
	}
	return append(eventsDuring(ops, span), h.Shown...)
}

// decideBalance looks for two shares that were held together for too long, of which one has at least
// two items more than the other.
func decideBalance(ctx context.Context, f *frame.Finding, k *evidence.Key) {
	s := sharingOf(k)
	of := map[int][]*hold{}
	for _, h := range holdsOf(k) {
		of[len(h.held())] = append(of[len(h.held())], h)
	}
	busy := evidence.Union(slices.Concat(s.moves, s.deaf))
	sizes := slices.Sorted(maps.Keys(of))
	for i, few := range sizes {
		for _, many := range sizes[i+1:] {
			if ctx.Err() != nil {
				return
			}
			if many-few < 2 {
				continue
			}
			uneven := evidence.Intersect(heldLive(k, of[few]), heldLive(k, of[many]))
			f.JudgeWaits(k.Record, evidence.Subtract(uneven, busy), func(from, to time.Duration) bool { return evidence.Touches(busy, from, to) },
				func(span evidence.Span, length time.Duration) (string, []int) {
					less, more := heldDuring(k, of[few], span), heldDuring(k, of[many], span)
					return "client " + words.Number(more.Client) + " held " + words.Number(many) + " items of " + k.Name + " and client " + words.Number(less.Client) + " held " +
						words.Number(few) + ", while the members stayed the same from " + words.At(span.From) + " to " + words.At(span.To) + overdue(k, length), append(less.heard(k, span), more.heard(k, span)...)
				})
		}
	}
}

// heldLive returns the times in which a live client had one of some holds.
func heldLive(k *evidence.Key, all []*hold) (of []evidence.Span) {
	for _, h := range all {
		of = append(of, k.WhileLive(h.Client, h.lasts(k))...)
	}
	return evidence.Union(of)
}

// heldDuring returns the first of some holds that lasted at the beginning of a span.
func heldDuring(k *evidence.Key, all []*hold, span evidence.Span) *hold {
	for _, h := range all {
		if at := h.lasts(k); at.From <= span.From && at.To > span.From {
			return h
		}
	}
	return all[0]
}
