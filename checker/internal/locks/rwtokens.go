package locks

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
)

// rwTokens requires that the token of a writer is above the tokens of all earlier grants, and that
// of a reader above those of earlier writers, so that a resource can refuse late accesses. If
// contenders get their tokens in the order in which they come, it also requires that no reader
// overtook a writer, and no writer another contender.
//
// In the order of the tokens, each hold can begin as soon as the holds before it allow: a reader
// after the last writer, a writer after all others.
var rwTokens = &frame.Property{
	Name:     tokens.Name,
	Meaning:  "a writer's token was higher than all earlier tokens, a reader's higher than those of earlier writers",
	Decider:  tokens.Decider,
	Evidence: frame.FromSessions,
	Applies:  gives,
	Wants:    wantsToken,
	Decide: func(_ context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		f.Add(rwFiguresOf(k))
		decideRWTokens(&f, k.Name, usable(&f, holdsOf(k)))
		return f
	},
	Exercise: rwMet,
}

// reach is how far the holds with lower tokens extend at least, and the hold that extends that far.
type reach struct {
	at time.Duration
	by *hold
}

func (r *reach) extend(at time.Duration, by *hold) {
	if at > r.at {
		r.at, r.by = at, by
	}
}

func decideRWTokens(f *frame.Finding, key string, holds []*hold) {
	all, wrote := reach{at: evidence.Always}, reach{at: evidence.Always}
	with := byToken(f, granted(holds), "token")
	for i, h := range with {
		if i > 0 && with[i-1].Token == h.Token {
			l := with[i-1]
			f.Violated(append(slices.Clone(l.Shown), h.Shown...), "clients %d and %d were granted %s at %s and %s with the same token %s",
				l.Client, h.Client, key, words.At(l.Granted), words.At(h.Granted), h.Token)
		}
		behind, latest := all, min(h.Granted, h.e)
		if h.Reads {
			behind = wrote
		}
		if h.Asked > h.e {
			phantom(f, key, h)
			continue
		}
		if behind.at > latest {
			counterexample := append(behind.by.shown(), h.ended()...)
			f.Violated(counterexample, "client %d was granted %s to %s by %s%s, yet the grant to client %d to %s, with the lower token %s, was in force at %s",
				h.Client, key, h.mode(), words.At(latest), words.WithToken(h.Token), behind.by.Client, behind.by.mode(), behind.by.Token, words.At(behind.at))
		}
		from := max(h.Asked, behind.at)
		all.extend(max(from, h.x), h)
		if !h.Reads {
			wrote.extend(max(from, h.wrote()), h)
		}
	}
}

// rwFencing is the property fencing with the rule for read-write locks: a resource refuses
// a writer whose token is below any token, and a reader whose token is below that of a
// writer.
var rwFencing = fencingWith(rwFiguresOf, func(a *evidence.Record, figures map[string]float64) string {
	return cmp.Or(frame.Few(figures["reads"], 5, "reads of the guarded resource"), rwMet(a, figures))
})
