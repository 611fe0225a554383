package checker

import (
	"context"
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
		for _, h := range usable(&f, k.holds(a)) {
			if ctx.Err() != nil {
				return f
			}
			decideLost(&f, a, k, h)
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

func decideLost(f *finding, a *analysis, k *keyRecord, h *hold) {
	s := h.death.newest
	if s == nil || s.told == never || h.invoked <= s.told {
		return
	}
	f.count("told", 1)
	known := max(s.told, h.ao)
	next := nextAcquire(k, h)
	watched := min(h.invoked, next, h.exited, a.end) // until then its Lost would have been seen
	had := func(t time.Duration) time.Duration {     // time to find out, by t
		return a.present(h.client, span{known, max(known, t)})
	}
	if h.lostAt != never || notHeld(a, k, h) != never || had(watched) > grace {
		f.count("told_decided", 1) // else whatever it did would have been right
	}
	for _, op := range k.ops {
		if op.Client != h.client || !claims(a, op, h, op.Began() >= next) {
			continue
		}
		if had(op.Began()) > grace {
			f.overdue(a.late(h, span{known, op.Began()}), append(append(h.opened[:len(h.opened):len(h.opened)], s.toldEvent), events(op)...),
				"client %d was told at %s that its session %s had expired, and said at %s that it still holds %s%s",
				h.client, at(s.told), s.id, at(op.Began()), k.key, withToken(h.token))
			return
		}
	}
	if denied := notHeld(a, k, h); denied != never && had(denied) <= grace {
		return
	}
	witness := append(h.opened[:len(h.opened):len(h.opened)], s.toldEvent)
	switch {
	case had(watched) <= grace:
	case h.lostAt == never && notHeld(a, k, h) == never:
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

// claims says that op answers, or shows, that h's client still holds h. Once the
// client has asked for the key again, only h's own token speaks of h: its znode
// died with the session, so nobody is granted that token a second time.
func claims(a *analysis, op *history.Operation, h *hold, again bool) bool {
	var v history.Held
	switch {
	case op.F == history.FConfirm && op.Outcome() == history.OK:
		a.decode(op.Return, &v)
	case op.F == history.FRelease:
		a.decode(op.Invoke, &v)
	}
	if again && v.Token == 0 {
		return false
	}
	return v.Held && (v.Token == h.token || v.Token == 0)
}

// notHeld is when the client first learned by asking that it does not hold.
func notHeld(a *analysis, k *keyRecord, h *hold) time.Duration {
	for _, op := range k.ops {
		if op.Client != h.client || op.Began() < h.ao {
			continue
		}
		v := history.Held{Held: true}
		switch {
		case op.F == history.FConfirm && op.Outcome() == history.OK:
			a.decode(op.Return, &v)
		case op.F == history.FRelease:
			a.decode(op.Invoke, &v)
		}
		if !v.Held {
			return op.Began()
		}
	}
	return never
}

// nextAcquire is when the client next asked for the key.
func nextAcquire(k *keyRecord, h *hold) time.Duration {
	for _, op := range k.ops {
		if op.F == history.FAcquire && op.Client == h.client && op.Began() >= h.ao {
			return op.Began()
		}
	}
	return never
}
