package locks

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// gives says that the subject gives fencing tokens.
func gives(a *evidence.Record) bool { return offersOf(a).Fencing }

// tokens says that fencing tokens rise with every grant.
//
// In the order of tokens, each hold is put as early as it can be. That order is
// fixed, so the earliest choice is the best one, and the check is exact. The
// order in which acquires returned says nothing: a grant whose session died
// meanwhile can return after that of its successor.
var tokens = &frame.Property{
	Name:     "tokens",
	Meaning:  "fencing tokens rose with each grant",
	Decider:  "greedy in token order",
	Evidence: frame.FromSessions,
	Applies:  gives,
	Decide: func(_ context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		f.Add(figuresOf(k))
		decideTokens(&f, k.Name, usable(&f, holdsOf(k)))
		return f
	},
	Exercise: contention,
}

// byToken are the holds that have a token, in order of these. called is what the object
// calls it.
func byToken(f *frame.Finding, all []*hold, called string) []*hold {
	var with []*hold
	for _, h := range all {
		if h.Token == 0 {
			f.Count("without_token", 1)
			f.Note("some grants carry no %s: they were left out", called)
			continue
		}
		with = append(with, h)
	}
	slices.SortFunc(with, func(x, y *hold) int {
		return cmp.Or(x.Token.Compare(y.Token), cmp.Compare(x.Granted, y.Granted), cmp.Compare(x.id, y.id))
	})
	return with
}

func decideTokens(f *frame.Finding, key string, holds []*hold) {
	with := byToken(f, holds, "token")
	cur := evidence.Always
	var by *hold // the hold whose earliest end, or call, cur is
	for i, h := range with {
		if i > 0 && with[i-1].Token == h.Token && !sameNode(with[i-1], h) {
			l := with[i-1]
			f.Violated(append(slices.Clone(l.Shown), h.Shown...), "clients %d and %d were granted %s at %s and %s with the same token %s",
				l.Client, h.Client, key, words.At(l.Granted), words.At(h.Granted), h.Token)
		}
		switch latest := min(h.Granted, h.e); {
		case h.Asked > h.e:
			phantom(f, key, h)
			continue
		case cur > latest:
			witness := append(by.shown(), h.Shown...)
			if h.e < h.Granted {
				_, released := h.released()
				witness = append(append(witness, h.death.ByEvent), released...)
			}
			f.Violated(witness, "client %d was granted %s by %s%s, yet the grant of client %d with the lower token %s was in force at %s",
				h.Client, key, words.At(latest), words.WithToken(h.Token), by.Client, by.Token, words.At(cur))
		}
		if own := max(h.Asked, h.x); own > cur {
			cur, by = own, h
		}
	}
}

// sameNode says that two holds can be of one znode: a leader that got its
// leadership back without a new candidacy.
func sameNode(x, y *hold) bool {
	return x.Client == y.Client && (x.death.Newest == y.death.Newest || x.death.Newest == nil || y.death.Newest == nil)
}

// fencing says that the guarded resource, which refuses lower tokens than it
// has seen, never refused the present holder, and refused every earlier one
// after a later one's first write. A stale write before that may be accepted.
var fencing = &frame.Property{
	Name:     "fencing",
	Meaning:  "the guarded resource accepted every present holder and refused past ones",
	Decider:  "order of writes",
	Evidence: frame.FromSessions,
	Applies:  gives,
	Decide: func(_ context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		f.Add(figuresOf(k))
		decideFencing(&f, k, usable(&f, holdsOf(k)))
		return f
	},
	Exercise: func(a *evidence.Record, figures map[string]float64) string {
		if figures["writes"] == 0 {
			return "no holder wrote to the guarded resource"
		}
		return contention(a, figures)
	},
}

// guarded is a write that the resource answered.
type guarded struct {
	op    *history.Operation
	token history.ID
	history.Written
}

func decideFencing(f *frame.Finding, k *evidence.Key, holds []*hold) {
	writes := make([]guarded, 0, len(k.Ops)/4)
	for _, op := range k.Ops {
		if op.F != history.FWrite || op.Outcome() != history.OK {
			continue
		}
		w := guarded{op: op}
		var g history.Grant
		k.Decode(op.Invoke, &g)
		k.Decode(op.Return, &w.Written)
		w.token = g.Token
		writes = append(writes, w)
	}
	slices.SortStableFunc(writes, func(x, y guarded) int { return cmp.Compare(x.Order, y.Order) })
	f.Count("writes", float64(len(writes)))
	of := byClient(holds)
	var highest *guarded // accepted so far
	for i := range writes {
		w := &writes[i]
		h := holdAt(of[w.op.Client], w.op)
		switch {
		case !w.Accepted:
			f.Count("refused", 1)
			if h != nil && h.Token == w.token && h.Granted <= w.op.Began() && w.op.Return.Time <= h.x {
				witness := append(h.shown(), evidence.EventsOf(w.op)...)
				by := ""
				if highest != nil {
					witness = append(witness, evidence.EventsOf(highest.op)...)
					by = ", after a write of client " + words.Number(highest.op.Client) + words.WithToken(highest.token)
				}
				f.Violated(witness, "client %d held %s %s%s, yet its write at %s was refused%s",
					h.Client, k.Name, h.certain(), words.WithToken(h.Token), words.At(w.op.Began()), by)
			}
		case highest != nil && w.token.Compare(highest.token) < 0:
			f.Violated(append(evidence.EventsOf(highest.op), evidence.EventsOf(w.op)...), "the write of client %d to %s at %s%s was accepted after that of client %d%s",
				w.op.Client, k.Name, words.At(w.op.Began()), words.WithToken(w.token), highest.op.Client, words.WithToken(highest.token))
		default:
			highest = w
		}
	}
}

// byClient groups holds by client, in order of their grants.
func byClient(holds []*hold) map[int][]*hold {
	of := map[int][]*hold{}
	for _, h := range holds {
		of[h.Client] = append(of[h.Client], h)
	}
	return of
}

// holdAt is the newest of a client's holds at an operation's invocation.
func holdAt(holds []*hold, op *history.Operation) *hold {
	i, _ := slices.BinarySearchFunc(holds, op.Began(), func(h *hold, t time.Duration) int {
		if h.Granted <= t {
			return -1
		}
		return 1
	})
	if i == 0 {
		return nil
	}
	return holds[i-1]
}
