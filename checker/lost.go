package checker

import (
	"context"
	"slices"
	"sort"
	"time"

	"github.com/zklab/zklab/history"
)

// lost says that a holder which was told that its session expired says so
// within a second: no confirm answers true with that hold's token, and Lost is
// closed. Exclusion cannot see a client that leads for ever after its own
// expiry, since there the hold ended with the session.
var lost = &property{
	name:     "lost",
	decider:  "times of expiry",
	evidence: func(*analysis) string { return "S" },
	applies:  func(a *analysis) bool { return a.tellsLost },
	decide: func(ctx context.Context, a *analysis, k *keyRecord) finding {
		var f finding
		said := k.said(a)
		for _, h := range usable(&f, k.holds(a)) {
			if ctx.Err() != nil {
				return f
			}
			decideLost(&f, a, k, h, said[h.client])
		}
		return f
	},
	exercise: func(a *analysis, figures map[string]float64) string {
		switch {
		case !a.tellings():
		case figures["told"] == 0:
			return "sessions of holders were to end, but no client was told so while it held"
		case figures["told_decided"] == 0:
			return "clients were told of their expiry while they held, but all released before they had to know, and none had said that its hold was lost"
		}
		return ""
	},
}

func decideLost(f *finding, a *analysis, k *keyRecord, h *hold, said *said) {
	s := h.death.newest
	if s == nil || s.told == never || h.invoked <= s.told {
		return
	}
	f.count("told", 1)
	known := max(s.told, h.ao)
	next := first(said.asked, h.ao)
	watched := min(h.invoked, next, h.exited, a.end) // until then its Lost would have been seen
	had := func(t time.Duration) time.Duration {     // time to find out, by t
		return a.present(h.client, span{known, max(known, t)})
	}
	denied := first(said.denied, h.ao)
	if h.lostAt != never || denied != never || had(watched) > grace {
		f.count("told_decided", 1) // else whatever it did would have been right
	}
	if op := said.claims(h.token, next, func(t time.Duration) bool { return had(t) > grace }); op != nil {
		f.overdue(a.late(h, span{known, op.Began()}), append(append(h.opened[:len(h.opened):len(h.opened)], s.toldEvent), events(op)...),
			"client %d was told at %s that its session %s had expired, and said at %s that it still holds %s%s",
			h.client, at(s.told), s.id, at(op.Began()), k.key, withToken(h.token))
		return
	}
	if denied != never && had(denied) <= grace {
		return
	}
	witness := append(h.opened[:len(h.opened):len(h.opened)], s.toldEvent)
	switch {
	case had(watched) <= grace:
	case h.lostAt == never && denied == never:
		f.overdue(a.late(h, span{known, watched}), witness,
			"client %d was told at %s that its session %s had expired, and by %s its hold of %s%s was not reported lost",
			h.client, at(s.told), s.id, at(watched), k.key, withToken(h.token))
	case h.lostAt != never && had(h.lostAt) > grace:
		f.overdue(a.late(h, span{known, h.lostAt}), append(witness, h.lostEvent),
			"client %d was told at %s that its session %s had expired, and reported the loss of %s%s only at %s",
			h.client, at(s.told), s.id, k.key, withToken(h.token), at(h.lostAt))
	}
}

// late is like overdue for the second that h's client has. Time in which it
// could do nothing, or not be heard, is not counted.
func (a *analysis) late(h *hold, s span) Result {
	if a.present(h.client, s) <= grace+a.stalled(s) {
		return Unknown
	}
	return Violation
}

// said is what a client said of a key, in order of invocation.
type said struct {
	asked  []time.Duration                     // when it asked for the key
	denied []time.Duration                     // when it was asked, and did not hold
	held   map[history.ID][]*history.Operation // those that show that it holds, by token
}

// said are what each client said of the key.
func (k *keyRecord) said(a *analysis) map[int]*said {
	of := map[int]*said{}
	by := func(client int) *said {
		s := of[client]
		if s == nil {
			s = &said{held: map[history.ID][]*history.Operation{}}
			of[client] = s
		}
		return s
	}
	for _, op := range k.ops {
		if op.F == history.FAcquire {
			s := by(op.Client)
			s.asked = append(s.asked, op.Began())
		}
	}
	for _, v := range k.statements(a) {
		switch s := by(v.op.Client); {
		case !v.said:
		case v.held:
			s.held[v.token] = append(s.held[v.token], v.op)
		default:
			s.denied = append(s.denied, v.op.Began())
		}
	}
	return of
}

// claims is the first operation that shows that the client still holds by a token,
// at a time that is too late; nil: there is none. Once the client has asked for the
// key again, only the token itself speaks of that hold: its znode died with the
// session, so nobody is granted the token a second time.
func (s *said) claims(token history.ID, next time.Duration, late func(time.Duration) bool) *history.Operation {
	one := firstLate(s.held[0], late)
	if one != nil && one.Began() >= next {
		one = nil
	}
	if token == 0 {
		return one
	}
	if by := firstLate(s.held[token], late); one == nil || by != nil && by.Began() < one.Began() {
		return by
	}
	return one
}

// firstLate is the first of some operations that is late: so are all behind it.
func firstLate(ops []*history.Operation, late func(time.Duration) bool) *history.Operation {
	i := sort.Search(len(ops), func(i int) bool { return late(ops[i].Began()) })
	if i == len(ops) {
		return nil
	}
	return ops[i]
}

// first is the first of some times that is not before t; never if there is none.
func first(of []time.Duration, t time.Duration) time.Duration {
	if i, _ := slices.BinarySearch(of, t); i < len(of) {
		return of[i]
	}
	return never
}
