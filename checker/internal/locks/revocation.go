package locks

import (
	"context"
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// revocation requires that a live, listening holder hears within the bound of each request for its
// hold, and of no request that was not made. The holder need not release.
var revocation = &frame.Property{
	Name:     "revocation",
	NoModel:  frame.Timed,
	Meaning:  "each holder that was asked to release heard of it, and no other client did",
	Decider:  "times of requests",
	Evidence: frame.FromSessions,
	Applies: func(a *evidence.Record) bool {
		return slices.ContainsFunc(a.Keys, func(k *evidence.Key) bool {
			return slices.ContainsFunc(k.Ops(), func(op *history.Operation) bool { return op.F == models.FListen })
		})
	},
	Wants: func(a *evidence.Record) string { return a.Object.Subject() + " cannot be revoked: it has no Revoke" },
	Decide: func(_ context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		of := byClient(usable(&f, holdsOf(k)))
		asked := requests(k)
		for _, op := range k.Ops() {
			if op.F != models.FListen || op.Outcome() != history.OK {
				continue
			}
			if h := holdAt(of[op.Client], op); h != nil {
				decideHeard(&f, k, h, op, asked)
			}
		}
		return f
	},
	Exercise: func(_ *evidence.Record, figures map[string]float64) string {
		// A holder that listened only for a short time need not have heard yet, so it
		// shows nothing.
		return frame.Few(figures["heard"], 2, "holders that were notified of a request for their hold")
	},
}

// requests lists the requests for holds that may have reached a holder, by the times at which they were
// under way.
func requests(k *evidence.Key) *evidence.Index[*history.Operation] {
	var asked []evidence.Spanned[*history.Operation]
	for _, op := range k.Ops() {
		if op.F == models.FRevoke && op.Outcome() != history.Fail {
			asked = append(asked, evidence.Spanned[*history.Operation]{Span: evidence.Span{From: op.Began(), To: evidence.Ended(op)}, Of: op})
		}
	}
	return evidence.NewIndex(asked)
}

func decideHeard(f *frame.Finding, k *evidence.Key, h *hold, op *history.Operation, asked *evidence.Index[*history.Operation]) {
	var v models.Heard
	k.Decode(op.Return, &v)
	if v.Revoked {
		f.Count("heard", 1)
		// A contender may be asked from its creation on, by a request that may arrive late.
		if !asked.Meets(evidence.Span{From: h.came, To: op.Return.Time}) {
			f.Violated(append(h.Shown[:len(h.Shown):len(h.Shown)], evidence.EventsOf(op)...), "client %d, which was granted %s at %s%s, was notified by %s of a request for its hold, but no client had made one",
				h.Client, k.Name, words.At(h.Granted), words.WithToken(h.Token), words.At(op.Return.Time))
		}
		return
	}
	for r := range asked.Meeting(evidence.Span{From: h.Granted, To: min(op.Return.Time, h.x)}) {
		if r.Outcome() != history.OK || r.Began() < h.Granted || r.Return.Time > h.x {
			continue
		}
		s := evidence.Span{From: max(r.Return.Time, k.Settled), To: min(op.Return.Time, h.x)}
		if k.Settled == evidence.Never || s.Length() <= 0 {
			continue
		}
		f.Count("unheard", 1)
		// The session lived longer, so that its client could hear, and nothing is disturbed any
		// more.
		if res := frame.Overdue(k.Record, s, k.Present(h.Client, s)); res != frame.Valid {
			f.Overdue(res, slices.Concat(h.shown(), evidence.EventsOf(r), evidence.EventsOf(op)), "client %d held %s %s%s; client %d asked for it at %s, and by %s the holder, which listened, had not been notified (%s, of %s allowed)",
				h.Client, k.Name, h.certain(), words.WithToken(h.Token), r.Client, words.At(r.Began()), words.At(op.Return.Time), words.Lasting(s.Length()), words.Lasting(k.Bound))
			return
		}
	}
}
