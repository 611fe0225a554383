package locks

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/explain"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// gives reports whether the subject gives fencing tokens.
func gives(a *evidence.Record) bool { return offersOf(a).Fencing }

// tokens requires that fencing tokens rise with every grant.
//
// Each hold begins as early as the holds with lower tokens allow. The order of tokens is fixed, so the
// earliest choice is the best one, and the check is exact. The order in which acquires returned does
// not matter: a grant whose session died meanwhile can return after the grant of its successor.
var tokens = &frame.Property{
	Name:     "tokens",
	Meaning:  "fencing tokens rose with each grant",
	Decider:  "greedy in token order",
	Evidence: frame.FromSessions,
	Applies:  gives,
	Wants:    wantsToken,
	Decide: func(_ context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		f.Add(figuresOf(k))
		decideTokens(&f, k.Name, usable(&f, holdsOf(k)))
		return f
	},
	Exercise: contention,
}

// byToken returns the holds that have a token, in the order of their tokens. called is the
// object's word for a token.
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

// reached is the earliest moment that a hold leaves for holds with higher tokens.
type reached struct {
	at time.Duration
	by *hold
	// after is the hold that kept this one from beginning earlier; nil if there is none.
	after *reached
}

func decideTokens(f *frame.Finding, key string, holds []*hold) {
	last, cur := map[string]*hold{}, map[string]*reached{}
	for _, h := range byToken(f, granted(holds), "token") {
		var before *reached
		for _, part := range h.held() {
			if l := last[part]; l != nil && l.Token == h.Token && !sameNode(l, h) {
				f.Violated(append(slices.Clone(l.Shown), h.Shown...), "clients %d and %d were granted %s at %s and %s with the same token %s",
					l.Client, h.Client, nameOf(key, part), words.At(l.Granted), words.At(h.Granted), h.Token)
			}
			last[part] = h
			if c := cur[part]; c != nil && (before == nil || c.at > before.at) {
				before = c
			}
		}
		switch latest := min(h.Granted, h.e); {
		case h.Asked > h.e:
			phantom(f, key, h)
			continue
		case before != nil && before.at > latest:
			tooLate(f, key, h, latest, before)
		}
		behind := &reached{at: max(h.Asked, h.x), by: h}
		if before != nil && before.at >= behind.at {
			behind = &reached{at: before.at, by: h, after: before}
		}
		for _, part := range h.held() {
			if c := cur[part]; c == nil || c.at < behind.at {
				cur[part] = behind
			}
		}
	}
}

// tooLate reports a grant that came before a grant with a lower token.
func tooLate(f *frame.Finding, key string, h *hold, latest time.Duration, before *reached) {
	if f.Again() {
		return
	}
	counterexample, since := slices.Clone(h.Shown), ""
	for r := before; r != nil; r = r.after {
		if r.after == nil {
			counterexample = append(counterexample, r.by.shown()...)
		} else {
			counterexample = append(counterexample, r.by.Shown...)
			since = ", or later: client " + words.Number(r.after.by.Client) + words.WithToken(r.after.by.Token) + " came before that"
		}
	}
	if h.e < h.Granted {
		_, released := h.released()
		counterexample = append(append(counterexample, h.death.ByEvent), released...)
	}
	f.Violated(counterexample, "client %d was granted %s by %s%s, yet the grant of client %d with the lower token %s was in force at %s%s",
		h.Client, h.sharedWith(before.by, key), words.At(latest), words.WithToken(h.Token), before.by.Client, before.by.Token, words.At(before.at), since)
}

// sameNode reports whether two holds can rest on the same znode: a leader that got its
// leadership back without a new candidacy.
func sameNode(x, y *hold) bool {
	if x.Client != y.Client {
		return false
	}
	return x.death.Newest == nil || y.death.Newest == nil ||
		slices.ContainsFunc(x.death.Owners, func(s *evidence.Session) bool { return slices.Contains(y.death.Owners, s) })
}

// fencing requires that the guarded resource, which refuses lower tokens than it has
// seen, never refused the present holder, and refused every earlier holder after the
// first write of a later one. It may accept a stale write before that.
var fencing = fencingWith(figuresOf, contention)

