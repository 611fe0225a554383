package checker

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// gives says that the subject gives fencing tokens.
func gives(a *analysis) bool { return a.fencing }

// tokens says that fencing tokens rise with every grant.
//
// In the order of tokens, each hold is put as early as it can be. That order is
// fixed, so the earliest choice is the best one, and the check is exact. The
// order in which acquires returned says nothing: a grant whose session died
// meanwhile can return after that of its successor.
var tokens = &property{
	name:     "tokens",
	decider:  "greedy in token order",
	evidence: sessionEvidence,
	applies:  gives,
	decide: func(_ context.Context, a *analysis, k *keyRecord) finding {
		var f finding
		f.add(k.holdFigures(a))
		decideTokens(&f, k.key, usable(&f, k.holds(a)))
		return f
	},
	exercise: contention,
}

func decideTokens(f *finding, key string, holds []*hold) {
	var with []*hold
	for _, h := range holds {
		if h.token == 0 {
			f.count("without_token", 1)
			f.note("some grants carry no token: they were left out")
			continue
		}
		with = append(with, h)
	}
	slices.SortFunc(with, func(x, y *hold) int {
		return cmp.Or(cmp.Compare(x.token, y.token), cmp.Compare(x.ao, y.ao), cmp.Compare(x.id, y.id))
	})
	cur := always
	var by *hold // the hold whose earliest end, or call, cur is
	for i, h := range with {
		if i > 0 && with[i-1].token == h.token && !sameNode(with[i-1], h) {
			l := with[i-1]
			f.violated(append(slices.Clone(l.opened), h.opened...), "clients %d and %d were granted %s at %s and %s with the same token %s",
				l.client, h.client, key, at(l.ao), at(h.ao), h.token)
		}
		switch latest := min(h.ao, h.e); {
		case h.ai > h.e:
			f.phantom(key, h)
			continue
		case cur > latest:
			witness := append(by.shown(), h.opened...)
			if h.e < h.ao {
				witness = append(append(witness, h.death.hiEvent), h.releasedEvents...)
			}
			f.violated(witness, "client %d was granted %s by %s%s, yet the grant of client %d with the lower token %s was in force at %s",
				h.client, key, at(latest), withToken(h.token), by.client, by.token, at(cur))
		}
		if own := max(h.ai, h.x); own > cur {
			cur, by = own, h
		}
	}
}

// sameNode says that two holds can be of one znode: a leader that got its
// leadership back without a new candidacy.
func sameNode(x, y *hold) bool {
	return x.client == y.client && (x.death.newest == y.death.newest || x.death.newest == nil || y.death.newest == nil)
}

// fencing says that the guarded resource, which refuses lower tokens than it
// has seen, never refused the present holder, and refused every earlier one
// after a later one's first write. A stale write before that may be accepted.
var fencing = &property{
	name:     "fencing",
	decider:  "order of writes",
	evidence: sessionEvidence,
	applies:  gives,
	decide: func(_ context.Context, a *analysis, k *keyRecord) finding {
		var f finding
		f.add(k.holdFigures(a))
		decideFencing(&f, a, k, usable(&f, k.holds(a)))
		return f
	},
	exercise: func(a *analysis, figures map[string]float64) string {
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

func decideFencing(f *finding, a *analysis, k *keyRecord, holds []*hold) {
	writes := make([]guarded, 0, len(k.ops)/4)
	for _, op := range k.ops {
		if op.F != history.FWrite || op.Outcome() != history.OK {
			continue
		}
		w := guarded{op: op}
		var g history.Grant
		a.decode(op.Invoke, &g)
		a.decode(op.Return, &w.Written)
		w.token = g.Token
		writes = append(writes, w)
	}
	slices.SortStableFunc(writes, func(x, y guarded) int { return cmp.Compare(x.Order, y.Order) })
	f.count("writes", float64(len(writes)))
	of := byClient(holds)
	var highest *guarded // accepted so far
	for i := range writes {
		w := &writes[i]
		h := holdAt(of[w.op.Client], w.op)
		switch {
		case !w.Accepted:
			f.count("refused", 1)
			if h != nil && h.token == w.token && h.ao <= w.op.Began() && w.op.Return.Time <= h.x {
				witness := append(h.shown(), events(w.op)...)
				by := ""
				if highest != nil {
					witness = append(witness, events(highest.op)...)
					by = ", after a write of client " + itoa(highest.op.Client) + withToken(highest.token)
				}
				f.violated(witness, "client %d held %s %s%s, yet its write at %s was refused%s",
					h.client, k.key, h.certain(), withToken(h.token), at(w.op.Began()), by)
			}
		case highest != nil && w.token < highest.token:
			f.violated(append(events(highest.op), events(w.op)...), "the write of client %d to %s at %s%s was accepted after that of client %d%s",
				w.op.Client, k.key, at(w.op.Began()), withToken(w.token), highest.op.Client, withToken(highest.token))
		default:
			highest = w
		}
	}
}

// byClient groups holds by client, in order of their grants.
func byClient(holds []*hold) map[int][]*hold {
	of := map[int][]*hold{}
	for _, h := range holds {
		of[h.client] = append(of[h.client], h)
	}
	return of
}

// holdAt is the newest of a client's holds at an operation's invocation.
func holdAt(holds []*hold, op *history.Operation) *hold {
	i, _ := slices.BinarySearchFunc(holds, op.Began(), func(h *hold, t time.Duration) int {
		if h.ao <= t {
			return -1
		}
		return 1
	})
	if i == 0 {
		return nil
	}
	return holds[i-1]
}