// fencingWith returns the property fencing with the given figures. met describes what is missing
// for clients to have met as the property requires.
func fencingWith(figures func(*evidence.Key) map[string]float64, met func(*evidence.Record, map[string]float64) string) *frame.Property {
	return &frame.Property{
		Name:     "fencing",
		NoModel:  frame.Again,
		Meaning:  "the guarded resource accepted every current holder and refused past ones",
		Decider:  "order of writes",
		Telling:  explain.OldToken,
		Evidence: frame.FromSessions,
		Applies:  gives,
		Wants:    wantsToken,
		Decide: func(_ context.Context, k *evidence.Key) frame.Finding {
			var f frame.Finding
			f.Add(figures(k))
			decideFencing(&f, k, usable(&f, holdsOf(k)))
			return f
		},
		Exercise: func(a *evidence.Record, figures map[string]float64) string {
			if figures["writes"] == 0 {
				return "no holder wrote to the guarded resource"
			}
			return met(a, figures)
		},
	}
}

// guarded is a write that the resource answered.
type guarded struct {
	op    *history.Operation
	part  string // the part of the key whose resource it went to; "": all of it
	token history.ID
	reads bool // a reader's access: only writers can exclude it
	models.Written
}

// verb returns the access to the resource as a verb, for people.
func (w *guarded) verb() string {
	if w.reads {
		return "read"
	}
	return "write"
}

func decideFencing(f *frame.Finding, k *evidence.Key, holds []*hold) {
	of := byClient(holds)
	for _, writes := range writesTo(k) {
		decideWrites(f, k, of, writes)
	}
}

// writesTo returns, for each resource of a key, the writes to it and the reads of it,
// in the resource's order.
func writesTo(k *evidence.Key) [][]guarded {
	to := map[string][]guarded{}
	for _, op := range k.Ops() {
		if op.F != models.FWrite && op.F != models.FRead || op.Outcome() != history.OK {
			continue
		}
		w := guarded{op: op, reads: op.F == models.FRead}
		var g models.GuardedKey
		k.Decode(op.Invoke, &g)
		k.Decode(op.Return, &w.Written)
		w.token = g.Token
		if k.Object.Parts {
			w.part = g.Key
		}
		to[w.part] = append(to[w.part], w)
	}
	var all [][]guarded
	for _, part := range slices.Sorted(maps.Keys(to)) {
		slices.SortStableFunc(to[part], func(x, y guarded) int { return cmp.Compare(x.Order, y.Order) })
		all = append(all, to[part])
	}
	return all
}

func decideWrites(f *frame.Finding, k *evidence.Key, of map[int][]*hold, writes []guarded) {
	var last, lastWrite *guarded // those with the highest tokens that were accepted so far
	for i := range writes {
		w := &writes[i]
		name := nameOf(k.Name, w.part)
		h := holdAt(of[w.op.Client], w.op)
		highest := last
		if w.reads {
			highest = lastWrite
		}
		f.CountCall(k.Record, w.verb()+"s", w.op)
		switch {
		case !w.Accepted:
			f.Count("refused", 1)
			if h != nil && h.Token == w.token && h.Granted <= w.op.Began() && w.op.Return.Time <= h.lastsFor(w) {
				counterexample := append(h.shown(), evidence.EventsOf(w.op)...)
				by := ""
				if highest != nil {
					counterexample = append(counterexample, evidence.EventsOf(highest.op)...)
					by = ", after a " + highest.verb() + " of client " + words.Number(highest.op.Client) + words.WithToken(highest.token)
				}
				f.Violated(counterexample, "client %d held %s %s%s, yet its %s at %s was refused%s",
					h.Client, name, h.certain(), words.WithToken(h.Token), w.verb(), words.At(w.op.Began()), by)
			}
		case highest != nil && w.token.Compare(highest.token) < 0:
			f.Violated(append(evidence.EventsOf(highest.op), evidence.EventsOf(w.op)...), "the %s of client %d to %s at %s%s was accepted after that of client %d%s",
				w.verb(), w.op.Client, name, words.At(w.op.Began()), words.WithToken(w.token), highest.op.Client, words.WithToken(highest.token))
		default:
			if last == nil || w.token.Compare(last.token) >= 0 {
				last = w
			}
			if !w.reads {
				lastWrite = w
			}
		}
	}
}

// lastsFor returns the time until which the hold certainly allowed such an access.
func (h *hold) lastsFor(w *guarded) time.Duration {
	if w.reads {
		return h.x
	}
	return h.wrote()
}

// byClient groups holds by client, in order of their grants.
func byClient(holds []*hold) map[int][]*hold {
	of := map[int][]*hold{}
	for _, h := range holds {
		of[h.Client] = append(of[h.Client], h)
	}
	return of
}

// holdAt returns the newest of a client's holds at an operation's invocation.
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
